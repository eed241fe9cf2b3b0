#include "feed/http_ingest.h"

#include "core/state_names.h"
#include "feed/answers.h"
#include "feed/clock.h"
#include "feed/ingest/native_parser.h"
#include "feed/peer.h"
#include "feed/take_live.h"
#include "feed/tcp_listen.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <deque>
#include <optional>
#include <unordered_set>
#include <utility>

namespace touchline {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::string_view target_path = "/v1/updates";
constexpr std::string_view content_type = "application/x-ndjson";
constexpr std::uint32_t header_bytes_max = 16U << 10;
constexpr std::size_t padding_bytes = 64;
constexpr std::size_t kept_bytes = 4096;    // of a refused line
constexpr std::size_t refused_named = 100;  // in one answer
constexpr int lines_per_turn = 1'000;

std::string_view view_of(beast::string_view text) { return {text.data(), text.size()}; }

bool is_ndjson(std::string_view type) {
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' '))
    type.remove_suffix(1);
  return beast::iequals({type.data(), type.size()}, {content_type.data(), content_type.size()});
}

struct Refusal {
  http::status status;
  std::string text;
};

// What became of a request's lines.
struct Outcome {
  std::uint64_t taken = 0;
  std::uint64_t no_ops = 0;
  std::uint64_t repeats = 0;
  std::uint64_t held = 0;
  std::uint64_t outdated = 0;
  std::uint64_t refused = 0;
  std::string refusals;  // the first ones, as JSON objects with commas between
  std::uint64_t commit = 0;
  Position position;

  void count(Origin::Outcome outcome) {
    ++taken;
    switch (outcome) {
      case Origin::Outcome::changed:
        return;
      case Origin::Outcome::no_op:
      case Origin::Outcome::control:
        ++no_ops;
        return;
      case Origin::Outcome::repeat:
        ++repeats;
        return;
      case Origin::Outcome::held:
        ++held;
        return;
      case Origin::Outcome::dropped:
        ++outdated;
        return;
    }
  }
  void refuse(std::uint64_t line, std::uint64_t byte, const std::string& reason) {
    if (++refused > refused_named) return;
    if (!refusals.empty()) refusals.push_back(',');
    refusals.append("{\"line\":").append(std::to_string(line));
    refusals.append(",\"byte\":").append(std::to_string(byte)).append(",\"reason\":");
    append_json_text(refusals, reason);
    refusals.push_back('}');
  }
  std::string json() const {
    std::string out = "{\"position\":";
    append_json_position(out, position);
    const auto add = [&](const char* key, std::uint64_t number) {
      out.append(",\"").append(key).append("\":").append(std::to_string(number));
    };
    add("taken", taken);
    add("no_ops", no_ops);
    add("repeats", repeats);
    add("held", held);
    add("outdated", outdated);
    out.append(",\"refused\":[").append(refusals).append("]");
    if (refused > refused_named) add("refused_more", refused - refused_named);
    return out + "}\n";
  }
};

}  // namespace

struct HttpIngest::Impl : std::enable_shared_from_this<Impl> {
  struct Session;

  Impl(Loop& loop_in, Publisher& to, SourceId of, std::string name, HttpIngestOptions chosen)
      : loop(loop_in),
        publisher(to),
        line(to.origin().add_line(of)),
        source_name(std::move(name)),
        options(chosen),
        acceptor(loop.context()) {}

  void accept();
  void work();
  void refuse(const std::string& peer, const std::string& text) {
    if (news) news({LineNews::Kind::rejected, peer, text});
  }

  Loop& loop;
  Publisher& publisher;
  LineRef line;
  std::string source_name;
  HttpIngestOptions options;
  tcp::acceptor acceptor;
  NativeParser parser;
  Update update;
  std::unordered_set<std::shared_ptr<Session>> sessions;
  std::deque<std::shared_ptr<Session>> to_take;    // whole requests, the first one at work
  std::deque<std::shared_ptr<Session>> to_answer;  // in the order of their commits
  std::size_t reserved = 0;                        // bytes of bodies
  bool stopping = false;
  bool working = false;
  std::function<void(const LineNews&)> news;
};

