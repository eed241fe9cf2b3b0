// What `serve` and `archive` share of retention: days, and where an archive may be.
//
// Looks at names of files and opens none: whether an archive is one of that store, storage/archive.h says.
#pragma once

#include "core/result.h"

#include <cstdint>
#include <string>

namespace touchline {

inline constexpr double retain_days_max = 36'500;

inline std::int64_t ms_of_days(double days) { return static_cast<std::int64_t>(days * 86'400'000); }

// Usage, where it is the store itself or lies in a folder that is not there.
Result<void> check_archive_path(const std::string& archive, const std::string& store);

}  // namespace touchline
