#include "cmd/touchline/admin_port.h"

#include "core/json_object.h"
#include "feed/admin/console_page.h"
#include "feed/admin/event_pages.h"
#include "feed/admin/process_metrics.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

namespace touchline {
namespace {

constexpr std::chrono::microseconds lag_interval{100'000};

std::int64_t steady_us() {
  using namespace std::chrono;
  return duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count();
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

AdminAnswer json_answer(const JsonObject& json) { return {200, "application/json", json.line()}; }

}  // namespace

AdminPort::AdminPort(Loop& loop, AdminParts parts)
    : loop_(loop), parts_(std::move(parts)), is_there_(std::make_shared<bool>(true)), server_(loop) {}

AdminPort::~AdminPort() { *is_there_ = false; }

Result<std::unique_ptr<AdminPort>> AdminPort::open(Loop& loop, const std::string& address, AdminParts parts) {
  if (address.empty()) return std::unique_ptr<AdminPort>();
  std::unique_ptr<AdminPort> port(new AdminPort(loop, std::move(parts)));
  if (const auto listening = port->listen(address); !listening) return listening.error();
  port->watch_lag();
  return port;
}

Result<void> AdminPort::listen(const std::string& address) {
  const auto endpoint = parse_admin_endpoint(address);
  if (!endpoint) return endpoint.error();
  server_.route("/metrics", [this](const AdminRequest&) { return metrics(); });
  server_.route("/readyz", [this](const AdminRequest&) { return ready(); });
  // That it comes at all is what it says.
  server_.route("/healthz",
                [](const AdminRequest&) { return json_answer(JsonObject().add_json("alive", "true")); });
  server_.route("/version", [this](const AdminRequest&) {
    return json_answer(JsonObject().add("version", TOUCHLINE_VERSION).add("role", parts_.role));
  });
  server_.route("/", [](const AdminRequest&) {
    return AdminAnswer{200, "text/html; charset=utf-8", std::string(console_page)};
  });
  server_.route("/events",
                [this](const AdminRequest& request) { return events_page(request, parts_.events); });
  server_.route("/event", [this](const AdminRequest& request) { return event_page(request, parts_.events); });
  server_.route("/rejected", [this](const AdminRequest&) {
    return json_answer(JsonObject().add_json("rejected", parts_.refused()));
  });
  server_.route("/sources", [this](const AdminRequest&) {
    return json_answer(JsonObject().add_json("sources", parts_.sources()));
  });
  server_.route("/sessions", [this](const AdminRequest& request) {
    return sessions_page(request, parts_.hub, parts_.each_session);
  });
  const auto listening = server_.listen(*endpoint);
  if (!listening) return listening.error();
  spdlog::info("admin on {}", listening->text());
  if (!is_loopback(listening->host))
    spdlog::warn("whoever reaches {} may see metrics, events and the addresses of readers",
                 listening->text());
  return {};
}

AdminAnswer AdminPort::ready() const {
  const std::vector<std::string> reasons = parts_.why_not_ready();
  std::string list;
  for (const std::string& reason : reasons) {
    if (!list.empty()) list.push_back(',');
    append_json_text(list, reason);
  }
  JsonObject json;
  json.add_json("ready", reasons.empty() ? "true" : "false").add_json("reasons", "[" + list + "]");
  return {reasons.empty() ? 200U : 503U, "application/json", json.line()};
}

AdminAnswer AdminPort::metrics() const {
  MetricsPage page;
  page.add(metric::build_info, 1, {{"version", TOUCHLINE_VERSION}, {"role", parts_.role}});
  page.add(metric::ready, parts_.why_not_ready().empty() ? 1 : 0);
  page.add(metric::loop_lag, lag_us_, seconds_per_us);
  add_process_metrics(page);
  page.add(metric::events, static_cast<double>(parts_.events.events().size()));
  add_hub_metrics(page, parts_.hub);
  add_session_metrics(page, parts_.hub, parts_.each_session);
  parts_.add_metrics(page);
  return {200, MetricsPage::content_type, page.text()};
}

void AdminPort::watch_lag() {
  lag_due_us_ = steady_us() + lag_interval.count();
  loop_.every(lag_interval, [this, is_there = is_there_] {
    if (!*is_there) return false;
    const std::int64_t now_us = steady_us();
    lag_us_.add(now_us - lag_due_us_);
    lag_due_us_ = now_us + lag_interval.count();
    return true;
  });
}

}  // namespace touchline
