#include "tests/prometheus/text_format.h"

#include <cctype>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <set>

namespace touchline {
namespace {

bool is_name(std::string_view text, bool colon) {
  if (text.empty() || std::isdigit(static_cast<unsigned char>(text[0])) != 0) return false;
  for (const char letter : text) {
    if (std::isalnum(static_cast<unsigned char>(letter)) == 0 && letter != '_' && !(colon && letter == ':'))
      return false;
  }
  return true;
}

std::string without(const std::string& text, std::string_view ending) {
  return text.ends_with(ending) ? text.substr(0, text.size() - ending.size()) : text;
}

class Reader {
 public:
  PrometheusScrape read(std::string_view text) {
    if (!text.empty() && !text.ends_with('\n')) fault("the last line has no end");
    while (!text.empty()) {
      ++line_;
      const std::size_t end = std::min(text.find('\n'), text.size() - 1);
      take(text.substr(0, end));
      text.remove_prefix(end + 1);
    }
    for (const auto& [name, family] : scrape_.families) {
      if (family.type == "histogram") check_histogram(name);
      if (family.type == "counter" && !name.ends_with("_total")) fault(name + " is a counter without _total");
      if (family.type != "counter" && name.ends_with("_total")) fault(name + " is no counter, but _total");
      if (family.help.empty()) fault(name + " has no help");
    }
    return std::move(scrape_);
  }

 private:
  void fault(const std::string& text) {
    scrape_.faults.push_back("line " + std::to_string(line_) + ": " + text);
  }

  void take(std::string_view line) {
    if (line.empty()) return;
    if (line.starts_with("# HELP ")) return take_head(line.substr(7), true);
    if (line.starts_with("# TYPE ")) return take_head(line.substr(7), false);
    if (line.starts_with("#")) return fault("a comment that says nothing");
    take_sample(line);
  }

  void take_head(std::string_view rest, bool is_help) {
    const std::size_t space = std::min(rest.find(' '), rest.size());
    const std::string name(rest.substr(0, space));
    const std::string text(rest.substr(std::min(space + 1, rest.size())));
    if (!is_name(name, true)) fault("\"" + name + "\" is no name");
    auto& family = scrape_.families[name];
    auto& part = is_help ? family.help : family.type;
    if (!part.empty()) fault(name + " is introduced twice");
    if (name != current_ && left_.contains(name)) fault(name + " is in pieces");
    if (name != current_) left_.insert(current_);
    current_ = name;
    part = text;
    const std::set<std::string> types{"counter", "gauge", "histogram"};
    if (!is_help && !types.contains(text)) fault("\"" + text + "\" is no type that we use");
  }

  void take_sample(std::string_view line) {
    const std::size_t name_end = line.find_first_of("{ ");
    if (name_end == std::string_view::npos) return fault("no value");
    const std::string name(line.substr(0, name_end));
    line.remove_prefix(name_end);
    PrometheusLabels labels;
    if (line.starts_with('{') && !take_labels(line, labels))
      return fault(name + ": labels that cannot be read");
    if (!line.starts_with(' ')) return fault(name + ": no value");
    const std::string number(line.substr(1));
    char* end = nullptr;
    const double value = std::strtod(number.c_str(), &end);
    if (number.empty() || *end != '\0') fault(name + ": \"" + number + "\" is no number");
    std::string family = name;
    if (!scrape_.families.contains(family)) {
      for (const char* ending : {"_bucket", "_sum", "_count"})
        if (name.ends_with(ending)) family = without(name, ending);
      if (scrape_.families.contains(family) && scrape_.families[family].type != "histogram")
        fault(name + " is no part of a " + scrape_.families[family].type);
    }
    if (family != current_) fault(name + " does not stand in its family");
    const auto known = scrape_.families.find(family);
    if (known == scrape_.families.end() || known->second.type.empty()) return fault(name + " has no type");
    if (known->second.type == "counter" && !(value >= 0)) fault(name + " is below 0");
    if (!scrape_.samples.emplace(std::pair(name, labels), value).second) fault(name + " comes twice");
  }

  bool take_labels(std::string_view& line, PrometheusLabels& labels) {
    line.remove_prefix(1);
    while (!line.starts_with('}')) {
      const std::size_t equals = line.find("=\"");
      if (equals == std::string_view::npos) return false;
      const std::string name(line.substr(0, equals));
      if (!is_name(name, false) || name.starts_with("__")) return false;
      line.remove_prefix(equals + 2);
      const auto value = take_text(line);
      if (!value || !labels.emplace(name, *value).second) return false;
      if (line.starts_with(',')) line.remove_prefix(1);
    }
    line.remove_prefix(1);
    return true;
  }

  static std::optional<std::string> take_text(std::string_view& line) {
    std::string text;
    while (!line.empty()) {
      const char letter = line[0];
      line.remove_prefix(1);
      if (letter == '"') return text;
      if (letter != '\\') {
        text.push_back(letter);
        continue;
      }
      if (line.empty()) return std::nullopt;
      if (line[0] != 'n' && line[0] != '"' && line[0] != '\\') return std::nullopt;
      text.push_back(line[0] == 'n' ? '\n' : line[0]);
      line.remove_prefix(1);
    }
    return std::nullopt;
  }

  void check_histogram(const std::string& name) {
    struct Series {
      std::map<double, double> buckets;
    };
    std::map<PrometheusLabels, Series> all;
    for (const auto& [key, value] : scrape_.samples) {
      if (key.first != name + "_bucket") continue;
      PrometheusLabels labels = key.second;
      const auto bound = labels.find("le");
      if (bound == labels.end()) return fault(name + ": a bucket without a bound");
      const double limit = bound->second == "+Inf" ? INFINITY : std::strtod(bound->second.c_str(), nullptr);
      labels.erase(bound);
      all[labels].buckets[limit] = value;
    }
    if (all.empty()) fault(name + " has no buckets");
    for (const auto& [labels, series] : all) {
      double before = 0;
      for (const auto& [limit, value] : series.buckets) {
        if (value < before) fault(name + ": fewer values below a higher bound");
        before = value;
      }
      if (!std::isinf(series.buckets.rbegin()->first)) fault(name + " has no bucket for all");
      const auto count = scrape_.samples.find({name + "_count", labels});
      if (count == scrape_.samples.end() || count->second != before) fault(name + ": the count is another");
      if (!scrape_.samples.contains({name + "_sum", labels})) fault(name + " has no sum");
    }
  }

  PrometheusScrape scrape_;
  std::string current_;
  std::set<std::string> left_;
  std::size_t line_ = 0;
};

}  // namespace

double PrometheusScrape::value(const std::string& name, const PrometheusLabels& labels) const {
  const auto found = samples.find({name, labels});
  return found == samples.end() ? NAN : found->second;
}

bool PrometheusScrape::has(const std::string& name, const PrometheusLabels& labels) const {
  return samples.contains({name, labels});
}

PrometheusScrape read_prometheus_text(std::string_view text) { return Reader().read(text); }

}  // namespace touchline
