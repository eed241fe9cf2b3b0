// One page by HTTP, for commands that ask a service's admin port: a request, its answer, and the end of the connection.
//
// Blocks, with a time limit. Takes an answer of a bounded size; knows no redirect, no TLS and no chunks, which the admin
// port does not use.
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

}  // namespace touchline
