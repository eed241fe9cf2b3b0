#include "cmd/touchline/board.h"

#include "core/state_words.h"
#include "core/time_text.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include <sys/ioctl.h>
#include <unistd.h>

namespace touchline {
namespace {

struct Screen {
  std::size_t columns = 110;
  std::size_t rows = 24;
};

Screen screen() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {size.ws_col, size.ws_row};
}

// Cut to the screen's width, never within a character.
std::string cut(std::string line, std::size_t columns) {
  std::size_t shown = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool starts = (static_cast<unsigned char>(line[i]) & 0xC0) != 0x80;
    if (starts && shown++ == columns) {
      line.resize(i);
      break;
    }
  }
  return line;
}

}  // namespace

void Board::show(const std::unordered_map<EventHandle, EventState>& states) {
  std::vector<std::pair<EventHandle, const EventState*>> events;
  std::int64_t newest = 0;
  for (const auto& [handle, state] : states) {
    events.emplace_back(handle, &state);
    newest = std::max(newest, state.source_time_ms);
  }
  if (events.empty()) return;
  std::sort(events.begin(), events.end());
  if (!terminal_) {
    for (const auto& [handle, state] : events) {
      std::string line = summary_line(*state);
      if (printed_[handle] == line) continue;
      std::printf("%s  %s\n", time_text(state->source_time_ms).c_str(), line.c_str());
      printed_[handle] = std::move(line);
    }
    std::fflush(stdout);
    return;
  }
  const Screen size = screen();
  const std::size_t shown = std::min(events.size(), size.rows > 3 ? size.rows - 3 : 1);
  if (lines_drawn_ != 0) std::printf("\033[%zuA", lines_drawn_);
  std::printf("\r\033[K%s\n", time_text(newest).c_str());
  for (std::size_t i = 0; i < shown; ++i) {
    std::printf("\033[K%s\n", cut(summary_line(*events[i].second), size.columns - 1).c_str());
  }
  lines_drawn_ = shown + 1;
  if (shown < events.size()) {
    std::printf("\033[K... and %zu more\n", events.size() - shown);
    ++lines_drawn_;
  }
  std::fflush(stdout);
}

}  // namespace touchline
