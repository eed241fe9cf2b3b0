#include "core/update.h"

#include "core/digest.h"

#include <algorithm>
#include <functional>

namespace touchline {

void Update::clear() {
  kind = UpdateKind::change;
  source_time_ms = 0;
  number.reset();
  message_id = event = ack = {};
  status.reset();
  wants_ack = false;
  ops.clear();
  arena.clear();
}

void Update::append(const Update& more) {
  if (ops.empty() && arena.empty()) {
    *this = more;
    return;
  }
  const auto shift = static_cast<std::uint32_t>(arena.size());
  source_time_ms = std::max(source_time_ms, more.source_time_ms);
  if (more.status) status = more.status;
  if (more.kind == UpdateKind::change) kind = UpdateKind::change;
  for (Op op : more.ops) {
    op.text.offset += shift;
    op.extra.offset += shift;
    ops.push_back(op);
  }
  arena.append(more.arena);
}

void Update::on_event(std::string_view id) { ops.push_back({.kind = OpKind::event, .text = hold(id)}); }

void Update::on_market(std::string_view id, std::string_view event_id, std::int64_t version) {
  const TextRef market = hold(id);
  ops.push_back({.kind = OpKind::market, .number = version, .text = market, .extra = hold(event_id)});
}

void Update::on_outcome(std::string_view id, std::int64_t handicap) {
  ops.push_back({.kind = OpKind::outcome, .number = handicap, .text = hold(id)});
}

void Update::attribute(std::string_view path, std::int64_t value) {
  ops.push_back({.kind = OpKind::attribute_number, .number = value, .text = hold(path)});
}

void Update::attribute_json(std::string_view path, std::string_view json) {
  const TextRef held = hold(path);
  ops.push_back({.kind = OpKind::attribute_text, .text = held, .extra = hold(json)});
}

void Update::attribute_erase(std::string_view path) {
  ops.push_back({.kind = OpKind::attribute_erase, .text = hold(path)});
}

void Update::attribute_section(std::string_view path) {
  ops.push_back({.kind = OpKind::attribute_section, .text = hold(path)});
}

// Compared within one process only, so the library's hash of texts serves.
std::uint64_t identity_of(const Update& update) {
  const std::hash<std::string_view> hash;
  std::uint64_t identity = mix64(static_cast<std::uint64_t>(update.source_time_ms) + 1);
  for (const Op& op : update.ops) {
    const auto head =
        static_cast<std::uint64_t>(op.kind) << 40 | static_cast<std::uint64_t>(op.field) << 32 | op.level;
    identity = mix64(identity + head) + static_cast<std::uint64_t>(op.number);
    if (op.text.size != 0) identity = mix64(identity + hash(update.look(op.text)));
    if (op.extra.size != 0) identity = mix64(identity + ~hash(update.look(op.extra)));
  }
  return mix64(identity);
}

}  // namespace touchline
