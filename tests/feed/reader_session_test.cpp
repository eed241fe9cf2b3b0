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

SessionOptions with_tokens(const std::string& text) {
  SessionOptions options;
  options.tokens = std::make_shared<RelayTokens>(parse_tokens(text, "relays").value());
  return options;
}

Hello with_token(const std::string& token) {
  Hello hello;
  hello.relay = "whoever";
  hello.token = token;
  hello.view = "what is not there";
  return hello;
}

TEST(ReaderSession, CallsARelayByTheNameOfItsToken) {
  Wired wired;
  Line line(wired, with_tokens(line_of_token("edge-1", "one")));
  Hello hello = with_token("one");
  hello.view = "";
  line.hello(hello);
  ASSERT_EQ(line.news.size(), 1U);
  EXPECT_EQ(line.news[0].kind, SessionNews::Kind::joined);
  EXPECT_EQ(line.news[0].relay, "edge-1");
}

TEST(ReaderSession, TellsAWrongTokenNothingAndThatLate) {
  for (const char* token : {"", "two", "one "}) {
    Wired wired;
    Line line(wired, with_tokens(line_of_token("edge-1", "one")));
    line.hello(with_token(token));
    EXPECT_EQ(line.write(), "");
    EXPECT_FALSE(line.session.over());
    EXPECT_EQ(line.session.due_ms(), 200);
    line.hello(with_token("one"));  // too late
    line.session.tick(199);
    EXPECT_EQ(line.write(199), "");
    line.session.tick(200);
    const std::string bytes = line.write(200);
    FrameReader frames;
    frames.append(bytes);
    Frame frame;
    ASSERT_TRUE(frames.next(frame).value());
    ASSERT_EQ(frame.kind, FrameKind::error);
    const auto error = read_error(frame.body);
    EXPECT_EQ(error->code, ErrorCode::unauthorized);
    EXPECT_EQ(error->text, "");
    EXPECT_TRUE(line.session.over());
    ASSERT_EQ(line.news.size(), 1U);
    EXPECT_THAT(line.news[0].text, HasSubstr("unauthorized: "));
    EXPECT_EQ(wired.hub.reader_count(), 0U);
  }
}

TEST(ReaderSession, GivesTheSeatOfItsTokenBackWhenItEnds) {
  Wired wired;
  const SessionOptions options = with_tokens(line_of_token("edge-1", "one") + " sessions=1");
  Hello hello;
  hello.token = "one";
  Line first(wired, options);
  first.hello(hello);
  Line second(wired, options);
  second.hello(hello);
  EXPECT_EQ(error_in(second.write()), "edge-1 has all the sessions that it may have, 1");
  first.session.ended("gone");
  Line third(wired, options);
  third.hello(hello);
  EXPECT_TRUE(third.session.joined());
}

}  // namespace
}  // namespace touchline
