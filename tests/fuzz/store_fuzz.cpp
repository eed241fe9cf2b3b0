// A store with any bytes of it changed: refused or named by verify, or what it says is what was written. The input is
// changes to a sound store: place (3 bytes), length (1 byte), bytes.

#include "core/origin.h"
#include "feed/ingest/native_parser.h"
#include "storage/journal.h"
#include "storage/journal_reader.h"
#include "storage/restore.h"
#include "storage/verify.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include <unistd.h>

namespace {

using namespace touchline;

void must(bool is_so) {
  if (!is_so) std::abort();
}

struct Original {
  std::string path;
  std::string bytes;
  std::map<std::string, std::uint64_t> digests;

  Original() {
    std::string folder =
        std::string(std::filesystem::exists("/dev/shm") ? "/dev/shm" : "/tmp") + "/touchline-fuzz-XXXXXX";
    must(::mkdtemp(folder.data()) != nullptr);
    path = folder + "/store.db";
    write();
    std::ifstream file(path, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  }
  ~Original() { std::filesystem::remove_all(std::filesystem::path(path).parent_path()); }

  void write() {
    auto journal = Journal::open(path, 1'000);
    must(bool(journal) && bool(journal->begin({})));
    const auto source = journal->source("feed");
    must(bool(source));
    Origin origin(OriginOptions{.snapshot_deltas = 8, .snapshot_deltas_min = 4});
    const LineRef line = origin.add_line(origin.add_source());
    NativeParser parser;
    Update update;
    for (int i = 1; i <= 40; ++i) {
      std::string text = R"({"event":"e)" + std::to_string(i % 3) + R"(","seq":)" + std::to_string(i) +
                         R"(,"time":)" + std::to_string(1'786'802'400'000 + i) + R"(,"image":)" +
                         (i <= 3 ? "true" : "false") + R"(,"home_score":)" + std::to_string(i) + "}";
      const std::size_t size = text.size();
      text.append(64, '\0');
      must(bool(parser.parse(std::string_view(text).substr(0, size), update)));
      must(bool(origin.take(line, update, 1'000 + i)));
      origin.expire(1'000 + 10'000 * i);
      if (i % 5 == 0) must(bool(journal->commit(origin.take_batch(), 2'000 + i)));
    }
    must(bool(journal->end()));
    for (const auto& event : origin.table().events())
      digests[event->id] = event->state.digest();
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Original original;
  std::string bytes = original.bytes;
  for (std::size_t at = 0; at + 5 <= size;) {
    const std::size_t place =
        (std::size_t{data[at]} << 16U | std::size_t{data[at + 1]} << 8U | data[at + 2]) % bytes.size();
    const std::size_t length =
        std::min<std::size_t>({data[at + 3] % 16U + 1U, size - at - 4, bytes.size() - place});
    std::copy_n(data + at + 4, length, bytes.begin() + static_cast<std::ptrdiff_t>(place));
    at += 4 + length;
  }
  for (const char* end : {"-wal", "-shm"})
    std::filesystem::remove(original.path + end);
  std::ofstream(original.path, std::ios::binary)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));

  const auto report = verify(original.path);
  const bool is_sound = report && report->sound();
  auto reader = JournalReader::open(original.path);
  if (!reader) return 0;
  if (const auto events = reader->events()) {
    for (const EventEntry& event : *events) {
      const auto state = reader->state(event.handle, {});
      if (!is_sound) continue;
      must(bool(state));
      const auto known = original.digests.find(event.id);
      must(known == original.digests.end() || known->second == state->state.digest());
    }
  }
  if (auto journal = Journal::open(original.path, 3'000)) {
    Origin origin;
    origin.add_source();
    const auto restored = journal->restore(origin);
    must(restored || !is_sound);
  }
  return 0;
}
