// The table of the prior as it is compiled in: nothing but where the generated sources put it.
//
// prior_slots.cpp and prior_texts.cpp define these; prior_table.cpp reads them. Nobody else sees them.
// Texts have no zero byte.
#pragma once

#include <cstddef>
#include <cstdint>

namespace touchline::coded {

struct ShippedText {
  std::uint32_t kind;
  const char* text;
};

extern const char* const shipped_slots;
extern const std::size_t shipped_text_count;
extern const ShippedText shipped_texts[];

}  // namespace touchline::coded
