// The prior of the codec `coded`: what both ends know of feeds in general, from a table that both ship.
//
// The table (prior_slots.cpp, prior_texts.cpp, made by `touchline train`) has two characters for each slot and a vocabulary of texts. A
// prior never changes once it was released: another one has another version, and the handshake agrees on one.
// PROTOCOL.md, "The prior".
#pragma once

#include "core/coded/model.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace touchline::coded {

inline constexpr std::uint8_t prior_version = 1;

// A text that is often said, and as what.
struct CommonText {
  std::uint32_t kind = 0;
  std::string text;
  bool operator==(const CommonText&) const = default;
};

struct PriorTable {
  std::string slots;  // two characters each
  std::vector<CommonText> texts;
};

// How a slot is kept: how likely, in 255 steps, and how firmly, in 8.
struct KeptSlot {
  int likely = 0;  // -127 to 127, of 16 for each factor of e
  unsigned firm = 0;
};
Slot slot_of(KeptSlot kept);
KeptSlot kept(const Slot& slot);
inline constexpr std::uint16_t told_of_firm[8] = {0, 2, 5, 12, 30, 80, 200, 500};

std::string packed_slots(const std::vector<KeptSlot>& slots);
Prior make_prior(const PriorTable& table, std::uint32_t version);

// The table as the sources that are compiled in.
std::string source_of_slots(const PriorTable& table);
std::string source_of_texts(const PriorTable& table);
PriorTable shipped_table();

// The prior of prior_version, made once.
std::shared_ptr<const Prior> shipped_prior();

}  // namespace touchline::coded
