// A line chart with logarithmic axes, as an SVG document.
//
// Knows points and their names, and nothing of what they mean. Text in, text out; the drawing needs no script and no
// font of its own.
#pragma once

#include <string>
#include <vector>

namespace touchline {

struct ChartLine {
  std::string name;
  std::vector<double> x;  // above 0, growing
  std::vector<double> y;  // above 0, one for each x
};

struct Chart {
  std::string title;
  std::string x_name;
  std::string y_name;
  std::vector<ChartLine> lines;
};

// The charts below each other, in one document.
std::string svg_of(const std::vector<Chart>& charts);

}  // namespace touchline
