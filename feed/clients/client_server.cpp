#include "feed/clients/client_server.h"

#include "feed/clock.h"
#include "feed/tcp_listen.h"
#include "feed/transport.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <random>
#include <utility>
#include <vector>

namespace touchline {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::size_t clients_a_turn = 256;
constexpr std::chrono::milliseconds look_interval{100};
constexpr std::size_t looks_a_round = 20;

class Connection;

// What a connection needs of the server that owns it.
struct Owner {
  ClientHub& hub;
  asio::io_context& context;
  ClientServerOptions options;
  ClientServerCounts counts = {};
  std::vector<std::shared_ptr<Connection>> connections = {};
  std::vector<std::shared_ptr<Connection>> ready = {};  // have something to write
  std::size_t ready_at = 0;
  bool writing = false;  // a turn for them is on its way
  std::size_t looked_at = 0;
  std::size_t refused = 0;  // that are there
  bool draining = false;
  std::function<void()> emptied = {};
  std::minstd_rand random = {};
};

void write_ready(const std::shared_ptr<Owner>& owner);

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Owner> owner, std::unique_ptr<ByteStream> stream,
             std::unique_ptr<Admission::Place> place, std::string_view refusal)
      : owner_(std::move(owner)),
        stream_(std::move(stream)),
        place_(std::move(place)),
        session_(owner_->hub, owner_->options.session, refusal, static_cast<std::uint32_t>(owner_->random()),
                 running_ms()),
        moved_ms_(running_ms()),
        is_refused_(!refusal.empty()) {
    session_.on_wake([this] { wake(); });
    if (is_refused_) ++owner_->refused;
  }
  ~Connection() {
    if (is_refused_) --owner_->refused;
  }

  // What the stream has to agree with its peer takes from the time in which a request must come.
  void start() {
    stream_->open([self = shared_from_this()](const error_code& error) {
      if (self->closed_) return;
      if (error) return self->close();
      self->opened_ = true;
      self->read();
    });
  }

  void dismiss(const std::string& why) {
    if (!opened_) return close();
    session_.dismiss(why);
    wake();
  }

  // Posted, because the hub may be in the middle of telling its clients.
  void wake() {
    if (closed_ || writing_ || std::exchange(ready_, true)) return;
    owner_->ready.push_back(shared_from_this());
    if (std::exchange(owner_->writing, true)) return;
    asio::post(owner_->context, [owner = owner_] { write_ready(owner); });
  }

  void pump() {
    ready_ = false;
    if (closed_ || writing_) return;
    session_.next_write(pieces_, running_ms());
    if (pieces_.empty()) {
      pieces_ = {};
      if (session_.over()) close();
      return;
    }
    buffers_.reserve(pieces_.size());
    for (const ClientSession::Piece& piece : pieces_)
      buffers_.emplace_back(piece.bytes.data(), piece.bytes.size());
    writing_ = true;
    moved_ms_ = running_ms();
    write();
  }

  void look(std::int64_t now_ms) {
    if (closed_) return;
    if (writing_ && now_ms - moved_ms_ > owner_->options.stuck_ms_max) {
      ++owner_->counts.stuck;
      return close();
    }
    session_.tick(now_ms);
    if (session_.over()) close();
  }

  void close() {
    if (std::exchange(closed_, true)) return;
    const auto keep = shared_from_this();
    session_.leave();
    stream_->close();
    place_.reset();
    auto& all = owner_->connections;
    all[at_] = all.back();
    all[at_]->at_ = at_;
    all.pop_back();
    if (owner_->draining && all.empty() && owner_->emptied) std::exchange(owner_->emptied, {})();
  }

  std::size_t at_ = 0;  // among all

 private:
  void read() {
    stream_->read_some(asio::buffer(received_),
                       [self = shared_from_this()](const error_code& error, std::size_t n) {
                         if (self->closed_) return;
                         if (error) return self->close();
                         self->session_.receive({self->received_.data(), n}, running_ms());
                         if (self->place_ && self->session_.joined()) self->place_->joined();
                         self->wake();
                         self->read();
                       });
  }

  void write() {
    stream_->write_some(buffers_, [self = shared_from_this()](const error_code& error, std::size_t n) {
      if (self->closed_) return;
      if (error) return self->close();
      self->moved_ms_ = running_ms();
      self->advance(n);
      if (!self->buffers_.empty()) return self->write();
      self->pieces_.clear();
      self->writing_ = false;
      self->pump();
      if (!self->writing_) self->let_go();
    });
  }

  void advance(std::size_t bytes) {
    std::size_t gone = 0;
    while (gone < buffers_.size() && bytes >= buffers_[gone].size())
      bytes -= buffers_[gone++].size();
    buffers_.erase(buffers_.begin(), buffers_.begin() + static_cast<std::ptrdiff_t>(gone));
    if (bytes != 0) buffers_.front() += bytes;
  }

  // Whoever waits keeps no memory of what was written.
  void let_go() {
    pieces_ = {};
    buffers_ = {};
  }

  std::shared_ptr<Owner> owner_;
  std::unique_ptr<ByteStream> stream_;
  std::unique_ptr<Admission::Place> place_;
  ClientSession session_;
  std::vector<ClientSession::Piece> pieces_;  // under way
  std::vector<asio::const_buffer> buffers_;
  std::int64_t moved_ms_;
  std::array<char, 256> received_{};
  bool is_refused_;
  bool opened_ = false;
  bool ready_ = false;
  bool writing_ = false;
  bool closed_ = false;
};

