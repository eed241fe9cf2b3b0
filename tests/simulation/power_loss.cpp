#include "tests/simulation/power_loss.h"

#include <sqlite3.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <string_view>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

namespace touchline::simulation {
namespace {

constexpr std::size_t sector_bytes = 512;

struct Change {
  bool truncates = false;
  std::size_t at = 0;  // or the size
  std::string bytes;
};

struct OnDisk {
  std::string synced;
  std::vector<Change> since;
};

struct Disk {
  std::map<std::string, OnDisk> files;
  bool lost = false;
  int writes_left = -1;  // none are counted

  // Whether the power is still there for one more.
  bool write() {
    if (!lost && writes_left >= 0 && writes_left-- == 0) lost = true;
    return !lost;
  }
};

Disk& disk() {
  static Disk the_disk;
  return the_disk;
}

struct File {
  sqlite3_file base;
  OnDisk* on_disk;  // null: not looked at
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

File& file_of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
sqlite3_file* real_of(sqlite3_file* file) { return file_of(file).real(); }

void apply(std::string& content, const Change& change) {
  if (change.truncates) {
    content.resize(change.at);
    return;
  }
  if (content.size() < change.at + change.bytes.size()) content.resize(change.at + change.bytes.size());
  content.replace(change.at, change.bytes.size(), change.bytes);
}

int close_file(sqlite3_file* file) { return real_of(file)->pMethods->xClose(real_of(file)); }
int read_file(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
  return real_of(file)->pMethods->xRead(real_of(file), to, size, at);
}
int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
  if (!disk().write()) return SQLITE_IOERR_WRITE;
  if (OnDisk* kept = file_of(file).on_disk) {
    kept->since.push_back({false, static_cast<std::size_t>(at),
                           std::string(static_cast<const char*>(from), static_cast<std::size_t>(size))});
  }
  return real_of(file)->pMethods->xWrite(real_of(file), from, size, at);
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  if (!disk().write()) return SQLITE_IOERR_TRUNCATE;
  if (OnDisk* kept = file_of(file).on_disk) kept->since.push_back({true, static_cast<std::size_t>(size), {}});
  return real_of(file)->pMethods->xTruncate(real_of(file), size);
}
int sync_file(sqlite3_file* file, int) {
  if (!disk().write()) return SQLITE_IOERR_FSYNC;
  if (OnDisk* kept = file_of(file).on_disk) {
    for (const Change& change : kept->since)
      apply(kept->synced, change);
    kept->since.clear();
  }
  return SQLITE_OK;  // the real one would only cost time
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return real_of(file)->pMethods->xFileSize(real_of(file), size);
}
int lock_file(sqlite3_file* file, int kind) { return real_of(file)->pMethods->xLock(real_of(file), kind); }
int unlock_file(sqlite3_file* file, int kind) {
  return real_of(file)->pMethods->xUnlock(real_of(file), kind);
}
int is_reserved(sqlite3_file* file, int* out) {
  return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}
int control_file(sqlite3_file* file, int op, void* argument) {
  return real_of(file)->pMethods->xFileControl(real_of(file), op, argument);
}
int sector_size(sqlite3_file*) { return static_cast<int>(sector_bytes); }
int characteristics(sqlite3_file*) { return 0; }  // promises nothing
int shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
  return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, out);
}
int shm_lock(sqlite3_file* file, int offset, int n, int flags) {
  return real_of(file)->pMethods->xShmLock(real_of(file), offset, n, flags);
}
void shm_barrier(sqlite3_file* file) { real_of(file)->pMethods->xShmBarrier(real_of(file)); }
int shm_unmap(sqlite3_file* file, int remove) {
  return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

const sqlite3_io_methods methods{
    2,         close_file,  read_file,   write_file,   truncate_file, sync_file,       file_size,
    lock_file, unlock_file, is_reserved, control_file, sector_size,   characteristics, shm_map,
    shm_lock,  shm_barrier, shm_unmap,   nullptr,      nullptr};

sqlite3_vfs* real_vfs() {
  static sqlite3_vfs* const real = sqlite3_vfs_find(nullptr);
  return real;
}

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  File& opened = file_of(file);
  opened.base.pMethods = nullptr;
  opened.on_disk = nullptr;
  const int code = real_vfs()->xOpen(real_vfs(), name, opened.real(), flags, out_flags);
  if (code != SQLITE_OK) return code;
  if (name != nullptr && (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) != 0) {
    const auto [place, fresh] = disk().files.try_emplace(name);
    if (fresh) place->second.synced = content_of(name);
    opened.on_disk = &place->second;
  }
  opened.base.pMethods = &methods;
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs*, const char* name, int sync_folder) {
  if (!disk().write()) return SQLITE_IOERR_DELETE;
  if (const auto kept = disk().files.find(name); kept != disk().files.end()) kept->second = {};
  return real_vfs()->xDelete(real_vfs(), name, sync_folder);
}

}  // namespace

void stand_between() {
  static sqlite3_vfs between = *real_vfs();
  between.pNext = nullptr;
  between.zName = "power_loss";
  between.szOsFile = static_cast<int>(sizeof(File)) + real_vfs()->szOsFile;
  between.xOpen = open_file;
  between.xDelete = delete_file;
  sqlite3_vfs_register(&between, 1);
}

void lose_power_after(int writes) {
  disk().writes_left = writes;
  if (writes == 0) disk().lost = true;
}

bool power_is_lost() { return disk().lost; }

void restore_power(test::Random& random, bool kept_all) {
  for (auto& [path, file] : disk().files) {
    std::string content = file.synced;
    for (const Change& change : file.since) {
      if (kept_all || change.truncates || random.one_in(3)) {
        apply(content, change);
      } else if (random.one_in(2)) {
        // Torn: some sectors of it came through.
        for (std::size_t at = 0; at < change.bytes.size(); at += sector_bytes) {
          if (random.one_in(2))
            apply(content, {false, change.at + at, change.bytes.substr(at, sector_bytes)});
        }
      }
    }
    file = {content, {}};
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) continue;
    std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
  }
  for (const auto& [path, file] : disk().files)
    ::unlink((path + "-shm").c_str());
  disk().lost = false;
  disk().writes_left = -1;
}

void forget_files() { disk().files.clear(); }

}  // namespace touchline::simulation
