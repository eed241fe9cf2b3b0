#include "feed/line_server.h"

#include "core/limits.h"
#include "feed/answers.h"
#include "feed/clock.h"
#include "feed/ingest/decompressor.h"
#include "feed/ingest/parser.h"
#include "feed/peer.h"
#include "feed/take_live.h"
#include "feed/tcp_listen.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <type_traits>
#include <unordered_set>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace touchline {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t read_bytes = 64U << 10;
constexpr std::size_t padding_bytes = 64;
constexpr std::size_t kept_bytes = 4096;  // of a refused line

}  // namespace

struct LineServer::Impl : std::enable_shared_from_this<Impl> {
  struct Connection;
  template <class Stream>
  struct StreamConnection;

  Impl(Loop& loop_in, Publisher& to, SourceId of, std::string name, LineServerOptions chosen)
      : loop(loop_in),
        publisher(to),
        source(of),
        source_name(std::move(name)),
        options(chosen),
        acceptor(loop.context()) {}

  void accept();
  void admit(tcp::socket socket);
  bool make_room();
  void send_away(tcp::socket socket, const std::string& peer);
  LineRef free_line();
  void begin(const std::shared_ptr<Connection>& connection);
  void tell(LineNews::Kind kind, const std::string& peer, const std::string& text) {
    if (news) news({kind, peer, text});
  }

  Loop& loop;
  Publisher& publisher;
  SourceId source;
  std::string source_name;
  LineServerOptions options;
  tcp::acceptor acceptor;
  bool stopping = false;
  std::vector<LineRef> lines;
  std::vector<bool> taken;  // by line
  std::unordered_set<std::shared_ptr<Connection>> connections;
  std::function<void(const LineNews&)> news;
};

// One connection, whatever it runs over.
struct LineServer::Impl::Connection : std::enable_shared_from_this<Connection> {
  Connection(std::shared_ptr<Impl> of, std::string name)
      : server(std::move(of)), peer(std::move(name)), line(server->free_line()), answers(server->publisher) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  virtual ~Connection() = default;

  using Received = std::function<void(const error_code&, std::size_t)>;
  virtual void receive(char* to, std::size_t bytes_max, Received received) = 0;
  virtual bool has_way_back() const = 0;
  virtual void send(std::string_view bytes, Received sent) = 0;
  virtual void close() = 0;

  void read() {
    waiting = false;
    if (buffer.size() < filled + read_bytes + padding_bytes)
      buffer.resize(filled + read_bytes + padding_bytes);
    receive(buffer.data() + filled, read_bytes,
            [self = shared_from_this()](const error_code& error, std::size_t n) {
              if (self->finished) return;
              if (error == asio::error::eof) return self->finish("it closed the connection");
              if (error) return self->end(error.message());
              self->filled += n;
              if (self->byte == 0 && self->number == 1 && self->is_compressed()) return;
              self->go_on();
            });
  }

  bool must_wait() const {
    return server->publisher.full() || answers.bytes() + sending.size() >= limits::answer_bytes;
  }

