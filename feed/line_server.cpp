#include "feed/line_server.h"

#include "core/limits.h"
#include "feed/ingest/parser.h"
#include "feed/tcp_listen.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <unordered_set>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace touchline {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::size_t read_bytes = 64U << 10;
constexpr std::size_t padding_bytes = 64;
constexpr std::size_t kept_bytes = 4096;  // of a refused line
constexpr std::size_t connections_max = 16;

std::int64_t wall_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace

struct LineServer::Impl : std::enable_shared_from_this<Impl> {
  struct Connection;
  template <class Stream>
  struct StreamConnection;

  Impl(Loop& loop_in, Publisher& to, SourceId of, std::string name)
      : loop(loop_in), publisher(to), source(of), source_name(std::move(name)), acceptor(loop.context()) {}

  void accept();
  LineRef free_line();
  void begin(const std::shared_ptr<Connection>& connection);
  void tell(LineNews::Kind kind, const std::string& peer, const std::string& text) {
    if (news) news({kind, peer, text});
  }

  Loop& loop;
  Publisher& publisher;
  SourceId source;
  std::string source_name;
  tcp::acceptor acceptor;
  std::vector<LineRef> lines;
  std::vector<bool> taken;  // by line
  std::unordered_set<std::shared_ptr<Connection>> connections;
  std::function<void(const LineNews&)> news;
};

// One connection, whatever it runs over.
struct LineServer::Impl::Connection : std::enable_shared_from_this<Connection> {
  Connection(std::shared_ptr<Impl> of, std::string name)
      : server(std::move(of)), peer(std::move(name)), line(server->free_line()) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  virtual ~Connection() = default;

  using Received = std::function<void(const error_code&, std::size_t)>;
  virtual void receive(char* to, std::size_t bytes_max, Received received) = 0;
  virtual void close() = 0;

  void read() {
    waiting = false;
    if (buffer.size() < filled + read_bytes + padding_bytes)
      buffer.resize(filled + read_bytes + padding_bytes);
    receive(buffer.data() + filled, read_bytes,
            [self = shared_from_this()](const error_code& error, std::size_t n) {
              if (error) return self->end(error == asio::error::eof ? "" : error.message());
              self->filled += n;
              self->go_on();
            });
  }

  // Takes the lines at hand, then reads on; stops where the publisher is full.
  void go_on() {
    std::size_t at = 0;
    bool full = false;
    while (!(full = server->publisher.full())) {
      const void* feed = std::memchr(buffer.data() + at, '\n', filled - at);
      if (feed == nullptr) break;
      const auto size = static_cast<std::size_t>(static_cast<const char*>(feed) - (buffer.data() + at));
      take(std::string_view(buffer).substr(at, size), size + 1);
      at += size + 1;
    }
    std::memmove(buffer.data(), buffer.data() + at, filled - at);
    filled -= at;
    if (filled > limits::line_bytes) {
      if (!skipping)
        refuse({},
               {ErrorKind::limit, "a line of more than " + std::to_string(limits::line_bytes) + " bytes", 0});
      skipping = true;
      byte += filled;
      filled = 0;
    }
    server->publisher.flush(wall_ms());
    if (full) {
      waiting = true;
    } else {
      read();
    }
  }

  void take(std::string_view text, std::size_t eaten) {
    if (skipping) {  // the rest of a line that was too long
      skipping = false;
      ++number;
      byte += eaten;
      return;
    }
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (!text.empty()) take_line(text);
    ++number;
    byte += eaten;
  }

  void take_line(std::string_view text) {
    if (!parser) parser = std::make_unique<Parser>();
    if (const auto parsed = parser->parse(text, update); !parsed) return refuse(text, parsed.error());
    if (const auto done = server->publisher.take(line, update, wall_ms()); !done) refuse(text, done.error());
  }

  void refuse(std::string_view text, const Error& error) {
    Rejected rejected{
        server->source_name + " from " + peer,  number, byte + error.at_byte, wall_ms(), error.text,
        std::string(text.substr(0, kept_bytes))};
    server->tell(
        LineNews::Kind::rejected, peer,
        "line " + std::to_string(number) + ": byte " + std::to_string(rejected.byte) + ": " + error.text);
    server->publisher.reject(std::move(rejected));
  }

  void end(const std::string& why) {
    if (filled != 0 && !skipping) {
      refuse(std::string_view(buffer).substr(0, filled), malformed("the connection ended within a line"));
    }
    server->publisher.flush(wall_ms());
    server->taken[line.line.value] = false;
    server->tell(LineNews::Kind::ended, peer, why);
    close();
    server->connections.erase(shared_from_this());
  }

