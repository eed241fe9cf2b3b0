#include "core/frame.h"

#include "core/varint.h"
#include "tests/core/random_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace touchline {
namespace {

using test::Random;
using testing::HasSubstr;

constexpr std::array kinds{FrameKind::hello,     FrameKind::welcome,    FrameKind::keyframe,
                           FrameKind::heartbeat, FrameKind::checkpoint, FrameKind::goodbye,
                           FrameKind::error,     FrameKind::ack,        FrameKind::resync,
                           FrameKind::ping,      FrameKind::pong,       FrameKind::deltas};

struct OwnedFrame {
  FrameKind kind{};
  std::string body;
  bool operator==(const OwnedFrame&) const = default;
};
using Frames = std::vector<OwnedFrame>;

// Every length near where the header changes its form, and some larger ones.
std::string random_body(Random& random) {
  constexpr std::array sizes{0U, 1U, 2U, 125U, 126U, 127U, 128U, 129U, 16'383U, 16'384U, 70'000U};
  const std::uint64_t size = random.one_in(3) ? random.pick(sizes) : random.below(60);
  std::string body;
  for (std::uint64_t i = 0; i < size; ++i)
    body.push_back(static_cast<char>(random.bits()));
  return body;
}

Frames random_frames(Random& random, std::string& bytes) {
  Frames frames;
  for (std::uint64_t left = random.below(12); left != 0; --left) {
    frames.push_back({random.one_in(2) ? FrameKind::deltas : random.pick(kinds), random_body(random)});
    put_frame(bytes, frames.back().kind, frames.back().body);
  }
  return frames;
}

// Takes all frames that are whole by now.
void take(FrameReader& reader, Frames& taken) {
  Frame frame;
  while (true) {
    const auto more = reader.next(frame);
    ASSERT_TRUE(more) << more.error().text;
    if (!*more) return;
    taken.push_back({frame.kind, std::string(frame.body)});
  }
}

TEST(Frame, AnySplitOfTheStreamGivesTheSameFrames) {
  Random random(1);
  for (int run = 0; run < 1'500; ++run) {
    std::string bytes;
    const Frames frames = random_frames(random, bytes);
    FrameReader reader;
    Frames taken;
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t size =
          std::min<std::size_t>(1 + random.below(random.one_in(2) ? 7 : 40'000), bytes.size() - at);
      reader.append(std::string_view(bytes).substr(at, size));
      at += size;
      // Sometimes several pieces come before anybody looks.
      if (!random.one_in(4)) take(reader, taken);
      ASSERT_LE(reader.at_byte(), at);
    }
    take(reader, taken);
    ASSERT_EQ(taken, frames) << "run " << run;
    ASSERT_EQ(reader.at_byte(), bytes.size());
  }
}

TEST(Frame, BytesMayComeOneByOne) {
  Random random(2);
  for (int run = 0; run < 20; ++run) {
    std::string bytes;
    const Frames frames = random_frames(random, bytes);
    FrameReader reader;
    Frames taken;
    for (const char byte : bytes) {
      reader.append({&byte, 1});
      take(reader, taken);
    }
    ASSERT_EQ(taken, frames) << "run " << run;
  }
}

TEST(Frame, ShortDeltasCostOneByteOfHeader) {
  for (const auto& [size, header] :
       {std::pair<std::size_t, std::size_t>{0, 1}, {126, 1}, {127, 2}, {128, 3}}) {
    std::string out;
    put_frame_header(out, FrameKind::deltas, size);
    EXPECT_EQ(out.size(), header) << size;
  }
  std::string out;
  put_frame(out, FrameKind::ping, "x");
  EXPECT_EQ(out, "\x0A\x01x");
}

TEST(Frame, AHeaderAloneIsNoFrame) {
  std::string bytes;
  put_frame(bytes, FrameKind::keyframe, std::string(300, 'k'));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    FrameReader reader;
    reader.append(bytes.substr(0, size));
    Frame frame;
    const auto more = reader.next(frame);
    ASSERT_TRUE(more);
    EXPECT_FALSE(*more) << size;
    EXPECT_EQ(reader.at_byte(), 0U);
  }
}

TEST(Frame, KindsThatAreNoneAreRefusedAtTheirByte) {
  for (int first = 0; first < 0x80; ++first) {
    FrameReader reader;
    std::string bytes;
    put_frame(bytes, FrameKind::ping, "");
    bytes.push_back(static_cast<char>(first));
    reader.append(bytes);
    Frame frame;
    ASSERT_TRUE(reader.next(frame));
    const auto more = reader.next(frame);
    const bool known =
        first >= static_cast<int>(FrameKind::hello) && first <= static_cast<int>(FrameKind::pong);
    EXPECT_EQ(static_cast<bool>(more), known) << first;
    if (known) continue;
    EXPECT_EQ(more.error().at_byte, 2U);
  }
}

TEST(Frame, LengthsPastTheLimitAreRefusedBeforeTheirBodyComes) {
  for (const FrameKind kind : {FrameKind::deltas, FrameKind::keyframe}) {
    std::string header;
    put_frame_header(header, kind, 1'001);
    FrameReader reader(1'000);
    reader.append(header);
    Frame frame;
    const auto more = reader.next(frame);
    ASSERT_FALSE(more);
    EXPECT_EQ(more.error().kind, ErrorKind::limit);

    FrameReader wider(1'000);
    wider.limit(1'001);
    wider.append(header + std::string(1'001, 'x'));
    const auto taken = wider.next(frame);
    ASSERT_TRUE(taken && *taken);
    EXPECT_EQ(frame.body.size(), 1'001U);
  }
}

TEST(Frame, ALengthThatDoesNotEndIsRefused) {
  FrameReader reader;
  Frame frame;
  reader.append("\x03");
  for (int i = 0; i < 9; ++i) {
    reader.append("\xFF");
    const auto more = reader.next(frame);
    ASSERT_TRUE(more) << i;
    EXPECT_FALSE(*more);
  }
  reader.append("\xFF");
  EXPECT_FALSE(reader.next(frame));
}

TEST(Frame, GarbageNeverGivesMoreThanItHas) {
  Random random(3);
  for (int run = 0; run < 30'000; ++run) {
    std::string bytes;
    for (std::uint64_t left = random.below(40); left != 0; --left)
      bytes.push_back(static_cast<char>(random.one_in(2) ? random.bits() : random.below(16)));
    FrameReader reader(64);
    reader.append(bytes);
    Frame frame;
    std::size_t given = 0;
    while (true) {
      const auto more = reader.next(frame);
      if (!more || !*more) break;
      given += frame.body.size() + 1;
      ASSERT_LE(frame.body.size(), 64U);
    }
    ASSERT_LE(given, bytes.size());
    ASSERT_LE(reader.at_byte(), bytes.size());
  }
}

TEST(Frame, EveryKindHasAName) {
  for (const FrameKind kind : kinds)
    EXPECT_NE(name_of(kind), "unknown");
}

// --- The items in the body of a deltas frame.

struct OwnedItem {
  std::uint32_t event = 0;
  std::uint64_t skipped = 0;
  std::string block;
  bool operator==(const OwnedItem&) const = default;
};

Result<std::vector<OwnedItem>> items_of(std::string_view body) {
  DeltaItems items(body);
  std::vector<OwnedItem> taken;
  DeltaItem item;
  while (true) {
    const auto more = items.next(item);
    if (!more) return more.error();
    if (!*more) return taken;
    taken.push_back({item.event.value, item.skipped, std::string(item.block)});
  }
}

std::string body_of(const std::vector<OwnedItem>& items, bool last_implied) {
  std::string body;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const OwnedItem& item = items[i];
    if (item.event == 0) {
      put_skip(body, item.skipped);
    } else if (last_implied && i + 1 == items.size()) {
      put_last_item_head(body, EventHandle(item.event));
      body += item.block;
    } else {
      put_item(body, EventHandle(item.event), item.block);
    }
  }
  return body;
}

std::vector<OwnedItem> random_items(Random& random) {
  std::vector<OwnedItem> items;
  for (std::uint64_t left = 1 + random.below(8); left != 0; --left) {
    if (random.one_in(4)) {
      items.push_back({0, 1 + (random.bits() >> random.below(64) >> 1), {}});
    } else {
      const auto handle = static_cast<std::uint32_t>(1 + (random.bits() >> (33 + random.below(30))));
      items.push_back({handle, 0, "b" + random_body(random)});
    }
  }
  return items;
}

TEST(DeltaItems, ComeAsTheyWerePut) {
  Random random(4);
  for (int run = 0; run < 3'000; ++run) {
    const auto items = random_items(random);
    for (const bool last_implied : {false, true}) {
      const auto taken = items_of(body_of(items, last_implied));
      ASSERT_TRUE(taken) << taken.error().text;
      ASSERT_EQ(*taken, items) << "run " << run;
    }
  }
}

TEST(DeltaItems, AnImpliedLengthSavesTheLastLength) {
  const std::vector<OwnedItem> items{{7, 0, "block"}};
  EXPECT_EQ(body_of(items, true),
            "\x0F"
            "block");
  EXPECT_EQ(body_of(items, false),
            "\x0E\x05"
            "block");
}

TEST(DeltaItems, ABodyThatIsCutIsRefused) {
  Random random(5);
  for (int run = 0; run < 200; ++run) {
    auto items = random_items(random);
    items.back() = {9, 0, "last"};
    const std::string body = body_of(items, false);
    for (std::size_t size = body.size() - 5; size < body.size(); ++size) {
      ASSERT_FALSE(items_of(std::string_view(body).substr(0, size))) << size;
    }
  }
}

TEST(DeltaItems, BrokenHeadsAreRefused) {
  const auto varints = [](std::initializer_list<std::uint64_t> numbers) {
    std::string bytes;
    for (const std::uint64_t number : numbers)
      put_varint(bytes, number);
    return bytes;
  };
  EXPECT_EQ(items_of(varints({0, 0})).error().text, "a broken skip");
  EXPECT_EQ(items_of(varints({1, 5})).error().text, "a broken skip");
  EXPECT_EQ(items_of(varints({0})).error().text, "a broken skip");
  EXPECT_THAT(items_of(varints({std::uint64_t{1} << 34, 1}) + "x").error().text, HasSubstr("broken handle"));
  EXPECT_THAT(items_of(varints({2, ~std::uint64_t{0}}) + "x").error().text, HasSubstr("past its frame"));
  EXPECT_THAT(items_of(varints({2, 0})).error().text, HasSubstr("past its frame"));
  EXPECT_THAT(items_of(varints({3})).error().text, HasSubstr("past its frame"));
  EXPECT_EQ(items_of(varints({0, 4, 2, 0})).error().at_byte, 2U);
}

TEST(DeltaItems, GarbageIsHarmless) {
  Random random(6);
  for (int run = 0; run < 50'000; ++run) {
    std::string body;
    for (std::uint64_t left = random.below(30); left != 0; --left)
      body.push_back(static_cast<char>(random.one_in(2) ? random.bits() : random.below(12)));
    const auto items = items_of(body);
    if (!items) continue;
    std::size_t bytes = 0;
    for (const OwnedItem& item : *items)
      bytes += item.block.size();
    ASSERT_LE(bytes, body.size());
  }
}

}  // namespace
}  // namespace touchline
