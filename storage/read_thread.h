// A thread that reads batches back from a journal for readers who return.
//
// One question at a time, through a connection of its own, so that neither the loop nor the writer waits for the
// disk. The answer comes from its own thread; the callback brings it to wherever the caller lives. What cannot be
// read, or is damaged, is answered with nothing: there are other ways to bring a reader here. Knows no reader.
#pragma once

#include "core/ids.h"

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace touchline {

struct PastBatch {
  Offset first;
  std::uint64_t count = 0;
  std::string items;
};

class ReadThread {
 public:
  struct Question {
    Offset after;  // a position; what lies behind it is wanted, whole batches
    Offset until;  // a position at the end of a batch
    std::uint64_t bytes_max = 0;
  };
  // Oldest first; none: it is not all there, or is more than the bytes allowed.
  using Answer = std::optional<std::vector<PastBatch>>;

  // The answer to one question, without a thread.
  static Answer read(const std::string& path, const Question& question);

  explicit ReadThread(std::string path);
  ReadThread(const ReadThread&) = delete;
  ReadThread& operator=(const ReadThread&) = delete;
  ~ReadThread();

  // Not while another question is open.
  void ask(Question question, std::function<void(Answer)> done);

 private:
  void run();

  std::string path_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::optional<Question> question_;
  std::function<void(Answer)> done_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace touchline
