// `touchline tail`: a subscriber of the delta protocol.

#include "cmd/touchline/board.h"
#include "cmd/touchline/commands.h"
#include "core/digest.h"
#include "core/state_names.h"
#include "core/state_words.h"
#include "core/subscriber.h"
#include "core/time_text.h"
#include "feed/loop.h"
#include "feed/tcp_subscriber.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <unistd.h>

namespace touchline {
namespace {

using std::chrono::milliseconds;

struct TailOptions {
  std::string url;
  Filter filter;
  std::string from;
  std::string format = "text";
  std::uint64_t count = 0;
  std::size_t read_bytes = 256U << 10;
  bool digests = false;
  bool reconnect = false;
};

std::optional<Position> position_of(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  Position position;
  const auto number = [](std::string_view digits, std::uint64_t& to) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), to);
    return error == std::errc() && end == digits.data() + digits.size();
  };
  if (!number(text.substr(0, colon), position.epoch.value)) return std::nullopt;
  if (!number(text.substr(colon + 1), position.offset.value)) return std::nullopt;
  return position;
}

class Tail {
 public:
  Tail(TailOptions options, Endpoint endpoint, Hello hello)
      : options_(std::move(options)),
        endpoint_(std::move(endpoint)),
        board_(::isatty(STDOUT_FILENO) == 1),
        subscriber_(std::move(hello), listeners()) {}

  int run() {
    connect();
    loop_.on_stop_signal([this](int) { end(exit_done); });
    loop_.every(milliseconds(10'000), [this] {
      if (connection_ && subscriber_.welcomed()) subscriber_.acknowledge();
      return !ended_;
    });
    if (options_.format == "board") {
      loop_.every(milliseconds(board_.interval_ms()), [this] {
        board_.show(subscriber_.states());
        return !ended_;
      });
    }
    loop_.run();
    connection_.reset();
    finish();
    return exit_code_;
  }

 private:
  SubscriberEvents listeners() {
    SubscriberEvents events;
    events.welcome = [this](const Welcome& welcome) {
      std::fprintf(stderr, "%s: %s, epoch %llu offset %llu, %s: %s (%s)\n", options_.url.c_str(),
                   welcome.publisher.c_str(), static_cast<unsigned long long>(welcome.position.epoch.value),
                   static_cast<unsigned long long>(welcome.position.offset.value),
                   std::string(name_of(welcome.durability)).c_str(),
                   std::string(name_of(welcome.resume)).c_str(), welcome.reason.c_str());
    };
    events.keyframe = [this](EventHandle event, const EventState& state, Offset offset) {
      keyframe(event, state, offset);
    };
    events.delta = [this](EventHandle event, const EventState& state, const Delta& delta, Offset offset) {
      this->delta(event, state, delta, offset);
    };
    events.resync = [](EventHandle event, std::string_view why) {
      std::fprintf(stderr, "event %u: asked for its state again: %s\n", event.value,
                   std::string(why).c_str());
    };
    events.goodbye = [this](const Goodbye& goodbye) {
      std::fprintf(stderr, "goodbye: %s%s%s\n", std::string(name_of(goodbye.reason)).c_str(),
                   goodbye.text.empty() ? "" : ", ", goodbye.text.c_str());
      said_goodbye_ = goodbye.reason;
    };
    events.error = [this](const ErrorMessage& error) {
      std::fprintf(stderr, "touchline: %s: refused: %s: %s\n", options_.url.c_str(),
                   std::string(name_of(error.code)).c_str(), error.text.c_str());
      end(exit_environment);
    };
    return events;
  }

  void connect() {
    connection_ = std::make_unique<TcpSubscriber>(
        loop_, subscriber_, endpoint_, [this](Result<void> result) { disconnected(result); },
        TcpSubscriberOptions{options_.read_bytes});
  }

  void disconnected(const Result<void>& result) {
    if (ended_) return;
    const bool finished = said_goodbye_ && *said_goodbye_ == GoodbyeReason::finished;
    const bool broken = !result && result.error().kind != ErrorKind::environment;
    if (options_.reconnect && !finished && !broken) {
      std::fprintf(stderr, "%s: line lost, trying again\n", options_.url.c_str());
      // Half a second and a random part of another: those who lost the line together do not return together.
      const auto jitter =
          static_cast<std::int64_t>(mix64(static_cast<std::uint64_t>(::getpid()) + ++attempts_) % 500);
      loop_.after(milliseconds(500 + jitter), [this] {
        if (ended_) return;
        subscriber_.reconnect();
        said_goodbye_.reset();
        connect();
      });
      return;
    }
    if (!result) {
      std::fprintf(stderr, "touchline: %s\n", result.error().text.c_str());
      return end(broken ? exit_finding : exit_environment);
    }
    if (!said_goodbye_) {
      std::fprintf(stderr, "touchline: %s: the line was closed without a goodbye\n", options_.url.c_str());
      return end(exit_environment);
    }
    end(exit_done);
  }

  void end(int code) {
    if (std::exchange(ended_, true)) return;
    exit_code_ = code;
    loop_.stop();
  }

  static std::string id_of(const EventState& state) {
    return std::string(state.get(Address(0, 0, Field::id)).text);
  }

  void keyframe(EventHandle event, const EventState& state, Offset offset) {
    if (options_.format == "text") {
      std::printf("%s  keyframe at seq %llu: %s\n", time_text(state.source_time_ms).c_str(),
                  static_cast<unsigned long long>(state.seq.value), summary_line(state).c_str());
    } else if (options_.format == "json") {
      line_.clear();
      append_head(event, state, offset);
      line_ += ",\"keyframe\":true}";
      std::puts(line_.c_str());
    }
    std::fflush(stdout);
  }

