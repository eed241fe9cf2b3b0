#include "cmd/touchline/serve_admin.h"

#include "core/json_object.h"
#include "core/json_text.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <string_view>
#include <utility>

namespace touchline {
namespace {

constexpr std::array<const char*, 6> outcome_names{"changed", "no_op",    "repeat",
                                                   "held",    "outdated", "control"};
static_assert(outcome_names.size() == std::tuple_size_v<decltype(SourceCounts::outcomes)>);

double number(std::uint64_t value) { return static_cast<double>(value); }
double truth(bool value) { return value ? 1 : 0; }

double seconds(std::int64_t ms) { return static_cast<double>(std::max<std::int64_t>(ms, 0)) / 1'000; }

}  // namespace

std::string name_of(const ServedSources& sources, SourceId number) {
  const auto found =
      std::ranges::find_if(sources, [number](const auto& source) { return source.second.number == number; });
  return found == sources.end() ? std::to_string(number.value) : found->first;
}

void SourceClocks::look(Pipeline& pipeline, const ServedSources& sources, std::int64_t now_ms) {
  if (now_ms - since_ms_ >= span_ms || now_ms < since_ms_) {
    before_ = std::exchange(now_, {});
    since_ms_ = now_ms;
  }
  for (const auto& [name, source] : sources) {
    std::int64_t& most = now_[name];
    most = std::max(most, pipeline.publisher().times().take_ahead_us(source.number));
  }
}

std::int64_t SourceClocks::ahead_us(const std::string& source) const {
  const auto in = [&](const std::map<std::string, std::int64_t>& span) {
    const auto found = span.find(source);
    return found == span.end() ? 0 : found->second;
  };
  return std::max(in(now_), in(before_));
}

void add_source_metrics(MetricsPage& page, Pipeline& pipeline, const ServedSources& sources,
                        const SourceClocks& clocks) {
  const std::int64_t now_ms = running_ms();
  const Origin& origin = pipeline.origin();
  const DeliveryTimes& times = pipeline.publisher().times();
  std::size_t shown = 0;
  for (const auto& [name, source] : sources) {
    if (++shown > source_labels_max) break;
    const SourceCounts& counts = origin.counts(source.number);
    for (std::size_t i = 0; i < outcome_names.size(); ++i) {
      page.add(metric::source_messages, number(counts.outcomes[i]),
               {{"source", name}, {"outcome", outcome_names[i]}});
    }
    page.add(metric::source_messages, number(counts.rejected), {{"source", name}, {"outcome", "rejected"}});
    page.add(metric::source_gaps, number(counts.gaps), {{"source", name}});
    page.add(metric::source_missing, number(counts.missing), {{"source", name}});
    const Origin::Health health = origin.health(source.number, now_ms);
    page.add(metric::source_stale, truth(health.stale), {{"source", name}});
    if (!source.is_watched) continue;
    page.add(metric::source_silence, seconds(health.silent_ms), {{"source", name}});
    page.add(metric::source_clock_ahead, static_cast<double>(clocks.ahead_us(name)) * seconds_per_us,
             {{"source", name}});
    const bool brought = source.number.value <= times.sources().size();
    page.add(
        metric::source_to_publish,
        brought ? times.sources()[source.number.value - 1].to_publish_us : BucketHistogram(long_bounds_us),
        seconds_per_us, {{"source", name}});
  }
}

void add_origin_metrics(MetricsPage& page, Pipeline& pipeline) {
  const OriginCounts& counts = pipeline.origin().counts();
  page.add(metric::deltas, number(counts.deltas));
  page.add(metric::critical, number(counts.critical));
  page.add(metric::late, number(counts.late));
  page.add(metric::block_bytes, number(counts.block_bytes));
  page.add(metric::forgotten, number(counts.forgotten));
  page.add(metric::pending, number(pipeline.origin().pending().count));
  page.add(metric::sources_wait, truth(pipeline.publisher().full()));
}

void add_journal_metrics(MetricsPage& page, Pipeline& pipeline) {
  const Pipeline::CommitCounts& commits = pipeline.commit_counts();
  page.add(metric::commit_time, commits.times_us, seconds_per_us);
  page.add(metric::batch_deltas, commits.deltas, 1);
  page.add(metric::journal_bytes, number(commits.bytes));
  page.add(metric::receive_to_durable, pipeline.publisher().times().receive_to_durable_us(), seconds_per_us);
  page.add(metric::checkpoint_fails, truth(pipeline.checkpoints_fail()));
  const StoreRoom& room = pipeline.store_room();
  if (room.disk_bytes == 0) return;  // not looked at yet, and no full disk
  page.add(metric::store_bytes, number(room.file_bytes));
  page.add(metric::log_bytes, number(room.log_bytes));
  page.add(metric::free_bytes, number(room.free_bytes));
  page.add(metric::disk_bytes, number(room.disk_bytes));
}

std::string refused_json(const Publisher& publisher) {
  constexpr std::size_t shown_bytes = 200;
  const auto text = [](std::string_view bytes) {
    std::string json;
    append_any_json_text(json, bytes);
    return json;
  };
  std::string list;
  for (const Rejected& refused : publisher.refused() | std::views::reverse) {
    if (!list.empty()) list.push_back(',');
    JsonObject json;
    json.add_time("time", refused.time_ms).add_json("source", text(refused.source)).add("line", refused.line);
    json.add("byte", refused.byte).add_json("reason", text(refused.reason));
    json.add_json("content", text(std::string_view(refused.content).substr(0, shown_bytes)));
    list += json.text();
  }
  return "[" + list + "]";
}

std::string sources_json(Pipeline& pipeline, const ServedSources& sources) {
  const std::int64_t now_ms = running_ms();
  std::string list;
  for (const auto& [name, source] : sources) {
    const Origin::Health health = pipeline.origin().health(source.number, now_ms);
    const SourceCounts& counts = pipeline.origin().counts(source.number);
    JsonObject messages;
    for (std::size_t i = 0; i < outcome_names.size(); ++i)
      messages.add(outcome_names[i], counts.outcomes[i]);
    messages.add("rejected", counts.rejected);
    JsonObject json;
    json.add("name", name).add("feed", health.stale ? "stale" : "live");
    json.add_json("watched", source.is_watched ? "true" : "false");
    json.add("silent_ms", std::max<std::int64_t>(health.silent_ms, 0));
    json.add_json("messages", messages.text()).add("gaps", counts.gaps).add("missing", counts.missing);
    if (!list.empty()) list.push_back(',');
    list += json.text();
  }
  return "[" + list + "]";
}

std::vector<std::string> why_not_ready(Pipeline& pipeline, const ServedSources& sources) {
  std::vector<std::string> reasons;
  if (const auto& failure = pipeline.publisher().failure())
    reasons.push_back("the store has failed: " + failure->text);
  std::size_t watched = 0;
  std::size_t stale = 0;
  for (const auto& [name, source] : sources) {
    if (!source.is_watched) continue;
    ++watched;
    if (pipeline.origin().health(source.number, running_ms()).stale) ++stale;
  }
  if (watched != 0 && stale == watched) reasons.push_back("all sources are stale");
  return reasons;
}

}  // namespace touchline
