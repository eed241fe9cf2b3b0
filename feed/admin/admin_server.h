// The admin port: a small HTTP server that answers GET and HEAD with what its routes say.
//
// Knows requests, limits and time-outs, and nothing of what is asked for: an answer is a function of the command's
// wiring, called on the loop, so a page must be bounded by whoever makes it. Reads no body and changes nothing; there is
// no TLS and no token, so it belongs on this machine or on a network of one's own. Loop thread.
#pragma once

#include "core/result.h"
#include "feed/endpoint.h"
#include "feed/loop.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace touchline {

struct AdminRequest {
  std::string_view path;
  std::string_view query;  // behind the question mark

  // The number of a parameter of the query; `otherwise` where there is none. An error of usage where it is no number.
  Result<std::uint64_t> number(std::string_view name, std::uint64_t otherwise) const;
};

struct AdminAnswer {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
};

// A status that is none of the good ones, with its reason as JSON.
AdminAnswer admin_error(unsigned status, std::string_view text);

struct AdminServerOptions {
  std::size_t connections_max = 32;  // past it: 503
  std::chrono::milliseconds request_max{10'000};
  std::chrono::milliseconds idle_max{60'000};
};

class AdminServer {
 public:
  explicit AdminServer(Loop& loop, AdminServerOptions options = {});
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;
  ~AdminServer();

  // Before listen().
  void route(std::string path, std::function<AdminAnswer(const AdminRequest&)> answer);
  Result<Endpoint> listen(const Endpoint& endpoint);
  void stop();  // at once: accepts no more and ends what is open

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace touchline
