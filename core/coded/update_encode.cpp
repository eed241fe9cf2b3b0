#include "core/coded/coded.h"
#include "core/coded/range_coder.h"
#include "core/coded/update_write.h"

namespace touchline::coded {

void encode_update(std::string& out, Model& model, const Prior& prior, Place place, const EventState& after,
                   const Delta& delta, std::int64_t source_time_before_ms) {
  RangeEncoder coder(out);
  const bool first = place == Place::first_of_group;
  if (first) model.start(prior);
  write_update(coder, model, first, after, delta, source_time_before_ms);
  coder.finish();
}

}  // namespace touchline::coded
