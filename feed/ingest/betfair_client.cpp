#include "feed/ingest/betfair_client.h"

#include "feed/backoff.h"
#include "feed/clock.h"
#include "feed/ingest/betfair_session.h"
#include "feed/take_live.h"
#include "feed/transport.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace touchline {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t read_bytes = 64U << 10;
constexpr std::size_t kept_bytes = 4096;  // of a refused line
constexpr int updates_per_turn = 256;
constexpr milliseconds connect_max{10'000};
constexpr std::int64_t idle_cursor_ms = 30'000;  // heartbeats alone move the cursor no more often

std::string in_words(milliseconds time) {
  return time < milliseconds(10'000) ? std::to_string(time.count()) + " ms"
                                     : std::to_string(time.count() / 1'000) + " s";
}

}  // namespace

struct BetfairClient::Impl : std::enable_shared_from_this<Impl> {
  struct Attempt;

  Impl(Loop& loop_in, Publisher& to, LineRef as, BetfairClientOptions chosen)
      : loop(loop_in),
        publisher(to),
        line(as),
        options(std::move(chosen)),
        backoff(options.seed, options.retry_base, 60 * options.retry_base),
        timer(loop.context()) {}

  void connect();
  void connect_after(milliseconds time);
  void wait_for_login();
  void take(BetfairSession& session, Update& update);
  void refused(std::string_view text, std::uint64_t number, std::uint64_t byte, const std::string& reason);
  void ended(const BetfairEnd& end);
  void tell(BetfairNews::Kind kind, const std::string& text) {
    if (news) news({kind, text});
  }

  Loop& loop;
  Publisher& publisher;
  LineRef line;
  BetfairClientOptions options;
  Backoff backoff;
  asio::steady_timer timer;  // to the next try
  std::shared_ptr<Attempt> attempt;
  bool stopping = false;
  bool line_is_open = false;  // something came over the connection at hand
  BetfairLogin login;         // of the last try
  BetfairClocks clocks;
  std::uint64_t next_id = 1;
  Cursor cursor;
  bool moved = false;       // a change was taken since the cursor was noted
  bool moved_idle = false;  // a heartbeat was
  std::int64_t noted_ms = 0;
  std::function<void(const BetfairNews&)> news;
};

// One connection, from its name to its end.
struct BetfairClient::Impl::Attempt : std::enable_shared_from_this<Attempt> {
  explicit Attempt(std::shared_ptr<Impl> of)
      : client(std::move(of)),
        resolver(client->loop.context()),
        socket(client->loop.context()),
        timer(client->loop.context()),
        received(read_bytes) {}

  void start() {
    const Endpoint& to = client->options.endpoint;
    timer.expires_after(connect_max);
    timer.async_wait([self = shared_from_this()](const error_code& error) {
      if (!error) self->end({BetfairCure::again, "cannot connect within " + in_words(connect_max)});
    });
    resolver.async_resolve(
        to.host, std::to_string(to.port),
        [self = shared_from_this()](const error_code& error, const tcp::resolver::results_type& found) {
          if (self->over) return;
          if (error) return self->fail("cannot be found", error);
          asio::async_connect(self->socket, found, [self](const error_code& failed, const tcp::endpoint&) {
            if (self->over) return;
            if (failed) return self->fail("cannot connect", failed);
            self->open();
          });
        });
  }

  void open() {
    const BetfairClientOptions& options = client->options;
    stream = connected_stream(options.endpoint, std::move(socket), options.tls.get());
    stream->open([self = shared_from_this()](const error_code& error) {
      if (self->over) return;
      if (error) return self->fail("cannot agree on TLS", error);
      self->begin();
    });
  }

  void begin() {
    session.emplace(
        BetfairSessionOptions{client->options.subscription, client->login, client->clocks, client->next_id},
        steady_ms());
    session->on_refused = [this](const BetfairSession::Refusal& refusal) {
      client->refused(refusal.line, refusal.number, refusal.byte, refusal.reason);
    };
    session->on_late = [this](bool late) {
      client->tell(late ? BetfairNews::Kind::late : BetfairNews::Kind::in_time, "");
    };
    watch();
    read();
  }

  // Silence of the vendor; not ours.
  void watch() {
    timer.expires_after(milliseconds(std::max<std::int64_t>(session->due_ms() - steady_ms(), 1)));
    timer.async_wait([self = shared_from_this()](const error_code& error) {
      if (error || self->over) return;
      if (self->waiting) {
        self->session->excuse_silence(steady_ms());
      } else {
        self->session->check(steady_ms());
      }
      if (self->session->end()) return self->end(*self->session->end());
      self->watch();
    });
  }

  void read() {
    stream->read_some(asio::buffer(received),
                      [self = shared_from_this()](const error_code& error, std::size_t bytes) {
                        if (self->over) return;
                        if (error == asio::error::eof)
                          return self->end({BetfairCure::again, "it closed the connection"});
                        if (error) return self->fail("lost", error);
                        const std::int64_t due = self->session->due_ms();
                        self->session->receive({self->received.data(), bytes}, steady_ms());
                        self->go_on();
                        if (!self->over && self->session->due_ms() < due) self->watch();
                      });
  }

  // Takes the updates at hand, then reads on; stops where the publisher is full, and lets others have their turn.
  void go_on() {
    waiting = false;
    for (int i = 0; i < updates_per_turn; ++i) {
      if (client->publisher.full()) {
        waiting = true;
        break;
      }
      switch (session->next(update)) {
        case BetfairSession::Step::update:
          client->take(*session, update);
          continue;
        case BetfairSession::Step::wait:
          client->publisher.flush(running_ms());
          write();
          return read();
        case BetfairSession::Step::ended:
          client->publisher.flush(running_ms());
          return end(*session->end());
      }
    }
    client->publisher.flush(running_ms());
    write();
    if (waiting) return;
    client->loop.post([self = shared_from_this()] {
      if (!self->over) self->go_on();
    });
  }

  void write() {
    if (!sending.empty() || !session->has_output()) return;
    sending = session->take_output();
    write_rest(0);
  }

  void write_rest(std::size_t sent) {
    if (sent == sending.size()) {
      sending.clear();
      return write();
    }
    stream->write_some({asio::buffer(std::string_view(sending).substr(sent))},
                       [self = shared_from_this(), sent](const error_code& error, std::size_t bytes) {
                         if (!self->over && !error)
                           self->write_rest(sent + bytes);  // a failure shows at the read
                       });
  }

  void fail(const char* what, const error_code& error) {
    end({BetfairCure::again, std::string(what) + ": " + error.message()});
  }

  void end(const BetfairEnd& why) {
    if (over) return;
    close();
    client->ended(why);
  }

  void close() {
    over = true;
    error_code ignored;
    timer.cancel();
    resolver.cancel();
    socket.close(ignored);
    if (stream) stream->close();
    if (session) client->next_id = session->last_id() + 1;
  }

  std::shared_ptr<Impl> client;
  tcp::resolver resolver;
  tcp::socket socket;
  asio::steady_timer timer;
  std::unique_ptr<ByteStream> stream;
  std::optional<BetfairSession> session;
  std::vector<char> received;
  std::string sending;
  Update update;
  bool told = false;
  bool waiting = false;  // for the publisher
  bool over = false;
};

void BetfairClient::Impl::connect() {
  if (stopping) return;
  auto asked = options.login();
  if (!asked) {
    tell(BetfairNews::Kind::given_up,
         asked.error().text + "; looking again every " + in_words(options.login_interval));
    return wait_for_login();
  }
  login = std::move(*asked);
  attempt = std::make_shared<Attempt>(shared_from_this());
  attempt->start();
}

void BetfairClient::Impl::connect_after(milliseconds time) {
  timer.expires_after(time);
  timer.async_wait([self = shared_from_this()](const error_code& error) {
    if (!error) self->connect();
  });
}

// Until there is one, and it is not the one that was refused.
void BetfairClient::Impl::wait_for_login() {
  timer.expires_after(options.login_interval);
  timer.async_wait([self = shared_from_this()](const error_code& error) {
    if (error || self->stopping) return;
    const auto found = self->options.login();
    if (!found || *found == self->login) return self->wait_for_login();
    self->connect();
  });
}

void BetfairClient::Impl::take(BetfairSession& session, Update& update) {
  const bool is_change = update.kind == UpdateKind::change;
  if (is_change && session.begins_anew()) {
    publisher.origin().restart_line(line);
  } else if (!line_is_open) {
    publisher.origin().continue_line(line);
  }
  line_is_open = true;
  if (update.source_time_ms != 0) cursor.time_ms = update.source_time_ms;
  if (const auto taken = take_live(publisher, line, update); !taken)
    refused({}, session.counts().messages, 0, taken.error().text);
  clocks = session.clocks();
  ++cursor.line;
  (is_change ? moved : moved_idle) = true;
  backoff.worked();
  if (attempt && !std::exchange(attempt->told, true)) {
    tell(BetfairNews::Kind::subscribed,
         session.begins_anew() ? "changes come, from a new image on" : "changes come, from where they ended");
  }
}

void BetfairClient::Impl::refused(std::string_view text, std::uint64_t number, std::uint64_t byte,
                                  const std::string& reason) {
  tell(BetfairNews::Kind::rejected,
       "line " + std::to_string(number) + ": byte " + std::to_string(byte) + ": " + reason);
  publisher.reject({options.source_name + " from " + options.endpoint.text(), number, byte, wall_ms(), reason,
                    std::string(text.substr(0, kept_bytes))},
                   line.source);
}

void BetfairClient::Impl::ended(const BetfairEnd& end) {
  attempt = nullptr;
  if (std::exchange(line_is_open, false)) publisher.origin().end_line(line, running_ms());
  if (stopping) return;
  milliseconds wait{};
  switch (end.cure) {
    case BetfairCure::new_login:
      tell(BetfairNews::Kind::given_up, end.text + "; waiting for another app key or session token");
      return wait_for_login();
    case BetfairCure::none:
      return tell(BetfairNews::Kind::given_up, end.text + "; another subscription and a restart are needed");
    case BetfairCure::afresh:
      clocks = {};
      wait = backoff.next();
      break;
    case BetfairCure::later:
      wait = options.patience + backoff.next();
      break;
    case BetfairCure::again:
      wait = backoff.next();
      break;
  }
  tell(BetfairNews::Kind::ended, end.text + "; connecting again in " + in_words(wait));
  connect_after(wait);
}

BetfairClient::BetfairClient(Loop& loop, Publisher& publisher, LineRef line, BetfairClientOptions options)
    : impl_(std::make_shared<Impl>(loop, publisher, line, std::move(options))) {
  impl_->cursor.recording = impl_->options.cursor_key;
  impl_->cursor.fingerprint = impl_->options.subscription.fingerprint();
  impl_->news = [this](const BetfairNews& news) {
    if (on_news) on_news(news);
  };
}

BetfairClient::~BetfairClient() {
  impl_->news = {};
  stop();
}

bool BetfairClient::take_up(const Cursor& cursor) {
  if (cursor.fingerprint != impl_->cursor.fingerprint) return false;
  impl_->cursor = cursor;
  impl_->clocks = BetfairClocks::of(cursor.token);
  return !impl_->clocks.empty();
}

void BetfairClient::start() { impl_->connect(); }

void BetfairClient::resume() {
  if (const auto attempt = impl_->attempt; attempt && attempt->waiting && !attempt->over) attempt->go_on();
}

void BetfairClient::stop() {
  impl_->stopping = true;
  impl_->timer.cancel();
  if (impl_->attempt) impl_->attempt->close();
  impl_->attempt = nullptr;
}

void BetfairClient::note_cursor(Origin& origin) {
  const std::int64_t now_ms = steady_ms();
  if (!impl_->moved && !(impl_->moved_idle && now_ms - impl_->noted_ms >= idle_cursor_ms)) return;
  impl_->moved = impl_->moved_idle = false;
  impl_->noted_ms = now_ms;
  Cursor cursor = impl_->cursor;
  cursor.token = impl_->clocks.text();
  origin.advance(std::move(cursor));
}

}  // namespace touchline
