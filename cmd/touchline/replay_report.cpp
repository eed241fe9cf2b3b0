#include "cmd/touchline/replay_report.h"

#include "cmd/touchline/counted.h"
#include "core/time_text.h"

#include <cstdio>
#include <string_view>
#include <utility>
#include <vector>

#include <unistd.h>

namespace touchline {
namespace {

constexpr std::uint64_t refused_shown_max = 10;

// 1234567 -> "1,234,567"
std::string grouped(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i != 0 && (digits.size() - i) % 3 == 0) out.push_back(',');
    out.push_back(digits[i]);
  }
  return out;
}

double ratio(std::uint64_t a, std::uint64_t b) {
  return b == 0 ? 0 : static_cast<double>(a) / static_cast<double>(b);
}

std::uint64_t per_second(std::uint64_t count, double seconds) {
  return static_cast<std::uint64_t>(static_cast<double>(count) / std::max(seconds, 1e-6));
}

}  // namespace

ReplayReport::ReplayReport() : terminal_(::isatty(STDERR_FILENO) == 1) {}

void ReplayReport::listening(const Endpoint& endpoint) {
  std::fprintf(stderr, "listening on %s\n", endpoint.text().c_str());
}

void ReplayReport::taken_up(const std::string& recording, std::uint64_t line) {
  std::fprintf(stderr, "%s: taken up behind line %s\n", recording.c_str(), grouped(line).c_str());
}

void ReplayReport::refused(const Rejected& rejected) {
  if (++refused_ > refused_shown_max) return;
  clear_progress();
  std::fprintf(stderr, "refused %s\n", describe(rejected).c_str());
  if (refused_ == refused_shown_max) {
    std::fprintf(stderr, "further refusals are not shown; see touchline inspect DB rejected\n");
  }
}

void ReplayReport::note(const std::string& text) {
  if (++notes_ > refused_shown_max) return;
  clear_progress();
  std::fprintf(stderr, "note %s\n", text.c_str());
}

void ReplayReport::clear_progress() {
  if (std::exchange(shown_, false)) std::fprintf(stderr, "\r\033[K");
}

void ReplayReport::progress(Pipeline& pipeline, const Player& player) {
  if (!terminal_) return;
  const OriginCounts& counts = pipeline.origin().counts();
  std::fprintf(stderr, "\r\033[K%s  %s messages, %s deltas", time_text(player.time_ms()).c_str(),
               grouped(counts.messages).c_str(), grouped(counts.deltas).c_str());
  std::fflush(stderr);
  shown_ = true;
}

void ReplayReport::finish(Pipeline& pipeline, const Player& player, End end, bool as_json) {
  clear_progress();
  for (const std::string& line : player.unfinished())
    std::fprintf(stderr, "%s\n", line.c_str());
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
  if (end == End::stopped) std::fprintf(stderr, "stopped; run the same command again to go on\n");
  const std::string summary =
      as_json ? json(pipeline, player, seconds, end) : text(pipeline, player, seconds);
  std::fputs(summary.c_str(), stdout);
}