  std::shared_ptr<Impl> server;
  std::string peer;
  LineRef line;
  std::unique_ptr<Parser> parser;
  Update update;
  std::string buffer;
  std::size_t filled = 0;
  std::uint64_t number = 1;  // of the next line
  std::uint64_t byte = 0;    // where it starts
  bool waiting = false;      // for the publisher
  bool skipping = false;
};

namespace {

std::string peer_of(const tcp::socket& socket) {
  error_code error;
  const auto remote = socket.remote_endpoint(error);
  return error ? "unknown" : remote.address().to_string() + ":" + std::to_string(remote.port());
}

}  // namespace

// Over a socket, or over a pipe or standard input.
template <class Stream>
struct LineServer::Impl::StreamConnection : Connection {
  StreamConnection(std::shared_ptr<Impl> of, Stream on, std::string name)
      : Connection(std::move(of), std::move(name)), stream(std::move(on)) {}
  void receive(char* to, std::size_t bytes_max, Received received) override {
    stream.async_read_some(asio::buffer(to, bytes_max), std::move(received));
  }
  void close() override {
    error_code ignored;
    stream.close(ignored);
  }
  Stream stream;
};

void LineServer::Impl::begin(const std::shared_ptr<Connection>& connection) {
  connections.insert(connection);
  tell(LineNews::Kind::connected, connection->peer, "");
  connection->read();
}

LineRef LineServer::Impl::free_line() {
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (taken[i]) continue;
    taken[i] = true;
    publisher.origin().restart_line(lines[i]);
    return lines[i];
  }
  lines.push_back(publisher.origin().add_line(source));
  taken.push_back(true);
  return lines.back();
}

void LineServer::Impl::accept() {
  acceptor.async_accept([self = shared_from_this()](const error_code& error, tcp::socket socket) {
    if (error == asio::error::operation_aborted || !self->acceptor.is_open()) return;
    if (error) {
      // Out of descriptors, most likely: wait rather than spin, and never give the port up.
      self->tell(LineNews::Kind::ended, "a connection", "cannot be accepted: " + error.message());
      return self->loop.after(std::chrono::milliseconds(100), [self] {
        if (self->acceptor.is_open()) self->accept();
      });
    }
    if (self->connections.size() < connections_max) {
      std::string peer = peer_of(socket);
      self->begin(std::make_shared<StreamConnection<tcp::socket>>(self, std::move(socket), std::move(peer)));
    } else {
      self->tell(LineNews::Kind::ended, "a further connection", "there are too many");
    }
    self->accept();
  });
}

LineServer::LineServer(Loop& loop, Publisher& publisher, SourceId source, std::string source_name)
    : impl_(std::make_shared<Impl>(loop, publisher, source, std::move(source_name))) {}

LineServer::~LineServer() {
  impl_->news = {};
  stop();
}

Result<Endpoint> LineServer::listen(const Endpoint& endpoint) {
  const auto taken = listen_on(impl_->acceptor, endpoint);
  if (!taken) return taken.error();
  impl_->news = [this](const LineNews& news) {
    if (on_news) on_news(news);
  };
  impl_->accept();
  return *taken;
}

Result<void> LineServer::attach(const std::string& path) {
  const int file = path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const auto failed = [&](const std::string& why) {
    return Error{ErrorKind::environment, path + ": cannot be read as a stream: " + why, 0};
  };
  if (file < 0) return failed(std::strerror(errno));
  error_code error;
  asio::posix::stream_descriptor stream(impl_->loop.context());
  if (stream.assign(file, error); error) {
    ::close(file);
    return failed(error.message());
  }
  const std::string name = path == "-" ? "standard input" : path;
  impl_->news = [this](const LineNews& news) {
    if (on_news) on_news(news);
  };
  using Connection = Impl::StreamConnection<asio::posix::stream_descriptor>;
  impl_->begin(std::make_shared<Connection>(impl_, std::move(stream), name));
  return {};
}

void LineServer::resume() {
  const auto connections = impl_->connections;
  for (const auto& connection : connections) {
    if (connection->waiting) connection->go_on();
  }
}

void LineServer::stop() {
  error_code ignored;
  impl_->acceptor.close(ignored);
  const auto connections = impl_->connections;
  for (const auto& connection : connections)
    connection->close();
}

}  // namespace touchline
