#include "core/coded/prior.h"

#include "core/check.h"
#include "core/limits.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace touchline::coded {
namespace {

// What a slot of each step says, of 65,536: 65536 / (1 + exp(-step / 16)), rounded, for the steps from 0 on. Those below
// mirror them. As integers, because not every machine rounds exp() alike.
constexpr std::array<std::uint16_t, 128> likely_steps = {
#include "core/coded/likely_steps.inc"
};

constexpr unsigned characters = 90;
constexpr char first_character = '#';  // up to '|'; the backslash is told as '}'

char character_of(unsigned digit) {
  const char c = static_cast<char>(first_character + static_cast<char>(digit));
  return c == '\\' ? '}' : c;
}
unsigned digit_of(char c) { return static_cast<unsigned>((c == '}' ? '\\' : c) - first_character); }

// Takes what it is told and writes nothing.
struct Silent {
  struct At {};
  static At at() { return {}; }
  static void go_on(At /*at*/) {}
  static unsigned bit(At& /*at*/, Slot& slot, unsigned value) {
    learn(slot, value);
    return value;
  }
  static std::uint32_t plain(At& /*at*/, unsigned /*bits*/, std::uint32_t value) { return value; }
};

}  // namespace

Slot slot_of(KeptSlot kept) {
  const auto step = static_cast<std::size_t>(std::abs(kept.likely));
  const std::uint32_t one = kept.likely >= 0 ? likely_steps[step] : 65'536U - likely_steps[step];
  return {static_cast<std::uint16_t>(within(one, unlikeliest, likeliest)), told_of_firm[kept.firm]};
}

KeptSlot kept(const Slot& slot) {
  const double p = slot.one / 65'536.0;
  const double steps = std::round(16 * std::log(p / (1 - p)));
  const auto firm = std::find(std::begin(told_of_firm), std::end(told_of_firm), slot.told);
  TL_CHECK(firm != std::end(told_of_firm));
  return {static_cast<int>(within(steps, -127.0, 127.0)),
          static_cast<unsigned>(firm - std::begin(told_of_firm))};
}

std::string packed_slots(const std::vector<KeptSlot>& slots) {
  std::string packed;
  for (const KeptSlot& slot : slots) {
    const unsigned both = static_cast<unsigned>(slot.likely + 127) * 8 + slot.firm;
    packed.push_back(character_of(both / characters));
    packed.push_back(character_of(both % characters));
  }
  return packed;
}

Prior make_prior(const PriorTable& table, std::uint32_t version) {
  TL_CHECK(table.slots.size() == 2 * slot_count);
  Prior prior;
  prior.version = version;
  for (std::size_t i = 0; i < slot_count; ++i) {
    const unsigned both = digit_of(table.slots[2 * i]) * characters + digit_of(table.slots[2 * i + 1]);
    prior.slots[i] = slot_of({static_cast<int>(both / 8) - 127, both % 8});
  }
  Silent silent;
  std::vector<Slot> prior_of_texts(1U << text_slot_bits);
  std::string unused;
  for (const CommonText& text : table.texts)
    prior.texts.say(silent, prior_of_texts.data(), text.kind, text.text, unused, limits::text_bytes);
  return prior;
}

}  // namespace touchline::coded
