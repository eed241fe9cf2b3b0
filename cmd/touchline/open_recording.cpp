#include "cmd/touchline/open_recording.h"

#include "cmd/touchline/store_recording.h"
#include "feed/ingest/recording.h"

#include <filesystem>
#include <system_error>

#include <sys/stat.h>

namespace touchline {

bool is_pipe(const std::string& path) {
  struct stat info {};
  return path == "-" || (::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode));
}

Result<void> refuse_own_store(const std::string& path, const std::string& store) {
  std::error_code ignored;
  if (!std::filesystem::equivalent(path, store, ignored)) return {};
  return Error{ErrorKind::usage, path + ": is the store itself, which cannot be played into itself", 0};
}

Result<std::unique_ptr<Playable>> open_recording(const std::string& path) {
  if (StoreRecording::is_store(path)) {
    auto store = StoreRecording::open(path);
    if (!store) return store.error();
    return std::unique_ptr<Playable>(std::move(*store));
  }
  auto recording = Recording::open(path);
  if (!recording) return recording.error();
  return std::unique_ptr<Playable>(std::make_unique<Recording>(std::move(*recording)));
}

}  // namespace touchline
