// Blocks against the golden vectors: what they decode to, what is encoded, and what becomes of damaged ones.

#include "core/block.h"
#include "core/digest.h"
#include "core/ticks.h"
#include "core/varint.h"
#include "tests/golden/golden_vectors.h"

#include <gtest/gtest.h>

namespace touchline::golden {
namespace {

Cause cause_of(std::string_view name) {
  for (const Cause cause : {Cause::source, Cause::recovery, Cause::conflated_upstream, Cause::operator_}) {
    if (name_of(cause) == name) return cause;
  }
  return Cause::feed_health;
}

void expect_same(const EventState& state, const EventState& expected) {
  const Delta difference = diff(expected, state);
  for (const Change& change : difference.changes) {
    ADD_FAILURE() << "differs at " << change.at.market() << ' ' << change.at.outcome() << ' '
                  << name_of(change.at.field()) << ' ' << change.at.level();
  }
  EXPECT_EQ(state.seq, expected.seq);
  EXPECT_EQ(state.source_time_ms, expected.source_time_ms);
}

TEST(GoldenNumbers, zigzag_is_as_written) {
  const VectorFile file("numbers");
  for (const Json vector : file.root()["zigzag"].get_array()) {
    const std::string bytes = bytes_of(vector, "zigzag");
    std::string written;
    put_zigzag(written, signed_of(vector, "value"));
    EXPECT_EQ(written, bytes);
    EXPECT_EQ(ByteReader(bytes).signed_varint(), signed_of(vector, "value"));
  }
}

TEST(GoldenNumbers, ticks_are_as_written) {
  const VectorFile file("numbers");
  for (const Json vector : file.root()["ticks"].get_array()) {
    const auto price = static_cast<std::uint32_t>(std::uint64_t(vector["price"]));
    EXPECT_EQ(tick_floor(price), std::uint64_t(vector["floor"])) << price;
    EXPECT_EQ(is_tick(price), truth_of(vector, "is_tick")) << price;
  }
  std::uint32_t tick = 0;
  for (const Json price : file.root()["prices_of_ticks"].get_array()) {
    EXPECT_EQ(price_of_tick(tick++), std::uint64_t(price));
  }
  EXPECT_EQ(tick, tick_count);
}

TEST(GoldenNumbers, hashes_are_as_written) {
  const VectorFile file("numbers");
  for (const auto [call, hash] : simdjson::dom::object(file.root()["hashes"])) {
    const std::string of(call.substr(call.find(' ') + 1));
    const std::uint64_t computed = call.starts_with("mix64") ? mix64(std::stoull(of)) : fnv1a64(of);
    EXPECT_EQ(computed, digest_of(file.root()["hashes"], call)) << call;
  }
  for (const Json vector : file.root()["cells"].get_array()) {
    const EventState state = state_of(vector, "state");
    state.for_each([&](Address at, const Value&) { EXPECT_EQ(at.packed, number_of(vector, "packed")); });
    EXPECT_EQ(state.digest(), digest_of(vector["state"], "digest"));
  }
}

TEST(GoldenBlocks, decode_to_the_state_after) {
  const VectorFile file("blocks");
  for (const Json vector : file.root().get_array()) {
    SCOPED_TRACE(text_of(vector, "name"));
    EventState state = state_of(vector, "before");
    EXPECT_EQ(state.digest(), digest_of(vector["before"], "digest"));
    const std::string block = bytes_of(vector, "block");
    const auto delta = decode_block(state, block);
    ASSERT_TRUE(delta) << delta.error().text;
    apply(state, *delta);
    expect_same(state, state_of(vector, "after"));
    EXPECT_EQ(state.digest(), digest_of(vector["after"], "digest"));
    EXPECT_EQ(delta->kind == DeltaClass::critical, text_of(vector, "class") == "critical");
    EXPECT_EQ(name_of(delta->cause), text_of(vector, "cause"));
    EXPECT_EQ(delta->merged, number_of(vector, "merged"));
    const auto header = peek_block(block);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->kind, delta->kind);
    EXPECT_EQ(header->merged, delta->merged);
  }
}

TEST(GoldenBlocks, are_encoded_to_these_bytes) {
  const VectorFile file("blocks");
  for (const Json vector : file.root().get_array()) {
    if (truth_of(vector, "by_hand")) continue;
    SCOPED_TRACE(text_of(vector, "name"));
    const EventState before = state_of(vector, "before");
    const EventState after = state_of(vector, "after");
    Delta delta = diff(before, after);
    EXPECT_EQ(delta.kind == DeltaClass::critical, text_of(vector, "class") == "critical");
    delta.cause = cause_of(text_of(vector, "cause"));
    std::string block;
    if (delta.merged == 1) {
      encode_block(block, after, delta, before.source_time_ms);
    } else {
      encode_merged_block(block, delta, before.source_time_ms);
    }
    EXPECT_EQ(block, bytes_of(vector, "block"));
  }
}

TEST(GoldenBlocks, are_refused_when_cut_short) {
  const VectorFile file("blocks");
  for (const Json vector : file.root().get_array()) {
    const EventState before = state_of(vector, "before");
    const std::string block = bytes_of(vector, "block");
    for (std::size_t size = 0; size < block.size(); ++size) {
      EXPECT_FALSE(decode_block(before, std::string_view(block).substr(0, size)))
          << text_of(vector, "name") << ", " << size << " bytes of it";
    }
  }
}

TEST(GoldenBlocks, do_no_harm_when_damaged) {
  const VectorFile file("blocks");
  std::size_t refused = 0;
  for (const Json vector : file.root().get_array()) {
    const EventState before = state_of(vector, "before");
    for_each_damage(bytes_of(vector, "block"), [&](const std::string& block) {
      static_cast<void>(peek_block(block));
      const auto delta = decode_block(before, block);
      if (!delta) {
        ++refused;
        return;
      }
      EventState state = before;
      apply(state, *delta);
      EXPECT_EQ(state.digest(), state.digest_from_scratch()) << text_of(vector, "name");
    });
  }
  EXPECT_GT(refused, 0U);
}

TEST(GoldenBlocks, are_refused_where_they_break_the_layout) {
  const VectorFile file("broken_blocks");
  const EventState before = state_of(file.root(), "before");
  for (const Json vector : file.root()["blocks"].get_array()) {
    EXPECT_FALSE(decode_block(before, bytes_of(vector, "block"))) << text_of(vector, "name");
  }
}

}  // namespace
}  // namespace touchline::golden
