// One request by HTTP, its answer, and the end of the connection: for commands that ask a service's admin port, and for
// what is sent to a collector of traces.
//
// Blocks, with a time limit. Takes an answer of a bounded size; knows no redirect, no TLS and no chunks.
#pragma once

#include "core/result.h"
#include "feed/endpoint.h"

#include <string>

namespace touchline {

struct HttpAnswer {
  int status = 0;
  std::string body;
};

Result<HttpAnswer> http_get(const Endpoint& endpoint, const std::string& target);
// `body` is JSON.
Result<HttpAnswer> http_post(const Endpoint& endpoint, const std::string& target, const std::string& body);

}  // namespace touchline
