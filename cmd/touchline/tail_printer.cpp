#include "cmd/touchline/tail_printer.h"

#include "cmd/touchline/arguments.h"
#include "core/state_names.h"
#include "core/state_words.h"
#include "core/time_text.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>
#include <vector>

namespace touchline {
namespace {

std::string id_of(const EventState& state) { return std::string(state.get(Address(0, 0, Field::id)).text); }

std::string hex(std::uint64_t digest) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(digest));
  return text;
}

}  // namespace

void TailPrinter::json_head(EventHandle event, const EventState& state, Offset offset) {
  line_ = "{\"event\":";
  append_json_text(line_, id_of(state));
  line_ += ",\"handle\":" + std::to_string(event.value) + ",\"seq\":" + std::to_string(state.seq.value) +
           ",\"offset\":" + std::to_string(offset.value) + ",\"source_at\":\"" +
           time_text(state.source_time_ms) + "\",\"digest\":\"" + hex(state.digest()) + '"';
}

void TailPrinter::keyframe(EventHandle event, const EventState& state, Offset offset) {
  if (format_ == Format::text) {
    line_ = time_text(state.source_time_ms) + "  keyframe at seq " + std::to_string(state.seq.value) + ": " +
            printable(summary_line(state));
    std::puts(line_.c_str());
  } else if (format_ == Format::json) {
    json_head(event, state, offset);
    line_ += ",\"keyframe\":true}";
    std::puts(line_.c_str());
  }
}

void TailPrinter::delta(EventHandle event, const EventState& state, const Delta& delta, Offset offset) {
  if (format_ == Format::text) {
    const std::string head = time_text(delta.source_time_ms) + "  " + printable(id_of(state)) + ' ' +
                             std::to_string(delta.seq.value) + "  ";
    for (const std::string& words : describe(state, delta)) {
      line_ = head + printable(words);
      std::puts(line_.c_str());
    }
  } else if (format_ == Format::json) {
    json_head(event, state, offset);
    line_ += delta.kind == DeltaClass::critical ? ",\"class\":\"critical\"" : ",\"class\":\"price\"";
    line_ += ",\"cause\":\"" + std::string(name_of(delta.cause)) + '"';
    if (delta.merged != 1) line_ += ",\"merged\":" + std::to_string(delta.merged);
    line_ += ",\"changes\":[";
    bool first = true;
    for (const std::string& words : describe(state, delta)) {
      if (!std::exchange(first, false)) line_ += ',';
      append_json_text(line_, words);
    }
    line_ += "]}";
    std::puts(line_.c_str());
  }
}

void TailPrinter::digests(const std::unordered_map<EventHandle, EventState>& states) {
  std::vector<std::string> lines;
  for (const auto& [event, state] : states) {
    lines.push_back(printable(id_of(state)) + ' ' + std::to_string(state.seq.value) + ' ' +
                    hex(state.digest()));
  }
  std::sort(lines.begin(), lines.end());
  for (const std::string& line : lines)
    std::puts(line.c_str());
}

int TailPrinter::flush() {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return 0;
  return errno != 0 ? errno : EIO;
}

}  // namespace touchline
