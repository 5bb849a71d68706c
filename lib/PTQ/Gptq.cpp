//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// GPTQ and GPTAQ on transposed weights: a column of the weight is a row in memory.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/Gptq.h"
#include "Checks.h"
#include "quantc/PTQ/Curvature.h"
#include <numeric>

using namespace llvm;
using namespace quantc;
using namespace quantc::ptq;

//===----------------------------------------------------------------------===//
// Factor
//===----------------------------------------------------------------------===//

/// X with L X = I for a lower triangular L; zeros of X are not computed with.
static Eigen::MatrixXd invertLower(const Eigen::MatrixXd &lower) {
  constexpr Eigen::Index kPanel = 64;
  const Eigen::Index size = lower.rows();
  Eigen::MatrixXd inverse = Eigen::MatrixXd::Zero(size, size);
  for (Eigen::Index begin = 0; begin < size; begin += kPanel) {
    Eigen::Index width = std::min(kPanel, size - begin), rest = size - begin;
    auto panel = inverse.block(begin, begin, rest, width);
    panel.topRows(width).setIdentity();
    lower.bottomRightCorner(rest, rest).triangularView<Eigen::Lower>().solveInPlace(panel);
  }
  return inverse;
}

/// The moments in the factor's order from last to first, with lambda on the diagonal and dead
/// channels mended.
static Eigen::MatrixXd dampedReversed(const Matrix &moment, const GptqFactor &factor) {
  std::vector<int64_t> order(factor.order.rbegin(), factor.order.rend());
  Eigen::MatrixXd hessian = moment(order, order);
  for (Eigen::Index i = 0; i < hessian.rows(); ++i) {
    if (hessian(i, i) == 0)
      hessian(i, i) = factor.meanMoment;
    hessian(i, i) += factor.lambda;
  }
  return hessian;
}

/// U with U^T U = H^-1 from H reversed in rows and columns, or nothing where that is not positive
/// definite. Reversed, H is L L^T, so H = R R^T with R = L reversed, upper triangular, and U =
/// R^-1.
static Matrix inverseUpperFactor(Eigen::MatrixXd reversed) {
  Eigen::LLT<Eigen::Ref<Eigen::MatrixXd>, Eigen::Lower> factor(reversed);
  if (factor.info() != Eigen::Success)
    return {};
  Eigen::MatrixXd inverse = invertLower(reversed);
  if (!inverse.allFinite() || !(inverse.diagonal().minCoeff() > 0))
    return {};
  return inverse.reverse();
}

/// Tries greater and greater damping.
static void climb(const Matrix &moment, const GptqOptions &options, GptqFactor &factor) {
  for (double damping = options.damping;; damping = damping == 0 ? 0.01 : 2 * damping) {
    factor.damping = std::min(damping, options.maxDamping);
    factor.lambda = factor.damping * factor.meanMoment;
    factor.upper = inverseUpperFactor(dampedReversed(moment, factor));
    if (factor.usable()) {
      if (factor.damping != options.damping)
        factor.message =
            ("second moments needed a damping of " + Twine(std::to_string(factor.damping)) +
             " in place of " + Twine(std::to_string(options.damping)))
                .str();
      return;
    }
    if (damping >= options.maxDamping)
      break;
  }
  factor.message = ("second moments are not positive definite even with a damping of " +
                    Twine(std::to_string(options.maxDamping)))
                       .str();
}

static Error checkOptions(const GptqOptions &options) {
  if (!(options.damping >= 0 && options.damping <= options.maxDamping))
    return makeError("expected a damping of 0 to maxDamping, but found " +
                     Twine(std::to_string(options.damping)) + " and " +
                     Twine(std::to_string(options.maxDamping)));
  return Error::success();
}