struct HttpIngest::Impl::Session : std::enable_shared_from_this<Session> {
  Session(std::shared_ptr<Impl> of, tcp::socket socket)
      : ingest(std::move(of)),
        peer(peer_of(socket)),
        stream(std::move(socket)),
        patience(ingest->loop.context()) {
    error_code ignored;
    stream.socket().set_option(tcp::no_delay(true), ignored);
  }

  void read_header() {
    if (ingest->stopping) return close();
    outcome = {};
    at = number = 0;
    parser.emplace();
    parser->header_limit(header_bytes_max);
    parser->body_limit(ingest->options.body_bytes_max);
    state = State::between;
    stream.expires_after(ingest->options.idle_max);
    http::async_read_header(stream, buffer, *parser,
                            [self = shared_from_this()](const error_code& error, std::size_t) {
                              if (error) return self->failed(error);
                              self->judge();
                            });
  }

  void failed(const error_code& error) {
    if (error == http::error::body_limit) return refuse(too_large());
    if (error == http::error::header_limit)
      return refuse({http::status::request_header_fields_too_large, "the header is too large"});
    if (ingest->stopping && state == State::body) return refuse(stopping());
    if (late) return refuse({http::status::request_timeout, "the rest of the body did not come in time"});
    const bool is_http = error.category() == make_error_code(http::error::bad_method).category();
    if (is_http && error != http::error::end_of_stream && error != http::error::partial_message)
      return refuse({http::status::bad_request, "this is no HTTP request: " + error.message()});
    close();
  }

  Refusal too_large() const {
    return {http::status::payload_too_large,
            "a body is at most " + std::to_string(ingest->options.body_bytes_max) + " bytes"};
  }
  static Refusal stopping() { return {http::status::service_unavailable, "the service stops"}; }

  // Everything that can be said before the body is there.
  std::optional<Refusal> refusal() const {
    const auto& request = parser->get();
    const std::string_view target = view_of(request.target());
    if (target.substr(0, target.find('?')) != target_path)
      return Refusal{http::status::not_found, "updates are taken at /v1/updates"};
    if (request.method() != http::verb::post)
      return Refusal{http::status::method_not_allowed, "updates are taken by POST"};
    if (!is_ndjson(view_of(request[http::field::content_type])))
      return Refusal{http::status::unsupported_media_type, "the Content-Type is not application/x-ndjson"};
    if (!request[http::field::content_encoding].empty())
      return Refusal{http::status::unsupported_media_type, "the body is compressed"};
    if (const auto length = parser->content_length(); length && *length > ingest->options.body_bytes_max)
      return too_large();
    if (!request[http::field::expect].empty() && !expects_continue())
      return Refusal{http::status::expectation_failed, "of expectations 100-continue alone is met"};
    if (ingest->stopping) return stopping();
    if (ingest->publisher.failure())
      return Refusal{http::status::service_unavailable, "the store has failed"};
    if (ingest->reserved + body_bytes() > ingest->options.bodies_bytes_max)
      return Refusal{http::status::service_unavailable, "too many updates wait already"};
    return std::nullopt;
  }

  bool expects_continue() const { return beast::iequals(parser->get()[http::field::expect], "100-continue"); }

  // To be kept free for it: where it does not say, the most that there may be.
  std::size_t body_bytes() const {
    const auto length = parser->content_length();
    return length ? static_cast<std::size_t>(*length) : ingest->options.body_bytes_max;
  }

  void judge() {
    if (const auto refused = refusal()) return refuse(*refused);
    state = State::body;
    reserved = body_bytes();
    ingest->reserved += reserved;
    wait_for_body();
    if (!expects_continue()) return read_body();
    response.emplace(http::status::continue_, parser->get().version());
    http::async_write(stream, *response, [self = shared_from_this()](const error_code& error, std::size_t) {
      if (error) return self->failed(error);
      self->read_body();
    });
  }

