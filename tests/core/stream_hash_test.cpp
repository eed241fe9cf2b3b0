#include "core/stream_hash.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace touchline {
namespace {

std::uint64_t hash_of(std::string_view bytes) {
  StreamHash hash;
  hash.append(bytes);
  return hash.value();
}

TEST(StreamHash, IsTheSameWhereverTheStreamIsCut) {
  const std::string text = "what stands in front of a cursor, byte for byte\n";
  for (std::size_t first = 0; first <= text.size(); ++first) {
    for (std::size_t second = first; second <= text.size(); ++second) {
      StreamHash hash;
      hash.append(std::string_view(text).substr(0, first));
      hash.append(std::string_view(text).substr(first, second - first));
      hash.append(std::string_view(text).substr(second));
      EXPECT_EQ(hash.value(), hash_of(text)) << first << ", " << second;
    }
  }
}

TEST(StreamHash, TellsEveryLengthAndEveryChangedBitApart) {
  std::set<std::uint64_t> seen;
  for (std::size_t size = 0; size < 100; ++size)
    EXPECT_TRUE(seen.insert(hash_of(std::string(size, '\0'))).second) << size;
  std::string text(64, 'a');
  for (std::size_t bit = 0; bit < 8 * text.size(); ++bit) {
    std::string changed = text;
    changed[bit / 8] = static_cast<char>(static_cast<unsigned char>(changed[bit / 8]) ^ (1U << (bit % 8)));
    EXPECT_TRUE(seen.insert(hash_of(changed)).second) << bit;
  }
  std::string swapped = "12345678abcdefgh";
  EXPECT_TRUE(seen.insert(hash_of(swapped)).second);
  EXPECT_TRUE(seen.insert(hash_of("abcdefgh12345678")).second);
}

// Stores hold it: another value for the same bytes would make them refuse their recordings.
TEST(StreamHash, StaysWhatItWas) { EXPECT_EQ(hash_of("{\"alive\":true}\n"), 15695496701111868076U); }

}  // namespace
}  // namespace touchline
