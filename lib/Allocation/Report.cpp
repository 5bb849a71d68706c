//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// CSV and SVG.
//
//===----------------------------------------------------------------------===//

#include "quantc/Allocation/Report.h"
#include "Faults.h"
#include <cmath>

using namespace llvm;
using namespace quantc;
using namespace quantc::alloc;

static std::string columnName(const Resource &resource) {
  return resource.unit.empty() ? resource.name : resource.name + " [" + resource.unit + "]";
}

//===----------------------------------------------------------------------===//
// CSV
//===----------------------------------------------------------------------===//

static std::string quoted(StringRef field) {
  if (field.find_first_of(",\"\r\n") == StringRef::npos)
    return field.str();
  std::string result = "\"";
  for (char c : field)
    result += c == '"' ? "\"\"" : std::string(1, c);
  return result + "\"";
}

void alloc::writeFrontCsv(const Problem &problem, unsigned resource, ArrayRef<FrontPoint> front,
                          raw_ostream &out) {
  out << quoted(columnName(problem.resources[resource])) << ",loss";
  for (const Group &group : problem.groups)
    out << ',' << quoted(group.name);
  out << '\n';
  for (const FrontPoint &point : front) {
    out << point.cost << ',' << number(point.loss);
    for (auto [group, choice] : zip_equal(problem.groups, point.assignment))
      out << ',' << quoted(group.candidates[choice].label);
    out << '\n';
  }
}

//===----------------------------------------------------------------------===//
// SVG
//===----------------------------------------------------------------------===//

namespace {
/// Maps values of one axis to pixels, and says where its ticks are.
class Axis {
public:
  Axis(bool log, double from, double to) : log(log), from(from), to(to) {}

  void include(double value) {
    value = transformed(value);
    low = empty ? value : std::min(low, value);
    high = empty ? value : std::max(high, value);
    empty = false;
  }
  /// A margin on both sides; something to divide by.
  void finish() {
    double margin = high > low ? 0.05 * (high - low) : std::max(1e-3, 0.05 * std::abs(high));
    low -= margin;
    high += margin;
  }
  bool shows(double value) const { return !log || value > 0; }
  double pixel(double value) const { return at(transformed(value)); }

  /// Pixel and text of ticks: multiples of 1, 2 or 5 times a power of ten.
  std::vector<std::pair<double, std::string>> ticks() const {
    double step = std::pow(10, std::floor(std::log10((high - low) / 5)));
    for (double factor : {2.0, 2.5, 2.0})
      if ((high - low) / step > 6)
        step *= factor;
    std::vector<std::pair<double, std::string>> result;
    for (double i = std::ceil(low / step); i * step <= high; ++i) {
      double value = i * step;
      std::string text = formatv("{0}", format("%.6g", log ? std::pow(10, value) : value));
      result.push_back({at(value), text});
    }
    return result;
  }

private:
  double transformed(double value) const { return log ? std::log10(value) : value; }
  double at(double value) const { return from + (value - low) / (high - low) * (to - from); }

  bool log, empty = true;
  double from, to, low = 0, high = 0;
};
} // namespace

static std::string escaped(StringRef text) {
  std::string result;
  for (char c : text) {
    StringRef entity = c == '&'   ? "&amp;"
                       : c == '<' ? "&lt;"
                       : c == '>' ? "&gt;"
                       : c == '"' ? "&quot;"
                                  : "";
    result += entity.empty() ? std::string(1, c) : entity.str();
  }
  return result;
}

constexpr double left = 90, right = 620, top = 40, bottom = 420;

static Error checkSeries(ArrayRef<Series> series) {
  for (const Series &one : series) {
    if (one.x.size() != one.y.size())
      return makeError("series '" + one.name + "': expected as many x as y, but found " +
                       Twine(one.x.size()) + " and " + Twine(one.y.size()));
    for (double value : concat<const double>(one.x, one.y))
      if (!std::isfinite(value))
        return makeError("series '" + one.name + "': expected finite values, but found " +
                         number(value));
  }
  return Error::success();
}