  // Not by the stream's own timer: that closes the connection, and there would be no answer.
  void wait_for_body() {
    stream.expires_never();
    late = false;
    patience.expires_after(ingest->options.request_max);
    patience.async_wait([self = shared_from_this()](const error_code& error) {
      if (error || self->state != State::body) return;
      self->late = true;
      self->stream.cancel();
    });
  }

  void read_body() {
    http::async_read(stream, buffer, *parser,
                     [self = shared_from_this()](const error_code& error, std::size_t) {
                       if (error) return self->failed(error);
                       self->patience.cancel();
                       self->state = State::taken;
                       self->text = std::move(self->parser->get().body());
                       self->size = self->text.size();
                       self->text.append(padding_bytes, '\0');
                       self->ingest->to_take.push_back(self);
                       self->ingest->work();
                     });
  }

  // Takes lines until the publisher is full, or others should have their turn. Whether all were taken.
  bool take_lines() {
    Publisher& publisher = ingest->publisher;
    for (int i = 0; at < size; ++i) {
      if (publisher.full()) return false;
      if (i == lines_per_turn) {
        ingest->loop.post([again = ingest] { again->work(); });
        return false;
      }
      const std::string_view rest = std::string_view(text).substr(at, size - at);
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      std::string_view line = rest.substr(0, end);
      if (line.ends_with('\r')) line.remove_suffix(1);
      ++number;
      if (!line.empty()) take_line(line);
      at += end + 1;
    }
    outcome.commit = publisher.commit_to_come();
    outcome.position = publisher.position();
    text = {};
    free_body();
    return true;
  }

  void take_line(std::string_view line) {
    const auto parsed = ingest->parser.parse(line, ingest->update);
    if (!parsed) return refuse_line(line, parsed.error());
    const auto done = take_live(ingest->publisher, ingest->line, ingest->update);
    if (!done) return refuse_line(line, done.error());
    outcome.count(*done);
  }

  void refuse_line(std::string_view line, const Error& error) {
    const std::uint64_t byte = at + error.at_byte;
    outcome.refuse(number, byte, error.text);
    ingest->refuse(peer,
                   "line " + std::to_string(number) + ": byte " + std::to_string(byte) + ": " + error.text);
    ingest->publisher.reject({ingest->source_name + " from " + peer, number, byte, wall_ms(), error.text,
                              std::string(line.substr(0, kept_bytes))},
                             ingest->line.source);
  }

  void answer() {
    const bool keep = parser->keep_alive() && !ingest->stopping;
    respond(outcome.taken == 0 ? http::status::bad_request : http::status::ok, outcome.json(), keep);
  }

  // The rest of the request is not read, so that nothing can follow it.
  void refuse(const Refusal& why) {
    ingest->refuse(peer, "a request: " + std::to_string(static_cast<unsigned>(why.status)) + ": " + why.text);
    std::string json = "{\"error\":";
    append_json_text(json, why.text);
    respond(why.status, json + "}\n", false);
  }

  void respond(http::status status, std::string body, bool keep) {
    state = State::answered;
    free_body();
    patience.cancel();
    const unsigned version = parser && parser->is_header_done() ? parser->get().version() : 11;
    response.emplace(status, version);
    response->set(http::field::content_type, "application/json");
    if (status == http::status::method_not_allowed) response->set(http::field::allow, "POST");
    if (status == http::status::service_unavailable) response->set(http::field::retry_after, "1");
    response->keep_alive(keep);
    response->body() = std::move(body);
    response->prepare_payload();
    stream.expires_after(ingest->options.request_max);
    http::async_write(stream, *response,
                      [self = shared_from_this(), keep](const error_code& error, std::size_t) {
                        if (error || !keep) return self->close_softly();
                        self->read_header();
                      });
  }

  void free_body() { ingest->reserved -= std::exchange(reserved, 0); }

