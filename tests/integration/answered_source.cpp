#include "tests/integration/answered_source.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace touchline::integration {
namespace {

constexpr std::size_t unanswered_max = 16;
constexpr std::size_t chunk_lines = 8;

std::uint64_t number_behind(const std::string& text, const std::string& key) {
  const auto at = text.find(key);
  if (at == std::string::npos) return 0;
  return std::strtoull(text.c_str() + at + key.size(), nullptr, 10);
}

}  // namespace

AnsweredSource::AnsweredSource(Lines lines) : lines_(std::move(lines)) {
  std::erase_if(lines_, [](const std::string& line) { return line.starts_with(R"({"alive":)"); });
  for (std::size_t i = 0; i < lines_.size(); ++i)
    lines_[i].replace(0, 1, R"({"ack":)" + std::to_string(i) + ",");
}

void AnsweredSource::send(Socket socket) {
  std::size_t next = answered_;
  std::string received;
  while (answered_ < lines_.size()) {
    std::string chunk;
    for (std::size_t i = 0; i < chunk_lines && next < lines_.size() && next - answered_ < unanswered_max; ++i)
      chunk += lines_[next++] + "\n";
    sent_ += static_cast<std::size_t>(std::count(chunk.begin(), chunk.end(), '\n'));
    if (!chunk.empty() && !socket.send(chunk)) return;
    if (next - answered_ < unanswered_max && next < lines_.size()) continue;
    const std::string more = socket.receive(64U << 10);
    if (more.empty()) return;
    received += more;
    std::size_t begin = 0;
    for (auto end = received.find('\n'); end != std::string::npos; end = received.find('\n', begin)) {
      take_answer(received.substr(begin, end - begin));
      begin = end + 1;
    }
    received.erase(0, begin);
  }
}

void AnsweredSource::take_answer(const std::string& answer) {
  if (number_behind(answer, R"("ack":)") != answered_ || answer.find(R"("outcome")") == std::string::npos ||
      answer.find(R"("refused")") != std::string::npos)
    wrong_.push_back("line " + std::to_string(answered_) + " was answered with " + answer);
  ++answered_;
  promised_ = std::max(promised_, number_behind(answer, R"("offset":)"));
}

}  // namespace touchline::integration
