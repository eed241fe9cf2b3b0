// Clients of JSON over HTTP: accepts connections and carries bytes between each and its session.
//
// One write is under way at a time; what gathers in one turn of the loop goes out together, and so many clients are
// written to in one turn that readers and the upstream have theirs. Looks after all of them in slices, with one timer.
// What is said is the session's business. Loop thread.
#pragma once

#include "core/result.h"
#include "feed/admission.h"
#include "feed/clients/client_hub.h"
#include "feed/clients/client_session.h"
#include "feed/endpoint.h"
#include "feed/loop.h"
#include "feed/tls_context.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace touchline {

struct ClientServerOptions {
  std::shared_ptr<Admission> admission = nullptr;  // shared with other servers; none: one of its own
  ClientSessionOptions session = {};
  std::shared_ptr<const TlsContext> tls = nullptr;  // for endpoints that are encrypted
  std::int64_t stuck_ms_max = 20'000;  // with no byte taken of a write; past it the connection is cut
  std::size_t refused_max =
      512;  // at a time, that are answered why; past it they are cut, as all over TLS are
};

struct ClientServerCounts {
  std::uint64_t refused = 0;  // by admission
  std::uint64_t stuck = 0;
};

class ClientServer {
 public:
  ClientServer(Loop& loop, ClientHub& hub, ClientServerOptions options = {});
  ~ClientServer();  // connections that are left end at once

  Result<Endpoint> listen(const Endpoint& endpoint);  // the one really taken, with its port
  void stop_accepting();
  // Whoever is there is asked to come back later; then `done`.
  void drain(const std::string& why, std::function<void()> done);
  std::size_t connection_count() const;
  const ClientServerCounts& counts() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace touchline
