#include "tests/integration/http_get.h"

#include "tests/integration/program.h"
#include "tests/integration/socket.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <thread>

namespace touchline::integration {

HttpPage http_get(std::string_view url, std::string_view target) {
  Socket socket(url);
  socket.send("GET " + std::string(target) + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
  const std::string answer = socket.receive_all();
  const std::size_t end = answer.find("\r\n\r\n");
  if (!answer.starts_with("HTTP/1.1 ") || end == std::string::npos) return {0, answer, {}};
  return {std::atoi(answer.c_str() + 9), answer.substr(0, end + 2), answer.substr(end + 4)};
}

HttpPage http_get_until(std::string_view url, std::string_view target,
                        const std::function<bool(const HttpPage&)>& wanted) {
  const auto end = std::chrono::steady_clock::now() + patience;
  HttpPage page = http_get(url, target);
  while (!wanted(page) && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    page = http_get(url, target);
  }
  EXPECT_TRUE(wanted(page)) << target << " never became what is wanted: " << page.head << page.body;
  return page;
}

PrometheusScrape scrape(std::string_view url) {
  const HttpPage page = http_get(url, "/metrics");
  EXPECT_EQ(page.status, 200) << page.head;
  EXPECT_NE(page.head.find("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"), std::string::npos)
      << page.head;
  PrometheusScrape read = read_prometheus_text(page.body);
  for (const std::string& fault : read.faults)
    ADD_FAILURE() << fault;
  return read;
}

simdjson::dom::element parse_json(simdjson::dom::parser& parser, const HttpPage& page) {
  simdjson::dom::element element;
  EXPECT_EQ(parser.parse(page.body).get(element), simdjson::SUCCESS) << page.body;
  return element;
}

}  // namespace touchline::integration
