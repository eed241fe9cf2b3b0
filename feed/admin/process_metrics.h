// What the system knows of this process: memory, time, descriptors, start.
//
// Linux's /proc; what it does not say is left out. Knows no part of the service.
#pragma once

#include "feed/admin/metrics_page.h"

namespace touchline {

void add_process_metrics(MetricsPage& page);

}  // namespace touchline