Expected<GptqFactor> ptq::factorSecondMoment(const Matrix &moment, const GptqOptions &options) {
  if (Error error = checkOptions(options))
    return std::move(error);
  const int64_t size = moment.rows();
  if (size == 0 || moment.cols() != size)
    return makeError("expected square second moments, but found " + Twine(size) + "x" +
                     Twine(moment.cols()));
  GptqFactor factor;
  factor.order.resize(size);
  std::iota(factor.order.begin(), factor.order.end(), 0);
  if (!moment.allFinite()) {
    factor.message = "second moments are not finite";
    return factor;
  }
  if (!(moment - moment.transpose()).isZero(1e-9 * moment.cwiseAbs().maxCoeff()))
    return makeError("expected symmetric second moments, but found others");
  for (int64_t i = 0; i < size; ++i)
    if (moment(i, i) == 0)
      factor.dead.push_back(i);
  if (options.actOrder)
    std::stable_sort(factor.order.begin(), factor.order.end(),
                     [&](int64_t a, int64_t b) { return moment(a, a) > moment(b, b); });
  if (int64_t(factor.dead.size()) == size) {
    factor.message = "no input was ever other than 0";
    return factor;
  }
  factor.meanMoment = moment.trace() / double(size - int64_t(factor.dead.size()));
  climb(moment, options, factor);
  return factor;
}

//===----------------------------------------------------------------------===//
// Rounding
//===----------------------------------------------------------------------===//

namespace {

/// Weights and their rounding in the factor's order, [d, out].
class ColumnRounder {
public:
  ColumnRounder(const GptqFactor &factor, WeightGrid &grid, const GptqRounding &options,
                Matrix columns)
      : factor(factor), grid(grid), options(options), columns(std::move(columns)),
        rounded(this->columns.rows(), this->columns.cols()), groups(this->columns.rows()),
        rowLosses(Vector::Zero(this->columns.cols())),
        isDynamic(!options.staticGroups && grid.groups() > 1) {
    if (options.columnWeights) {
      ordered.resize(factor.order.size());
      for (int64_t i = 0; i < ordered.size(); ++i)
        ordered[i] = (*options.columnWeights)[factor.order[i]];
    }
  }

  Error run() {
    const int64_t size = columns.rows();
    for (int64_t begin = 0, end; begin < size; begin = end) {
      end = blockEnd(begin);
      errors.resize(end - begin, columns.cols());
      for (int64_t i = begin; i < end; ++i)
        if (Error error = roundOne(i, begin, end))
          return error;
      update(begin, end);
    }
    return Error::success();
  }

  const GptqFactor &factor;
  WeightGrid &grid;
  const GptqRounding &options;
  Matrix columns; ///< what is yet to be rounded, corrected; and what was, before its rounding
  Matrix rounded;
  std::vector<int64_t> groups; ///< of each position
  double loss = 0;
  Vector rowLosses;

private:
  /// Dynamic groups must find all corrections made when they begin.
  int64_t blockEnd(int64_t begin) const {
    int64_t size = options.blockSize, width = grid.groupSize();
    if (isDynamic)
      size = size < width ? std::min(size, width - begin % width) : size / width * width;
    return std::min(begin + size, int64_t(columns.rows()));
  }

  Error roundOne(int64_t i, int64_t begin, int64_t end) {
    groups[i] = (isDynamic ? i : factor.order[i]) / grid.groupSize();
    if (isDynamic && i % grid.groupSize() == 0)
      if (Error error = grid.fitGroup(groups[i],
                                      columns.middleRows(i, grid.groupWidth(groups[i])).transpose(),
                                      options.columnWeights ? ordered.data() + i : nullptr))
        return error;
    grid.roundColumn(groups[i], columns.row(i).data(), rounded.row(i).data());
    auto e = errors.row(i - begin);
    e = (columns.row(i) - rounded.row(i)) / factor.upper(i, i);
    loss += e.squaredNorm();
    rowLosses += e.cwiseAbs2().transpose();
    for (int64_t k = i + 1; k < end; ++k)
      columns.row(k) -= factor.upper(i, k) * e;
    return Error::success();
  }

  /// Corrects the columns behind a block.
  void update(int64_t begin, int64_t end) {
    const int64_t rest = columns.rows() - end;
    if (rest == 0)
      return;
    auto coming = columns.bottomRows(rest);
    coming.noalias() -= factor.upper.block(begin, end, end - begin, rest).transpose() * errors;
  }

