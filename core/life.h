// The lives of an event and of a market: which step from one status to another is to be expected.
//
// A source's word always stands: an unexpected step is applied as it says, counted, and visible. Knows no cells.
#pragma once

#include "core/fields.h"

namespace touchline {

bool expected_step(EventStatus from, EventStatus to);
bool expected_step(MarketStatus from, MarketStatus to);

// Nothing more is played, and nothing more is priced.
bool is_over(EventStatus status);
bool is_over(MarketStatus status);

}  // namespace touchline
