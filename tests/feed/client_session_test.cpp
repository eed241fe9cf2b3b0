#include "feed/clients/client_session.h"

#include "feed/mirrored_events.h"
#include "tests/core/random_fixture.h"
#include "tests/feed/client_model.h"
#include "tests/feed/server_bytes.h"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace touchline {
namespace {

using test::client_frame;
using test::ClientModel;
using test::events_request;
using test::upgrade_request;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using Types = std::vector<std::string>;

constexpr std::int64_t begin_ms = 1'000;

class Sessions : public testing::Test {
 protected:
  Sessions() {
    hub_.begun_anew({Epoch(7), Offset(0)});
    change("a", 1);
    hub_.whole();
  }

  void change(const std::string& id, std::int64_t score) {
    LiveEvent& live = mirrored_.reach(EventHandle(1));
    EventState before = MirroredEvents::is_gap(live) ? EventState() : live.state;
    EventState after = before;
    after.set(Address(0, 0, Field::id), id);
    after.set(Address(0, 0, Field::home_score), score);
    after.seq = before.seq.next();
    const Delta delta = diff(before, after);
    MirroredEvents::set(live, std::move(after));
    hub_.delta(EventHandle(1), live.state, delta, ++offset_);
  }
  struct Offsets {
    Offset operator++() { return at = at.next(); }
    Offset at;
  } offset_;

  // Everything that it wants to send by now.
  static std::string sent(ClientSession& session, std::int64_t now_ms = begin_ms) {
    std::string bytes;
    for (std::vector<ClientSession::Piece> pieces; session.next_write(pieces, now_ms), !pieces.empty();
         pieces.clear()) {
      for (const auto& piece : pieces)
        bytes.append(piece.bytes);
    }
    return bytes;
  }
  std::string answer(const std::string& request, const std::string& refusal = "") {
    ClientSession session(hub_, options_, refusal, 0, begin_ms);
    session.receive(request, begin_ms);
    std::string bytes = sent(session);
    EXPECT_TRUE(session.over()) << bytes;
    return bytes;
  }
  static Types take_messages(std::string& bytes, ClientModel& model) {
    model.types.clear();
    while (const auto frame = test::take_frame(bytes)) {
      EXPECT_EQ(frame->opcode, 1U);
      model.take(frame->payload);
    }
    return model.types;
  }
  // Upgraded, and through its first messages.
  void upgrade(ClientSession& session, const std::string& target = "/v1/live") {
    session.receive(upgrade_request(target), begin_ms);
    std::string bytes = sent(session);
    ASSERT_THAT(bytes, StartsWith("HTTP/1.1 101 "));
    test::take_head(bytes);
    take_messages(bytes, model_);
  }
  // The code of the close frame at the end of what it sends.
  static int close_code(ClientSession& session) {
    std::string bytes = sent(session);
    int code = 0;
    while (const auto frame = test::take_frame(bytes)) {
      if (frame->opcode == 8)
        code =
            static_cast<std::uint8_t>(frame->payload[0]) << 8 | static_cast<std::uint8_t>(frame->payload[1]);
    }
    EXPECT_TRUE(session.over());
    return code;
  }

