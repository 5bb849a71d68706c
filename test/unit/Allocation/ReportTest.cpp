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
#include "Samples.h"
#include "llvm/ADT/StringRef.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace llvm;
using namespace quantc::alloc;
using namespace quantc::alloc::test;

namespace {
TEST(FrontCsv, ByHand) {
  Problem problem = smallProblem();
  problem.groups[1].name = "b, \"quoted\"";
  std::string text;
  raw_string_ostream out(text);
  writeFrontCsv(problem, 0, cantFail(paretoFront(problem, 0)), out);
  EXPECT_EQ(text, "size [B],loss,a,\"b, \"\"quoted\"\"\",c\n"
                  "12,7,w4,w4,w4\n"
                  "16,3.5,w4,w8,w4\n"
                  "20,1.5,w4,w8,w8\n"
                  "24,0.5,w8,w8,w8\n");
}

std::string svgOf(ArrayRef<Series> series, const PlotOptions &options = {}) {
  std::string text;
  raw_string_ostream out(text);
  Error error = writeSvg(series, options, out);
  return error ? toString(std::move(error)) : text;
}

TEST(Svg, HasAMarkerPerPointInsideTheFrame) {
  Problem problem = smallProblem();
  std::string text;
  raw_string_ostream out(text);
  cantFail(writeFrontSvg(problem, 0, cantFail(paretoFront(problem, 0)), out));
  EXPECT_EQ(StringRef(text).count("<circle"), 4u);
  EXPECT_EQ(StringRef(text).count("<polyline"), 1u);
  EXPECT_NE(text.find("<title>12, 7</title>"), std::string::npos);
  EXPECT_NE(text.find("size [B]"), std::string::npos);
  // The least cost is left of the frame's middle, and its loss near the top.
  EXPECT_NE(text.find("<circle cx=\"114.09\" cy=\"57.27\""), std::string::npos) << text;
}

TEST(Svg, EscapesTextAndLeavesOutWhatALogCannotShow) {
  PlotOptions options;
  options.title = "<a & b>";
  options.logY = true;
  std::string text = svgOf({{"predicted", {1, 2, 3}, {0, 1, 100}, false}}, options);
  EXPECT_NE(text.find("&lt;a &amp; b&gt;"), std::string::npos);
  EXPECT_EQ(StringRef(text).count("<title>"), 2u);
}

TEST(Svg, RefusesWhatCannotBeDrawn) {
  EXPECT_EQ(svgOf({}), "expected points to draw, but found none");
  EXPECT_EQ(svgOf({{"s", {1}, {}, false}}),
            "series 's': expected as many x as y, but found 1 and 0");
  EXPECT_EQ(svgOf({{"s", {1}, {NAN}, false}}), "series 's': expected finite values, but found nan");
  EXPECT_NE(svgOf({{"one", {5}, {5}, false}}).find("<circle"), std::string::npos);
}
} // namespace
