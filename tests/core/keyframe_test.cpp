#include "core/keyframe.h"

#include "core/coded/coded.h"
#include "core/coded/prior.h"
#include "core/frame.h"
#include "core/limits.h"
#include "core/subscriber.h"
#include "tests/core/state_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace touchline {
namespace {

using test::Random;
using test::RandomCells;
using test::same_cells;

std::vector<KeyframeChunk> chunks_of(const EventState& state, KeyframeCodec codec) {
  std::string frames;
  put_keyframe(frames, EventHandle(1), state, Offset(5), codec);
  FrameReader reader;
  reader.append(frames);
  std::vector<KeyframeChunk> chunks;
  Frame frame;
  while (*reader.next(frame))
    chunks.push_back(*read_keyframe(frame.body));
  return chunks;
}

KeyframeChunk coded(const EventState& state) {
  auto chunks = chunks_of(state, KeyframeCodec::coded);
  EXPECT_EQ(chunks.size(), 1U);
  EXPECT_EQ(chunks.front().form, KeyframeForm::coded);
  return chunks.front();
}

EventState sized(std::size_t cells, std::size_t text_bytes) {
  EventState state;
  state.set(Address(0, 0, Field::id), std::string(text_bytes, 'x'));
  for (std::uint32_t i = 0; i + 1 < cells; ++i)
    state.set(Address(0, 0, Field::attribute, i), std::int64_t{i});
  return state;
}

Result<EventState> read_bytes(KeyframeChunk chunk, std::string data) {
  chunk.state_bytes = data.size();
  return state_in_keyframe(chunk, data);
}

TEST(CodedKeyframe, GivesTheState) {
  Random random(1);
  for (int i = 0; i < 1'000; ++i) {
    RandomCells cells(random);
    const EventState state = cells.state();
    const KeyframeChunk chunk = coded(state);
    const auto read = state_in_keyframe(chunk, chunk.data);
    ASSERT_TRUE(read) << read.error().text;
    ASSERT_TRUE(same_cells(*read, state)) << i;
    ASSERT_EQ(read->seq, state.seq);
    ASSERT_EQ(read->source_time_ms, state.source_time_ms);
  }
}

TEST(CodedKeyframe, IsMadeForReadersOfCodedUpdatesAlone) {
  Random random(2);
  RandomCells cells(random);
  for (const KeyframeChunk& chunk : chunks_of(cells.state(), KeyframeCodec::blocks))
    EXPECT_NE(chunk.form, KeyframeForm::coded);
}

TEST(CodedKeyframe, ThatIsDamagedIsRefusedByName) {
  Random random(3);
  for (int i = 0; i < 20; ++i) {
    RandomCells cells(random);
    const EventState state = cells.state();
    const KeyframeChunk chunk = coded(state);
    for (std::size_t size = 0; size < chunk.data.size(); ++size) {
      const auto read = read_bytes(chunk, chunk.data.substr(0, size));
      ASSERT_FALSE(read) << size;
      ASSERT_FALSE(read.error().text.empty());
    }
    for (std::size_t bit = 0; bit < 8 * chunk.data.size(); bit += 1 + random.below(16)) {
      std::string data = chunk.data;
      data[bit / 8] = static_cast<char>(data[bit / 8] ^ 1 << bit % 8);
      // The last bits stand for the same number within its range.
      if (const auto read = read_bytes(chunk, data)) {
        ASSERT_GE(bit / 8 + 4, chunk.data.size());
        ASSERT_TRUE(same_cells(*read, state));
      }
    }
    EXPECT_FALSE(read_bytes(chunk, chunk.data + "more bytes"));
    EXPECT_EQ(state_in_keyframe(chunk, chunk.data + "\x01").error().text,
              "has a state of another size than it says");
  }
}

TEST(CodedKeyframe, HasALimitOfCellsAndOfTextPastWhichTheStateIsABlock) {
  constexpr std::size_t cells = limits::coded_keyframe_cells;
  constexpr std::size_t text = limits::coded_keyframe_text_bytes;
  for (const EventState& state : {sized(cells, 1), sized(2, text)}) {
    const KeyframeChunk chunk = coded(state);
    const auto read = state_in_keyframe(chunk, chunk.data);
    ASSERT_TRUE(read) << read.error().text;
    EXPECT_TRUE(same_cells(*read, state));
  }
  for (const EventState& state : {sized(cells + 1, 1), sized(2, text + 1)}) {
    for (const KeyframeChunk& chunk : chunks_of(state, KeyframeCodec::coded))
      EXPECT_NE(chunk.form, KeyframeForm::coded);
  }
}

TEST(CodedKeyframe, PastALimitIsRefused) {
  const auto refused = [](const EventState& state) {
    KeyframeChunk chunk;
    chunk.form = KeyframeForm::coded;
    chunk.digest = state.digest();
    return read_bytes(chunk, coded_state(state, *coded::shipped_prior())).error().text;
  };
  EXPECT_THAT(refused(sized(limits::coded_keyframe_cells + 1, 1)),
              testing::HasSubstr("more cells than it may"));
  EXPECT_THAT(refused(sized(2, limits::coded_keyframe_text_bytes + 1)),
              testing::HasSubstr("more text than an event may have"));
  KeyframeChunk chunk;
  chunk.form = KeyframeForm::coded;
  EXPECT_EQ(read_bytes(chunk, std::string(limits::coded_keyframe_bytes + 1, 'x')).error().text,
            "has more coded bytes than it may");
}

// What a publisher might send to make its readers work: no bytes lead past the limits.
TEST(CodedKeyframe, OfAnyBytesHoldsNoMoreThanItMay) {
  Random random(4);
  const auto prior = coded::shipped_prior();
  const coded::Bounds bounds{limits::coded_keyframe_cells, limits::coded_keyframe_text_bytes};
  for (int i = 0; i < 3'000; ++i) {
    std::string data;
    const std::size_t size = 1 + random.below(64);
    for (std::size_t at = 0; at < size; ++at)
      data += static_cast<char>(random.below(256));
    // Most of what is likely goes on for as long as there are bytes.
    data.append(i % 4 == 0 ? 0 : 20'000, i % 2 == 0 ? '\0' : '\xFF');
    coded::Model model;
    const auto read =
        coded::decode_update(model, *prior, coded::Place::first_of_group, EventState(), data, bounds);
    if (read) {
      EXPECT_LE(read->changes.size(), bounds.cells);
    }
  }
}

TEST(CodedKeyframe, IsRefusedByAReaderThatDidNotAgree) {
  Random random(5);
  RandomCells cells(random);
  std::string keyframe;
  put_keyframe(keyframe, EventHandle(1), cells.state(), Offset(5), KeyframeCodec::coded);
  for (const bool agreed : {false, true}) {
    Hello hello;
    hello.coded_prior = coded::prior_version;
    Subscriber subscriber(hello, {});
    Welcome welcome;
    welcome.coded_prior = agreed ? coded::prior_version : std::uint8_t{0};
    std::string frames;
    put(frames, welcome);
    const auto taken = subscriber.receive(frames + keyframe);
    EXPECT_EQ(taken.has_value(), agreed);
    if (!agreed) {
      EXPECT_THAT(taken.error().text, testing::HasSubstr("keyframe: is coded, which was not agreed"));
    }
  }
}

}  // namespace
}  // namespace touchline
