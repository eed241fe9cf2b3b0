#include "cmd/touchline/live_sources.h"

#include "cmd/touchline/arguments.h"
#include "core/digest.h"
#include "feed/clock.h"
#include "feed/tls_context.h"

#include <CLI/CLI.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace touchline {
namespace {

bool dials_betfair(const SourceSpec& spec) {
  return spec.endpoint && (spec.endpoint->scheme == "betfair" || spec.endpoint->scheme == "betfairs");
}

// Of options of the form FILE, for all, or NAME=FILE, for the source of that name. Empty: none.
std::string file_for(const std::string& source, const std::vector<std::string>& options) {
  std::string for_all;
  for (const std::string& option : options) {
    const auto equals = option.find('=');
    if (equals == std::string::npos) {
      for_all = option;
    } else if (option.substr(0, equals) == source) {
      return option.substr(equals + 1);
    }
  }
  return for_all;
}

void log_news(const std::string& source, const BetfairNews& news, RefusalLog& refusals) {
  switch (news.kind) {
    case BetfairNews::Kind::subscribed:
      return spdlog::info("source {}: {}", source, printable(news.text));
    case BetfairNews::Kind::ended:
      return spdlog::warn("source {}: {}", source, printable(news.text));
    case BetfairNews::Kind::given_up:
      return spdlog::error("source {}: {}", source, printable(news.text));
    case BetfairNews::Kind::rejected:
      return refusals.refused("refused " + news.text, running_ms());
    case BetfairNews::Kind::late:
      return spdlog::warn("source {}: Betfair says that its data may be late (status 503)", source);
    case BetfairNews::Kind::in_time:
      return spdlog::info("source {}: Betfair's data is in time again", source);
  }
}

}  // namespace

void add_live_source_options(CLI::App& app, LiveSourceOptions& options) {
  app.add_option("--betfair-filter", options.betfair_filters,
                 "What to subscribe to at Betfair: a JSON file with marketFilter and marketDataFilter, "
                 "or NAME=FILE for one source of several");
  app.add_option(
      "--betfair-login", options.betfair_logins,
      "A JSON file with appKey and session, or NAME=FILE; without it TOUCHLINE_BETFAIR_APP_KEY and "
      "TOUCHLINE_BETFAIR_SESSION");
  app.add_option("--betfair-ca", options.betfair_authorities,
                 "A PEM file of authorities for betfairs:// instead of the system's");
  app.add_option("--stale-after-ms", options.stale_after_ms,
                 "A source that is connected to says nothing for so long: its events are stale; 0: never")
      ->check(CLI::Range(0, 86'400'000))
      ->capture_default_str();
  app.add_option("--lost-after-ms", options.lost_after_ms,
                 "A source has no connection for so long: its events are stale; 0: never")
      ->check(CLI::Range(0, 86'400'000))
      ->capture_default_str();
}

Result<std::unique_ptr<LiveSources>> LiveSources::prepare(const std::vector<SourceSpec>& specs,
                                                          const LiveSourceOptions& options) {
  auto sources = std::make_unique<LiveSources>();
  sources->watch_ = {options.stale_after_ms, options.lost_after_ms};
  for (const SourceSpec& spec : specs) {
    if (!dials_betfair(spec)) continue;
    const std::string filter = file_for(spec.name, options.betfair_filters);
    if (filter.empty()) {
      return Error{ErrorKind::usage,
                   "source " + spec.name + ": what to subscribe to is named by --betfair-filter", 0};
    }
    auto subscription = read_betfair_subscription(filter);
    if (!subscription) return subscription.error();
    sources->betfair_subscriptions_[spec.name] = std::move(*subscription);
    const std::string login = file_for(spec.name, options.betfair_logins);
    if (const auto read = read_betfair_login(login); !read) return read.error();
    sources->betfair_logins_[spec.name] = login;
    if (is_encrypted(*spec.endpoint) && !sources->tls_) {
      // Not every vendor speaks 1.3.
      auto tls = TlsContext::open(TlsContext::Side::client, {"", "", options.betfair_authorities},
                                  TlsContext::Oldest::tls_1_2);
      if (!tls) return tls.error();
      sources->tls_ = std::move(*tls);
    }
  }
  return sources;
}

Result<void> LiveSources::open(Loop& loop, Pipeline& pipeline, const SourceSpec& spec, SourceId source) {
  if (spec.endpoint) pipeline.origin().watch(source, watch_, running_ms());
  if (dials_betfair(spec)) return open_betfair(loop, pipeline, spec, source);
  if (spec.endpoint && spec.endpoint->scheme == "http") return open_http(loop, pipeline, spec, source);
  return open_lines(loop, pipeline, spec, source);
}

