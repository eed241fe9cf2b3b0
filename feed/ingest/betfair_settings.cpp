#include "feed/ingest/betfair_settings.h"

#include "core/digest.h"
#include "core/state_names.h"
#include "feed/ingest/json.h"
#include "feed/small_file.h"

#include <simdjson.h>

#include <cstdlib>
#include <utility>

namespace touchline {
namespace {

namespace dom = simdjson::dom;
using json::Refusal;

constexpr std::size_t file_bytes_max = 1U << 20;

// Reads one JSON object of ours; what `take` refuses is the error.
template <class T, class Take>
Result<T> read_object(std::string_view text, Take take) {
  const simdjson::padded_string padded(text);
  dom::parser parser;
  T read;
  try {
    for (const auto [key, value] : json::object_of(json::parse(parser, padded), "the text")) {
      if (!take(read, key, value)) throw Refusal(json::quoted(key) + " is an unknown key");
    }
  } catch (const Refusal& refusal) {
    return refusal.error;
  }
  return read;
}

Result<std::string> text_of_file(const std::string& path) {
  auto text = read_small_file(path, file_bytes_max);
  if (!text) return Error{ErrorKind::usage, text.error().text, 0};
  if (!*text) return Error{ErrorKind::usage, path + ": cannot be read: there is no such file", 0};
  return std::move(**text);
}

Error in_file(const std::string& path, const Error& error) {
  return {ErrorKind::usage, path + ": " + error.text, error.at_byte};
}

std::uint32_t within(dom::element value, std::string_view key, std::int64_t least, std::int64_t most) {
  const std::int64_t number = json::integer_of(value, key);
  if (number < least || number > most) {
    throw Refusal(std::string(key) + " is not within " + std::to_string(least) + " to " +
                  std::to_string(most));
  }
  return static_cast<std::uint32_t>(number);
}

std::string object_text(dom::element value, std::string_view key) {
  return simdjson::minify(json::object_of(value, key));
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing of ours sets any
  return value == nullptr ? std::string() : std::string(value);
}

}  // namespace

Result<BetfairLogin> betfair_login_of(std::string_view text) {
  auto login =
      read_object<BetfairLogin>(text, [](BetfairLogin& read, std::string_view key, dom::element value) {
        if (key != "appKey" && key != "session") return false;
        (key == "appKey" ? read.app_key : read.session) = json::text_of(value, key);
        return true;
      });
  if (login && login->app_key.empty()) return malformed("appKey is missing");
  if (login && login->session.empty()) return malformed("session is missing");
  return login;
}

Result<BetfairLogin> read_betfair_login(const std::string& path) {
  if (path.empty()) {
    BetfairLogin login{variable("TOUCHLINE_BETFAIR_APP_KEY"), variable("TOUCHLINE_BETFAIR_SESSION")};
    if (!login.app_key.empty() && !login.session.empty()) return login;
    return Error{ErrorKind::usage,
                 "no login for Betfair: name a file with --betfair-login, or set TOUCHLINE_BETFAIR_APP_KEY "
                 "and TOUCHLINE_BETFAIR_SESSION",
                 0};
  }
  const auto text = text_of_file(path);
  if (!text) return text.error();
  auto login = betfair_login_of(*text);
  if (!login) return in_file(path, login.error());
  return login;
}

std::uint64_t BetfairSubscription::fingerprint() const {
  return fnv1a64(market_filter + "\n" + market_data_filter);
}

Result<BetfairSubscription> betfair_subscription_of(std::string_view text) {
  bool has_filter = false;
  auto subscription = read_object<BetfairSubscription>(
      text, [&](BetfairSubscription& read, std::string_view key, dom::element value) {
        if (key == "marketFilter") {
          read.market_filter = object_text(value, key);
          has_filter = true;
        } else if (key == "marketDataFilter") {
          read.market_data_filter = object_text(value, key);
        } else if (key == "heartbeatMs") {
          read.heartbeat_ms = within(value, key, 500, 30'000);
        } else if (key == "conflateMs") {
          read.conflate_ms = within(value, key, 0, 120'000);
        } else {
          return false;
        }
        return true;
      });
  if (subscription && !has_filter) return malformed("marketFilter is missing");
  return subscription;
}

Result<BetfairSubscription> read_betfair_subscription(const std::string& path) {
  const auto text = text_of_file(path);
  if (!text) return text.error();
  auto subscription = betfair_subscription_of(*text);
  if (!subscription) return in_file(path, subscription.error());
  return subscription;
}

std::string BetfairClocks::text() const {
  if (empty()) return {};
  std::string out = "[";
  append_json_text(out, initial_clk);
  out.push_back(',');
  append_json_text(out, clk);
  return out + "]";
}

BetfairClocks BetfairClocks::of(std::string_view text) {
  if (text.empty()) return {};
  const simdjson::padded_string padded(text);
  dom::parser parser;
  dom::array both;
  std::string_view initial_clk;
  std::string_view clk;
  if (parser.parse(padded).get(both) != simdjson::SUCCESS || both.size() != 2) return {};
  if (both.at(0).get(initial_clk) != simdjson::SUCCESS || both.at(1).get(clk) != simdjson::SUCCESS) return {};
  return {std::string(initial_clk), std::string(clk)};
}

}  // namespace touchline