void write_ready(const std::shared_ptr<Owner>& owner) {
  const std::size_t end = std::min(owner->ready.size(), owner->ready_at + clients_a_turn);
  while (owner->ready_at < end) {
    const auto connection = std::move(owner->ready[owner->ready_at++]);
    connection->pump();
  }
  if (owner->ready_at < owner->ready.size())
    return asio::post(owner->context, [owner] { write_ready(owner); });
  owner->ready.clear();
  owner->ready_at = 0;
  owner->writing = false;
}

// A part of all, so that no turn is long.
void look_after(Owner& owner) {
  const std::int64_t now_ms = running_ms();
  std::size_t left = owner.connections.size() / looks_a_round + 1;
  for (; left != 0 && !owner.connections.empty(); --left) {
    if (owner.looked_at >= owner.connections.size()) owner.looked_at = 0;
    const auto connection = owner.connections[owner.looked_at++];
    connection->look(now_ms);
  }
}

}  // namespace

struct ClientServer::Impl : std::enable_shared_from_this<ClientServer::Impl> {
  Impl(Loop& loop_in, ClientHub& hub, ClientServerOptions options)
      : loop(loop_in),
        owner(std::make_shared<Owner>(Owner{hub, loop.context(), std::move(options)})),
        acceptor(loop.context()) {
    if (!owner->options.admission) owner->options.admission = std::make_shared<Admission>();
    owner->random.seed(std::random_device()());
  }

  void accept() {
    acceptor.async_accept([self = shared_from_this()](const error_code& error, tcp::socket socket) {
      if (error == asio::error::operation_aborted || !self->acceptor.is_open()) return;
      if (error) {
        // Out of descriptors, most likely: wait rather than spin.
        self->loop.after(std::chrono::milliseconds(100), [self] {
          if (self->acceptor.is_open()) self->accept();
        });
        return;
      }
      self->take(std::move(socket));
      self->accept();
    });
  }

  void take(tcp::socket socket) {
    error_code error;
    const auto from = socket.remote_endpoint(error);
    if (error) return;  // gone already
    auto place = owner->options.admission->admit(from.address(), running_ms());
    if (place) return begin(std::move(socket), std::move(*place), "");
    ++owner->counts.refused;
    // A handshake would cost more than who is refused is worth.
    if (!is_encrypted(endpoint) && owner->refused < owner->options.refused_max)
      begin(std::move(socket), nullptr, place.error().text);
  }

  void begin(tcp::socket socket, std::unique_ptr<Admission::Place> place, std::string_view refusal) {
    auto connection = std::make_shared<Connection>(
        owner, accepted_stream(endpoint, std::move(socket), owner->options.tls.get()), std::move(place),
        refusal);
    connection->at_ = owner->connections.size();
    owner->connections.push_back(connection);
    connection->start();
  }

  Loop& loop;
  std::shared_ptr<Owner> owner;
  tcp::acceptor acceptor;
  Endpoint endpoint;
  bool ended = false;
};

ClientServer::ClientServer(Loop& loop, ClientHub& hub, ClientServerOptions options)
    : impl_(std::make_shared<Impl>(loop, hub, std::move(options))) {}

ClientServer::~ClientServer() {
  stop_accepting();
  impl_->ended = true;
  // What is under way may come back when the hub is gone.
  impl_->owner->emptied = {};
  const auto connections = impl_->owner->connections;
  for (const auto& connection : connections)
    connection->close();
}

Result<Endpoint> ClientServer::listen(const Endpoint& endpoint) {
  const auto taken = listen_on(impl_->acceptor, endpoint);
  if (!taken) return taken.error();
  impl_->endpoint = *taken;
  impl_->accept();
  impl_->loop.every(look_interval, [impl = impl_] {
    if (!impl->ended) look_after(*impl->owner);
    return !impl->ended;
  });
  return *taken;
}

void ClientServer::stop_accepting() {
  error_code ignored;
  impl_->acceptor.close(ignored);
}

void ClientServer::drain(const std::string& why, std::function<void()> done) {
  stop_accepting();
  impl_->owner->draining = true;
  if (impl_->owner->connections.empty()) return done();
  impl_->owner->emptied = std::move(done);
  const auto connections = impl_->owner->connections;
  for (const auto& connection : connections)
    connection->dismiss(why);
}

std::size_t ClientServer::connection_count() const { return impl_->owner->connections.size(); }
const ClientServerCounts& ClientServer::counts() const { return impl_->owner->counts; }

}  // namespace touchline