  Matrix errors;  ///< of the block
  Vector ordered; ///< weights of columns in the factor's order
  bool isDynamic;
};

} // namespace

static Error checkRounding(const Matrix &weight, const GptqFactor &factor, const WeightGrid &grid,
                           const GptqRounding &options) {
  const int64_t size = factor.order.size();
  if (grid.rows() != weight.rows() || grid.columns() != size)
    return makeError("expected a grid of " + Twine(weight.rows()) + "x" + Twine(size) +
                     ", but found " + Twine(grid.rows()) + "x" + Twine(grid.columns()));
  if (options.blockSize < 1)
    return makeError("expected blocks of at least 1 column, but found " + Twine(options.blockSize));
  if (!options.staticGroups && grid.groups() > 1 && !grid.fitsGroupsAlone())
    return makeError("expected static groups for a grid whose groups depend on each other");
  if (options.columnWeights &&
      (options.columnWeights->size() != size || !options.columnWeights->allFinite() ||
       options.columnWeights->minCoeff() < 0))
    return makeError("expected a non-negative weight for each of " + Twine(size) + " columns");
  return checkMatrix("a weight", weight, weight.rows(), size);
}

Expected<GptqResult> ptq::roundByGptq(const Matrix &weight, const GptqFactor &factor,
                                      WeightGrid &grid, const GptqRounding &options) {
  if (Error error = checkRounding(weight, factor, grid, options))
    return std::move(error);
  const int64_t size = factor.order.size();
  GptqResult result;
  result.groupOf.resize(size);
  const bool fitFirst = !factor.usable() || options.staticGroups || grid.groups() == 1;
  if (fitFirst)
    if (Error error =
            grid.fit(weight, options.columnWeights ? options.columnWeights->data() : nullptr))
      return std::move(error);
  if (!factor.usable()) {
    for (int64_t column = 0; column < size; ++column)
      result.groupOf[column] = column / grid.groupSize();
    result.nearest = true;
    Expected<Matrix> rounded = roundOnGrid(weight, grid);
    if (!rounded)
      return rounded.takeError();
    result.weights = std::move(*rounded);
    return result;
  }

  Matrix columns(size, weight.rows());
  for (int64_t i = 0; i < size; ++i)
    columns.row(i) = weight.col(factor.order[i]);
  ColumnRounder rounder(factor, grid, options, std::move(columns));
  if (Error error = rounder.run())
    return std::move(error);
  result.dampedLoss = rounder.loss;
  result.rowLosses = std::move(rounder.rowLosses);
  result.weights.resize(weight.rows(), size);
  for (int64_t i = 0; i < size; ++i) {
    result.weights.col(factor.order[i]) = rounder.rounded.row(i);
    result.groupOf[factor.order[i]] = rounder.groups[i];
  }
  result.loss = rounder.loss - factor.lambda * (result.weights - weight).squaredNorm();
  for (int64_t column : factor.dead)
    result.loss -=
        factor.meanMoment * (result.weights.col(column) - weight.col(column)).squaredNorm();
  result.loss = std::max(result.loss, 0.0);
  return result;
}

//===----------------------------------------------------------------------===//
// Targets that differ
//===----------------------------------------------------------------------===//

Expected<Matrix> ptq::shiftedTarget(const Matrix &weight, const Matrix &crossMoment,
                                    const GptqFactor &factor, double alpha) {
  const int64_t size = factor.order.size();
  if (Error error = checkMatrix("a weight", weight, weight.rows(), size))
    return std::move(error);
  if (Error error = checkMatrix("cross moments", crossMoment, size, size))
    return std::move(error);
  if (!factor.usable())
    return weight;
  Matrix product = weight * crossMoment;
  Matrix ordered = product(Eigen::all, factor.order);
  ordered = ordered * factor.upper.transpose().triangularView<Eigen::Lower>();
  ordered = ordered * factor.upper.triangularView<Eigen::Upper>();
  Matrix target = weight;
  for (int64_t i = 0; i < size; ++i)
    target.col(factor.order[i]) += alpha * ordered.col(i);
  return target;
}
