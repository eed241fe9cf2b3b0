#include "tests/crowd/origin_side.h"

#include "core/client_json.h"
#include "storage/journal_reader.h"
#include "tests/core/json_fixture.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace touchline::crowd {

Line::Line(const std::string& url) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const auto begin = url.find("://") + 3;
  const auto colon = url.rfind(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::strtoul(url.c_str() + colon + 1, nullptr, 10)));
  const bool is_address = ::inet_pton(AF_INET, url.substr(begin, colon - begin).c_str(), &to.sin_addr) == 1;
  if (is_address && ::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return;
  ::close(socket_);
  throw std::runtime_error(url + ": nobody is there");
}

Line::~Line() { ::close(socket_); }

void Line::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EINTR) throw std::runtime_error("a connection to the origin has ended");
    if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string Line::receive_line() {
  while (part_.find('\n') == std::string::npos) {
    std::array<char, 4'096> bytes{};
    const ssize_t got = ::recv(socket_, bytes.data(), bytes.size(), 0);
    if (got <= 0) throw std::runtime_error("a connection to the origin has ended");
    part_.append(bytes.data(), static_cast<std::size_t>(got));
  }
  const auto end = part_.find('\n');
  std::string line = part_.substr(0, end);
  part_.erase(0, end + 1);
  return line;
}

std::string Line::receive_all() const {
  std::string all;
  std::array<char, 16'384> bytes{};
  for (ssize_t got = 0; (got = ::recv(socket_, bytes.data(), bytes.size(), 0)) > 0;)
    all.append(bytes.data(), static_cast<std::size_t>(got));
  return all;
}

std::string http_get(const std::string& url, const std::string& target) {
  const Line line(url);
  line.send("GET " + target + " HTTP/1.1\r\nHost: origin\r\nConnection: close\r\n\r\n");
  return line.receive_all();
}

double metric_of(std::string_view page, std::string_view name) {
  double sum = 0;
  for (auto at = page.find(name); at != std::string_view::npos; at = page.find(name, at + 1)) {
    const auto behind = at + name.size();
    if (at == 0 || page[at - 1] != '\n' || (page[behind] != ' ' && page[behind] != '{')) continue;
    const auto end = page.find('\n', at);
    const std::string line(page.substr(at, end - at));
    sum += std::strtod(line.c_str() + line.rfind(' '), nullptr);
  }
  return sum;
}

OriginStory story_of(const std::string& store) {
  OriginStory story;
  auto reader = JournalReader::open(store).value();
  for (const EventEntry& event : reader.events().value()) {
    reader
        .deltas(event.handle, Seq(1),
                [&](const PastDelta& past) {
                  story.committed_ms[{event.id, past.delta.seq.value}] = past.published_ms;
                  return true;
                })
        .value();
    const StateAsOf newest = reader.state(event.handle, {}).value();
    std::string json;
    append_client_state(json, newest.state);
    story.events[event.id] = {newest.state.seq.value, test::json_of(json).spelled()};
  }
  return story;
}

}  // namespace touchline::crowd
