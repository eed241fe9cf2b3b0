#include "cmd/touchline/svg_chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace touchline {
namespace {

constexpr double width = 640;
constexpr double height = 300;
constexpr double left = 70;
constexpr double right = 150;  // for the names of the lines
constexpr double top = 40;
constexpr double bottom = 50;
constexpr std::array colours{"#1b6ca8", "#c44536", "#3a7d44", "#7b4397"};

std::string printed(const char* form, double a, double b, double c = 0, double d = 0) {
  std::array<char, 256> text{};
  std::snprintf(text.data(), text.size(), form, a, b, c, d);
  return text.data();
}

std::string power_of_ten(double power) {
  if (power >= 6) return printed("%.0f M", std::pow(10, power - 6), 0);
  if (power >= 3) return printed("%.0f k", std::pow(10, power - 3), 0);
  return printed("%g", std::pow(10, power), 0);
}

// Decades that hold all values.
struct Axis {
  explicit Axis(const std::vector<const std::vector<double>*>& values) {
    double least = 1e300;
    double most = 1e-300;
    for (const auto* some : values) {
      for (const double value : *some) {
        least = std::min(least, value);
        most = std::max(most, value);
      }
    }
    from = std::floor(std::log10(least));
    to = std::max(std::ceil(std::log10(most)), from + 1);
  }
  double share(double value) const { return (std::log10(value) - from) / (to - from); }
  double from = 0;
  double to = 1;
};

void draw(std::string& out, const Chart& chart, double y_of_chart) {
  std::vector<const std::vector<double>*> xs;
  std::vector<const std::vector<double>*> ys;
  for (const ChartLine& line : chart.lines) {
    xs.push_back(&line.x);
    ys.push_back(&line.y);
  }
  const Axis x_axis(xs);
  const Axis y_axis(ys);
  const double plot_width = width - left - right;
  const double plot_height = height - top - bottom;
  const auto x_at = [&](double share) { return left + share * plot_width; };
  const auto y_at = [&](double share) { return y_of_chart + top + (1 - share) * plot_height; };

  out +=
      printed("<text x='%g' y='%g' font-weight='bold'>", left, y_of_chart + 20) + chart.title + "</text>\n";
  for (double power = x_axis.from; power <= x_axis.to; ++power) {
    const double x = x_at((power - x_axis.from) / (x_axis.to - x_axis.from));
    out += printed("<line x1='%g' y1='%g' x2='%g' y2='%g' stroke='#ddd'/>\n", x, y_at(0), x, y_at(1));
    out += printed("<text x='%g' y='%g' text-anchor='middle'>", x, y_at(0) + 16) + power_of_ten(power) +
           "</text>\n";
  }
  for (double power = y_axis.from; power <= y_axis.to; ++power) {
    const double y = y_at((power - y_axis.from) / (y_axis.to - y_axis.from));
    out += printed("<line x1='%g' y1='%g' x2='%g' y2='%g' stroke='#ddd'/>\n", x_at(0), y, x_at(1), y);
    out += printed("<text x='%g' y='%g' text-anchor='end'>", left - 6, y + 4) + power_of_ten(power) +
           "</text>\n";
  }
  out += printed("<text x='%g' y='%g' text-anchor='middle'>", x_at(0.5), y_at(0) + 36) + chart.x_name +
         "</text>\n";
  out += printed("<text x='%g' y='%g'>", 4, y_of_chart + 36) + chart.y_name + "</text>\n";
  for (std::size_t i = 0; i < chart.lines.size(); ++i) {
    const ChartLine& line = chart.lines[i];
    const std::string colour = colours[i % colours.size()];
    std::string points;
    for (std::size_t p = 0; p < line.x.size(); ++p)
      points += printed("%.1f,%.1f ", x_at(x_axis.share(line.x[p])), y_at(y_axis.share(line.y[p])));
    out += "<polyline fill='none' stroke-width='2' stroke='" + colour + "' points='" + points + "'/>\n";
    if (line.y.empty()) continue;
    out += printed("<text x='%g' y='%g' ", x_at(x_axis.share(line.x.back())) + 8,
                   y_at(y_axis.share(line.y.back())) + 4) +
           "fill='" + colour + "'>" + line.name + "</text>\n";
  }
}

}  // namespace

std::string svg_of(const std::vector<Chart>& charts) {
  std::string out = printed("<svg xmlns='http://www.w3.org/2000/svg' width='%g' height='%g' ", width,
                            height * static_cast<double>(charts.size()));
  out += "font-family='sans-serif' font-size='12'>\n<rect width='100%' height='100%' fill='white'/>\n";
  for (std::size_t i = 0; i < charts.size(); ++i)
    draw(out, charts[i], height * static_cast<double>(i));
  return out + "</svg>\n";
}

}  // namespace touchline
