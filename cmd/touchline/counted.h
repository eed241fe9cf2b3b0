// "1 event", "2 events".
//
// Knows nothing but that most words take an s.
#pragma once

#include <cstdint>
#include <string>

namespace touchline {

inline std::string counted(std::uint64_t count, const std::string& word) {
  std::string text = std::to_string(count);
  text.append(1, ' ').append(word);
  if (count != 1) text.append(1, 's');
  return text;
}

}  // namespace touchline
