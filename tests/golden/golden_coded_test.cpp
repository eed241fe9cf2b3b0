// Coded updates against the golden vectors: what they decode to, and what is encoded.

#include "core/coded/coded.h"
#include "core/coded/prior.h"
#include "tests/golden/golden_vectors.h"

#include <gtest/gtest.h>

namespace touchline::golden {
namespace {

TEST(GoldenCoded, groups_lead_from_state_to_state_and_are_written_so) {
  const VectorFile file("coded");
  const auto prior = coded::shipped_prior();
  for (const Json vector : file.root().get_array()) {
    SCOPED_TRACE(text_of(vector, "name"));
    EventState state = state_of(vector, "before");
    coded::Model reader;
    coded::Model writer;
    auto place = coded::Place::first_of_group;
    for (const Json update : vector["updates"].get_array()) {
      const std::string bytes = bytes_of(update, "bytes");
      const EventState before = state;
      const auto delta = coded::decode_update(reader, *prior, place, before, bytes);
      ASSERT_TRUE(delta) << delta.error().text;
      EXPECT_EQ(text_of(update, "class"), delta->kind == DeltaClass::critical ? "critical" : "price");
      EXPECT_EQ(text_of(update, "cause"), name_of(delta->cause));
      apply(state, *delta);
      EXPECT_EQ(state.digest(), digest_of(update, "digest"));
      std::string written;
      coded::encode_update(written, writer, *prior, place, state, *delta, before.source_time_ms);
      EXPECT_EQ(written, bytes);
      place = coded::Place::later;
    }
    const EventState after = state_of(vector, "after");
    EXPECT_EQ(state.digest(), after.digest());
    EXPECT_EQ(state.seq, after.seq);
    EXPECT_EQ(state.source_time_ms, after.source_time_ms);
  }
}

TEST(GoldenCoded, damaged_updates_are_refused_by_name_or_lead_to_a_sound_state) {
  const VectorFile file("coded");
  const auto prior = coded::shipped_prior();
  for (const Json vector : file.root().get_array()) {
    const EventState before = state_of(vector, "before");
    for (const Json update : vector["updates"].get_array()) {
      for_each_damage(bytes_of(update, "bytes"), [&](const std::string& damaged) {
        coded::Model model;
        const auto delta = coded::decode_update(model, *prior, coded::Place::first_of_group, before, damaged);
        if (!delta) {
          EXPECT_TRUE(delta.error().text.starts_with("coded update ")) << delta.error().text;
          return;
        }
        EventState state = before;
        apply(state, *delta);
        EXPECT_EQ(state.digest(), state.digest_from_scratch());
      });
      break;  // the first of the group
    }
  }
}

}  // namespace
}  // namespace touchline::golden
