// An update: one message of a source, in our words.
//
// Adapters fill it, the arbiter and the sequencer judge it, the event table applies it. It holds its own texts
// in one arena, so it can be kept, moved and filled again without allocating. It names events, markets and
// outcomes by the source's ids; numbers are given later. Knows no vendor's field and no event's state.
#pragma once

#include "core/fields.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace touchline {

struct TextRef {
  std::uint32_t offset = 0;
  std::uint32_t size = 0;
};

enum class OpKind : std::uint8_t {
  event,            // text: what follows speaks of this event itself; empty: of markets that name no event
  market,           // text: what follows speaks of this market; extra: the event it belongs to, if said;
                    // number: the version of the definition that says so
  image,            // the current market (event) is replaced by what follows in this update
  definition,       // the current market's definition is replaced by what follows in this update
  outcome,          // text: what follows speaks of this outcome; number: its handicap in hundredths
  set_number,       // field, level, number
  set_text,         // field, level, text
  erase,            // field, level
  clear,            // every level of the field of the current outcome
  set_exact_level,  // a ladder level whose price is no count of hundredths; extra: its literal; as set_number
  erase_exact_level,  // extra: the literal
  its_event,          // field, text: a text cell of the event that the current market belongs to
  attribute_number,   // text: path; number: value
  attribute_text,     // text: path; extra: JSON
  attribute_erase,    // text: path
  attribute_section,  // text: path: everything below it is replaced by what follows in this update
};

struct Op {
  OpKind kind{};
  Field field{};
  std::uint32_t level = 0;
  std::int64_t number = 0;
  TextRef text{};
  TextRef extra{};
};

enum class UpdateKind : std::uint8_t {
  change,     // ops to apply
  heartbeat,  // the source is alive, nothing changed
  control,    // a line of the transport (connection, status): nothing for an event
};

struct Update {
  UpdateKind kind = UpdateKind::change;
  std::int64_t source_time_ms = 0;      // 0: the source does not say
  std::optional<std::uint64_t> number;  // the source's own number of this update within the event
  TextRef message_id;                   // empty: none
  TextRef event;                        // of a numbered update or one about a single event; else empty
  std::optional<std::int64_t> status;   // the source's own trouble code (Betfair 503), if it reports one
  bool wants_ack = false;               // an answer, once it is on disk
  TextRef ack;                          // what the answer calls it, as JSON; empty: nothing but its place
  std::vector<Op> ops;
  std::string arena;

  std::string_view look(TextRef ref) const { return std::string_view(arena).substr(ref.offset, ref.size); }
  TextRef hold(std::string_view text) {
    const TextRef ref{static_cast<std::uint32_t>(arena.size()), static_cast<std::uint32_t>(text.size())};
    arena.append(text);
    return ref;
  }

  // What more says takes effect behind what this says already; of a first part the time and marks are taken, too.
  void append(const Update& more);

  std::size_t bytes() const { return ops.size() * sizeof(Op) + arena.size(); }
  void clear();

  // One op each, in the order in which they take effect.
  void on_event(std::string_view id);
  void on_market(std::string_view id, std::string_view event_id, std::int64_t version = 0);
  void on_outcome(std::string_view id, std::int64_t handicap);
  void image() { ops.push_back({.kind = OpKind::image}); }
  void definition() { ops.push_back({.kind = OpKind::definition}); }
  void set(Field field, std::int64_t value, std::uint32_t level = 0) {
    ops.push_back({.kind = OpKind::set_number, .field = field, .level = level, .number = value});
  }
  void set(Field field, std::string_view text, std::uint32_t level = 0) {
    ops.push_back({.kind = OpKind::set_text, .field = field, .level = level, .text = hold(text)});
  }
  void erase(Field field, std::uint32_t level = 0) {
    ops.push_back({.kind = OpKind::erase, .field = field, .level = level});
  }
  void clear_field(Field field) { ops.push_back({.kind = OpKind::clear, .field = field}); }
  void its_event(Field field, std::string_view text) {
    ops.push_back({.kind = OpKind::its_event, .field = field, .text = hold(text)});
  }
  void exact_level(Field field, std::string_view literal, std::int64_t value) {
    ops.push_back({.kind = OpKind::set_exact_level, .field = field, .number = value, .extra = hold(literal)});
  }
  void erase_exact_level(Field field, std::string_view literal) {
    ops.push_back({.kind = OpKind::erase_exact_level, .field = field, .extra = hold(literal)});
  }
  void attribute(std::string_view path, std::int64_t value);
  void attribute_json(std::string_view path, std::string_view json);
  void attribute_erase(std::string_view path);
  void attribute_section(std::string_view path);
};

// What makes two copies of one message the same: source time and every op, not the transport's own marks.
std::uint64_t identity_of(const Update& update);

}  // namespace touchline
