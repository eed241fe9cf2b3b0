// `touchline relay`: one connection to a publisher, and the same feed for any number of readers.

#include "feed/relay.h"

#include "cmd/touchline/admin_port.h"
#include "cmd/touchline/arguments.h"
#include "cmd/touchline/client_ports.h"
#include "cmd/touchline/commands.h"
#include "cmd/touchline/counted.h"
#include "cmd/touchline/log.h"
#include "cmd/touchline/reader_log.h"
#include "cmd/touchline/reader_ports.h"
#include "cmd/touchline/relay_admin.h"
#include "cmd/touchline/service_manager.h"
#include "cmd/touchline/service_options.h"
#include "cmd/touchline/state_file.h"
#include "cmd/touchline/tracing.h"
#include "cmd/touchline/upstream_options.h"
#include "core/coded/prior.h"
#include "feed/backoff.h"
#include "feed/clients/client_hub.h"
#include "feed/clock.h"
#include "feed/loop.h"
#include "feed/state_keeper.h"
#include "feed/tcp_subscriber.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <unistd.h>

namespace touchline {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds tick{100};
constexpr std::size_t upstream_read_bytes = 32U << 10;  // in one turn: of coded updates some 4,000, or 20 ms
constexpr std::int64_t catch_up_ms_max = 3'000;  // with states of an earlier run, before readers are let in

struct RelayOptions : ServiceOptions {
  UpstreamOptions upstream;
  ReaderPortOptions readers;
  ClientPortOptions clients;
  std::string name = "relay";
  std::string upstream_encoding = "coded";
  std::string encoding = "coded";
  std::string state;
  std::uint32_t state_interval_s = 30;
};

HubOptions hub_options(const RelayOptions& options) {
  HubOptions hub;
  hub.publisher = std::string("touchline ") + TOUCHLINE_VERSION + " relay";
  hub.heartbeat_ms = options.heartbeat_ms;
  if (options.encoding == "blocks") hub.coded_events_max = 0;
  return hub;
}

Hello hello_of(const RelayOptions& options, const Upstream& upstream) {
  Hello hello;
  hello.relay = options.name;
  hello.token = upstream.token;
  if (options.upstream_encoding == "coded") hello.coded_prior = coded::prior_version;
  return hello;
}

class RelayService {
 public:
  RelayService(RelayOptions options, Upstream upstream, std::unique_ptr<ReaderPorts> readers,
               std::unique_ptr<ClientPorts> clients)
      : options_(std::move(options)),
        upstream_(std::move(upstream)),
        writer_(options_.state),
        relay_(hello_of(options_, upstream_), hub_options(options_), listeners()),
        keeper_(relay_.hub()),
        client_hub_(relay_.events()),
        readers_(std::move(readers)),
        clients_(std::move(clients)) {}

  int run() {
    loop_.on_stop_signal([this](int signal) {
      spdlog::info("stopping on signal {}", signal);
      stop({GoodbyeReason::shutdown, 1'000 + static_cast<std::uint32_t>(running_ms() % 4'000),
            "the relay stops"});
    });
    loop_.on_reload_signal([this] { reload(); });
    if (const auto taken_up = take_up(); !taken_up) {
      spdlog::error(taken_up.error().text);
      return exit_code_of(taken_up.error().kind);
    }
    name_readers();
    relay_.hub().on_more_keyframes = [this] { loop_.post([this] { relay_.hub().make_keyframes(); }); };
    if (const auto shown = open_admin(); !shown) {
      spdlog::error(shown.error().text);
      return exit_code_of(shown.error().kind);
    }
    began_ms_ = steady_ms();
    connect();
    loop_.every(tick, [this] { return look(); });
    if (manager_.watchdog()) {
      loop_.every(*manager_.watchdog(), [this] {
        manager_.alive();
        return true;
      });
    }
    loop_.every(milliseconds(5'000), [this] {
      if (relay_.welcomed()) relay_.acknowledge();
      return !stopping_;
    });
    loop_.run();
    connection_.reset();
    writer_.wait();
    keep_last_state();
    reader_log_.flush();
    const RelayCounts& counts = relay_.counts();
    const ReceiverCounts& received = relay_.received();
    spdlog::info("stopped at offset {}: {}, {}, {}, {}, {} bytes in ({}), {} bytes out",
                 relay_.position().offset.value, counted(counts.deltas, "delta"),
                 counted(received.keyframes, "keyframe"), counted(counts.jumps, "jump"),
                 counted(received.resyncs, "resync"), received.bytes, counted(received.coded, "coded update"),
                 relay_.hub().counts().bytes_out);
    if (!clients_->empty()) sum_up_clients();
    return exit_code_;
  }