  MirroredEvents mirrored_;
  ClientHub hub_{mirrored_};
  ClientSessionOptions options_;
  ClientModel model_;
};

TEST_F(Sessions, AreUpgradedAtEveryByte) {
  const std::string request = upgrade_request("/v1/live?event=a") + client_frame(9, "hi");
  for (std::size_t cut = 1; cut < request.size(); ++cut) {
    ClientSession session(hub_, options_, "", 0, begin_ms);
    session.receive(request.substr(0, cut), begin_ms);
    session.receive(request.substr(cut), begin_ms);
    std::string bytes = sent(session);
    const auto head = test::take_head(bytes);
    ASSERT_TRUE(head) << cut;
    EXPECT_THAT(*head, HasSubstr("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    const auto pong = test::take_frame(bytes);
    ASSERT_TRUE(pong);
    EXPECT_EQ(pong->opcode, 10U);
    EXPECT_EQ(pong->payload, "hi");
    ClientModel model;
    EXPECT_THAT(take_messages(bytes, model), ElementsAre("hello", "snapshot", "position"));
  }
}

TEST_F(Sessions, StreamEventsWithThePositionAsTheirId) {
  ClientSession session(hub_, options_, "", 0, begin_ms);
  session.receive(events_request("/v1/live"), begin_ms);
  std::string bytes = sent(session);
  const auto head = test::take_head(bytes);
  ASSERT_TRUE(head);
  EXPECT_THAT(*head, HasSubstr("Content-Type: text/event-stream"));
  EXPECT_EQ(test::take_event(bytes)->retry, "1000");
  EXPECT_THAT(test::take_event(bytes)->data, StartsWith("{\"type\":\"hello\""));
  const auto snapshot = test::take_event(bytes);
  EXPECT_THAT(snapshot->data, StartsWith("{\"type\":\"snapshot\""));
  EXPECT_EQ(snapshot->id, "") << "it does not stand there before it has everything";
  EXPECT_EQ(test::take_event(bytes)->id, "7-1");
  change("a", 2);
  bytes = sent(session);
  const auto delta = test::take_event(bytes);
  EXPECT_EQ(delta->id, "7-2");
  EXPECT_THAT(delta->data, HasSubstr(R"("patch":{"home_score":2})"));
  EXPECT_EQ(bytes, "");
}

TEST_F(Sessions, GoOnFromTheLastEventIdOrThePosition) {
  change("a", 2);
  for (const std::string& request : {events_request("/v1/live?position=1-1", "Last-Event-ID: 7-2\r\n"),
                                     events_request("/v1/live?position=7-2")}) {
    ClientSession session(hub_, options_, "", 0, begin_ms);
    session.receive(request, begin_ms);
    const std::string bytes = sent(session);
    EXPECT_THAT(bytes, HasSubstr(R"("resume":"tail")"));
    EXPECT_THAT(bytes, testing::Not(HasSubstr("snapshot")));
  }
}

TEST_F(Sessions, GiveAnEventsState) {
  const std::string bytes = answer("GET /v1/events/a HTTP/1.1\r\n\r\n");
  EXPECT_THAT(bytes, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(bytes, HasSubstr("{\"type\":\"snapshot\",\"event\":\"a\",\"seq\":1,"));
  EXPECT_THAT(answer("GET /v1/events/b HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(answer("GET /v1/events/%61 HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(Sessions, GiveThePageAndTheModuleAsTheyStandInTheSources) {
  const auto given = [&](const std::string& path, const std::string& file) {
    std::string bytes = answer("GET " + path + " HTTP/1.1\r\n\r\n");
    const auto head = test::take_head(bytes);
    EXPECT_THAT(head.value_or(""), HasSubstr("Content-Security-Policy: default-src 'self'"));
    EXPECT_THAT(head.value_or(""), HasSubstr("Content-Length: " + std::to_string(bytes.size())));
    std::ifstream source(TOUCHLINE_SOURCE_DIR "/feed/clients/page/" + file);
    EXPECT_EQ(bytes, std::string(std::istreambuf_iterator<char>(source), {})) << path;
    return head.value_or("");
  };
  EXPECT_THAT(given("/", "index.html"), HasSubstr("Content-Type: text/html"));
  EXPECT_THAT(given("/?event=a", "index.html"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(given("/touchline.js", "touchline.js"), HasSubstr("Content-Type: text/javascript"));
  EXPECT_THAT(given("/touchline.js", "touchline.js"), HasSubstr("Access-Control-Allow-Origin: *"));
  for (const std::string file : {"page.js", "chart.js", "words.js", "page.css"})
    given("/" + file, file);
}

TEST_F(Sessions, NameWhatIsWrongWithARequest) {
  EXPECT_THAT(answer("GET /other HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(answer("POST /v1/live HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(answer("GET /v1/live HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 426 "));
  EXPECT_THAT(answer("hello there\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(answer(upgrade_request("/v1/live?evnt=1")), HasSubstr("not by evnt"));
  std::string request = upgrade_request("/v1/live");
  request.replace(request.find("Version: 13"), 11, "Version: 12");
  EXPECT_THAT(answer(request), HasSubstr("Sec-WebSocket-Version: 13"));
  request = upgrade_request("/v1/live");
  request.replace(request.find("dGhl"), 4, "dGh");
  EXPECT_THAT(answer(request), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(answer("GET /v1/live HTTP/1.1\r\nX: " + std::string(9'000, 'x')), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(answer(upgrade_request("/v1/live"), "too many sessions"), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(answer(upgrade_request("/v1/live"), "too many sessions"), HasSubstr("Retry-After: 1\r\n"));
}

TEST_F(Sessions, ChangeWhatIsFollowed) {
  ClientSession session(hub_, options_, "", 0, begin_ms);
  upgrade(session, "/v1/live?follow=none");
  EXPECT_THAT(model_.types, ElementsAre("hello", "position"));
  session.receive(client_frame(1, R"({"subscribe":{"events":["a"]}})"), begin_ms);
  std::string bytes = sent(session);
  EXPECT_THAT(take_messages(bytes, model_), ElementsAre("subscription", "snapshot", "position"));
  session.receive(client_frame(1, "what?"), begin_ms);
  bytes = sent(session);
  EXPECT_THAT(take_messages(bytes, model_), ElementsAre("error"));
  EXPECT_EQ(model_.error, "the message is no JSON object");
}

TEST_F(Sessions, EndWhereAClientAsksAndNeverReads) {
  ClientSession session(hub_, options_, "", 0, begin_ms);
  upgrade(session, "/v1/live?follow=none");
  const std::string name(500, 'x');
  for (int i = 0; i < 200; ++i)
    session.receive(client_frame(1, R"({"subscribe":{"events":[")" + name + R"("]}})"), begin_ms);
  EXPECT_EQ(close_code(session), 1008);
}

TEST_F(Sessions, CloseByTheRules) {
  const auto closes = [&](const std::string& bytes) {
    ClientSession session(hub_, options_, "", 0, begin_ms);
    upgrade(session);
    session.receive(bytes, begin_ms);
    return close_code(session);
  };
  EXPECT_EQ(closes(client_frame(8, "\x03\xE8 bye")), 1000);
  EXPECT_EQ(closes(client_frame(8, "")), 1000);
  EXPECT_EQ(closes(client_frame(8, "\x0F\xA0")), 4000);
  EXPECT_EQ(closes(client_frame(2, "x")), 1003);
  EXPECT_EQ(closes(client_frame(1, "\xFF")), 1007);
  EXPECT_EQ(closes(client_frame(1, std::string(16'385, 'x'))), 1009);
  EXPECT_EQ(closes("\x81\x01x"), 1002);
  EXPECT_EQ(hub_.client_count(), 0U);
}

TEST_F(Sessions, AskWhetherAQuietClientIsThereAndTellItWhereItStands) {
  ClientSession session(hub_, options_, "", 0, begin_ms);
  upgrade(session);
  session.tick(begin_ms + 25'000);
  std::string bytes = sent(session, begin_ms + 25'000);
  EXPECT_THAT(take_messages(bytes, model_), ElementsAre("position"));
  session.tick(begin_ms + 31'000);
  bytes = sent(session, begin_ms + 31'000);
  EXPECT_EQ(test::take_frame(bytes)->opcode, 9U);
  session.tick(begin_ms + 40'000);
  EXPECT_EQ(sent(session, begin_ms + 40'000), "") << "once";
  session.receive(client_frame(10, ""), begin_ms + 40'000);
  session.tick(begin_ms + 100'000);
  EXPECT_FALSE(session.over());
  session.tick(begin_ms + 116'000);
  EXPECT_EQ(close_code(session), 1001);
}

TEST_F(Sessions, EndWhereNoRequestComes) {
  ClientSession session(hub_, options_, "", 0, begin_ms);
  session.receive("GET /v1", begin_ms);
  session.tick(begin_ms + 10'001);
  EXPECT_TRUE(session.over());
}

TEST_F(Sessions, AreSentAwayWithATimeToComeBack) {
  ClientSession session(hub_, options_, "", 4'567, begin_ms);
  upgrade(session);
  session.dismiss("the relay stops");
  std::string bytes = sent(session);
  const auto goodbye = test::take_frame(bytes);
  EXPECT_EQ(goodbye->payload, R"({"type":"goodbye","reason":"the relay stops","retry_ms":1566})");
  EXPECT_EQ(test::take_frame(bytes)->payload, "\x03\xF5retry_ms=1566 the relay stops");
  EXPECT_TRUE(session.over());
  ClientSession stream(hub_, options_, "", 1, begin_ms);
  stream.receive(events_request("/v1/live"), begin_ms);
  sent(stream);
  stream.dismiss("the relay stops");
  EXPECT_EQ(sent(stream),
            "retry: 1001\ndata: {\"type\":\"goodbye\",\"reason\":\"the relay stops\",\"retry_ms\":1001}\n\n");
  EXPECT_TRUE(stream.over());
}

}  // namespace
}  // namespace touchline
