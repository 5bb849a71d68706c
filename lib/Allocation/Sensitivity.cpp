//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sensitivities as formulas, and HAWQ's monotone assignments.
//
//===----------------------------------------------------------------------===//

#include "quantc/Allocation/Sensitivity.h"
#include "Faults.h"
#include "quantc/Numerics/Random.h"
#include "quantc/Numerics/Rounding.h"
#include <cmath>
#include <limits>
#include <numeric>

using namespace llvm;
using namespace quantc;
using namespace quantc::alloc;

static Error checkSame(StringRef name, size_t found, size_t expected) {
  if (found == expected)
    return Error::success();
  return makeError("expected " + Twine(expected) + " values of " + name + ", but found " +
                   Twine(found));
}

static Error checkFinite(StringRef name, ArrayRef<double> values) {
  for (auto [i, value] : enumerate(values))
    if (!std::isfinite(value))
      return makeError("expected " + name + " to be finite, but found " + number(value) +
                       " at entry " + Twine(i));
  return Error::success();
}

static Error checkNotNegative(StringRef name, ArrayRef<double> values) {
  for (auto [i, value] : enumerate(values))
    if (value < 0)
      return makeError("expected " + name + " not to be negative, but found " + number(value) +
                       " at entry " + Twine(i));
  return checkFinite(name, values);
}

/// max(curvature, 0) / parameters.
static Expected<Sensitivities> perParameter(StringRef name, ArrayRef<double> curvatures,
                                            ArrayRef<int64_t> parameters) {
  if (Error error = checkFinite(name, curvatures))
    return std::move(error);
  if (Error error = checkSame("parameters", parameters.size(), curvatures.size()))
    return std::move(error);
  Sensitivities result;
  for (auto [curvature, count] : zip_equal(curvatures, parameters)) {
    if (count <= 0)
      return makeError("expected layers to have parameters, but found " + Twine(count));
    result.clamped += curvature < 0;
    result.values.push_back(std::max(curvature, 0.0) / double(count));
  }
  return result;
}

Expected<Sensitivities> alloc::hawqSensitivities(ArrayRef<double> eigenvalues,
                                                 ArrayRef<int64_t> parameters) {
  return perParameter("eigenvalues", eigenvalues, parameters);
}

Expected<Sensitivities> alloc::averageTraces(ArrayRef<double> traces,
                                             ArrayRef<int64_t> parameters) {
  return perParameter("traces", traces, parameters);
}

Expected<double> alloc::hawqOmega(double sensitivity, double squaredError) {
  if (Error error = checkNotNegative("sensitivity and squared error", {sensitivity, squaredError}))
    return std::move(error);
  return sensitivity * squaredError;
}

Expected<std::vector<unsigned>> alloc::fineTuningOrder(ArrayRef<double> eigenvalues,
                                                       ArrayRef<double> squaredErrors) {
  if (Error error = checkFinite("eigenvalues", eigenvalues))
    return std::move(error);
  if (Error error = checkNotNegative("squared errors", squaredErrors))
    return std::move(error);
  if (Error error = checkSame("squared errors", squaredErrors.size(), eigenvalues.size()))
    return std::move(error);
  std::vector<unsigned> order(eigenvalues.size());
  std::iota(order.begin(), order.end(), 0u);
  auto omega = [&](unsigned i) { return std::max(eigenvalues[i], 0.0) * squaredErrors[i]; };
  std::sort(order.begin(), order.end(), [&](unsigned a, unsigned b) {
    return std::pair(-omega(a), a) < std::pair(-omega(b), b);
  });
  return order;
}

Expected<double> alloc::qbertSensitivity(ArrayRef<double> eigenvalues) {
  if (eigenvalues.empty())
    return makeError("expected eigenvalues of one subset or more, but found none");
  if (Error error = checkFinite("eigenvalues", eigenvalues))
    return std::move(error);
  double count = double(eigenvalues.size());
  double mean = std::accumulate(eigenvalues.begin(), eigenvalues.end(), 0.0) / count;
  double squares = 0;
  for (double value : eigenvalues)
    squares += (value - mean) * (value - mean);
  return std::abs(mean) + std::sqrt(squares / count);
}

Expected<double> alloc::fisherLoss(ArrayRef<double> fisher, ArrayRef<double> change) {
  if (Error error = checkNotNegative("the Fisher diagonal", fisher))
    return std::move(error);
  if (Error error = checkFinite("the change", change))
    return std::move(error);
  if (Error error = checkSame("the change", change.size(), fisher.size()))
    return std::move(error);
  double sum = 0;
  for (auto [f, dw] : zip_equal(fisher, change))
    sum += f * dw * dw;
  return sum / 2;
}

Expected<double> alloc::sqnr(double signal, double error) {
  if (Error fault = checkNotNegative("signal and error", {signal, error}))
    return std::move(fault);
  if (signal == 0)
    return makeError("expected a signal, but found zeros");
  return 10 * std::log10(signal / error);
}

Expected<double> alloc::calibTipLoss(double switchedLoss, double baseLoss) {
  if (Error error = checkFinite("losses", {switchedLoss, baseLoss}))
    return std::move(error);
  return std::max(switchedLoss - baseLoss, 1e-6);
}

