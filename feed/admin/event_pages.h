// The events as they stand: what serve and relay show at /events and /event.
//
// Knows states and the words for them; knows no source and no reader. Looks at the events of one page alone. Loop
// thread.
#pragma once

#include "core/live_events.h"
#include "feed/admin/admin_server.h"

namespace touchline {

// {"events":[...],"total":N,"next":N}: `?from=N&limit=N`, by handle; `from` counts handles, "next" is missing on the last
// page. Events that were forgotten are left out.
AdminAnswer events_page(const AdminRequest& request, const LiveEvents& events);

// One event in full, as `touchline export` writes it: `?handle=N`, which /events tells. 404 where there is none.
AdminAnswer event_page(const AdminRequest& request, const LiveEvents& events);

}  // namespace touchline