 private:
  RelayEvents listeners() {
    RelayEvents events;
    events.send_away = [this](const std::string& why) {
      spdlog::warn("{}: all readers are sent away", why);
      keeper_.give_up();
      readers_->send_away(why);
    };
    events.welcome = [this](const Welcome& welcome) {
      spdlog::info("upstream {}: {}, epoch {} offset {}, {}: {} ({})", options_.upstream.url,
                   printable(welcome.publisher), welcome.position.epoch.value, welcome.position.offset.value,
                   name_of(welcome.durability), name_of(welcome.resume), printable(welcome.reason));
    };
    events.heartbeat = [this](const Heartbeat& heartbeat) {
      upstream_watch_.heard(heartbeat, wall_ms());
      backoff_.worked();
      caught_up_ = true;
      client_hub_.set_upstream(UpstreamHealth::live);
    };
    events.jump = [](Offset from, Offset to) {
      spdlog::warn("upstream left out the deltas behind offset {} up to {}: readers are given keyframes",
                   from.value, to.value);
    };
    if (traces_) {
      events.frame_begins = [this] { frame_began_us_ = wall_us(); };
      events.published = [this](Offset from, Offset to) { trace(from, to); };
    }
    events.resync = [](EventHandle event, std::string_view why) {
      spdlog::warn("event {}: asked for its state again: {}", event.value, printable(why));
    };
    if (!options_.clients.listen.empty()) listen_for_clients(events);
    events.goodbye = [this](const Goodbye& goodbye) { goodbye_ = goodbye; };
    events.error = [this](const ErrorMessage& error) {
      spdlog::error("upstream {}: refused: {}: {}", options_.upstream.url, name_of(error.code),
                    printable(error.text));
    };
    return events;
  }

  void trace(Offset from, Offset to) {
    for (Offset at = from.next(); at <= to; at = at.next()) {
      const Position position{relay_.position().epoch, at};
      if (!is_traced(position, options_.trace.every)) continue;
      const TraceId trace = trace_of(position);
      traces_->give({trace, span_of(trace, "relay", traced_as_), root_span_of(trace), "relay",
                     frame_began_us_, std::max(frame_began_us_, wall_us())});
    }
  }

  void sum_up_clients() {
    const ClientHubCounts& counts = client_hub_.counts();
    spdlog::info("clients: {}, {} resumed by {} and {}, {} behind, {} stuck, {} refused; {}, {}, {} sent",
                 counted(counts.joins, "join"), counts.tails + counts.changed, counted(counts.tails, "tail"),
                 counted(counts.changed, "change"), counts.behind, clients_->counts().stuck,
                 clients_->counts().refused, counted(counts.deltas, "delta"),
                 counted(counts.snapshots, "snapshot"), counted(counts.sent, "message"));
  }

  void listen_for_clients(RelayEvents& events) {
    events.delta = [this](EventHandle event, const EventState& after, const Delta& delta, Offset at) {
      client_hub_.delta(event, after, delta, at);
    };
    events.keyframe = [this](EventHandle event, const EventState& state, Offset at) {
      client_hub_.keyframe(event, state, at);
    };
    events.begun_anew = [this] { client_hub_.begun_anew(relay_.position()); };
  }

