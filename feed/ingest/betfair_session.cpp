#include "feed/ingest/betfair_session.h"

#include "core/limits.h"
#include "core/state_names.h"
#include "feed/ingest/json.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace touchline {
namespace {

namespace dom = simdjson::dom;

constexpr std::int64_t answer_ms = 15'000;  // of either side, by the vendor's document
constexpr std::int64_t heartbeats_missed_max = 3;
constexpr std::int64_t heartbeat_ms_max = 60'000;  // whatever the vendor announces
constexpr std::size_t padding_bytes = 64;
constexpr std::size_t text_bytes_max = 200;  // of the vendor's in an error of ours

struct KnownError {
  std::string_view code;
  BetfairCure cure;
};
constexpr auto known_errors = std::to_array<KnownError>({
    {"NO_APP_KEY", BetfairCure::new_login},
    {"INVALID_APP_KEY", BetfairCure::new_login},
    {"NO_SESSION", BetfairCure::new_login},
    {"INVALID_SESSION_INFORMATION", BetfairCure::new_login},
    {"NOT_AUTHORIZED", BetfairCure::new_login},
    {"INVALID_INPUT", BetfairCure::none},
    {"INVALID_REQUEST", BetfairCure::none},
    {"SUBSCRIPTION_LIMIT_EXCEEDED", BetfairCure::none},
    {"INVALID_CLOCK", BetfairCure::afresh},
    {"TOO_MANY_REQUESTS", BetfairCure::later},
    {"MAX_CONNECTION_LIMIT_EXCEEDED", BetfairCure::later},
    {"TIMEOUT", BetfairCure::again},
    {"CONNECTION_FAILED", BetfairCure::again},
    {"UNEXPECTED_ERROR", BetfairCure::again},
});

// Whole characters.
std::string_view beginning_of(std::string_view text) {
  std::size_t size = std::min(text.size(), text_bytes_max);
  while (size < text.size() && size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80)
    --size;
  return text.substr(0, size);
}

}  // namespace

BetfairCure betfair_cure_of(std::string_view error_code) {
  const auto* known = std::ranges::find(known_errors, error_code, &KnownError::code);
  return known == known_errors.end() ? BetfairCure::again : known->cure;
}

// What of a message is the connection's and not the parser's.
struct BetfairSession::Envelope {
  std::string_view op;
  std::uint64_t id = 0;
  std::string_view type;
  std::string_view initial_clk;
  std::string_view clk;
  Segment segment = Segment::whole;
  std::int64_t status = 0;
  std::int64_t heartbeat_ms = 0;
  bool is_conflated = false;
  std::string_view status_code;
  std::string_view error_code;
  std::string_view error_message;
};

struct BetfairSession::Reader {
  dom::parser parser;

  Result<Envelope> read(std::string_view line) {
    try {
      const dom::object object = json::object_of(json::parse(parser, line), "the line");
      Envelope envelope;
      envelope.op = json::text_of(json::required(object, "op"), "op");
      const auto text = [&](std::string_view key) {
        const auto value = json::optional(object, key);
        return value ? json::text_of(*value, key) : std::string_view();
      };
      const auto number = [&](std::string_view key) {
        const auto value = json::optional(object, key);
        return value ? json::integer_of(*value, key) : 0;
      };
      envelope.id = static_cast<std::uint64_t>(number("id"));
      envelope.type = text("ct");
      envelope.initial_clk = text("initialClk");
      envelope.clk = text("clk");
      envelope.status = number("status");
      envelope.heartbeat_ms = number("heartbeatMs");
      const auto conflated = json::optional(object, "con");
      envelope.is_conflated = conflated && json::bool_of(*conflated, "con");
      envelope.status_code = text("statusCode");
      envelope.error_code = text("errorCode");
      envelope.error_message = beginning_of(text("errorMessage"));
      const std::string_view segment = text("segmentType");
      if (segment == "SEG_START") envelope.segment = Segment::start;
      if (segment == "SEG") envelope.segment = Segment::middle;
      if (segment == "SEG_END") envelope.segment = Segment::end;
      return envelope;
    } catch (const json::Refusal& refusal) {
      return refusal.error;
    }
  }
};

