// What a service's log says of its readers: who came, who left, and who was refused, that with a bound.
//
// serve and relay share it. Knows the log and no session.
#pragma once

#include "cmd/touchline/arguments.h"
#include "cmd/touchline/refusal_log.h"
#include "feed/clock.h"
#include "feed/reader_session.h"

#include <spdlog/spdlog.h>

#include <cstdint>
#include <string>

namespace touchline {

class ReaderLog {
 public:
  void take(const SessionNews& news) {
    switch (news.kind) {
      case SessionNews::Kind::joined:
        spdlog::info("reader {} \"{}\" joined", news.peer, printable(news.relay));
        break;
      case SessionNews::Kind::left:
        spdlog::info("reader {} \"{}\" left: {}", news.peer, printable(news.relay), printable(news.text));
        break;
      case SessionNews::Kind::refused:
        ++refused_count_;
        refused_.refused("reader " + news.peer + " refused: " + printable(news.text), running_ms());
        break;
    }
  }
  std::uint64_t refused_count() const { return refused_count_; }
  void tick(std::int64_t now_ms) { refused_.tick(now_ms); }
  void flush() { refused_.flush(); }

 private:
  std::uint64_t refused_count_ = 0;
  RefusalLog refused_{[](const std::string& text) { spdlog::warn(text); }};
};

}  // namespace touchline
