#include "feed/admin/admin_server.h"

#include "core/state_names.h"
#include "feed/tcp_listen.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <charconv>
#include <map>
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

constexpr std::uint32_t header_bytes_max = 16U << 10;

using Answering = std::function<AdminAnswer(const AdminRequest&)>;

}  // namespace

Result<std::uint64_t> AdminRequest::number(std::string_view name, std::uint64_t otherwise) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::size_t equals = pair.find('=');
    if (pair.substr(0, equals) != name) continue;
    const std::string_view text = equals == std::string_view::npos ? "" : pair.substr(equals + 1);
    std::uint64_t value = 0;
    const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || at != text.data() + text.size())
      return Error{ErrorKind::usage, std::string(name) + " is no number", 0};
    return value;
  }
  return otherwise;
}

AdminAnswer admin_error(unsigned status, std::string_view text) {
  AdminAnswer answer{status, "application/json", "{\"error\":"};
  append_json_text(answer.body, text);
  answer.body += "}\n";
  return answer;
}

struct AdminServer::Impl : std::enable_shared_from_this<Impl> {
  struct Session;

  Impl(Loop& loop_in, AdminServerOptions chosen) : loop(loop_in), options(chosen), acceptor(loop.context()) {}

  void accept();
  AdminAnswer answer(const AdminRequest& request) const {
    const auto found = routes.find(request.path);
    if (found != routes.end()) return found->second(request);
    std::string known = "there is";
    for (const auto& [path, ignored] : routes)
      known += " " + path;
    return admin_error(404, known);
  }

  Loop& loop;
  AdminServerOptions options;
  tcp::acceptor acceptor;
  std::map<std::string, Answering, std::less<>> routes;
  std::unordered_set<std::shared_ptr<Session>> sessions;
};

struct AdminServer::Impl::Session : std::enable_shared_from_this<Session> {
  Session(std::shared_ptr<Impl> of, tcp::socket socket) : server(std::move(of)), stream(std::move(socket)) {
    error_code ignored;
    stream.socket().set_option(tcp::no_delay(true), ignored);
  }

  void read(std::chrono::milliseconds within) {
    parser.emplace();
    parser->header_limit(header_bytes_max);
    parser->body_limit(0);
    stream.expires_after(within);
    http::async_read(stream, buffer, *parser,
                     [self = shared_from_this()](const error_code& error, std::size_t) {
                       if (error) return self->failed(error);
                       self->judge();
                     });
  }

  void failed(const error_code& error) {
    if (error == http::error::header_limit) return respond(admin_error(431, "the header is too large"));
    if (error == http::error::body_limit) return respond(admin_error(413, "nothing is taken here"));
    const bool is_http = error.category() == make_error_code(http::error::bad_method).category();
    if (is_http && error != http::error::end_of_stream && error != http::error::partial_message)
      return respond(admin_error(400, "this is no HTTP request: " + error.message()));
    close();
  }

  void judge() {
    const auto& request = parser->get();
    is_head = request.method() == http::verb::head;
    keep = request.keep_alive();
    if (!is_head && request.method() != http::verb::get)
      return respond(admin_error(405, "only GET and HEAD are answered"));
    const std::string_view target(request.target().data(), request.target().size());
    const std::size_t mark = std::min(target.find('?'), target.size());
    respond(server->answer(
        {target.substr(0, mark), mark == target.size() ? std::string_view() : target.substr(mark + 1)}));
  }

  void respond(AdminAnswer answer) {
    response.emplace(static_cast<http::status>(answer.status), 11);
    response->set(http::field::content_type, answer.content_type);
    response->set(http::field::cache_control, "no-store");
    response->set("X-Content-Type-Options", "nosniff");
    if (answer.content_type.starts_with("text/html")) {
      response->set("Content-Security-Policy",
                    "default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; script-src "
                    "'unsafe-inline'; img-src data:");
    }
    if (answer.status == 405) response->set(http::field::allow, "GET, HEAD");
    // Behind a request that was not read to its end nothing can follow.
    keep = keep && parser && parser->is_done();
    response->keep_alive(keep);
    response->content_length(answer.body.size());
    if (!is_head) response->body() = std::move(answer.body);
    stream.expires_after(server->options.request_max);
    http::async_write(stream, *response, [self = shared_from_this()](const error_code& error, std::size_t) {
      if (error) return self->close();
      if (!self->keep) return self->close_softly();
      self->read(self->server->options.idle_max);
    });
  }

  // For one answer, to a connection that is one too many.
  void refuse() { respond(admin_error(503, "there are too many connections")); }

  // What the peer still sends is read for a moment: a reset would take the answer away from it.
  void close_softly() {
    error_code ignored;
    stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
    stream.expires_after(std::chrono::seconds(1));
    drain();
  }
  void drain() {
    buffer.clear();
    stream.async_read_some(buffer.prepare(header_bytes_max / 2),
                           [self = shared_from_this()](const error_code& error, std::size_t) {
                             if (error) return self->close();
                             self->drain();
                           });
  }

  void close() {
    stream.close();
    server->sessions.erase(shared_from_this());
  }

  std::shared_ptr<Impl> server;
  beast::tcp_stream stream;
  beast::flat_buffer buffer{header_bytes_max};
  std::optional<http::request_parser<http::empty_body>> parser;
  std::optional<http::response<http::string_body>> response;
  bool is_head = false;
  bool keep = false;
};

void AdminServer::Impl::accept() {
  acceptor.async_accept([self = shared_from_this()](const error_code& error, tcp::socket socket) {
    if (error == asio::error::operation_aborted || !self->acceptor.is_open()) return;
    if (error) {
      // Out of descriptors, most likely: wait rather than spin.
      return self->loop.after(std::chrono::milliseconds(100), [self] {
        if (self->acceptor.is_open()) self->accept();
      });
    }
    const auto session = std::make_shared<Session>(self, std::move(socket));
    const bool too_many = self->sessions.size() >= self->options.connections_max;
    if (!too_many) {
      self->sessions.insert(session);
      session->read(self->options.request_max);
    } else if (self->sessions.size() < 2 * self->options.connections_max) {
      self->sessions.insert(session);
      session->refuse();
    }
    self->accept();
  });
}

AdminServer::AdminServer(Loop& loop, AdminServerOptions options)
    : impl_(std::make_shared<Impl>(loop, options)) {}

AdminServer::~AdminServer() {
  stop();
  impl_->routes.clear();
}

void AdminServer::route(std::string path, std::function<AdminAnswer(const AdminRequest&)> answer) {
  impl_->routes.insert_or_assign(std::move(path), std::move(answer));
}

Result<Endpoint> AdminServer::listen(const Endpoint& endpoint) {
  const auto taken = listen_on(impl_->acceptor, endpoint);
  if (!taken) return taken.error();
  impl_->accept();
  return *taken;
}

void AdminServer::stop() {
  error_code ignored;
  impl_->acceptor.close(ignored);
  const auto sessions = impl_->sessions;
  for (const auto& session : sessions)
    session->close();
}

}  // namespace touchline