  void name_readers() {
    clients_->on_listening = [](const Endpoint& endpoint) {
      spdlog::info("serving clients on {}", endpoint.text());
    };
    readers_->on_waiting = [this] { relay_.serve_waiting(); };
    readers_->on_listening = [](const Endpoint& endpoint) {
      spdlog::info("serving readers on {}", endpoint.text());
    };
    readers_->on_news = [this](const SessionNews& news) { reader_log_.take(news); };
    for (const std::string& warning : readers_->warnings())
      spdlog::warn(warning);
  }

  Result<void> open_admin() {
    AdminParts parts{"relay",
                     relay_.events(),
                     relay_.hub(),
                     [this](const SessionVisit& visit) { readers_->each_session(visit); },
                     {},
                     {},
                     {}};
    parts.why_not_ready = [this] {
      auto reasons = why_not_ready(relay_);
      if (stopping_) reasons.push_back("the relay stops");
      return reasons;
    };
    parts.add_metrics = [this](MetricsPage& page) {
      add_relay_metrics(page, relay_, upstream_watch_);
      page.add(metric::refused, static_cast<double>(reader_log_.refused_count()));
      add_trace_metrics(page, traces_.get());
    };
    parts.sources = [this] { return relay_sources_json(relay_); };
    auto port = AdminPort::open(loop_, options_.admin, std::move(parts));
    if (!port) return port.error();
    admin_ = std::move(*port);
    return {};
  }

  Result<void> take_up() {
    if (options_.state.empty()) return {};
    const auto saved = read_state_file(options_.state);
    if (!saved) return saved.error();
    if (!*saved) return {};
    if (const auto restored = relay_.restore(**saved); !restored)
      return malformed(options_.state + ": " + restored.error().text);
    taken_up_ = true;
    kept_ = relay_.position();
    spdlog::info("{}: taken up at epoch {} offset {}, {}", options_.state, kept_.epoch.value,
                 kept_.offset.value, counted(relay_.events().events().size(), "event"));
    return {};
  }

  void connect() {
    goodbye_.reset();
    upstream_watch_.connecting();
    connection_ = std::make_unique<TcpSubscriber>(
        loop_, relay_, upstream_.endpoint, [this](Result<void> result) { disconnected(result); },
        TcpSubscriberOptions{.read_bytes = upstream_read_bytes, .tls = upstream_.tls});
  }

  void disconnected(const Result<void>& result) {
    relay_.lost();
    client_hub_.set_upstream(UpstreamHealth::stale);
    if (stopping_) return;
    if (goodbye_ && goodbye_->reason == GoodbyeReason::finished) {
      spdlog::info("upstream {}: there will be nothing more", options_.upstream.url);
      return stop(*goodbye_);
    }
    std::string why = result ? "the line was closed" : result.error().text;
    if (goodbye_)
      why = "goodbye: " + std::string(name_of(goodbye_->reason)) + ", " + printable(goodbye_->text);
    const auto wait = backoff_.next(milliseconds(goodbye_ ? goodbye_->retry_after_ms : 0));
    spdlog::warn("upstream {}: {}; trying again in {} ms", options_.upstream.url, why, wait.count());
    loop_.after(wait, [this] {
      if (stopping_) return;
      relay_.reconnect();
      connect();
    });
  }

  // Several times a second.
  bool look() {
    if (stopping_) return false;
    upstream_watch_.look(relay_.received().bytes, steady_ms());
    if (const auto ticked = relay_.tick(running_ms()); !ticked) {
      spdlog::error("upstream {}: {}", options_.upstream.url, ticked.error().text);
      if (connection_) connection_->close();
    }
    reader_log_.tick(running_ms());
    if (relay_.is_whole()) client_hub_.whole();
    if (!is_open_) open();
    keep_state();
    return !stopping_;
  }

