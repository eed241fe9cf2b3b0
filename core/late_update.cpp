#include "core/late_update.h"

#include "core/digest.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace touchline {
namespace {

std::uint64_t event_scope(std::string_view id) { return mix64(fnv1a64(id) + 1); }
std::uint64_t market_scope(std::string_view id) { return mix64(fnv1a64(id) + 2); }

bool names_something(const Op& op) { return op.kind == OpKind::event || op.kind == OpKind::market; }

void add(Scopes& scopes, std::uint64_t scope) {
  if (std::find(scopes.begin(), scopes.end(), scope) == scopes.end()) scopes.push_back(scope);
}

// A run of ops that speak of one event or one market.
struct Part {
  std::size_t begin = 0;
  std::size_t end = 0;
  const Op* event = nullptr;  // the event that was named before, if any
  Scopes scopes;
};

template <class Visit>
void for_each_part(const Update& update, Visit&& visit) {
  Part part;
  for (std::size_t at = 0; at < update.ops.size(); at = part.end) {
    const Op& head = update.ops[at];
    part.begin = at;
    part.end = at + 1;
    part.scopes.clear();
    bool writes_its_event = false;
    while (part.end < update.ops.size() && !names_something(update.ops[part.end])) {
      writes_its_event = writes_its_event || update.ops[part.end].kind == OpKind::its_event;
      ++part.end;
    }
    if (head.kind == OpKind::event) {
      part.event = head.text.size == 0 ? nullptr : &head;
    } else {
      part.scopes.push_back(market_scope(update.look(head.text)));
      if (writes_its_event && head.extra.size != 0)
        part.scopes.push_back(event_scope(update.look(head.extra)));
    }
    if (part.event != nullptr) part.scopes.push_back(event_scope(update.look(part.event->text)));
    visit(part);
  }
}

void append(Update& to, const Update& from, Op op) {
  op.text = to.hold(from.look(op.text));
  op.extra = to.hold(from.look(op.extra));
  to.ops.push_back(op);
}

// Whether markets that follow the last op are taken to be of a named event.
bool names_event(const Update& update) {
  const auto last = std::find_if(update.ops.rbegin(), update.ops.rend(),
                                 [](const Op& op) { return op.kind == OpKind::event; });
  return last != update.ops.rend() && last->text.size != 0;
}

}  // namespace

Scopes scopes_of(const Update& update) {
  Scopes scopes;
  for_each_part(update, [&](const Part& part) {
    for (const std::uint64_t scope : part.scopes)
      add(scopes, scope);
  });
  return scopes;
}

bool share(const Scopes& a, const Scopes& b) {
  return std::any_of(a.begin(), a.end(),
                     [&](std::uint64_t scope) { return std::find(b.begin(), b.end(), scope) != b.end(); });
}

void append_newer(Update& late, Scopes& scopes, const Update& newer) {
  bool named = names_event(late);
  for_each_part(newer, [&](const Part& part) {
    if (!share(part.scopes, scopes)) return;
    for (const std::uint64_t scope : part.scopes)
      add(scopes, scope);
    if (part.event != nullptr && part.event != &newer.ops[part.begin]) append(late, newer, *part.event);
    if (part.event == nullptr && named) late.on_event({});
    named = part.event != nullptr;
    for (std::size_t i = part.begin; i < part.end; ++i)
      append(late, newer, newer.ops[i]);
  });
}

}  // namespace touchline
