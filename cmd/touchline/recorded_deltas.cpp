#include "cmd/touchline/recorded_deltas.h"

#include "cmd/touchline/open_recording.h"
#include "core/coded/train.h"
#include "core/origin.h"

#include <fstream>
#include <sstream>
#include <unordered_map>

namespace touchline {

Result<void> for_each_delta(const std::string& recording, const TakeDelta& take) {
  auto opened = open_recording(recording);
  if (!opened) return opened.error();
  Playable& played = **opened;
  Origin origin;
  const LineRef line = origin.add_line(origin.add_source());
  origin.keep_deltas(true);
  // An update may make several deltas of one event, so the states are followed here.
  std::unordered_map<EventHandle, EventState> states;
  while (true) {
    const auto more = played.advance([](const Rejected&) {});
    if (!more) return more.error();
    if (*more == Advance::end) return {};
    if (*more == Advance::later) continue;
    (void)origin.take(line, played.update(), played.time_ms());
    played.taken();
    for (const KeptDelta& kept : origin.take_batch().deltas) {
      EventState& state = states[kept.event];
      apply(state, kept.delta);
      take(kept, state);
    }
  }
}

Result<std::vector<coded::CommonText>> words_of(const std::string& path) {
  if (path.empty()) return std::vector<coded::CommonText>();
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return Error{ErrorKind::environment, path + ": cannot be read", 0};
  auto words = coded::read_words(text.str());
  if (!words) return Error{words.error().kind, path + ": " + words.error().text, 0};
  return words;
}

}  // namespace touchline
