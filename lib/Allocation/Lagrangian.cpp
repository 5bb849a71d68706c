//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lagrangian bounds: any multipliers give a valid one, good ones a sharp one.
//
// One budget: the bound is concave in its multiplier, and bisection on its slope finds the top,
// which is the bound of the linear relaxation. Several budgets: rounds of the same along each axis,
// then subgradient steps out of the kinks where these stall; the best seen counts.
//
//===----------------------------------------------------------------------===//

#include "Reduced.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace llvm;
using namespace quantc;
using namespace quantc::alloc;

namespace {
struct Point {
  double bound = 0;
  std::vector<double> slope; ///< costs of the minimiser - budgets
};
} // namespace

/// The option of least loss + mu costs; ties go to the cheaper by order.
static size_t leastOption(ArrayRef<int64_t> losses, ArrayRef<int64_t> costs,
                          ArrayRef<double> multipliers, double &value) {
  size_t best = 0, dims = multipliers.size();
  for (size_t o = 0; o < losses.size(); ++o) {
    double sum = double(losses[o]);
    for (size_t k = 0; k < dims; ++k)
      sum += multipliers[k] * double(costs[o * dims + k]);
    if (o == 0 || sum < value) {
      value = sum;
      best = o;
    }
  }
  return best;
}

static Point evaluateAt(const Reduced &reduced, ArrayRef<double> multipliers) {
  Point point;
  size_t dims = reduced.dims();
  point.slope.resize(dims);
  for (size_t k = 0; k < dims; ++k) {
    point.slope[k] = -double(reduced.budgets[k]);
    point.bound -= multipliers[k] * double(reduced.budgets[k]);
  }
  auto add = [&](ArrayRef<int64_t> losses, ArrayRef<int64_t> costs) {
    double value = 0;
    size_t option = leastOption(losses, costs, multipliers, value);
    point.bound += value;
    for (size_t k = 0; k < dims; ++k)
      point.slope[k] += double(costs[option * dims + k]);
  };
  for (const Unit &unit : reduced.units)
    add(unit.losses, unit.costs);
  for (const Edge &edge : reduced.edges)
    add(edge.losses, edge.costs);
  return point;
}

/// Moves multiplier k to the top of the bound along its axis.
static void climbAxis(const Reduced &reduced, size_t k, std::vector<double> &multipliers) {
  double low = 0, high = 1;
  auto slopeAt = [&](double value) {
    multipliers[k] = value;
    return evaluateAt(reduced, multipliers).slope[k];
  };
  if (slopeAt(0) <= 0)
    return;
  while (slopeAt(high) > 0) {
    low = high;
    high *= 2;
    if (high > 0x1p61) { // the budget is out of reach given the other multipliers
      multipliers[k] = 0;
      return;
    }
  }
  for (int step = 0; step < 100 && high - low > 1e-15 * high; ++step) {
    double middle = low + (high - low) / 2;
    (slopeAt(middle) > 0 ? low : high) = middle;
  }
  multipliers[k] = high;
}

static void climb(const Reduced &reduced, std::vector<double> &best) {
  size_t dims = reduced.dims();
  std::vector<double> at = best;
  double bestBound = evaluateAt(reduced, best).bound;
  auto keepBest = [&](const Point &point) {
    if (point.bound > bestBound) {
      bestBound = point.bound;
      best = at;
    }
  };
  for (int round = 0; round < (dims == 1 ? 1 : 4); ++round)
    for (size_t k = 0; k < dims; ++k) {
      climbAxis(reduced, k, at);
      keepBest(evaluateAt(reduced, at));
    }
  at = best;
  // Steps in units of 1 / budget, so that resources of any unit move alike.
  double size = 0;
  for (size_t k = 0; k < dims; ++k)
    size = std::max(size, best[k] * double(reduced.budgets[k]));
  for (int step = 0; dims > 1 && size > 0 && step < 400; ++step) {
    Point point = evaluateAt(reduced, at);
    keepBest(point);
    double norm = 0;
    for (size_t k = 0; k < dims; ++k)
      norm = std::hypot(norm, point.slope[k] / std::max(1.0, double(reduced.budgets[k])));
    if (norm == 0)
      break;
    double length = 0.1 * size * std::pow(0.98, step) / norm;
    for (size_t k = 0; k < dims; ++k) {
      double budget = std::max(1.0, double(reduced.budgets[k]));
      at[k] = std::max(0.0, at[k] + length * point.slope[k] / (budget * budget));
    }
  }
}

Lagrangian alloc::bestLagrangian(const Reduced &reduced) {
  Lagrangian result;
  result.multipliers.assign(reduced.dims(), 0.0);
  if (!reduced.resources.empty() && all_of(reduced.budgets, [](int64_t b) { return b >= 0; }))
    climb(reduced, result.multipliers);
  double offset = 0;
  for (size_t k = 0; k < reduced.dims(); ++k)
    offset += result.multipliers[k] * double(reduced.budgets[k]);
  // 0 is a bound too. Where mu budgets is large, rounding would eat the difference.
  if (offset > 0x1p61)
    result.multipliers.assign(reduced.dims(), 0.0);
  size_t count = reduced.units.size();
  result.suffix.resize(count + 1);
  for (size_t u = count; u-- > 0;) {
    double value = 0;
    leastOption(reduced.units[u].losses, reduced.units[u].costs, result.multipliers, value);
    result.suffix[u] = result.suffix[u + 1] + value;
    for (unsigned e : reduced.edgesOf[u])
      if (reduced.edges[e].second == u) {
        leastOption(reduced.edges[e].losses, reduced.edges[e].costs, result.multipliers, value);
        result.suffix[u] += value;
      }
  }
  result.bound = std::max(0.0, evaluateAt(reduced, result.multipliers).bound);
  // Terms are below 2^61, each with a relative error of a few 2^-53.
  result.slack = 0x1p12 * double(count + reduced.edges.size() + 8);
  return result;
}
