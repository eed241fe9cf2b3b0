// A Betfair line against a scripted vendor that cuts, delays, breaks off, repeats and answers with errors: in the end
// the books are those of the lines read one after another.

#include "feed/ingest/betfair_client.h"

#include "feed/ingest/betfair_parser.h"
#include "feed/ingest/line_reader.h"
#include "tests/feed/betfair_gateway.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace touchline {
namespace {

using std::chrono::milliseconds;
using testing::Contains;
using testing::HasSubstr;
using testing::SizeIs;

// Prices of a few runners in a few markets of two events, flipping back and forth, several in one message.
std::vector<std::string> made_up_lines(std::size_t count) {
  std::mt19937 random(5);
  const auto draw = [&](unsigned from, unsigned until) {
    return std::to_string(from + random() % (until - from));
  };
  std::vector<std::string> lines;
  std::int64_t pt = 1'700'000'000'000;
  std::string image = R"({"op":"mcm","pt":1700000000000,"ct":"SUB_IMAGE","mc":[)";
  for (const char* market : {"0", "1", "2", "3"}) {
    image += std::string(*market == '0' ? "" : ",") + R"({"id":"1.10)" + market +
             R"(","img":true,"marketDefinition":{"eventId":"3000)" + (*market < '2' ? "1" : "2") +
             R"(","eventTypeId":"1","status":"OPEN","version":1,"runners":[{"id":1,"status":"ACTIVE"},)" +
             R"({"id":2,"status":"ACTIVE"}]}})";
  }
  lines.push_back(image + "]}");
  for (std::size_t i = 0; i < count; ++i) {
    pt += std::stoi(draw(0, 3));
    std::string changes;
    for (int markets = std::stoi(draw(1, 4)); markets > 0; --markets) {
      changes += std::string(changes.empty() ? "" : ",") + R"({"id":"1.10)" + draw(0, 4) +
                 R"(","rc":[{"id":)" + draw(1, 3) + R"(,"ltp":)" + draw(2, 4) + R"(,"atb":[[)" + draw(2, 5) +
                 "," + draw(0, 3) + "]]}]}";
    }
    lines.push_back(R"({"pt":)" + std::to_string(pt) + R"(,"op":"mcm","mc":[)" + changes + "]}");
  }
  return lines;
}

using Digests = std::map<std::string, std::uint64_t>;

Digests digests_of(const Origin& origin) {
  Digests digests;
  for (const auto& event : origin.table().events())
    digests[event->id] = event->state.digest();
  return digests;
}

Digests digests_of_lines(const std::vector<std::string>& lines) {
  Origin origin;
  const LineRef line = origin.add_line(origin.add_source());
  BetfairParser parser;
  Update update;
  for (std::string text : lines) {
    const std::size_t size = text.size();
    text.append(64, ' ');
    EXPECT_TRUE(parser.parse(std::string_view(text).substr(0, size), update)) << text;
    EXPECT_TRUE(origin.take(line, update, 1));
  }
  return digests_of(origin);
}

// A publisher whose journal is always done at once, and remembers the last cursor of each line.
class Betfair : public testing::Test {
 protected:
  BetfairClient& add_client(std::uint16_t port, const std::string& key = "line") {
    BetfairClientOptions options;
    options.endpoint = {"betfair", "127.0.0.1", port};
    options.login = [this] { return login_; };
    options.cursor_key = key;
    options.source_name = "exchange";
    options.retry_base = milliseconds(1);
    options.patience = milliseconds(50);
    options.login_interval = milliseconds(5);
    if (source_.value == 0) source_ = origin_.add_source();
    clients_.push_back(
        std::make_unique<BetfairClient>(loop_, publisher_, origin_.add_line(source_), std::move(options)));
    clients_.back()->on_news = [this](const BetfairNews& news) { news_.push_back(news); };
    publisher_.before_commit = [this](Origin& origin) {
      for (const auto& client : clients_)
        client->note_cursor(origin);
    };
    publisher_.on_room = [this] {
      for (const auto& client : clients_)
        client->resume();
    };
    return *clients_.back();
  }

  template <class Condition>
  void run_until(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(100);
    while (!condition() && std::chrono::steady_clock::now() < end) {
      loop_.after(milliseconds(1), [this] { loop_.stop(); });
      loop_.run();
    }
    ASSERT_TRUE(condition());
  }
  void run_to_last(const std::vector<std::string>& lines, const std::string& key = "line") {
    const std::string last = "\"c" + std::to_string(lines.size() - 1) + "\"]";
    run_until([&] { return cursors_[key].token.ends_with(last); });
  }
  int count(BetfairNews::Kind kind) const {
    return static_cast<int>(std::ranges::count(news_, kind, &BetfairNews::kind));
  }

  Loop loop_;
  Origin origin_;
  SourceId source_{};
  Hub hub_{origin_.table(), Epoch(1), {}};
  Publisher publisher_{origin_, hub_, [this](Batch batch) {
                         for (const Cursor& cursor : batch.cursors)
                           cursors_[cursor.recording] = cursor;
                         loop_.post([this, done = std::make_shared<Batch>(std::move(batch))] {
                           publisher_.committed(std::move(*done), {}, 1);
                         });
                       }};
  std::map<std::string, Cursor> cursors_;
  BetfairLogin login_{"key", "token"};
  std::vector<BetfairNews> news_;
  std::vector<std::unique_ptr<BetfairClient>> clients_;
};

TEST_F(Betfair, TakesWhatIsStreamed) {
  const auto lines = made_up_lines(300);
  BetfairGateway gateway(loop_, {.lines = lines});
  add_client(gateway.port()).start();
  run_to_last(lines);
  EXPECT_EQ(digests_of(origin_), digests_of_lines(lines));
  EXPECT_EQ(gateway.connections(), 1);
  EXPECT_EQ(count(BetfairNews::Kind::subscribed), 1);
}

TEST_F(Betfair, TakesItHoweverItIsCut) {
  const auto lines = made_up_lines(50);
  BetfairGateway gateway(loop_, {.lines = lines, .piece_bytes_max = 1, .in_segments = true});
  add_client(gateway.port()).start();
  run_to_last(lines);
  EXPECT_EQ(digests_of(origin_), digests_of_lines(lines));
}

// Wherever it breaks off, also within a line, or between the segments of a change.
TEST_F(Betfair, GoesOnWhereAConnectionBrokeOff) {
  const auto lines = made_up_lines(400);
  std::mt19937 random(3);
  BetfairGateway gateway(loop_, {.lines = lines,
                                 .piece_bytes_max = 300,
                                 .breaks_after = [&](int) { return 100 + random() % 3'000; },
                                 .in_segments = true,
                                 .out_of_order = true});
  add_client(gateway.port()).start();
  run_to_last(lines);
  EXPECT_EQ(digests_of(origin_), digests_of_lines(lines));
  EXPECT_GT(gateway.connections(), 10);
  EXPECT_EQ(gateway.at_once_max(), 1) << "two connections at a time";
  // Each message once: nothing is lost and nothing doubled.
  EXPECT_EQ(origin_.counts().messages, lines.size());
}

TEST_F(Betfair, TakesNoHarmFromRepeats) {
  const auto lines = made_up_lines(400);
  BetfairGateway gateway(loop_, {.lines = lines,
                                 .piece_bytes_max = 2'000,
                                 .breaks_after = [](int n) { return 4'000 + 1'000 * n; },
                                 .repeats = 7});
  add_client(gateway.port()).start();
  run_to_last(lines);
  EXPECT_EQ(digests_of(origin_), digests_of_lines(lines));
  EXPECT_GT(gateway.connections(), 3);
  EXPECT_GT(origin_.counts().messages, lines.size());
}

TEST_F(Betfair, IsTakenUpByItsCursor) {
  const auto lines = made_up_lines(200);
  const std::vector<std::string> first(lines.begin(), lines.begin() + 120);
  {
    BetfairGateway gateway(loop_, {.lines = first});
    add_client(gateway.port()).start();
    run_to_last(first);
  }
  clients_.clear();
  BetfairGateway gateway(loop_, {.lines = lines});
  BetfairClient& client = add_client(gateway.port());
  EXPECT_TRUE(client.take_up(cursors_["line"]));
  client.start();
  run_to_last(lines);
  EXPECT_EQ(digests_of(origin_), digests_of_lines(lines));
  EXPECT_EQ(origin_.counts().messages, lines.size());
  EXPECT_EQ(cursors_["line"].line, lines.size());
  EXPECT_THAT(gateway.requests(), Contains(HasSubstr(R"("initialClk":"i","clk":"c119"})")));
}

TEST_F(Betfair, IsNotTakenUpByTheCursorOfAnotherSubscription) {
  Cursor cursor;
  cursor.token = R"(["i","c1"])";
  cursor.fingerprint = 1;
  EXPECT_FALSE(add_client(1).take_up(cursor));
}

TEST_F(Betfair, ComesBackAfterErrorsThatPass) {
  const auto lines = made_up_lines(20);
  BetfairGateway gateway(loop_, {.lines = lines, .errors = {"TIMEOUT", "MAX_CONNECTION_LIMIT_EXCEEDED"}});
  const auto begin = std::chrono::steady_clock::now();
  add_client(gateway.port()).start();
  run_to_last(lines);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(50));
  EXPECT_EQ(gateway.connections(), 3);
  EXPECT_EQ(count(BetfairNews::Kind::ended), 2);
}

TEST_F(Betfair, WaitsForAnotherLoginWhereItsOwnIsRefused) {
  const auto lines = made_up_lines(20);
  BetfairGateway gateway(loop_, {.lines = lines, .errors = {"INVALID_SESSION_INFORMATION"}});
  add_client(gateway.port()).start();
  run_until([&] { return count(BetfairNews::Kind::given_up) == 1; });
  bool waited = false;
  loop_.after(milliseconds(50), [&] { waited = true; });
  run_until([&] { return waited; });
  EXPECT_EQ(gateway.connections(), 1);
  login_.session = "another";
  run_to_last(lines);
  EXPECT_EQ(gateway.connections(), 2);
  EXPECT_THAT(gateway.requests(), Contains(HasSubstr("\"session\":\"another\"")));
}

TEST_F(Betfair, GivesUpWhereNothingHelps) {
  BetfairGateway gateway(loop_, {.lines = {}, .errors = {"INVALID_INPUT"}});
  add_client(gateway.port()).start();
  run_until([&] { return count(BetfairNews::Kind::given_up) == 1; });
  bool waited = false;
  loop_.after(milliseconds(50), [&] { waited = true; });
  run_until([&] { return waited; });
  EXPECT_EQ(gateway.connections(), 1);
}

TEST_F(Betfair, TriesAgainWhereNobodyListens) {
  std::uint16_t port = 0;
  { port = BetfairGateway(loop_, {.lines = {}}).port(); }
  const auto lines = made_up_lines(20);
  add_client(port).start();
  run_until([&] { return count(BetfairNews::Kind::ended) == 3; });
  BetfairGateway gateway(loop_, {.lines = lines}, port);
  run_to_last(lines);
}

TEST_F(Betfair, ALineThatIsGoneMakesItsEventsStaleUntilItGoesOn) {
  const auto now_ms = [] {
    return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  };
  const auto lines = made_up_lines(60);
  const std::vector<std::string> first(lines.begin(), lines.begin() + 30);
  std::uint16_t port = 0;
  {
    BetfairGateway gateway(loop_, {.lines = first});
    port = gateway.port();
    add_client(port).start();
    run_to_last(first);
    origin_.watch(source_, {.silent_ms = 0, .disconnected_ms = 5}, now_ms());
  }
  run_until([&] {
    origin_.expire(now_ms());
    return origin_.health(source_, now_ms()).stale;
  });
  BetfairGateway gateway(loop_, {.lines = lines}, port);
  run_to_last(lines);
  EXPECT_FALSE(origin_.health(source_, now_ms()).stale);
  EXPECT_EQ(origin_.counts().messages, lines.size());
}

// --- Two lines of one source.

TEST_F(Betfair, TwoLinesGiveEachChangeOnceThoughOneDies) {
  const auto lines = made_up_lines(600);
  std::mt19937 random(9);
  BetfairGateway a(loop_,
                   {.lines = lines, .piece_bytes_max = 500, .breaks_after = [](int) { return 20'000; }});
  BetfairGateway b(loop_, {.lines = lines, .piece_bytes_max = 700, .breaks_after = [&](int) {
                             return 500 + random() % 9'000;
                           }});
  add_client(a.port(), "a").start();
  add_client(b.port(), "b").start();
  run_until([&] { return a.connections() == 2; });
  a.close();  // for good
  run_to_last(lines, "b");
  EXPECT_EQ(digests_of(origin_), digests_of_lines(lines));
  EXPECT_GT(origin_.counts().copies, 0U);
}

// --- Recordings.

std::vector<std::string> recorded_lines(const char* name) {
  const char* folder = std::getenv("TOUCHLINE_RECORDINGS");  // NOLINT(concurrency-mt-unsafe)
  const std::filesystem::path path = folder != nullptr
                                         ? std::filesystem::path(folder)
                                         : std::filesystem::path(TOUCHLINE_SOURCE_DIR) / "../shared/data";
  auto reader = LineReader::open((path / name).string());
  std::vector<std::string> lines;
  while (reader) {
    const auto line = reader->next();
    if (!line || line->kind == LineReader::Kind::end) break;
    if (line->text.find("\"op\":\"mcm\"") != std::string_view::npos) lines.emplace_back(line->text);
  }
  return lines;
}

TEST_F(Betfair, StreamsARecordingThatBreaksOffEverywhereToTheBooksOfItsReplay) {
  const auto lines = recorded_lines("tennis-4-markets.bz2");
  if (lines.empty())
    GTEST_SKIP() << "no recording tennis-4-markets.bz2; TOUCHLINE_RECORDINGS names their folder";
  std::mt19937 random(11);
  BetfairGateway gateway(loop_, {.lines = lines,
                                 .piece_bytes_max = 5'000,
                                 .breaks_after = [&](int) { return 1'000 + random() % 60'000; },
                                 .repeats = 2,
                                 .in_segments = true});
  add_client(gateway.port()).start();
  run_to_last(lines);
  EXPECT_EQ(digests_of(origin_), digests_of_lines(lines));
  EXPECT_GT(gateway.connections(), 20);
}

}  // namespace
}  // namespace touchline
