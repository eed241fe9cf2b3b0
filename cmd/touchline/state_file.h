// A file with states and a position that a subscriber goes on from.
//
// tail and relay share it. Read whole at the start; written whole or not at all. Knows nothing of what stands in it.
#pragma once

#include "core/result.h"

#include <functional>
#include <optional>
#include <string>
#include <thread>

namespace touchline {

// None: there is no such file yet.
Result<std::optional<std::string>> read_state_file(const std::string& path);
Result<void> write_state_file(const std::string& path, const std::string& bytes);

// Writes on a thread of its own, one at a time: a slow disk holds up nobody but the next one.
class StateWriter {
 public:
  explicit StateWriter(std::string path) : path_(std::move(path)) {}
  ~StateWriter() { wait(); }

  bool is_writing() const { return writing_; }
  // `done` is called on that thread. finished() follows, on the caller's.
  void write(std::string bytes, std::function<void(Result<void>)> done);
  void finished();
  // Until nothing is being written.
  void wait() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::string path_;
  std::thread thread_;
  bool writing_ = false;
};

}  // namespace touchline
