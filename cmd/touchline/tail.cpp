// `touchline tail`: a subscriber of the delta protocol.

#include "cmd/touchline/arguments.h"
#include "cmd/touchline/board.h"
#include "cmd/touchline/commands.h"
#include "cmd/touchline/state_file.h"
#include "cmd/touchline/tail_printer.h"
#include "cmd/touchline/upstream_options.h"
#include "core/coded/prior.h"
#include "core/subscriber.h"
#include "feed/backoff.h"
#include "feed/loop.h"
#include "feed/tcp_subscriber.h"

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <unistd.h>

namespace touchline {
namespace {

using std::chrono::milliseconds;

struct TailOptions {
  UpstreamOptions publisher;
  Filter filter;
  std::string from;
  std::string state;
  std::string format = "text";
  std::string encoding = "coded";
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

TailPrinter::Format printed(const std::string& format) {
  if (format == "text") return TailPrinter::Format::text;
  return format == "json" ? TailPrinter::Format::json : TailPrinter::Format::none;
}

class Tail {
 public:
  Tail(TailOptions options, Endpoint endpoint, std::shared_ptr<const TlsContext> tls, Hello hello)
      : options_(std::move(options)),
        endpoint_(std::move(endpoint)),
        tls_(std::move(tls)),
        board_(::isatty(STDOUT_FILENO) == 1),
        printer_(printed(options_.format)),
        subscriber_(std::move(hello), listeners()) {}

  Result<void> take_up() {
    if (options_.state.empty()) return {};
    const auto saved = read_state_file(options_.state);
    if (!saved) return saved.error();
    if (!*saved) return {};
    if (const auto restored = subscriber_.restore(**saved); !restored)
      return malformed(options_.state + ": " + restored.error().text);
    return {};
  }

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
        look_at_output();
        return !ended_;
      });
    }
    loop_.run();
    connection_.reset();
    return finish();
  }

 private:
  SubscriberEvents listeners() {
    SubscriberEvents events;
    events.welcome = [this](const Welcome& welcome) {
      backoff_.worked();
      say("%s: %s, epoch %llu offset %llu, %s: %s (%s)", options_.publisher.url.c_str(),
          printable(welcome.publisher).c_str(), number(welcome.position.epoch.value),
          number(welcome.position.offset.value), std::string(name_of(welcome.durability)).c_str(),
          std::string(name_of(welcome.resume)).c_str(), printable(welcome.reason).c_str());
    };
    events.keyframe = [this](EventHandle event, const EventState& state, Offset offset) {
      printer_.keyframe(event, state, offset);
      look_at_output();
    };
    events.delta = [this](EventHandle event, const EventState& state, const Delta& delta, Offset offset) {
      printer_.delta(event, state, delta, offset);
      look_at_output();
      if (options_.count != 0 && subscriber_.counts().deltas >= options_.count) end(exit_done);
    };
    events.resync = [](EventHandle event, std::string_view why) {
      say("event %u: asked for its state again: %s", event.value, printable(why).c_str());
    };
    events.goodbye = [this](const Goodbye& goodbye) {
      say("goodbye: %s%s%s", std::string(name_of(goodbye.reason)).c_str(), goodbye.text.empty() ? "" : ", ",
          printable(goodbye.text).c_str());
      goodbye_ = goodbye;
    };
    events.error = [this](const ErrorMessage& error) {
      say("touchline: %s: refused: %s: %s", options_.publisher.url.c_str(),
          std::string(name_of(error.code)).c_str(), printable(error.text).c_str());
      end(exit_environment);
    };
    return events;
  }

  void connect() {
    goodbye_.reset();
    connection_ = std::make_unique<TcpSubscriber>(
        loop_, subscriber_, endpoint_, [this](Result<void> result) { disconnected(result); },
        TcpSubscriberOptions{.read_bytes = options_.read_bytes, .tls = tls_});
  }

  void disconnected(const Result<void>& result) {
    if (ended_) return;
    const bool finished = goodbye_ && goodbye_->reason == GoodbyeReason::finished;
    const bool broken = !result && result.error().kind != ErrorKind::environment;
    if (options_.reconnect && !finished && !broken) {
      const auto wait = backoff_.next(milliseconds(goodbye_ ? goodbye_->retry_after_ms : 0));
      say("%s: %s; trying again in %lld ms", options_.publisher.url.c_str(),
          result ? "the line was closed" : result.error().text.c_str(), static_cast<long long>(wait.count()));
      loop_.after(wait, [this] {
        if (ended_) return;
        subscriber_.reconnect();
        connect();
      });
      return;
    }
    // How a line ends that was ended in good order is nobody's concern.
    if (!result && (broken || !goodbye_)) {
      say("touchline: %s", result.error().text.c_str());
      return end(broken ? exit_finding : exit_environment);
    }
    if (!goodbye_) {
      say("touchline: %s: the line was closed without a goodbye", options_.publisher.url.c_str());
      return end(exit_environment);
    }
    end(exit_done);
  }

  // Nobody who reads is a good reason to end; a full disk is not.
  void look_at_output() {
    const int failed = printer_.flush();
    if (failed == 0 || ended_) return;
    if (failed != EPIPE) say("touchline: standard output: %s", std::strerror(failed));
    end(failed == EPIPE ? exit_done : exit_environment);
  }

  void end(int code) {
    if (std::exchange(ended_, true)) return;
    exit_code_ = code;
    subscriber_.stop();
    loop_.stop();
  }

  int finish() {
    if (options_.format == "board") board_.show(subscriber_.states());
    if (options_.digests) printer_.digests(subscriber_.states());
    printer_.flush();
    const ReceiverCounts& counts = subscriber_.counts();
    say("%llu deltas of %zu events in %llu bytes, %llu keyframes in %llu bytes; position %llu:%llu; %llu "
        "digests agreed, %llu resyncs",
        number(counts.deltas), subscriber_.states().size(), number(counts.delta_bytes),
        number(counts.keyframes), number(counts.keyframe_bytes), number(subscriber_.position().epoch.value),
        number(subscriber_.position().offset.value), number(counts.digests_checked - counts.digests_differed),
        number(counts.resyncs));
    if (counts.digests_differed != 0 && exit_code_ == exit_done) exit_code_ = exit_finding;
    if (!options_.state.empty()) keep_state();
    return exit_code_;
  }

  void keep_state() {
    const auto saved = subscriber_.save();
    if (!saved) return say("%s: not written: states are missing at this moment", options_.state.c_str());
    const auto written = write_state_file(options_.state, *saved);
    if (!written) exit_code_ = complain(written.error());
  }

  static unsigned long long number(std::uint64_t n) { return n; }

  template <class... Args>
  static void say(const char* format, Args... args) {
    std::fprintf(stderr, (std::string(format) + "\n").c_str(), args...);
  }

  TailOptions options_;
  Endpoint endpoint_;
  std::shared_ptr<const TlsContext> tls_;
  Loop loop_;
  Board board_;
  TailPrinter printer_;
  Subscriber subscriber_;
  std::unique_ptr<TcpSubscriber> connection_;
  std::optional<Goodbye> goodbye_;
  Backoff backoff_{static_cast<std::uint64_t>(::getpid())};
  bool ended_ = false;
  int exit_code_ = exit_done;
};

