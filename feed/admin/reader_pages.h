// What a hub and its readers' connections show of themselves: metrics, and a page of sessions.
//
// serve and relay share it. A relay's name is a label, so there are at most relay_labels_max of them, the others count as
// one. Walks over all sessions, of which there is a bounded number. Loop thread.
#pragma once

#include "feed/admin/admin_server.h"
#include "feed/admin/metrics_page.h"
#include "feed/hub.h"
#include "feed/reader_session.h"

#include <cstddef>
#include <functional>
#include <string>

namespace touchline {

inline constexpr std::size_t relay_labels_max = 64;
inline constexpr const char* other_relays = "(others)";

// Calls it with every connection, joined or not.
using SessionVisit = std::function<void(const std::string& peer, const ReaderSession&)>;
using EachSession = std::function<void(const SessionVisit&)>;

void add_hub_metrics(MetricsPage& page, const Hub& hub);
void add_session_metrics(MetricsPage& page, const Hub& hub, const EachSession& each_session);

// {"sessions":[...],"total":N,"next":N}: `?from=N&limit=N`, in the order of their addresses; no "next" on the last page.
AdminAnswer sessions_page(const AdminRequest& request, const Hub& hub, const EachSession& each_session);

}  // namespace touchline
