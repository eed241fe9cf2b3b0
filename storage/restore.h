// Taking up a store where it ends: every event's state, and how far each source had come.
//
// Knows which tables must agree for that, and refuses by name if they do not: what is damaged is not continued,
// because what would be published from it is wrong for good. Costs by the events and what lies behind their last
// snapshots; the rest of the journal is verify's to look at. Writes nothing. Used by the journal's thread.
#pragma once

#include "core/origin.h"
#include "core/result.h"
#include "storage/journal_reader.h"

namespace touchline {

// Fills an origin that has the store's sources. The reader must be at `head` and stay there.
Result<void> restore(JournalReader& reader, Offset head, Origin& origin);

}  // namespace touchline
