#include "feed/reader_session.h"

#include "core/subscriber.h"
#include "tests/feed/wired_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace touchline {
namespace {

using testing::HasSubstr;

// A session that the test is the socket and the clock of.
struct Line {
  explicit Line(Wired& wired, SessionOptions options = {})
      : session(wired.hub, options, "10.0.0.1:1",
                {[this](const SessionNews& n) { news.push_back(n); }, {}, [this] { ++woken; }}, 0) {}

  std::string write(std::int64_t now_ms = 0) {
    std::string bytes;
    for (const Hub::Piece& piece : session.next_write(now_ms))
      bytes.append(piece.bytes);
    if (!bytes.empty()) session.written(now_ms);
    return bytes;
  }
  void hello(const Hello& hello = {}) {
    std::string frame;
    put(frame, hello);
    session.receive(frame, 0);
  }

  std::vector<SessionNews> news;
  int woken = 0;
  ReaderSession session;
};

// The first frame in some bytes.
std::string error_in(const std::string& bytes) {
  FrameReader frames;
  frames.append(bytes);
  Frame frame;
  if (!frames.next(frame).value() || frame.kind != FrameKind::error) return "";
  return read_error(frame.body)->text;
}

TEST(ReaderSession, GivesUpOnAPeerThatSaysNothing) {
  Wired wired;
  Line line(wired);
  EXPECT_EQ(line.session.due_ms(), 5'000);
  line.session.tick(4'999);
  EXPECT_EQ(line.write(), "");
  line.session.tick(5'000);
  EXPECT_EQ(error_in(line.write(5'000)), "no hello in time");
  EXPECT_TRUE(line.session.over());
}

TEST(ReaderSession, WaitsForNobodyToTakeALastWord) {
  Wired wired;
  Line line(wired);
  line.session.receive("\x01\xff\xff\xff\x7f", 100);
  ASSERT_EQ(line.news.size(), 1U);
  EXPECT_THAT(line.news[0].text, HasSubstr("bytes, 65536 allowed at byte 0"));
  ASSERT_FALSE(line.session.next_write(100).empty());  // and it is never taken
  line.session.tick(5'099);
  EXPECT_FALSE(line.session.over());
  line.session.tick(5'100);
  EXPECT_TRUE(line.session.over());
}

TEST(ReaderSession, SendsAwayWhoTakesNothingForTooLong) {
  Wired wired;
  Line line(wired);
  line.hello();
  wired.publisher.flush(0);
  ASSERT_FALSE(line.session.next_write(0).empty());
  line.session.progress(6'000);
  line.session.tick(15'999);
  EXPECT_EQ(wired.hub.reader_count(), 1U);
  line.session.tick(16'000);
  EXPECT_EQ(wired.hub.reader_count(), 0U);  // nothing is kept for it any more
  EXPECT_FALSE(line.session.over());
  line.session.tick(21'000);
  EXPECT_TRUE(line.session.over());
  line.session.ended("");
  EXPECT_EQ(line.news.back().text, "took nothing for 10000 ms");
}

TEST(ReaderSession, KeepsNoAnswersForAPeerThatDoesNotReadThem) {
  Wired wired;
  Line line(wired);
  line.hello();
  std::string ping;
  put(ping, Ping{1}, FrameKind::ping);
  for (int i = 0; i < 100'000 && line.news.back().kind != SessionNews::Kind::refused; ++i)
    line.session.receive(ping, 0);
  EXPECT_EQ(line.news.back().text, "sends pings and does not read the answers");
  EXPECT_LT(line.write().size(), 2 * limits::control_bytes);
}

TEST(ReaderSession, AsksOnceForAKeyframeThatIsAskedForAgainAndAgain) {
  Wired wired;
  wired.update("e", 2);
  wired.commit_all();
  Line line(wired);
  line.hello();
  wired.publisher.flush(0);
  line.write();
  std::string resync;
  put(resync, Resync{EventHandle(1), "again"});
  for (int i = 0; i < 1'000; ++i)
    line.session.receive(resync, 0);
  EXPECT_EQ(wired.hub.counts().resyncs, 1U);
  wired.publisher.flush(0);
  EXPECT_LT(line.write().size(), 300U);
  line.session.receive(resync, 0);
  EXPECT_EQ(wired.hub.counts().resyncs, 2U);
}

TEST(ReaderSession, BeatsOnAnIdleLineOnly) {
  Wired wired;
  Line line(wired);
  line.hello();
  wired.publisher.flush(0);
  line.write(0);
  line.session.tick(1'000);
  EXPECT_EQ(line.write(1'000).substr(0, 1), "\x04");
  wired.update("e", 2);
  wired.commit_all();
  line.session.tick(2'000);
  EXPECT_NE(line.write(2'000).substr(0, 1), "\x04");
}

}  // namespace
}  // namespace touchline
