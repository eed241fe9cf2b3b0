// What the tests of storage share: a folder of their own, a store that is written as the service writes it,
// and a past of it that is kept in memory the plain way, to compare with.
//
// Knows Origin and Journal, and no reader: what is read is compared by the tests. Everything is made from a
// seed.
#pragma once

#include "core/event_state.h"
#include "core/origin.h"
#include "core/update.h"
#include "storage/journal.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace touchline::test {

class TempFolder {
 public:
  TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder();
  std::string operator/(std::string_view name) const { return (path_ / name).string(); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::string bytes_of(const std::string& path);
void write_bytes(const std::string& path, std::string_view bytes);

// Updates about a few events, each in a way that a source could send.
class RandomFeed {
 public:
  RandomFeed(std::uint64_t seed, int events) : random_(seed), events_(events) {}
  Update next();
  std::int64_t now_ms() const { return now_ms_; }
  std::uint64_t below(std::uint64_t end) {
    return std::uniform_int_distribution<std::uint64_t>(0, end - 1)(random_);
  }

 private:
  void add_market(Update& update);

  std::mt19937_64 random_;
  int events_;
  std::int64_t now_ms_ = 1'700'000'000'000;
  std::uint64_t messages_ = 0;
};

// One event right behind one of its deltas.
struct Moment {
  EventHandle event;
  Offset offset;
  std::int64_t published_ms = 0;
  std::int64_t ingest_time_ms = 0;
  EventState state;
};

class Store {
 public:
  explicit Store(const std::string& path, OriginOptions options = {});

  // An update about one event.
  void take(Update update, std::int64_t now_ms);
  void commit(std::int64_t committed_ms);
  // So many updates of the feed, a few of them a batch.
  void run(RandomFeed& feed, int updates);

  Journal& journal() { return journal_; }
  Origin& origin() { return origin_; }
  const std::map<std::string, std::vector<Moment>>& past() const { return past_; }
  const std::string& path() const { return journal_.path(); }

 private:
  Journal journal_;
  Origin origin_;
  LineRef line_;
  std::map<std::string, std::vector<Moment>> past_;
};

// A store of `updates` random updates about a few events, closed again, with its past.
std::map<std::string, std::vector<Moment>> write_store(const std::string& path, std::uint64_t seed,
                                                       int events, int updates, OriginOptions options = {});

// A closed store at another place, over what stands there.
void copy_store(const std::string& from, const std::string& to);

// Runs one statement in a store behind its back.
void tamper(const std::string& path, const char* sql);

// The same cells, by digest and one by one, and as far on.
testing::AssertionResult same_state(const EventState& a, const EventState& b);

}  // namespace touchline::test