  // Takes the lines at hand, then reads on; stops where the publisher is full, or the peer reads no answers.
  void go_on() {
    std::size_t at = 0;
    bool full = false;
    while (!(full = must_wait())) {
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
    server->publisher.flush(running_ms());
    waiting = full;
    answer();
    if (waiting || ended) return;
    if (server->stopping) return finish("the service stops");
    read();
  }

  // What a pipe or a peer may send by mistake: said at once, and by name.
  bool is_compressed() {
    const auto compression = compression_of(std::string_view(buffer).substr(0, filled));
    if (compression == Compression::none) return false;
    refuse({}, {ErrorKind::unsupported,
                "this is compressed (" + std::string(name_of(compression)) +
                    ") where lines are expected; unpack it first, or name the file as a source",
                0});
    filled = 0;
    end("what it sends is compressed");
    return true;
  }

  void take(std::string_view text, std::size_t eaten) {
    last_line = Clock::now();
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
    const auto parsed = parser->parse(text, update);
    const AnswerWish wish(update);
    if (!parsed) return refuse(text, parsed.error(), wish.name);
    const auto done = take_live(server->publisher, line, update);
    if (!done) return refuse(text, done.error(), wish.name);
    if (wish.is_there && has_way_back()) answers.add_taken(wish.name, number, *done);
    asked = asked || wish.is_there;
  }

  // A line that cannot be read does not say whether it asks for an answer: it gets one if others asked before.
  void refuse(std::string_view text, const Error& error, std::string_view name = {}) {
    Rejected rejected{
        server->source_name + " from " + peer,  number, byte + error.at_byte, wall_ms(), error.text,
        std::string(text.substr(0, kept_bytes))};
    server->tell(
        LineNews::Kind::rejected, peer,
        "line " + std::to_string(number) + ": byte " + std::to_string(rejected.byte) + ": " + error.text);
    server->publisher.reject(std::move(rejected), server->source);
    asked = asked || !name.empty();
    if (asked && has_way_back()) answers.add_refused(name, number, error);
  }

  // Those whose commits are on disk go out together; one write is under way at a time.
  void answer() {
    if (ended || !sending.empty()) return;
    sending = answers.take();
    if (sending.empty()) {
      if (finished && answers.empty()) end(why_finished);
      return;
    }
    send(sending, [self = shared_from_this()](const error_code& error, std::size_t) {
      if (self->ended) return;
      if (error) return self->end("it takes no answers: " + error.message());
      self->sending.clear();
      self->answer();
      if (self->waiting && !self->ended) self->go_on();
    });
  }

  // Reads no more; ends when everything is answered.
  void finish(const std::string& why) {
    if (std::exchange(finished, true)) return;
    why_finished = why;
    refuse_rest();
    leave_line();
    answer();
  }

  // Another connection may be this line from now on.
  void leave_line() {
    server->taken[line.line.value] = false;
    server->publisher.origin().end_line(line, running_ms());
  }

  void refuse_rest() {
    if (filled != 0 && !skipping) {
      refuse(std::string_view(buffer).substr(0, filled),
             malformed(server->stopping ? "the service stopped within this line"
                                        : "the connection ended within a line"));
    }
    filled = 0;
    server->publisher.flush(running_ms());
  }

  void end(const std::string& why) {
    if (std::exchange(ended, true)) return;
    waiting = false;
    if (!std::exchange(finished, true)) {
      refuse_rest();
      leave_line();
    }
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
  bool waiting = false;      // for the publisher, or for answers to be read
  bool skipping = false;
  bool asked = false;  // for an answer, once at least
  Answers answers;
  std::string sending;  // of them
  bool finished = false;
  std::string why_finished;
  bool ended = false;
  Clock::time_point last_line = Clock::now();  // or when it came
};

// Over a socket, or over a pipe or standard input, where there is nobody to answer.
template <class Stream>
struct LineServer::Impl::StreamConnection : Connection {
  StreamConnection(std::shared_ptr<Impl> of, Stream on, std::string name)
      : Connection(std::move(of), std::move(name)), stream(std::move(on)) {}
  void receive(char* to, std::size_t bytes_max, Received received) override {
    stream.async_read_some(asio::buffer(to, bytes_max), std::move(received));
  }
  bool has_way_back() const override { return std::is_same_v<Stream, tcp::socket>; }
  void send(std::string_view bytes, Received sent) override {
    asio::async_write(stream, asio::buffer(bytes), std::move(sent));
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
    self->admit(std::move(socket));
    self->accept();
  });
}

void LineServer::Impl::admit(tcp::socket socket) {
  std::string peer = peer_of(socket);
  if (connections.size() >= options.connections_max && !make_room())
    return send_away(std::move(socket), peer);
  begin(std::make_shared<StreamConnection<tcp::socket>>(shared_from_this(), std::move(socket),
                                                        std::move(peer)));
}

// Ends the connection that has brought no line for longest, if that is long enough.
bool LineServer::Impl::make_room() {
  const auto held_up = [this](const auto& connection) { return connection->waiting && publisher.full(); };
  const auto idlest = std::ranges::min_element(connections, {}, [&](const auto& connection) {
    return std::pair(held_up(connection), connection->last_line);
  });
  const std::shared_ptr<Connection> connection = *idlest;
  if (held_up(connection) || Clock::now() - connection->last_line < options.idle_min) return false;
  connection->end("it brought no line for long, and another one wants its place");
  return true;
}

// Says why, and waits for nobody to read it.
void LineServer::Impl::send_away(tcp::socket socket, const std::string& peer) {
  const auto away = std::make_shared<tcp::socket>(std::move(socket));
  const auto text = std::make_shared<std::string>("busy: " + std::to_string(connections.size()) +
                                                  " connections bring lines of this source already\n");
  tell(LineNews::Kind::ended, peer,
       "there are " + std::to_string(connections.size()) + " connections already");
  asio::async_write(*away, asio::buffer(*text), [away, text](const error_code&, std::size_t) {
    error_code ignored;
    away->shutdown(tcp::socket::shutdown_send, ignored);
  });
}

LineServer::LineServer(Loop& loop, Publisher& publisher, SourceId source, std::string source_name,
                       LineServerOptions options)
    : impl_(std::make_shared<Impl>(loop, publisher, source, std::move(source_name), options)) {}

LineServer::~LineServer() {
  impl_->news = {};
  error_code ignored;
  impl_->acceptor.close(ignored);
  // Each keeps what they share, and that keeps each.
  const auto connections = std::exchange(impl_->connections, {});
  for (const auto& connection : connections) {
    connection->ended = true;
    connection->close();
  }
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
  impl_->stopping = true;
  impl_->acceptor.close(ignored);
  const auto connections = impl_->connections;
  for (const auto& connection : connections) {
    // One that waits for the publisher has lines at hand; resume() takes them and then ends it.
    if (!connection->waiting) connection->finish("the service stops");
  }
}

void LineServer::answer() {
  const auto connections = impl_->connections;
  for (const auto& connection : connections)
    connection->answer();
}

bool LineServer::idle() const { return impl_->connections.empty(); }

}  // namespace touchline
