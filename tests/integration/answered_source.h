// A numbered source that asks for an answer to each line, and sends again whatever was not answered.
//
// Goes on over any number of connections, as a source does whose service dies and comes back. Knows the native format's
// answers and no store. Blocks, with the patience of a test as its limit.
#pragma once

#include "tests/integration/files.h"
#include "tests/integration/socket.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace touchline::integration {

class AnsweredSource {
 public:
  // Numbered lines, each a JSON object. Heartbeats among them are left out: nothing is to be answered there
  // (schemas/native.md, "Heartbeat").
  explicit AnsweredSource(Lines lines);

  // Sends what was not answered, until all is or the connection ends.
  void send(Socket socket);

  bool done() const { return answered_ == lines_.size(); }
  std::size_t answered() const { return answered_; }
  std::size_t sent() const { return sent_; }
  std::size_t size() const { return lines_.size(); }
  std::uint64_t promised() const { return promised_; }  // an offset that is on disk
  const std::vector<std::string>& wrong() const { return wrong_; }

 private:
  void take_answer(const std::string& answer);

  Lines lines_;
  std::size_t answered_ = 0;
  std::size_t sent_ = 0;
  std::uint64_t promised_ = 0;
  std::vector<std::string> wrong_;
};

}  // namespace touchline::integration