static void drawFrame(const Axis &x, const Axis &y, const PlotOptions &options, raw_ostream &out) {
  out << "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"640\" height=\"480\" "
         "viewBox=\"0 0 640 480\" font-family=\"sans-serif\" font-size=\"12\">\n"
         "<rect width=\"640\" height=\"480\" fill=\"white\"/>\n"
         "<g stroke=\"#ddd\">\n";
  for (const auto &[pixel, text] : x.ticks())
    out << formatv("<line x1=\"{0:f2}\" y1=\"{1:f2}\" x2=\"{0:f2}\" y2=\"{2:f2}\"/>\n", pixel, top,
                   bottom);
  for (const auto &[pixel, text] : y.ticks())
    out << formatv("<line x1=\"{1:f2}\" y1=\"{0:f2}\" x2=\"{2:f2}\" y2=\"{0:f2}\"/>\n", pixel, left,
                   right);
  out << "</g>\n";
  out << formatv("<rect x=\"{0:f2}\" y=\"{1:f2}\" width=\"{2:f2}\" height=\"{3:f2}\" fill=\"none\" "
                 "stroke=\"black\"/>\n",
                 left, top, right - left, bottom - top);
  for (const auto &[pixel, text] : x.ticks())
    out << formatv("<text x=\"{0:f2}\" y=\"438\" text-anchor=\"middle\">{1}</text>\n", pixel, text);
  for (const auto &[pixel, text] : y.ticks())
    out << formatv("<text x=\"84\" y=\"{0:f2}\" text-anchor=\"end\">{1}</text>\n", pixel + 4, text);
  out << "<text x=\"355\" y=\"24\" text-anchor=\"middle\" font-size=\"15\">"
      << escaped(options.title) << "</text>\n"
      << "<text x=\"355\" y=\"464\" text-anchor=\"middle\">" << escaped(options.xLabel)
      << "</text>\n"
      << "<text x=\"18\" y=\"230\" text-anchor=\"middle\" transform=\"rotate(-90 18 230)\">"
      << escaped(options.yLabel) << "</text>\n";
}

static void drawSeries(const Series &series, const Axis &x, const Axis &y, StringRef colour,
                       raw_ostream &out) {
  std::string path;
  for (auto [u, v] : zip_equal(series.x, series.y)) {
    if (!x.shows(u) || !y.shows(v))
      continue;
    path += formatv("{0}{1:f2},{2:f2}", path.empty() ? "" : " ", x.pixel(u), y.pixel(v));
    out << formatv("<circle cx=\"{0:f2}\" cy=\"{1:f2}\" r=\"3\" fill=\"{2}\"><title>{3}, {4}"
                   "</title></circle>\n",
                   x.pixel(u), y.pixel(v), colour, number(u), number(v));
  }
  if (series.line && !path.empty())
    out << "<polyline points=\"" << path << "\" fill=\"none\" stroke=\"" << colour << "\"/>\n";
}

Error alloc::writeSvg(ArrayRef<Series> series, const PlotOptions &options, raw_ostream &out) {
  // Okabe and Ito's colours, which the colour-blind tell apart.
  constexpr StringLiteral colours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                       "#e69f00", "#56b4e9", "#000000"};
  if (Error error = checkSeries(series))
    return error;
  Axis x(options.logX, left, right), y(options.logY, bottom, top);
  bool any = false;
  for (const Series &one : series)
    for (auto [u, v] : zip_equal(one.x, one.y))
      if (x.shows(u) && y.shows(v)) {
        x.include(u);
        y.include(v);
        any = true;
      }
  if (!any)
    return makeError("expected points to draw, but found none");
  x.finish();
  y.finish();
  drawFrame(x, y, options, out);
  for (auto [i, one] : enumerate(series)) {
    StringRef colour = colours[i % std::size(colours)];
    drawSeries(one, x, y, colour, out);
    if (one.name.empty())
      continue;
    double row = top + 16 + 16 * double(i);
    out << formatv("<circle cx=\"{0:f2}\" cy=\"{1:f2}\" r=\"3\" fill=\"{2}\"/>\n"
                   "<text x=\"{3:f2}\" y=\"{4:f2}\" text-anchor=\"end\">{5}</text>\n",
                   right - 12, row - 4, colour, right - 22, row, escaped(one.name));
  }
  out << "</svg>\n";
  return Error::success();
}

Error alloc::writeFrontSvg(const Problem &problem, unsigned resource, ArrayRef<FrontPoint> front,
                           raw_ostream &out) {
  Series series;
  series.line = true;
  for (const FrontPoint &point : front) {
    series.x.push_back(double(point.cost));
    series.y.push_back(point.loss);
  }
  PlotOptions options;
  options.title = "Pareto front";
  options.xLabel = columnName(problem.resources[resource]);
  options.yLabel = "loss";
  return writeSvg(series, options, out);
}