  // What the peer still sends is read for a moment: a reset would take the answer away from it.
  void close_softly() {
    error_code ignored;
    stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
    ingest->sessions.erase(shared_from_this());
    stream.expires_after(std::chrono::seconds(1));
    drain();
  }
  void drain() {
    buffer.clear();
    stream.async_read_some(buffer.prepare(16U << 10),
                           [self = shared_from_this()](const error_code& error, std::size_t) {
                             if (!error) self->drain();
                           });
  }

  void close() {
    free_body();
    patience.cancel();
    error_code ignored;
    stream.socket().close(ignored);
    ingest->sessions.erase(shared_from_this());
  }

  // Whose request is whole gets its answer; nobody is made to wait for others.
  void stop() {
    if (state == State::between || state == State::body) stream.cancel();
  }

  enum class State : std::uint8_t { between, body, taken, answered };
  std::shared_ptr<Impl> ingest;
  std::string peer;
  beast::tcp_stream stream;
  asio::steady_timer patience;  // for a body
  bool late = false;            // it is at its end
  beast::flat_buffer buffer;
  std::optional<http::request_parser<http::string_body>> parser;
  std::optional<http::response<http::string_body>> response;
  State state = State::between;
  std::size_t reserved = 0;
  std::string text;  // the body, and padding behind it
  std::size_t size = 0;
  std::size_t at = 0;
  std::uint64_t number = 0;
  Outcome outcome;
};

void HttpIngest::Impl::accept() {
  acceptor.async_accept([self = shared_from_this()](const error_code& error, tcp::socket socket) {
    if (error == asio::error::operation_aborted || !self->acceptor.is_open()) return;
    if (error) {
      self->refuse("a connection", "cannot be accepted: " + error.message());
      return self->loop.after(std::chrono::milliseconds(100), [self] {
        if (self->acceptor.is_open()) self->accept();
      });
    }
    const auto session = std::make_shared<Session>(self, std::move(socket));
    self->sessions.insert(session);
    if (self->sessions.size() > self->options.connections_max) {
      session->refuse({http::status::service_unavailable, "too many connections"});
    } else {
      session->read_header();
    }
    self->accept();
  });
}

void HttpIngest::Impl::work() {
  if (std::exchange(working, true)) return;
  while (!to_take.empty() && to_take.front()->take_lines()) {
    to_answer.push_back(std::move(to_take.front()));
    to_take.pop_front();
  }
  working = false;
  publisher.flush(running_ms());
  // What changed nothing may be on disk already.
  while (!to_answer.empty() && publisher.is_durable(to_answer.front()->outcome.commit)) {
    const auto session = std::move(to_answer.front());
    to_answer.pop_front();
    session->answer();
  }
}

HttpIngest::HttpIngest(Loop& loop, Publisher& publisher, SourceId source, std::string source_name,
                       HttpIngestOptions options)
    : impl_(std::make_shared<Impl>(loop, publisher, source, std::move(source_name), options)) {}

HttpIngest::~HttpIngest() {
  impl_->news = {};
  error_code ignored;
  impl_->acceptor.close(ignored);
  impl_->to_take.clear();
  impl_->to_answer.clear();
  const auto sessions = impl_->sessions;
  for (const auto& session : sessions)
    session->close();
}

Result<Endpoint> HttpIngest::listen(const Endpoint& endpoint) {
  const auto taken = listen_on(impl_->acceptor, endpoint);
  if (!taken) return taken.error();
  impl_->news = [this](const LineNews& news) {
    if (on_news) on_news(news);
  };
  impl_->accept();
  return *taken;
}

void HttpIngest::resume() { impl_->work(); }

void HttpIngest::answer() { impl_->work(); }

void HttpIngest::stop() {
  error_code ignored;
  impl_->stopping = true;
  impl_->acceptor.close(ignored);
  const auto sessions = impl_->sessions;
  for (const auto& session : sessions)
    session->stop();
}

bool HttpIngest::idle() const { return impl_->sessions.empty(); }

}  // namespace touchline
