// What a source is told of its lines: one JSON object each, in the order of the lines, once the commit is on disk.
//
// Keeps answers until their commits are done. Their order is that of the lines because commits are numbered in that
// order, too. How many there may be is for the connection to say, which reads no more past its bound. Knows no socket.
// Loop thread.
#pragma once

#include "core/ids.h"
#include "core/origin.h"
#include "core/result.h"
#include "core/update.h"
#include "feed/publisher.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace touchline {

// In the words of schemas/native.md.
std::string_view name_of(Origin::Outcome outcome);

// {"epoch":1786802400000,"offset":42}
void append_json_position(std::string& out, Position position);

// Which answer a line asks for, kept beside the update, which is moved away when it is taken.
struct AnswerWish {
  explicit AnswerWish(const Update& update) : is_there(update.wants_ack), name(update.look(update.ack)) {}
  bool is_there;
  std::string name;  // as JSON
};

class Answers {
 public:
  explicit Answers(const Publisher& publisher) : publisher_(publisher) {}

  // Each speaks of what the publisher took last. `name` is JSON, or empty.
  void add_taken(std::string_view name, std::uint64_t line, Origin::Outcome outcome);
  void add_refused(std::string_view name, std::uint64_t line, const Error& error);

  // Those whose commits are on disk; they are no longer kept.
  std::string take();
  std::size_t bytes() const { return bytes_; }
  bool empty() const { return waiting_.empty(); }

 private:
  struct Answer {
    std::uint64_t commit = 0;
    std::string text;
  };
  std::string begin(std::string_view name, std::uint64_t line) const;
  void add(std::string text);

  const Publisher& publisher_;
  std::deque<Answer> waiting_;
  std::size_t bytes_ = 0;
};

}  // namespace touchline