std::string ReplayReport::text(Pipeline& pipeline, const Player& player, double seconds) const {
  const OriginCounts& counts = pipeline.origin().counts();
  std::string out;
  const auto line = [&](const char* name, const std::string& value, const std::string& note = "") {
    constexpr std::size_t width = 26;  // of both together
    out.append(name);
    const std::size_t used = std::string_view(name).size() + value.size();
    out.append(used < width ? width - used : 1, ' ').append(value);
    if (!note.empty()) out.append("  ").append(note);
    out.push_back('\n');
  };
  const std::uint64_t repeats = counts.repeats_by_number + counts.repeats_by_id + counts.copies;
  line("messages", grouped(counts.messages),
       grouped(per_second(counts.messages, seconds)) + " a second over " +
           std::to_string(seconds).substr(0, 5) + " s");
  line("deltas", grouped(counts.deltas),
       grouped(counts.critical) + " critical, of " +
           counted(pipeline.origin().table().events().size(), "event"));
  line("duplicates", grouped(repeats),
       grouped(counts.repeats_by_number) + " by number, " + grouped(counts.repeats_by_id) + " by id, " +
           grouped(counts.copies) + " by place in their line");
  line("late", grouped(counts.late + counts.outdated),
       grouped(counts.late) + " applied where nothing newer had spoken, " + grouped(counts.outdated) +
           " dropped as outdated");
  line("gaps", grouped(counts.gaps),
       grouped(counts.missing) + " numbers missing, " + grouped(counts.held) + " held back");
  line("no-ops", grouped(counts.no_ops), "messages that changed nothing");
  line("heartbeats", grouped(counts.heartbeats),
       "and " + grouped(counts.controls) + " lines of the transport");
  line("rejected", grouped(counts.rejected));
  for (const std::string& last : player.unfinished())
    line("unfinished lines", "1", last);
  line("bytes in", grouped(player.bytes()));
  char note[64];
  std::snprintf(note, sizeof note, "%.1f%% of bytes in, %.2f a delta",
                100 * ratio(counts.block_bytes, player.bytes()), ratio(counts.block_bytes, counts.deltas));
  line("bytes out", grouped(counts.block_bytes), note);
  line("commits", grouped(pipeline.commit_counts().commits),
       grouped(static_cast<std::uint64_t>(ratio(counts.deltas, pipeline.commit_counts().commits))) +
           " deltas each");
  line("position", std::to_string(pipeline.journal().epoch().value) + ":" +
                       std::to_string(pipeline.journal().head().value));
  const EventTableCounts& table = pipeline.origin().table().counts();
  if (table.unplaced_markets != 0) {
    line("unplaced", grouped(table.unplaced_markets),
         "markets without a definition, kept under event market:ID");
  }
  if (table.unexpected_steps != 0) line("unexpected", grouped(table.unexpected_steps), "changes of status");
  return out;
}

std::string ReplayReport::json(Pipeline& pipeline, const Player& player, double seconds, End end) const {
  const OriginCounts& counts = pipeline.origin().counts();
  const EventTableCounts& table = pipeline.origin().table().counts();
  const std::vector<std::pair<const char*, std::uint64_t>> numbers = {
      {"messages", counts.messages},
      {"deltas", counts.deltas},
      {"critical", counts.critical},
      {"events", pipeline.origin().table().events().size()},
      {"duplicates", counts.repeats_by_number + counts.repeats_by_id + counts.copies},
      {"duplicates_by_number", counts.repeats_by_number},
      {"duplicates_by_id", counts.repeats_by_id},
      {"duplicates_by_place", counts.copies},
      {"late", counts.late},
      {"outdated", counts.outdated},
      {"gaps", counts.gaps},
      {"missing", counts.missing},
      {"held", counts.held},
      {"no_ops", counts.no_ops},
      {"heartbeats", counts.heartbeats},
      {"controls", counts.controls},
      {"rejected", counts.rejected},
      {"unfinished_lines", player.unfinished().size()},
      {"bytes_in", player.bytes()},
      {"bytes_out", counts.block_bytes},
      {"commits", pipeline.commit_counts().commits},
      {"commit_us", static_cast<std::uint64_t>(pipeline.commit_counts().took_us)},
      {"unplaced_markets", table.unplaced_markets},
      {"moved_markets", table.moved_markets},
      {"unexpected_steps", table.unexpected_steps},
      {"epoch", pipeline.journal().epoch().value},
      {"head", pipeline.journal().head().value},
  };
  std::string out = "{";
  for (const auto& [name, value] : numbers)
    out += "\"" + std::string(name) + "\":" + std::to_string(value) + ",";
  out += "\"seconds\":" + std::to_string(seconds) +
         ",\"stopped\":" + (end == End::stopped ? "true" : "false") +
         ",\"failed\":" + (end == End::failed ? "true" : "false") + "}\n";
  return out;
}

}  // namespace touchline
