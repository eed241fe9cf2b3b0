// Identifiers and positions as strong types: none converts into another, or into a number, by itself.
//
// Knows nothing of where the numbers come from. EventHandle is given by the journal (dense from 1 in one
// store), Seq counts the deltas of one event from 1, Offset counts all deltas of one journal from 1.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace touchline {

template <class Tag, class T>
struct Strong {
  T value{};

  constexpr Strong() = default;
  constexpr explicit Strong(T v) : value(v) {}
  constexpr auto operator<=>(const Strong&) const = default;
  constexpr Strong next() const { return Strong(static_cast<T>(value + 1)); }
};

using EventHandle = Strong<struct EventHandleTag, std::uint32_t>;
using SourceId = Strong<struct SourceIdTag, std::uint32_t>;
using LineId = Strong<struct LineIdTag, std::uint32_t>;
using Seq = Strong<struct SeqTag, std::uint64_t>;
using Offset = Strong<struct OffsetTag, std::uint64_t>;
using Epoch = Strong<struct EpochTag, std::uint64_t>;

// A place in one journal: everything up to and including `offset` of `epoch` has been seen.
struct Position {
  Epoch epoch;
  Offset offset;
  auto operator<=>(const Position&) const = default;
};

}  // namespace touchline

template <class Tag, class T>
struct std::hash<touchline::Strong<Tag, T>> {
  std::size_t operator()(touchline::Strong<Tag, T> id) const { return std::hash<T>()(id.value); }
};
