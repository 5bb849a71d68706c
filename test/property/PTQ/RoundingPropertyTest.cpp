//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Properties of weight rounding over random shapes, bits, families of grids, formats and groups.
//
//===----------------------------------------------------------------------===//

#include "../../unit/PTQ/AffineGrid.h"
#include "quantc/PTQ/Curvature.h"
#include "quantc/PTQ/FormatGrid.h"
#include "quantc/PTQ/Gptq.h"
#include "quantc/PTQ/SecondMoment.h"

#include "gtest/gtest.h"
#include <cmath>
#include <cstdlib>
#include <memory>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

using namespace quantc::ptq;
using namespace quantc::ptq::test;
namespace numerics = quantc::numerics;

namespace {

[[maybe_unused]] const int kConfigured = setenv("RC_PARAMS", "max_success=200", /*overwrite=*/0);

Matrix randomMatrix(int64_t rows, int64_t columns) {
  Vector values = normalProbe(*rc::gen::arbitrary<uint32_t>(), 0, rows * columns);
  return Eigen::Map<Matrix>(values.data(), rows, columns);
}

/// Second moments of inputs that are mixed with each other; some channels are dead or alike.
Matrix randomMoment(int64_t channels) {
  const int64_t tokens = *rc::gen::inRange<int64_t>(1, 2 * channels + 2);
  Matrix samples = randomMatrix(tokens, channels) *
                   (Matrix::Identity(channels, channels) + randomMatrix(channels, channels) / 3);
  if (*rc::gen::inRange(0, 3) == 0)
    samples.col(*rc::gen::inRange<int64_t>(0, channels)).setZero();
  if (*rc::gen::inRange(0, 3) == 0)
    samples.col(*rc::gen::inRange<int64_t>(0, channels)) = samples.col(0);
  Matrix moment = samples.transpose() * samples / double(tokens);
  return (moment + moment.transpose()) / 2;
}

/// `allFamilies`: GPTQ's symmetric one is among them, in which -absmax is a tie, -n / 2, that the
/// last bit of a sum decides.
std::unique_ptr<WeightGrid> randomGrid(int64_t rows, int64_t columns, bool allFamilies = true) {
  if (*rc::gen::arbitrary<bool>()) {
    const char *text = *rc::gen::element("int4:g16:sym:f16", "uint3:g16:asym:f16", "nf4:g8",
                                         "int8:channel:sym", "mxfp4", "nvfp4", "int3:tensor:sym");
    return std::make_unique<FormatGrid>(rows, columns, *numerics::parseNumberFormat(text).format);
  }
  AffineGridOptions options;
  options.family = GridFamily(*rc::gen::inRange(0, 8));
  if (options.family == GridFamily::SymmetricUnsigned && !allFamilies)
    options.family = GridFamily::Symmetric;
  options.bits = *rc::gen::inRange(2, 9);
  options.groupSize = *rc::gen::inRange<int64_t>(0, 20);
  if (*rc::gen::arbitrary<bool>())
    options.search = RangeSearch();
  return std::make_unique<AffineGrid>(rows, columns, options);
}

RC_GTEST_PROP(WeightGrid, NearestIsTheNearerNeighbour, ()) {
  const int64_t rows = *rc::gen::inRange(1, 6), columns = *rc::gen::inRange(1, 50);
  std::unique_ptr<WeightGrid> grid = randomGrid(rows, columns);
  Matrix weights = randomMatrix(rows, columns);
  llvm::cantFail(grid->fit(weights));
  weights *= 1.3; // some are outside of the grid
  Matrix rounded = cantFail(roundOnGrid(weights, *grid));
  Neighbours sides = cantFail(neighboursOnGrid(weights, *grid));
  for (int64_t i = 0; i < weights.size(); ++i) {
    double w = weights.data()[i], below = sides.below.data()[i], above = sides.above.data()[i];
    RC_ASSERT(rounded.data()[i] == below || rounded.data()[i] == above);
    RC_ASSERT(below <= above);
    if (below < above)
      RC_ASSERT(below <= w && w <= above);
    double distance = std::min(std::fabs(w - below), std::fabs(above - w));
    RC_ASSERT(std::fabs(rounded.data()[i] - w) <= distance + 1e-6 * (1 + std::fabs(w)));
  }
}

RC_GTEST_PROP(Gptq, LossesAreWhatTheySayAndNoBlockSizeShows, ()) {
  const int64_t rows = *rc::gen::inRange(1, 6), columns = *rc::gen::inRange(1, 40);
  Matrix weights = randomMatrix(rows, columns), moment = randomMoment(columns);
  GptqOptions options;
  options.actOrder = *rc::gen::arbitrary<bool>();
  GptqFactor factor = cantFail(factorSecondMoment(moment, options));
  if (!factor.usable())
    return;
  std::unique_ptr<WeightGrid> grid = randomGrid(rows, columns, /*allFamilies=*/false);
  GptqRounding rounding;
  rounding.staticGroups = !grid->fitsGroupsAlone() || *rc::gen::arbitrary<bool>();
  rounding.blockSize = *rc::gen::inRange<int64_t>(1, 45);
  GptqResult result = cantFail(roundByGptq(weights, factor, *grid, rounding));
  Matrix again = cantFail(roundOnGrid(result.weights, *grid, &result.groupOf));
  RC_ASSERT((again - result.weights).cwiseAbs().maxCoeff() < 1e-6);
  double loss = outputCost(result.weights - weights, moment);
  // Differences of weights are known to 1 ulp of the weights.
  double least = 1e-30 * weights.squaredNorm() * moment.trace();
  RC_ASSERT(std::fabs(loss - result.loss) <= 1e-8 * (loss + result.dampedLoss) + least);
  rounding.blockSize = columns;
  GptqResult whole = cantFail(roundByGptq(weights, factor, *grid, rounding));
  RC_ASSERT((whole.weights - result.weights).cwiseAbs().maxCoeff() < 1e-6);
}

RC_GTEST_PROP(RangeSearch, NeverLosesToTheWholeRange, ()) {
  const GridFamily family = GridFamily(*rc::gen::inRange(0, 8));
  const int bits = *rc::gen::inRange(2, 9);
  Matrix values = randomMatrix(1, *rc::gen::inRange(1, 300));
  values(0, 0) *= *rc::gen::element(0.0, 1.0, 20.0);
  RangeSearch search, whole;
  search.norm = whole.norm = *rc::gen::element(2.4, 2.0, 1.0);
  whole.steps = 1;
  RangeChoice best = searchRange(family, bits, values.data(), values.size(), search);
  RangeChoice plain = searchRange(family, bits, values.data(), values.size(), whole);
  RC_ASSERT(best.error <= plain.error);
  double error = 0;
  for (double x : values.reshaped()) {
    double code = affineCode(x, best.params, codeRange(family, bits));
    error += std::pow(std::fabs(x - best.params.scale * (code - best.params.zero)), search.norm);
  }
  RC_ASSERT(std::fabs(error - best.error) <= 1e-12 * error);
}

RC_GTEST_PROP(HalfQuadratic, NeverLosesToTheRange, ()) {
  const std::string bits = std::to_string(*rc::gen::inRange(1, 9));
  const std::string size = std::to_string(*rc::gen::inRange(1, 70));
  const char *type = *rc::gen::element("f32", "f16", "bf16");
  numerics::NumberFormat format =
      *numerics::parseNumberFormat("uint" + bits + ":g" + size + ":asym-float:" + type).format;
  Matrix weights = randomMatrix(*rc::gen::inRange(1, 5), *rc::gen::inRange(1, 100));
  weights *= *rc::gen::element(0.0, 1e-6, 1.0, 100.0);
  weights = weights.cast<float>().cast<double>();
  FormatGrid range(weights.rows(), weights.cols(), format);
  FormatGrid moved(weights.rows(), weights.cols(), format, numerics::ScaleSearch::halfQuadratic());
  Matrix rounded = cantFail(roundToNearest(weights, moved));
  RC_ASSERT(rounded.allFinite());
  RC_ASSERT((rounded - weights).cwiseAbs().sum() <=
            (cantFail(roundToNearest(weights, range)) - weights).cwiseAbs().sum() * (1 + 1e-12));
}

RC_GTEST_PROP(SecondMoment, IsTheProductHoweverRowsArrive, ()) {
  const int64_t channels = *rc::gen::inRange(1, 220), tokens = *rc::gen::inRange(1, 300);
  Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> rows =
      randomMatrix(tokens, channels).cast<float>();
  SecondMoment pieces(channels), whole(channels);
  for (int64_t row = 0; row < tokens;) {
    int64_t count = std::min<int64_t>(*rc::gen::inRange(1, 200), tokens - row);
    pieces.addRows(rows.data() + row * channels, count);
    row += count;
  }
  pieces.endSample();
  whole.addRows(rows.data(), tokens);
  whole.endSample();
  RC_ASSERT(pieces.sum() == whole.sum());
  Matrix exact = rows.cast<double>().transpose() * rows.cast<double>();
  RC_ASSERT((whole.sum() - exact).cwiseAbs().maxCoeff() <= 1e-5 * exact.cwiseAbs().maxCoeff());
}

} // namespace
