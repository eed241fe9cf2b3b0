// The grammar of the native format: one line of JSON becomes one Update.
//
// schemas/native.md tells the format to whoever writes the sending side, schemas/native.schema.json to a
// machine. Pure: bytes in, update out; the same parser serves a socket, a file, a request and a fuzzer. Knows
// the words of the format and nothing of events' states, of order, or of where the line came from. Not
// thread-safe: one a source.
#pragma once

#include "core/result.h"
#include "core/update.h"

#include <memory>
#include <string_view>

namespace touchline {

class NativeParser {
 public:
  NativeParser();
  ~NativeParser();
  NativeParser(const NativeParser&) = delete;
  NativeParser& operator=(const NativeParser&) = delete;

  // `line` is without its line feed, and 64 readable bytes follow it. All or nothing: on an error the update
  // is empty but for the answer that the line asks for, and the error names the path within the line and what was wrong there. Where the line is no
  // JSON at all the error tells the byte instead; the byte of a fault in well-formed JSON is not known (0).
  Result<void> parse(std::string_view line, Update& update);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace touchline