  void delta(EventHandle event, const EventState& state, const Delta& delta, Offset offset) {
    if (ended_) return;
    if (options_.format == "text") {
      const std::string time = time_text(delta.source_time_ms);
      for (const std::string& words : describe(state, delta)) {
        std::printf("%s  %s %llu  %s\n", time.c_str(), id_of(state).c_str(),
                    static_cast<unsigned long long>(delta.seq.value), words.c_str());
      }
    } else if (options_.format == "json") {
      line_.clear();
      append_head(event, state, offset);
      line_ += delta.kind == DeltaClass::critical ? ",\"class\":\"critical\"" : ",\"class\":\"price\"";
      line_ += ",\"cause\":\"" + std::string(name_of(delta.cause)) + "\",\"changes\":[";
      bool first = true;
      for (const std::string& words : describe(state, delta)) {
        if (!std::exchange(first, false)) line_ += ',';
        append_json_text(line_, words);
      }
      line_ += "]}";
      std::puts(line_.c_str());
    }
    if (options_.format == "text" || options_.format == "json") std::fflush(stdout);
    if (options_.count != 0 && subscriber_.counts().deltas >= options_.count) end(exit_done);
  }

  void append_head(EventHandle event, const EventState& state, Offset offset) {
    char digest[17];
    std::snprintf(digest, sizeof digest, "%016llx", static_cast<unsigned long long>(state.digest()));
    line_ += "{\"event\":";
    append_json_text(line_, id_of(state));
    line_ += ",\"handle\":" + std::to_string(event.value) + ",\"seq\":" + std::to_string(state.seq.value) +
             ",\"offset\":" + std::to_string(offset.value) + ",\"source_at\":\"" +
             time_text(state.source_time_ms) + "\",\"digest\":\"" + digest + '"';
  }

  void finish() {
    if (options_.format == "board") board_.show(subscriber_.states());
    if (options_.digests) {
      std::vector<std::string> lines;
      for (const auto& [event, state] : subscriber_.states()) {
        char text[64];
        std::snprintf(text, sizeof text, " %llu %016llx", static_cast<unsigned long long>(state.seq.value),
                      static_cast<unsigned long long>(state.digest()));
        lines.push_back(id_of(state) + text);
      }
      std::sort(lines.begin(), lines.end());
      for (const std::string& line : lines)
        std::puts(line.c_str());
    }
    const SubscriberCounts& counts = subscriber_.counts();
    const auto number = [](std::uint64_t n) { return static_cast<unsigned long long>(n); };
    std::fprintf(
        stderr,
        "%llu deltas of %zu events in %llu bytes, %llu keyframes in %llu bytes; position %llu:%llu; %llu "
        "digests agreed, %llu resyncs\n",
        number(counts.deltas), subscriber_.states().size(), number(counts.delta_bytes),
        number(counts.keyframes), number(counts.keyframe_bytes), number(subscriber_.position().epoch.value),
        number(subscriber_.position().offset.value), number(counts.digests_checked - counts.resyncs),
        number(counts.resyncs));
    if (counts.resyncs != 0 && exit_code_ == exit_done) exit_code_ = exit_finding;
  }

  TailOptions options_;
  Endpoint endpoint_;
  Loop loop_;
  Board board_;
  Subscriber subscriber_;
  std::unique_ptr<TcpSubscriber> connection_;
  std::string line_;
  std::optional<GoodbyeReason> said_goodbye_;
  std::uint64_t attempts_ = 0;
  bool ended_ = false;
  int exit_code_ = exit_done;
};

int run_tail(const TailOptions& options) {
  auto endpoint = parse_endpoint(options.url);
  if (!endpoint) return complain(endpoint.error());
  Hello hello;
  hello.relay = "tail";
  hello.filter = options.filter;
  if (!options.from.empty()) {
    hello.position = position_of(options.from);
    if (!hello.position) {
      return complain(
          {ErrorKind::usage, "--from is a position, EPOCH:OFFSET, not \"" + options.from + "\"", 0});
    }
  }
  return Tail(options, *endpoint, std::move(hello)).run();
}

}  // namespace

Command add_tail(CLI::App& parent) {
  auto options = std::make_shared<TailOptions>();
  CLI::App* app = parent.add_subcommand("tail", "Subscribe to a publisher and show what comes");
  app->add_option("URL", options->url, "tcp://HOST:PORT")->required();
  app->add_option("--event", options->filter.events, "Only these events");
  app->add_option("--sport", options->filter.sports, "Only events of these sports");
  app->add_option("--competition", options->filter.competitions, "Only events of these competitions");
  app->add_option("--from", options->from, "Go on from a position, EPOCH:OFFSET");
  app->add_option("--format", options->format,
                  "text: changes in words; json: a line a delta; board: how events stand; none")
      ->check(CLI::IsMember({"text", "json", "board", "none"}))
      ->capture_default_str();
  app->add_option("--count", options->count, "End after so many deltas");
  app->add_option("--read-bytes", options->read_bytes,
                  "Most that one read takes; 1 tries out that frames may be cut anywhere")
      ->check(CLI::Range(std::size_t{1}, std::size_t{16} << 20))
      ->capture_default_str();
  app->add_flag("--digests", options->digests, "At the end, a line for each event: id, seq, digest");
  app->add_flag("--reconnect", options->reconnect, "When the line is lost, try again and resume");
  app->footer(
      "Ends when the publisher says goodbye. Exit code 1 if a digest differed or the publisher broke the "
      "protocol.\n"
      "Examples:\n"
      "  touchline tail tcp://127.0.0.1:7440\n"
      "  touchline tail tcp://127.0.0.1:7440 --event m-1001 --format json\n"
      "  touchline tail tcp://127.0.0.1:7440 --format none --digests");
  return {app, [options] { return run_tail(*options); }};
}

}  // namespace touchline