BetfairSession::BetfairSession(BetfairSessionOptions options, std::int64_t now_ms)
    : options_(std::move(options)),
      next_id_(options_.first_id),
      clocks_(options_.clocks),
      heard_ms_(now_ms),
      patience_ms_(answer_ms),
      beat_ms_(options_.subscription.heartbeat_ms),
      reader_(std::make_unique<Reader>()) {}

BetfairSession::~BetfairSession() = default;

void BetfairSession::receive(std::string_view bytes, std::int64_t now_ms) {
  heard_ms_ = now_ms;
  if (begin_ != 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, filled_ - begin_);
    filled_ -= begin_;
    searched_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() < filled_ + bytes.size() + padding_bytes) {
    buffer_.resize(std::max(buffer_.size() * 2, filled_ + bytes.size() + padding_bytes));
  }
  std::memcpy(buffer_.data() + filled_, bytes.data(), bytes.size());
  filled_ += bytes.size();
}

BetfairSession::Step BetfairSession::next(Update& update) {
  while (!end_) {
    const void* feed = std::memchr(buffer_.data() + searched_, '\n', filled_ - searched_);
    if (feed == nullptr) {
      searched_ = filled_;
      if (filled_ - begin_ > limits::line_bytes) {
        if (!skipping_)
          refuse({}, {ErrorKind::limit,
                      "a line of more than " + std::to_string(limits::line_bytes) + " bytes", 0});
        skipping_ = true;
        byte_ += filled_ - begin_;
        begin_ = filled_;
      }
      return Step::wait;
    }
    const auto end = static_cast<std::size_t>(static_cast<const char*>(feed) - buffer_.data());
    std::string_view line = std::string_view(buffer_).substr(begin_, end - begin_);
    const std::size_t eaten = line.size() + 1;
    begin_ = searched_ = end + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    ++number_;
    Step step = Step::wait;
    if (!std::exchange(skipping_, false) && !line.empty()) step = take_line(line, update);
    byte_ += eaten;
    if (step != Step::wait) return step;
  }
  return Step::ended;
}

std::string BetfairSession::take_output() { return std::exchange(output_, {}); }

void BetfairSession::check(std::int64_t now_ms) {
  if (end_ || now_ms < due_ms()) return;
  stop(BetfairCure::again, "nothing came for " + std::to_string(now_ms - heard_ms_) + " ms");
}

BetfairSession::Step BetfairSession::take_line(std::string_view line, Update& update) {
  const auto envelope = reader_->read(line);
  if (!envelope) {
    refuse(line, envelope.error());
    return Step::wait;
  }
  if (envelope->op == "connection") {
    if (state_ == State::greeting) answer_greeting();
    return Step::wait;
  }
  if (envelope->op == "status") return take_status(*envelope);
  if (envelope->op != "mcm" && envelope->op != "ccm") return Step::wait;
  // The first change may overtake the answer to the request.
  if (state_ == State::subscribing && envelope->id == subscription_id_) state_ = State::streaming;
  if (state_ != State::streaming || envelope->id != subscription_id_) {
    ++counts_.foreign;
    return Step::wait;
  }
  return take_change(line, *envelope, update);
}

void BetfairSession::answer_greeting() {
  state_ = State::login;
  output_ += R"({"op":"authentication","id":)" + std::to_string(next_id_++) + R"(,"appKey":)";
  append_json_text(output_, options_.login.app_key);
  output_ += R"(,"session":)";
  append_json_text(output_, options_.login.session);
  output_ += "}\r\n";
}

void BetfairSession::subscribe() {
  state_ = State::subscribing;
  subscription_id_ = next_id_++;
  const BetfairSubscription& wanted = options_.subscription;
  output_ += R"({"op":"marketSubscription","id":)" + std::to_string(subscription_id_) +
             R"(,"marketFilter":)" + wanted.market_filter + R"(,"marketDataFilter":)" +
             wanted.market_data_filter + R"(,"segmentationEnabled":true,"heartbeatMs":)" +
             std::to_string(wanted.heartbeat_ms) + R"(,"conflateMs":)" + std::to_string(wanted.conflate_ms);
  if (!clocks_.empty()) {
    output_ += R"(,"initialClk":)";
    append_json_text(output_, clocks_.initial_clk);
    output_ += R"(,"clk":)";
    append_json_text(output_, clocks_.clk);
  }
  output_ += "}\r\n";
}