Expected<double> alloc::ohqSensitivity(ArrayRef<double> divergences) {
  if (divergences.empty())
    return makeError("expected divergences of one sample or more, but found none");
  std::vector<double> clamped;
  for (double value : divergences)
    clamped.push_back(value < 0 && value >= -1e-9 ? 0 : value);
  if (Error error = checkNotNegative("divergences", clamped))
    return std::move(error);
  return std::accumulate(clamped.begin(), clamped.end(), 0.0) / double(clamped.size());
}

Expected<int64_t> alloc::maskedChannels(int64_t channels, double share) {
  if (channels <= 0 || !(share >= 0 && share <= 1))
    return makeError("expected channels and a share of them in [0, 1], but found " +
                     Twine(channels) + " and " + number(share));
  int64_t count = int64_t(numerics::roundHalfEven(double(channels) * share));
  return share > 0 ? std::max<int64_t>(count, 1) : 0;
}

Expected<std::vector<int64_t>> alloc::drawMask(int64_t channels, double share, uint32_t seed) {
  Expected<int64_t> count = maskedChannels(channels, share);
  if (!count)
    return count.takeError();
  // Selection sampling (Knuth, TAOCP 2, 3.4.2, algorithm S): ascending and without memory.
  numerics::RandomState random(seed);
  std::vector<int64_t> mask;
  for (int64_t c = 0; c < channels && int64_t(mask.size()) < *count; ++c)
    if (random.uniform() * double(channels - c) < double(*count - int64_t(mask.size())))
      mask.push_back(c);
  return mask;
}

double alloc::cladoTerm(double both, double first, double second, double base) {
  return both - first - second + base;
}

double alloc::interactionShare(ArrayRef<double> own, ArrayRef<double> pairs) {
  auto magnitude = [](ArrayRef<double> values) {
    double sum = 0;
    for (double value : values)
      sum += std::abs(value);
    return sum;
  };
  double off = magnitude(pairs);
  return off == 0 ? 0 : off / magnitude(own);
}

//===----------------------------------------------------------------------===//
// Monotone assignments
//===----------------------------------------------------------------------===//

Expected<int64_t> alloc::monotoneCount(int64_t layers, int64_t widths) {
  if (layers < 0 || widths < 1)
    return makeError("expected layers and one width or more, but found " + Twine(layers) + " and " +
                     Twine(widths));
  // C(n, k) for n = k, k + 1, ...: each product is divisible.
  int64_t k = std::min(layers, widths - 1), n = std::max(layers, widths - 1);
  __int128 count = 1;
  for (int64_t i = 1; i <= k; ++i) {
    count = count * (n + i) / i;
    if (count > std::numeric_limits<int64_t>::max())
      return makeError("expected at most 2^63 monotone assignments, but found more");
  }
  return int64_t(count);
}

namespace {
/// Visits the assignments whose widths do not increase along the order.
class MonotoneSearch {
public:
  MonotoneSearch(ArrayRef<double> losses, ArrayRef<int64_t> costs, unsigned widths,
                 std::vector<unsigned> order)
      : losses(losses), costs(costs), widths(widths), order(std::move(order)) {}

  std::vector<MonotonePoint> all() {
    std::vector<unsigned> choices(order.size());
    visit(0, widths - 1, 0, 0, choices);
    return std::move(points);
  }

private:
  void visit(size_t at, unsigned greatest, int64_t cost, double loss,
             std::vector<unsigned> &choices) {
    if (at == order.size()) {
      points.push_back({cost, loss, choices});
      return;
    }
    unsigned layer = order[at];
    for (unsigned width = 0; width <= greatest; ++width) {
      choices[layer] = width;
      visit(at + 1, width, cost + costs[layer * widths + width],
            loss + losses[layer * widths + width], choices);
    }
  }

  ArrayRef<double> losses;
  ArrayRef<int64_t> costs;
  unsigned widths;
  std::vector<unsigned> order;
  std::vector<MonotonePoint> points;
};
} // namespace

Expected<std::vector<MonotonePoint>> alloc::monotoneFront(ArrayRef<double> sensitivities,
                                                          ArrayRef<double> losses,
                                                          ArrayRef<int64_t> costs,
                                                          unsigned widths) {
  if (Error error = checkFinite("sensitivities", sensitivities))
    return std::move(error);
  if (Error error = checkFinite("losses", losses))
    return std::move(error);
  size_t layers = sensitivities.size();
  if (Error error = checkSame("losses", losses.size(), layers * widths))
    return std::move(error);
  if (Error error = checkSame("costs", costs.size(), layers * widths))
    return std::move(error);
  Expected<int64_t> count = monotoneCount(layers, widths);
  if (!count)
    return count.takeError();
  if (*count > (int64_t(1) << 22) || layers > 4096)
    return makeError("expected at most 2^22 monotone assignments of 4096 layers, but found " +
                     Twine(*count) + " of " + Twine(layers));
  std::vector<unsigned> order(layers);
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](unsigned a, unsigned b) {
    return std::pair(-sensitivities[a], a) < std::pair(-sensitivities[b], b);
  });
  std::vector<MonotonePoint> points = MonotoneSearch(losses, costs, widths, std::move(order)).all();
  std::stable_sort(points.begin(), points.end(), [](const auto &a, const auto &b) {
    return std::pair(a.cost, a.loss) < std::pair(b.cost, b.loss);
  });
  std::vector<MonotonePoint> front;
  for (MonotonePoint &point : points)
    if (front.empty() || point.loss < front.back().loss)
      front.push_back(std::move(point));
  return front;
}
