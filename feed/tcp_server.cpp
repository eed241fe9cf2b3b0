#include "feed/tcp_server.h"

#include "core/messages.h"
#include "feed/tcp_listen.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <chrono>
#include <unordered_set>

namespace touchline {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

std::int64_t wall_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

class Session;

// What a session needs of the server that owns it.
struct Owner {
  Hub& hub;
  TcpServerOptions options;
  std::unordered_set<std::shared_ptr<Session>> sessions;
  std::function<void(const SessionNews&)> news;
  std::function<void()> waiting;
  std::function<void()> emptied;
  bool draining = false;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<Owner> owner, tcp::socket socket)
      : owner_(std::move(owner)),
        socket_(std::move(socket)),
        timer_(socket_.get_executor()),
        frames_(limits::handshake_frame_bytes) {
    error_code error;
    const auto remote = socket_.remote_endpoint(error);
    if (!error) peer_ = remote.address().to_string() + ":" + std::to_string(remote.port());
    socket_.set_option(tcp::no_delay(true), error);
  }

  void start() {
    timer_.expires_after(std::chrono::milliseconds(owner_->options.handshake_ms));
    timer_.async_wait([self = shared_from_this()](const error_code& error) {
      if (!error && !self->joined_) self->refuse(ErrorCode::limit, "no hello in time");
    });
    read();
  }

  void refuse(ErrorCode code, const std::string& text) {
    report(SessionNews::Kind::refused, text);
    std::string frame;
    put(frame, ErrorMessage{code, text});
    finish(std::move(frame));
  }

  // Sends what the hub still has, then ends.
  void drain() {
    draining_ = true;
    if (!joined_) return close("stopping");
    pump();
  }

 private:
  void report(SessionNews::Kind kind, const std::string& text) {
    if (owner_->news) owner_->news({kind, peer_, relay_, text});
  }

  void read() {
    socket_.async_read_some(
        asio::buffer(received_), [self = shared_from_this()](const error_code& error, std::size_t n) {
          if (error) return self->close(error == asio::error::eof ? "closed by the reader" : error.message());
          self->frames_.append({self->received_.data(), n});
          if (self->take_frames()) self->read();
        });
  }

  bool take_frames() {
    Frame frame;
    while (!closed_ && !finishing_) {
      const auto more = frames_.next(frame);
      if (!more) {
        refuse(ErrorCode::malformed, more.error().text + " at byte " + std::to_string(more.error().at_byte));
        return false;
      }
      if (!*more) return true;
      take(frame);
    }
    return false;
  }

  void take(const Frame& frame) {
    if (!joined_) return take_hello(frame);
    if (frame.kind == FrameKind::ack) {
      if (const auto ack = read_ack(frame.body)) reader_.acknowledged = ack->offset;
    } else if (frame.kind == FrameKind::resync) {
      const auto resync = read_resync(frame.body);
      if (!resync) return refuse(ErrorCode::malformed, resync.error().text);
      owner_->hub.resync(reader_, resync->event);
      if (owner_->waiting) owner_->waiting();
    } else if (frame.kind == FrameKind::ping) {
      const auto ping = read_ping(frame.body);
      if (!ping) return refuse(ErrorCode::malformed, ping.error().text);
      put(control_, *ping, FrameKind::pong);
      pump();
    } else if (frame.kind != FrameKind::pong) {
      refuse(ErrorCode::malformed, "a subscriber does not send " + std::string(name_of(frame.kind)));
    }
  }

  void take_hello(const Frame& frame) {
    if (frame.kind != FrameKind::hello) return refuse(ErrorCode::malformed, "the first frame is no hello");
    auto hello = read_hello(frame.body);
    if (!hello) return refuse(ErrorCode::malformed, hello.error().text);
    if (hello->version != protocol_version) {
      return refuse(ErrorCode::unsupported, "protocol version " + std::to_string(hello->version) +
                                                " is not " + std::to_string(protocol_version));
    }
    if (!hello->view.empty() && hello->view != "full") {
      return refuse(ErrorCode::unsupported, "there is no view \"" + hello->view.substr(0, 64) + "\"");
    }
    relay_ = hello->relay.substr(0, 128);
    joined_ = true;
    report(SessionNews::Kind::joined, "");
    reader_.wake = [this] { pump(); };
    owner_->hub.join(reader_, *hello);
    if (owner_->waiting) owner_->waiting();
    beat();
    pump();
  }

  // The offset that heartbeats restate is what this reader was given, so nothing may be under way then.
  void beat() {
    timer_.expires_after(std::chrono::milliseconds(owner_->hub.options().heartbeat_ms));
    timer_.async_wait([self = shared_from_this()](const error_code& error) {
      if (error || self->closed_) return;
      const Hub::Reader& reader = self->reader_;
      if (!self->writing_ && reader.following && !reader.resetting && reader.own.empty()) {
        self->control_ += self->owner_->hub.heartbeat(self->reader_, wall_ms());
        self->pump();
      }
      self->beat();
    });
  }

