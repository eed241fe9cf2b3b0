#include "core/life.h"

namespace touchline {

bool expected_step(EventStatus from, EventStatus to) {
  if (from == to || from == EventStatus::unset) return true;
  switch (from) {
    case EventStatus::unset:
    case EventStatus::scheduled:
      return true;  // a recording may start, or a feed come up, at any later point
    case EventStatus::delayed:
    case EventStatus::postponed:
      return to != EventStatus::settled && to != EventStatus::finished;
    case EventStatus::live:
      return to == EventStatus::interrupted || to == EventStatus::finished || to == EventStatus::abandoned ||
             to == EventStatus::cancelled;
    case EventStatus::interrupted:
      return to == EventStatus::live || to == EventStatus::finished || to == EventStatus::abandoned ||
             to == EventStatus::cancelled || to == EventStatus::postponed;
    case EventStatus::finished:
      return to == EventStatus::settled || to == EventStatus::cancelled;
    case EventStatus::abandoned:
      return to == EventStatus::settled || to == EventStatus::cancelled || to == EventStatus::forgotten;
    case EventStatus::settled:
    case EventStatus::cancelled:
      return to == EventStatus::forgotten;
    case EventStatus::forgotten:
      return true;  // it begins anew
  }
  return false;
}

bool expected_step(MarketStatus from, MarketStatus to) {
  if (from == to || from == MarketStatus::unset) return true;
  switch (from) {
    case MarketStatus::unset:
    case MarketStatus::inactive:
    case MarketStatus::open:
    case MarketStatus::suspended:
      return to != MarketStatus::unset;
    case MarketStatus::closed:
      return to == MarketStatus::settled || to == MarketStatus::cancelled;
    case MarketStatus::settled:
    case MarketStatus::cancelled:
      return false;
  }
  return false;
}

bool is_over(EventStatus status) {
  return status == EventStatus::settled || status == EventStatus::cancelled ||
         status == EventStatus::abandoned || status == EventStatus::forgotten;
}

bool is_over(MarketStatus status) {
  return status == MarketStatus::closed || status == MarketStatus::settled ||
         status == MarketStatus::cancelled;
}

}  // namespace touchline