BetfairSession::Step BetfairSession::take_status(const Envelope& envelope) {
  const bool failed = envelope.status_code == "FAILURE" || !envelope.error_code.empty();
  if (failed) {
    std::string text(envelope.error_code.empty() ? "FAILURE" : envelope.error_code);
    if (!envelope.error_message.empty()) text.append(": ").append(envelope.error_message);
    return stop(betfair_cure_of(envelope.error_code), std::move(text));
  }
  // The answers come in the order of the requests; their ids are for those who send more than two.
  if (state_ == State::login && envelope.id + 1 == next_id_) {
    subscribe();
  } else if (state_ == State::subscribing && envelope.id == subscription_id_) {
    state_ = State::streaming;
  }
  return Step::wait;
}

BetfairSession::Step BetfairSession::take_change(std::string_view line, const Envelope& envelope,
                                                 Update& update) {
  ++counts_.messages;
  if (envelope.is_conflated) ++counts_.conflated;
  if (envelope.heartbeat_ms > 0) beat_ms_ = std::min(envelope.heartbeat_ms, heartbeat_ms_max);
  patience_ms_ = heartbeats_missed_max * beat_ms_;
  const bool late = envelope.status == 503;
  if (late != late_) {
    late_ = late;
    if (on_late) on_late(late);
  }
  if (envelope.segment != Segment::whole) return join(envelope.segment, line, envelope, update);
  begins_anew_ = envelope.type == "SUB_IMAGE";
  if (const auto parsed = parser_.parse(line, update); !parsed) {
    refuse(line, parsed.error());
    advance(envelope);
    return Step::wait;
  }
  advance(envelope);
  return Step::update;
}

// The segments of one change are one update: nobody sees a part of it, and a clk counts behind the last one alone.
BetfairSession::Step BetfairSession::join(Segment segment, std::string_view line, const Envelope& envelope,
                                          Update& update) {
  if (segment == Segment::start) {
    if (is_joining_) refuse(line, malformed("a change begins before the segments of another one have ended"));
    drop_joined();
    is_joining_ = true;
    begins_anew_ = envelope.type == "SUB_IMAGE";
  } else if (!is_joining_) {
    refuse(line, malformed("a segment without the beginning of its change"));
    if (segment == Segment::end) advance(envelope);
    return Step::wait;
  }
  if (!is_broken_) {
    const auto parsed = parser_.parse(line, update);
    if (!parsed) {
      refuse(line, parsed.error());
      is_broken_ = true;
    } else if (joined_.bytes() + update.bytes() > limits::joined_bytes) {
      refuse(line,
             {ErrorKind::limit,
              "a change in segments of more than " + std::to_string(limits::joined_bytes) + " bytes", 0});
      is_broken_ = true;
    } else {
      joined_.append(update);
    }
  }
  if (segment != Segment::end) return Step::wait;
  advance(envelope);
  const bool is_broken = is_broken_;
  if (!is_broken) std::swap(update, joined_);
  drop_joined();
  return is_broken ? Step::wait : Step::update;
}

void BetfairSession::drop_joined() {
  Update none;
  std::swap(joined_, none);  // with what it had allocated: such changes are few and large
  is_joining_ = false;
  is_broken_ = false;
}

// What comes between the segments of a change moves nothing on: they would be lost to whoever goes on behind it.
void BetfairSession::advance(const Envelope& envelope) {
  if (is_joining_ && envelope.segment != Segment::end) return;
  if (!envelope.initial_clk.empty()) clocks_.initial_clk = envelope.initial_clk;
  if (!envelope.clk.empty()) clocks_.clk = envelope.clk;
}

void BetfairSession::refuse(std::string_view line, const Error& error) {
  if (on_refused) on_refused({line, number_, byte_ + error.at_byte, error.text});
}

BetfairSession::Step BetfairSession::stop(BetfairCure cure, std::string text) {
  end_ = {cure, std::move(text)};
  return Step::ended;
}

}  // namespace touchline
