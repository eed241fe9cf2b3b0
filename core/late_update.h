// An update that came late, put right: what is newer is said again behind it, in the same breath.
//
// All ops set or replace and none counts up, so applying the late update and then whatever newer ones touch
// the same things gives the state that would have been reached in the right order, and their one delta never
// shows an older value. Scopes are hashes of what a part of an update speaks of: a market, or an event as a
// whole. Knows no order: who is newer is the arbiter's to say.
#pragma once

#include "core/update.h"

#include <cstdint>
#include <vector>

namespace touchline {

using Scopes = std::vector<std::uint64_t>;  // each once, in no order

Scopes scopes_of(const Update& update);
bool share(const Scopes& a, const Scopes& b);

// Appends the parts of `newer` that share a scope with what `late` speaks of so far, and adds their scopes:
// what is said again must not hide what was said behind it.
void append_newer(Update& late, Scopes& scopes, const Update& newer);

}  // namespace touchline
