// A page of a service's admin port, as curl would get it, and what it holds.
//
// Knows HTTP's frame and JSON, and no page. A failure of the test where there is no answer.
#pragma once

#include "tests/prometheus/text_format.h"

#include <simdjson.h>

#include <functional>
#include <string>
#include <string_view>

namespace touchline::integration {

struct HttpPage {
  int status = 0;  // 0: the connection ended without one
  std::string head;
  std::string body;
};

HttpPage http_get(std::string_view url, std::string_view target);

// Asks again and again until it is as wanted; the last answer, and a failure of the test where that never comes.
HttpPage http_get_until(std::string_view url, std::string_view target,
                        const std::function<bool(const HttpPage&)>& wanted);

// A scrape without a fault.
PrometheusScrape scrape(std::string_view url);

simdjson::dom::element parse_json(simdjson::dom::parser& parser, const HttpPage& page);

}  // namespace touchline::integration
