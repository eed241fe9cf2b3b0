// The messages to clients as JSON texts: CLIENTS.md describes them.
//
// Knows their keys and the order of these. Pure: whatever is said is passed in.
#pragma once

#include "core/delta.h"
#include "core/event_state.h"
#include "core/ids.h"
#include "feed/clients/subscription.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace touchline {

enum class UpstreamHealth : std::uint8_t { live, stale };
enum class ClientResume : std::uint8_t { snapshots, changed, tail };

std::string_view name_of(UpstreamHealth health);
std::string_view name_of(ClientResume resume);

std::string hello_words(Position head, ClientResume resume, UpstreamHealth health,
                        const Subscription& subscription);
std::string snapshot_words(std::string_view event, const EventState& state);
// Empty: no patch can say it.
std::string delta_words(std::string_view event, const EventState& after, const Delta& delta,
                        std::string_view position);
std::string gone_words(std::string_view event);
std::string position_words(std::string_view position);
std::string status_words(UpstreamHealth health);
std::string subscription_words(const Subscription& subscription);
std::string error_words(std::string_view text);
std::string goodbye_words(std::string_view reason, std::uint32_t retry_ms);

}  // namespace touchline
