// What `touchline top` shows of a service, as lines: from what its admin port said now and the time before.
//
// Knows the pages' form and no connection; lines have no line feed and are not cut to a width. Texts of others are taken
// as they are: the admin port has made them plain, but for events' names, which are cleaned here.
#pragma once

#include "core/result.h"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace touchline {

// One round of questions.
struct TopAnswers {
  double at_s = 0;                                                 // by a steady clock
  std::string ready, version, sources, sessions, events, metrics;  // bodies
};

// Samples by name and labels as they are written: `name{a="b"}`.
class Samples {
 public:
  explicit Samples(std::string_view metrics);
  double value(const std::string& name) const;  // 0 where there is none
  bool has(const std::string& name) const { return values_.contains(name); }
  // Of all labels together.
  double sum(const std::string& name) const;
  // The least bound of a histogram without labels that a share of all values since `before` does not pass; below 0: there
  // are none.
  double quantile(const std::string& name, double share, const Samples* before) const;

 private:
  std::map<std::string, double, std::less<>> values_;
};

// `before` may be null. An error where a page is not what it should be.
Result<std::vector<std::string>> top_lines(const TopAnswers& now, const TopAnswers* before, std::size_t rows);
// The same in one line, for where there is no terminal.
Result<std::string> top_line(const TopAnswers& now, const TopAnswers* before);

}  // namespace touchline
