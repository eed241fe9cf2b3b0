// What a hub holds as bytes, to go on from later: what a newcomer is given, and where it stands then.
//
// Reads it as one more reader, so that keyframes are shared with the others and made in portions between which the
// loop does whatever else is due. Knows no file. The same bytes that core/subscriber saves and takes up. Loop thread.
#pragma once

#include "feed/hub.h"

#include <optional>
#include <string>

namespace touchline {

class StateKeeper {
 public:
  explicit StateKeeper(Hub& hub) : hub_(hub) {}
  StateKeeper(const StateKeeper&) = delete;
  StateKeeper& operator=(const StateKeeper&) = delete;
  ~StateKeeper() { give_up(); }

  // Waits for keyframes from now on, as a reader that has just come.
  void start();
  void give_up();
  bool is_under_way() const { return reader_.has_value(); }
  // All of it, once it is there: to be called until it is.
  std::optional<std::string> take();

 private:
  Hub& hub_;
  std::optional<Hub::Reader> reader_;
  std::string bytes_;
};

}  // namespace touchline
