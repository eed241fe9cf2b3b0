// A library to be loaded in front of the system's: from the so-many-th call on, nothing can be synced to the disk.
//
// FAILING_SYNC_AFTER names the number of calls that work. What a disk that is dying does to whoever asks.

#include <dlfcn.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>

#include <unistd.h>

namespace {

bool fails() {
  static std::atomic<int> calls{0};
  const char* after = std::getenv("FAILING_SYNC_AFTER");  // NOLINT(concurrency-mt-unsafe)
  return after != nullptr && calls.fetch_add(1) >= std::atoi(after);
}

int sync_with(const char* name, int file) {
  if (fails()) {
    errno = EIO;
    return -1;
  }
  using Sync = int (*)(int);
  static_assert(sizeof(Sync) == sizeof(void*));
  return reinterpret_cast<Sync>(dlsym(RTLD_NEXT, name))(file);
}

}  // namespace

extern "C" int fdatasync(int file) { return sync_with("fdatasync", file); }
extern "C" int fsync(int file) { return sync_with("fsync", file); }