  // Readers are let in when there is something to give them. Behind a restart they stand where the upstream stands,
  // so that is waited for, unless it is not to be had.
  void open() {
    const bool late = steady_ms() - began_ms_ >= catch_up_ms_max;
    if (!relay_.is_whole() || (taken_up_ && !caught_up_ && !late)) return;
    is_open_ = true;
    auto opened = readers_->open(loop_, relay_.hub());
    if (opened) opened = clients_->open(loop_, client_hub_);
    if (!opened) {
      spdlog::error(opened.error().text);
      exit_code_ = exit_code_of(opened.error().kind);
      stopping_ = true;
      return loop_.stop();
    }
    spdlog::info("ready: epoch {} offset {}, {}", relay_.position().epoch.value,
                 relay_.position().offset.value, counted(relay_.events().events().size(), "event"));
    manager_.ready("following " + options_.upstream.url);
    if (!relay_.welcomed()) client_hub_.set_upstream(UpstreamHealth::stale);
    if (!relay_.welcomed())
      spdlog::warn("upstream {}: not there; readers are told so", options_.upstream.url);
  }

  void keep_state() {
    if (options_.state.empty()) return;
    if (auto bytes = keeper_.take()) {
      kept_ = relay_.position();
      writer_.write(std::move(*bytes), [this](const Result<void>& written) {
        loop_.post([this, written] {
          writer_.finished();
          if (!written) spdlog::error(written.error().text);
        });
      });
    }
    const std::int64_t now = steady_ms();
    const bool due = now - kept_at_ms_ >= std::int64_t{options_.state_interval_s} * 1'000;
    if (!due || !relay_.is_whole() || relay_.position() == kept_ || writer_.is_writing()) return;
    kept_at_ms_ = now;
    keeper_.start();
    relay_.serve_waiting();
  }

  // All at once: nothing else is due any more.
  void keep_last_state() {
    if (options_.state.empty() || relay_.position() == kept_) return;
    relay_.hub().on_more_keyframes = {};
    relay_.hub().make_keyframes();
    keeper_.give_up();
    keeper_.start();
    relay_.serve_waiting();
    const auto bytes = keeper_.take();
    if (!bytes) return spdlog::warn("{}: states are missing at this moment; the former stay", options_.state);
    if (const auto written = write_state_file(options_.state, *bytes); !written) {
      spdlog::error(written.error().text);
      exit_code_ = exit_environment;
    }
  }

  // Certificates, tokens of readers, and what is shown to the upstream at the next connection.
  void reload() {
    for (const ReaderPorts::Reloaded& news : readers_->reload())
      spdlog::log(news.failed ? spdlog::level::err : spdlog::level::info, "reload: {}", news.text);
    if (const auto loaded = clients_->reload(); !loaded)
      spdlog::error("reload: {}; new clients are given the former certificate", loaded.error().text);
    auto upstream = read_upstream(options_.upstream, upstream_prefix);
    if (!upstream) return spdlog::error("reload: {}; the former credentials stay", upstream.error().text);
    upstream_ = std::move(*upstream);
    relay_.set_token(upstream_.token);
    spdlog::info("reload: the upstream is shown new credentials at the next connection");
  }

  void stop(Goodbye goodbye) {
    if (std::exchange(stopping_, true)) return;
    manager_.stopping();
    connection_.reset();
    relay_.lost();
    readers_->stop_accepting();
    clients_->stop_accepting();
    loop_.after(milliseconds(options_.drain_ms), [this] {
      spdlog::warn("readers were still behind after {} ms", options_.drain_ms);
      loop_.stop();
    });
    keeper_.give_up();
    relay_.serve_waiting();
    relay_.hub().goodbye_all(goodbye);
    readers_->drain([this] { clients_->drain("the relay stops", [this] { loop_.stop(); }); });
  }

 public:
  static constexpr const char* upstream_prefix = "upstream-";

