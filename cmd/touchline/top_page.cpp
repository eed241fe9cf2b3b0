#include "cmd/touchline/top_page.h"

#include "cmd/touchline/arguments.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

namespace touchline {
namespace {

using simdjson::dom::element;

std::string text_of(const char* format, double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), format, value);
  return text.data();
}

std::string bytes_text(double value) {
  const std::array units{"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < units.size(); ++unit)
    value /= 1024;
  return text_of(unit == 0 ? "%.0f " : "%.1f ", value) + units[unit];
}

std::string bound_text(double seconds) {
  if (seconds < 0) return "-";
  if (std::isinf(seconds)) return "very long";
  return seconds < 1 ? "<= " + text_of("%g", seconds * 1'000) + " ms" : "<= " + text_of("%g", seconds) + " s";
}

std::string string_in(element object, std::string_view key) {
  std::string_view text;
  return object[key].get(text) == simdjson::SUCCESS ? printable(text) : std::string();
}
std::string number_in(element object, std::string_view key) {
  std::int64_t number = 0;
  return object[key].get(number) == simdjson::SUCCESS ? std::to_string(number) : std::string("-");
}

// The pages of one round, parsed.
struct Round {
  Round(const TopAnswers& now, const TopAnswers* then)
      : samples(now.metrics),
        before(then == nullptr ? std::string_view() : std::string_view(then->metrics)),
        has_before(then != nullptr),
        passed_s(then == nullptr ? 1 : std::max(now.at_s - then->at_s, 0.001)) {}

  double rate(const std::string& name) const {
    return has_before ? std::max(samples.sum(name) - before.sum(name), 0.0) / passed_s : 0;
  }
  double quantile(const std::string& name) const {
    return samples.quantile(name, 0.99, has_before ? &before : nullptr);
  }
  std::string deltas() const {
    const bool is_relay = samples.has("touchline_relay_upstream_connected");
    return is_relay ? "touchline_relay_forwarded_deltas_total" : "touchline_deltas_total";
  }

  Samples samples;
  Samples before;
  bool has_before;
  double passed_s;
};

// "ready", or why not.
Result<std::string> state_of(simdjson::dom::parser& parser, const std::string& ready) {
  element page;
  bool is_ready = false;
  if (parser.parse(ready).get(page) != simdjson::SUCCESS || page["ready"].get(is_ready) != simdjson::SUCCESS)
    return malformed("/readyz is not what it should be");
  if (is_ready) return std::string("ready");
  std::string why;
  simdjson::dom::array reasons;
  if (page["reasons"].get(reasons) != simdjson::SUCCESS) return malformed("/readyz gives no reasons");
  for (const element reason : reasons) {
    std::string_view text;
    if (reason.get(text) == simdjson::SUCCESS) why += (why.empty() ? "" : "; ") + printable(text);
  }
  return "NOT READY: " + why;
}

std::string figures_of(const Round& round) {
  std::string line = text_of("%.0f deltas/s", round.rate(round.deltas()));
  line += "  " + bytes_text(round.rate("touchline_sent_bytes_total")) + "/s out";
  line += text_of("  %.0f readers", round.samples.value("touchline_readers"));
  if (const double slow = round.samples.value("touchline_slow_readers"); slow > 0)
    line += text_of(" (%.0f slow)", slow);
  if (round.samples.has("touchline_journal_commit_seconds_count"))
    line += "  commit " + bound_text(round.quantile("touchline_journal_commit_seconds"));
  line += "  loop " + bound_text(round.quantile("touchline_loop_lag_seconds"));
  if (round.samples.has("touchline_journal_disk_free_bytes"))
    line += "  disk " + bytes_text(round.samples.value("touchline_journal_disk_free_bytes")) + " free";
  if (round.samples.has("touchline_relay_upstream_connected")) {
    line += round.samples.value("touchline_relay_upstream_connected") == 1 ? "  upstream there"
                                                                           : "  UPSTREAM GONE";
    line += text_of(", silent %.1f s", round.samples.value("touchline_relay_upstream_silence_seconds"));
  }
  return line;
}

using Align = Table::Align;

void append_table(std::vector<std::string>& lines, const Table& table) {
  std::string text = table.text();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
}

}  // namespace

Samples::Samples(std::string_view metrics) {
  while (!metrics.empty()) {
    const std::size_t end = std::min(metrics.find('\n'), metrics.size());
    const std::string_view line = metrics.substr(0, end);
    metrics.remove_prefix(std::min(end + 1, metrics.size()));
    const std::size_t space = line.rfind(' ');
    if (line.starts_with('#') || space == std::string_view::npos) continue;
    values_.emplace(line.substr(0, space), std::strtod(std::string(line.substr(space + 1)).c_str(), nullptr));
  }
}

double Samples::value(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? 0 : found->second;
}

double Samples::sum(const std::string& name) const {
  double all = value(name);
  const std::string labelled = name + "{";
  for (auto at = values_.lower_bound(labelled); at != values_.end() && at->first.starts_with(labelled); ++at)
    all += at->second;
  return all;
}

double Samples::quantile(const std::string& name, double share, const Samples* before) const {
  const std::string start = name + "_bucket{le=\"";
  std::map<double, double> buckets;
  for (auto at = values_.lower_bound(start); at != values_.end() && at->first.starts_with(start); ++at) {
    const std::string bound = at->first.substr(start.size());
    const double limit = bound.starts_with("+Inf") ? std::numeric_limits<double>::infinity()
                                                   : std::strtod(bound.c_str(), nullptr);
    buckets[limit] = at->second - (before == nullptr ? 0 : before->value(at->first));
  }
  if (buckets.empty() || buckets.rbegin()->second <= 0) return -1;
  const double all = buckets.rbegin()->second;
  return std::ranges::find_if(buckets, [&](const auto& bucket) { return bucket.second >= share * all; })
      ->first;
}

Result<std::string> top_line(const TopAnswers& now, const TopAnswers* before) {
  simdjson::dom::parser parser;
  const auto state = state_of(parser, now.ready);
  if (!state) return state.error();
  const Round round(now, before);
  std::string line = *state + text_of("  offset %.0f  ", round.samples.value("touchline_published_offset"));
  line += figures_of(round);
  element sources;
  simdjson::dom::array list;
  if (parser.parse(now.sources).get(sources) == simdjson::SUCCESS &&
      sources["sources"].get(list) == simdjson::SUCCESS) {
    for (const element source : list) {
      if (string_in(source, "feed") != "live")
        line += "  source " + string_in(source, "name") + " " + string_in(source, "feed");
    }
  }
  return line;
}

Result<std::vector<std::string>> top_lines(const TopAnswers& now, const TopAnswers* before,
                                           std::size_t rows) {
  simdjson::dom::parser parser;
  const auto state = state_of(parser, now.ready);
  if (!state) return state.error();
  const Round round(now, before);
  std::vector<std::string> lines;
  element page;
  if (parser.parse(now.version).get(page) != simdjson::SUCCESS) return malformed("/version is no JSON");
  lines.push_back("touchline " + string_in(page, "version") + " " + string_in(page, "role") + "  " + *state +
                  text_of("  offset %.0f", round.samples.value("touchline_published_offset")) +
                  text_of("  %.0f events", round.samples.value("touchline_events")));
  lines.push_back(figures_of(round));

  simdjson::dom::array list;
  if (parser.parse(now.sources).get(page) != simdjson::SUCCESS ||
      page["sources"].get(list) != simdjson::SUCCESS)
    return malformed("/sources is not what it should be");
  Table sources({Align::left, Align::left, Align::right, Align::right, Align::right, Align::right});
  sources.add({"SOURCE", "FEED", "SILENT MS", "CHANGED", "REJECTED", "GAPS"});
  for (const element source : list) {
    element messages;
    const bool counts = source["messages"].get(messages) == simdjson::SUCCESS;
    sources.add({string_in(source, "name"), string_in(source, "feed"), number_in(source, "silent_ms"),
                 counts ? number_in(messages, "changed") : "-",
                 counts ? number_in(messages, "rejected") : "-", number_in(source, "gaps")});
  }
  lines.emplace_back();
  append_table(lines, sources);

  if (parser.parse(now.sessions).get(page) != simdjson::SUCCESS ||
      page["sessions"].get(list) != simdjson::SUCCESS)
    return malformed("/sessions is not what it should be");
  Table sessions({Align::left, Align::left, Align::left, Align::right, Align::right});
  sessions.add({"READER", "ADDRESS", "STATE", "BEHIND", "ACKNOWLEDGED"});
  for (const element session : list) {
    sessions.add({string_in(session, "relay"), string_in(session, "peer"), string_in(session, "state"),
                  number_in(session, "queue_bytes"), number_in(session, "acknowledged")});
  }
  lines.emplace_back();
  append_table(lines, sessions);

  if (parser.parse(now.events).get(page) != simdjson::SUCCESS ||
      page["events"].get(list) != simdjson::SUCCESS)
    return malformed("/events is not what it should be");
  lines.emplace_back();
  for (const element event : list)
    lines.push_back(string_in(event, "summary"));
  if (rows != 0 && lines.size() > rows) lines.resize(rows);
  return lines;
}

}  // namespace touchline
