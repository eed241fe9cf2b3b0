// Expected failures as values.
//
// Knows the kinds of failure that a caller may want to tell apart and carries one readable sentence.
// Does not know who reports it: the place (file, line, peer) is put in front by whoever knows it.
// "Need more bytes", "duplicate" and "gap" are outcomes, not errors, and have types of their own.
#pragma once

#include <boost/system/result.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

namespace touchline {

enum class ErrorKind : std::uint8_t {
  malformed,    // the bytes do not follow their format
  unsupported,  // well formed, but of a version or kind that we do not know
  limit,        // a named limit of core/limits.h is exceeded
  mismatch,     // two things that must agree do not: digest, epoch, sequence number
  not_found,    // what was asked for is not there
  environment,  // disk, file, port, peer
  usage,        // the caller asked for something impossible
};

struct Error {
  ErrorKind kind = ErrorKind::malformed;
  std::string text;           // one sentence without a trailing stop
  std::uint64_t at_byte = 0;  // offset in the input it speaks of, 0 where that has no meaning
};

[[noreturn]] inline void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::runtime_error(error.text);
}

template <class T>
using Result = boost::system::result<T, Error>;

inline Error malformed(std::string text, std::uint64_t at_byte = 0) {
  return {ErrorKind::malformed, std::move(text), at_byte};
}

}  // namespace touchline