int run_tail(const TailOptions& options) {
  auto publisher = read_upstream(options.publisher);
  if (!publisher) return complain(publisher.error());
  Hello hello;
  hello.relay = "tail";
  hello.token = std::move(publisher->token);
  hello.filter = options.filter;
  if (options.encoding == "coded") hello.coded_prior = coded::prior_version;
  if (!options.from.empty()) {
    hello.position = position_of(options.from);
    if (!hello.position) {
      return complain(
          {ErrorKind::usage, "--from is a position, EPOCH:OFFSET, not \"" + options.from + "\"", 0});
    }
  }
  Tail tail(options, publisher->endpoint, std::move(publisher->tls), std::move(hello));
  if (const auto taken_up = tail.take_up(); !taken_up) return complain(taken_up.error());
  return tail.run();
}

}  // namespace

Command add_tail(CLI::App& parent) {
  auto options = std::make_shared<TailOptions>();
  CLI::App* app = parent.add_subcommand("tail", "Subscribe to a publisher and show what comes");
  app->add_option("URL", options->publisher.url, "tcp://, tls://, ws:// or wss://, each HOST:PORT")
      ->required();
  app->add_option("--event", options->filter.events, "Only these events");
  app->add_option("--sport", options->filter.sports, "Only events of these sports");
  app->add_option("--competition", options->filter.competitions, "Only events of these competitions");
  auto* from = app->add_option("--from", options->from,
                               "Go on from a position, EPOCH:OFFSET, without the states that belong to it: "
                               "events are shown from their next keyframe on");
  app->add_option(
         "--state", options->state,
         "A file with states and position: taken up at the start if it is there, written at the end; the "
         "next run misses and repeats nothing")
      ->excludes(from);
  add_upstream_options(*app, options->publisher);
  app->add_option("--format", options->format,
                  "text: changes in words; json: a line a delta; board: how events stand; none")
      ->check(CLI::IsMember({"text", "json", "board", "none"}))
      ->capture_default_str();
  app->add_option("--encoding", options->encoding,
                  "coded: the fewest bytes, where the publisher has them, too; blocks: never")
      ->check(CLI::IsMember({"coded", "blocks"}))
      ->capture_default_str();
  app->add_option("--count", options->count, "End after so many deltas")->check(CLI::PositiveNumber);
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
      "  touchline tail tcp://127.0.0.1:7440 --format none --digests\n"
      "  touchline tail tcp://127.0.0.1:7440 --state here.state --count 100\n"
      "  touchline tail tls://127.0.0.1:7443 --tls-ca feed.pem --token-file edge-2.token");
  return {app, [options] { return run_tail(*options); }};
}

}  // namespace touchline
