// A process that the measurement starts: its arguments, what it writes line by line, and what it costs.
//
// Standard output and error come as one stream of lines. Never waits: whoever owns several of them polls their
// descriptors. Ends with its owner, whatever becomes of that. Knows nothing of what the program does.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace touchline::crowd {

class Child {
 public:
  // `arguments[0]` is looked for in PATH. Each whole line is given to `take`.
  Child(std::vector<std::string> arguments, std::function<void(std::string_view)> take);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();  // kills it, if it still runs

  int descriptor() const { return out_; }
  // Takes what is there; false: it has ended, or closed its streams.
  bool read();
  void write(std::string_view text) const;
  void send(int signal) const;
  void wait();  // for its end

  std::int64_t resident_bytes() const;
  double cpu_seconds() const;
  const std::string& command() const { return command_; }
  const std::string& last_words() const { return last_words_; }  // its last lines, for whoever wonders

 private:
  std::string command_;
  std::function<void(std::string_view)> take_;
  pid_t process_ = -1;
  int in_ = -1;
  int out_ = -1;
  bool ended_ = false;
  std::string part_;
  std::string last_words_;
};

}  // namespace touchline::crowd
