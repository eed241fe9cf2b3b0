// Opening whatever can be played: lines of any format, or a store of ours.
//
// Tells them apart by their first bytes. Knows no player and no pace.
// Errors name the file.
#pragma once

#include "core/result.h"
#include "feed/playable.h"

#include <memory>
#include <string>

namespace touchline {

// Whether it is to be read as it comes: standard input ("-") or anything else that is there and is no file.
bool is_pipe(const std::string& path);

// An error if the recording is the store that it is to be played into, under whatever name.
Result<void> refuse_own_store(const std::string& path, const std::string& store);

Result<std::unique_ptr<Playable>> open_recording(const std::string& path);

}  // namespace touchline
