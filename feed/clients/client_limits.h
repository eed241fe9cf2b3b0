// The limits of web clients by name, beside those of core/limits.h, which everything else is built upon.
//
// A limit says what happens past it in the comment beside it. Nothing here may depend on a run. Known to feed/clients
// alone.
#pragma once

#include <cstddef>

namespace touchline::limits {

// What one client may name to follow, each name, and one message of its; past them it is told so.
inline constexpr std::size_t client_topics = 256;
inline constexpr std::size_t client_name_bytes = 512;
inline constexpr std::size_t client_message_bytes = 16U << 10;

}  // namespace touchline::limits