Result<void> LiveSources::open_http(Loop& loop, Pipeline& pipeline, const SourceSpec& spec, SourceId source) {
  auto server = std::make_unique<HttpIngest>(loop, pipeline.publisher(), source, spec.name);
  server->on_news = [&refusals = log_of(spec.name)](const LineNews& news) {
    refusals.refused(news.peer + " refused " + news.text, running_ms());
  };
  const auto listening = server->listen(*spec.endpoint);
  if (!listening) return listening.error();
  spdlog::info("source {}: taking updates on {}/v1/updates", spec.name, listening->text());
  http_.push_back(std::move(server));
  return {};
}

Result<void> LiveSources::open_lines(Loop& loop, Pipeline& pipeline, const SourceSpec& spec,
                                     SourceId source) {
  auto server = std::make_unique<LineServer>(loop, pipeline.publisher(), source, spec.name);
  server->on_news = [name = spec.name, &refusals = log_of(spec.name)](const LineNews& news) {
    switch (news.kind) {
      case LineNews::Kind::connected:
        spdlog::info("source {}: {} connected", name, news.peer);
        break;
      case LineNews::Kind::ended:
        spdlog::info("source {}: {} ended: {}", name, news.peer, news.text);
        break;
      case LineNews::Kind::rejected:
        refusals.refused(news.peer + " refused " + news.text, running_ms());
        break;
    }
  };
  if (spec.endpoint) {
    const auto listening = server->listen(*spec.endpoint);
    if (!listening) return listening.error();
    spdlog::info("source {}: taking lines on {}", spec.name, listening->text());
  } else if (const auto attached = server->attach(spec.path); !attached) {
    return attached.error();
  }
  line_servers_.push_back(std::move(server));
  return {};
}

Result<void> LiveSources::open_betfair(Loop& loop, Pipeline& pipeline, const SourceSpec& spec,
                                       SourceId source) {
  BetfairClientOptions options;
  options.endpoint = *spec.endpoint;
  options.tls = tls_;
  options.subscription = betfair_subscriptions_[spec.name];
  options.login = [file = betfair_logins_[spec.name]] { return read_betfair_login(file); };
  options.source_name = spec.name;
  // By its place among the lines of the source: another address of the vendor knows the same clocks.
  options.cursor_key = "betfair:" + spec.name + "/" + std::to_string(betfair_lines_[spec.name]++);
  options.seed = mix64(static_cast<std::uint64_t>(running_ms()) + fnv1a64(options.cursor_key));
  const auto cursor = pipeline.journal().cursor(options.cursor_key);
  if (!cursor) return cursor.error();
  auto client = std::make_unique<BetfairClient>(loop, pipeline.publisher(),
                                                pipeline.origin().add_line(source), std::move(options));
  const std::string name = spec.name + ": " + spec.endpoint->text();
  client->on_news = [name, &refusals = log_of(name)](const BetfairNews& news) {
    log_news(name, news, refusals);
  };
  if (*cursor) {
    if (client->take_up(**cursor)) {
      spdlog::info("source {}: taken up behind message {}", name, (*cursor)->line);
    } else {
      spdlog::warn("source {}: the subscription is another one than before: it begins with a new image",
                   name);
    }
  }
  betfair_.push_back(std::move(client));
  return {};
}

// One for each line of it: they may go wrong in different ways.
RefusalLog& LiveSources::log_of(const std::string& source) {
  refusal_logs_.push_back(std::make_unique<RefusalLog>(
      [source](const std::string& text) { spdlog::warn("source {}: {}", source, text); }));
  return *refusal_logs_.back();
}

void LiveSources::start() {
  for (const auto& client : betfair_)
    client->start();
}

void LiveSources::resume() {
  for (const auto& server : line_servers_)
    server->resume();
  for (const auto& server : http_)
    server->resume();
  for (const auto& client : betfair_)
    client->resume();
}

void LiveSources::answer() {
  for (const auto& server : line_servers_)
    server->answer();
  for (const auto& server : http_)
    server->answer();
}

void LiveSources::stop() {
  for (const auto& server : line_servers_)
    server->stop();
  for (const auto& server : http_)
    server->stop();
  for (const auto& client : betfair_)
    client->stop();
}

bool LiveSources::idle() const {
  const auto is_idle = [](const auto& server) { return server->idle(); };
  return std::ranges::all_of(line_servers_, is_idle) && std::ranges::all_of(http_, is_idle);
}

void LiveSources::note_cursors(Origin& origin) {
  for (const auto& client : betfair_)
    client->note_cursor(origin);
}

void LiveSources::tick(std::int64_t now_ms) {
  for (const auto& refusals : refusal_logs_)
    refusals->tick(now_ms);
}

void LiveSources::flush() {
  for (const auto& refusals : refusal_logs_)
    refusals->flush();
}

}  // namespace touchline