 private:
  RelayOptions options_;
  Upstream upstream_;
  std::string traced_as_ = options_.name + "-" + std::to_string(::getpid());
  std::unique_ptr<TraceExporter> traces_ = open_traces(options_.trace, "relay", traced_as_);
  std::int64_t frame_began_us_ = 0;
  Loop loop_;
  ReaderLog reader_log_;
  StateWriter writer_;
  Relay relay_;
  StateKeeper keeper_;
  ClientHub client_hub_;
  std::unique_ptr<ReaderPorts> readers_;  // whoever is still there leaves the hub
  std::unique_ptr<ClientPorts> clients_;
  std::unique_ptr<TcpSubscriber> connection_;
  std::unique_ptr<AdminPort> admin_;
  ServiceManager manager_;
  UpstreamWatch upstream_watch_;
  std::optional<Goodbye> goodbye_;
  Backoff backoff_{static_cast<std::uint64_t>(::getpid())};
  Position kept_;  // in the file
  std::int64_t kept_at_ms_ = steady_ms();
  std::int64_t began_ms_ = 0;
  bool taken_up_ = false;  // from the file
  bool caught_up_ = false;
  bool is_open_ = false;
  bool stopping_ = false;
  int exit_code_ = exit_done;
};

int run_relay(const RelayOptions& options) {
  auto upstream = read_upstream(options.upstream, RelayService::upstream_prefix);
  if (!upstream) return complain(upstream.error());
  if (options.readers.listen.empty() && options.clients.listen.empty())
    return complain(
        {ErrorKind::usage, "nobody is served: there are --listen for readers and --clients for clients", 0});
  auto clients = ClientPorts::prepare(options.clients, options.readers.tls);
  if (!clients) return complain(clients.error());
  ReaderPortOptions reader_options = options.readers;
  reader_options.tls_is_used_elsewhere = (*clients)->uses_tls();
  auto readers = ReaderPorts::prepare(std::move(reader_options));
  if (!readers) return complain(readers.error());
  set_up_log(options.log_format, options.log_level);
  return RelayService(options, std::move(*upstream), std::move(*readers), std::move(*clients)).run();
}

}  // namespace

Command add_relay(CLI::App& parent) {
  auto options = std::make_shared<RelayOptions>();
  CLI::App* app =
      parent.add_subcommand("relay", "Follow a publisher over one connection and serve readers its feed");
  app->fallthrough();  // to --config
  app->add_option("--upstream", options->upstream.url,
                  "The publisher: tcp://, tls://, ws:// or wss://, each HOST:PORT; another relay will do")
      ->required();
  add_upstream_options(*app, options->upstream, RelayService::upstream_prefix);
  add_reader_port_options(*app, options->readers);
  add_client_port_options(*app, options->clients);
  app->add_option("--name", options->name, "For the publisher's log")->capture_default_str();
  app->add_option(
         "--upstream-encoding", options->upstream_encoding,
         "What is asked for. coded: the fewest bytes, where the publisher has them, too; blocks: never")
      ->check(CLI::IsMember({"coded", "blocks"}))
      ->capture_default_str();
  app->add_option("--encoding", options->encoding,
                  "coded: the fewest bytes, for readers that can; blocks: for all")
      ->check(CLI::IsMember({"coded", "blocks"}))
      ->capture_default_str();
  app->add_option("--state", options->state,
                  "A file with states and position: taken up at the start if it is there, written now and "
                  "then and at the end, so that a restart fetches only what it missed");
  app->add_option("--state-interval-s", options->state_interval_s, "How often it is written")
      ->check(CLI::Range(1U, 3'600U))
      ->capture_default_str();
  add_service_options(*app, *options);
  app->footer(
      "Readers are let in once all states are there. When the publisher is lost they stay, heartbeats say "
      "that "
      "the source `upstream` is stale, and the relay goes on where it stood.\n"
      "Stops cleanly on SIGTERM and SIGINT, and when the publisher says that there will be nothing more. "
      "SIGHUP "
      "reads certificates and tokens again.\n"
      "Examples:\n"
      "  touchline relay --upstream tcp://127.0.0.1:7440 --listen ws://127.0.0.1:7450 --state edge-1.state\n"
      "  touchline relay --upstream tls://127.0.0.1:7443 --upstream-tls-ca feed.pem --upstream-token-file "
      "edge-2.token --listen tcp://127.0.0.1:7450\n"
      "  touchline relay --upstream tcp://127.0.0.1:7440 --clients http://127.0.0.1:7451");
  return {app, [options] { return run_relay(*options); }};
}

}  // namespace touchline
