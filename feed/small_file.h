// A whole file that is small by its nature: tokens, settings, states.
//
// Never blocks and never throws: only a regular file is read, and only up to a bound. Any thread.
#pragma once

#include "core/result.h"

#include <cstddef>
#include <optional>
#include <string>

namespace touchline {

// None: there is no such file. The error names the file and what is wrong with it (ErrorKind::environment).
Result<std::optional<std::string>> read_small_file(const std::string& path, std::size_t bytes_max);

}  // namespace touchline