  void pump() {
    if (writing_ || closed_) return;
    if (!finishing_ && joined_) pieces_ = owner_->hub.gather(reader_);
    if (owner_->hub.has_waiting() && owner_->waiting) owner_->waiting();
    // Own answers go in front: they name no offset, but for the heartbeat, made when nothing was due.
    if (!control_.empty()) {
      auto own = std::make_shared<const std::string>(std::exchange(control_, {}));
      pieces_.insert(pieces_.begin(), {own, *own});
    }
    if (pieces_.empty()) {
      // Posted, because the hub may be in the middle of waking its readers.
      if (finishing_ || (draining_ && reader_.own.empty())) {
        asio::post(socket_.get_executor(), [self = shared_from_this()] {
          if (!self->writing_) self->close(self->draining_ ? "drained" : "refused");
        });
      }
      return;
    }
    buffers_.clear();
    for (const Hub::Piece& piece : pieces_)
      buffers_.emplace_back(piece.bytes.data(), piece.bytes.size());
    writing_ = true;
    asio::async_write(socket_, buffers_, [self = shared_from_this()](const error_code& error, std::size_t) {
      self->writing_ = false;
      self->pieces_.clear();
      if (error) return self->close(error.message());
      self->pump();
    });
  }

  void finish(std::string frame) {
    finishing_ = true;
    control_ += frame;
    pump();
  }

  void close(const std::string& why) {
    if (std::exchange(closed_, true)) return;
    if (joined_) {
      owner_->hub.leave(reader_);
      report(SessionNews::Kind::left, why);
    }
    timer_.cancel();
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_both, ignored);
    socket_.close(ignored);
    const auto keep = shared_from_this();
    owner_->sessions.erase(keep);
    if (owner_->draining && owner_->sessions.empty() && owner_->emptied) std::exchange(owner_->emptied, {})();
  }

  std::shared_ptr<Owner> owner_;
  tcp::socket socket_;
  asio::steady_timer timer_;
  std::string peer_ = "unknown";
  std::string relay_;
  FrameReader frames_;
  std::array<char, 4096> received_{};
  Hub::Reader reader_;
  std::string control_;  // answers of this session alone
  std::vector<Hub::Piece> pieces_;
  std::vector<asio::const_buffer> buffers_;
  bool joined_ = false;
  bool writing_ = false;
  bool finishing_ = false;
  bool draining_ = false;
  bool closed_ = false;
};

}  // namespace

struct TcpServer::Impl {
  Impl(Loop& loop_in, Hub& hub, TcpServerOptions options)
      : loop(loop_in),
        owner(std::make_shared<Owner>(Owner{hub, options, {}, {}, {}, {}, false})),
        acceptor(loop.context()) {}

  void accept(const std::shared_ptr<Impl>& self) {
    acceptor.async_accept([self](const error_code& error, tcp::socket socket) {
      if (error == asio::error::operation_aborted || !self->acceptor.is_open()) return;
      if (error) {
        // Out of descriptors, most likely: wait rather than spin.
        self->loop.after(std::chrono::milliseconds(100), [self] {
          if (self->acceptor.is_open()) self->accept(self);
        });
        return;
      }
      auto session = std::make_shared<Session>(self->owner, std::move(socket));
      const bool crowded = self->owner->sessions.size() >= self->owner->options.sessions_max;
      self->owner->sessions.insert(session);
      if (crowded) {
        session->refuse(ErrorCode::limit, "too many sessions");
      } else {
        session->start();
      }
      self->accept(self);
    });
  }

  Loop& loop;
  std::shared_ptr<Owner> owner;
  tcp::acceptor acceptor;
};

TcpServer::TcpServer(Loop& loop, Hub& hub, TcpServerOptions options)
    : impl_(std::make_shared<Impl>(loop, hub, options)) {}

TcpServer::~TcpServer() { stop_accepting(); }

Result<Endpoint> TcpServer::listen(const Endpoint& endpoint) {
  const auto taken = listen_on(impl_->acceptor, endpoint);
  if (!taken) return taken.error();
  impl_->owner->news = [this](const SessionNews& news) {
    if (on_news) on_news(news);
  };
  // Posted, because whoever answers wakes sessions, and a session may be asking in the middle of its own turn.
  impl_->owner->waiting = [this] {
    impl_->loop.post([this] {
      if (on_waiting) on_waiting();
    });
  };
  impl_->accept(impl_);
  return *taken;
}

void TcpServer::stop_accepting() {
  error_code ignored;
  impl_->acceptor.close(ignored);
}

void TcpServer::drain(std::function<void()> done) {
  stop_accepting();
  impl_->owner->draining = true;
  if (impl_->owner->sessions.empty()) return done();
  impl_->owner->emptied = std::move(done);
  const auto sessions = impl_->owner->sessions;
  for (const auto& session : sessions)
    session->drain();
}

std::size_t TcpServer::session_count() const { return impl_->owner->sessions.size(); }

}  // namespace touchline
