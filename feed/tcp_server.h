// Readers over TCP, and over what lies on it: accepts connections and carries bytes between each and its session.
//
// One write is under way at a time; what gathers meanwhile goes out together. What is said is the session's
// business. Knows no journal and no source. Loop thread.
#pragma once

#include "core/result.h"
#include "feed/admission.h"
#include "feed/endpoint.h"
#include "feed/hub.h"
#include "feed/loop.h"
#include "feed/reader_session.h"
#include "feed/tls_context.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace touchline {

struct TcpServerOptions {
  std::shared_ptr<Admission> admission = nullptr;  // shared with other servers; none: one of its own
  SessionOptions session = {};
  std::shared_ptr<const TlsContext> tls = nullptr;  // for endpoints that are encrypted
};

class TcpServer {
 public:
  TcpServer(Loop& loop, Hub& hub, TcpServerOptions options = {});
  ~TcpServer();  // connections that are left end at once

  Result<Endpoint> listen(const Endpoint& endpoint);  // the one really taken, with its port
  void stop_accepting();
  // Whoever reads by now is sent away and may come back; nobody of them is in the hub when this returns.
  void send_away(const std::string& why);
  // Closes every session once it has sent what the hub has for it; then `done`.
  void drain(std::function<void()> done);
  std::size_t session_count() const;
  // Of every connection, joined or not; for whoever shows them.
  void each_session(const std::function<void(const std::string& peer, const ReaderSession&)>& visit) const;

  std::function<void(const SessionNews&)> on_news;
  std::function<void()> on_waiting;  // a reader waits for keyframes

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace touchline
