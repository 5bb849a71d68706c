//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The greedy baseline, and a cheap improvement of it that gives the dynamic program its first
// known solution.
//
//===----------------------------------------------------------------------===//

#include "Faults.h"
#include "Reduced.h"
#include <limits>

using namespace llvm;
using namespace quantc;
using namespace quantc::alloc;

namespace {
/// One option per unit, with what it costs.
class State {
public:
  State(const Reduced &reduced, std::vector<unsigned> options)
      : reduced(reduced), options(std::move(options)), costs(reduced.costsOf(this->options)) {}

  bool feasible() const { return reduced.fits(costs); }
  /// Whether the change fits; `delta` says what it adds.
  bool tryChange(unsigned unit, unsigned to, Delta &delta) const {
    changeOf(reduced, options, unit, to, delta);
    for (size_t k = 0; k < costs.size(); ++k)
      if (costs[k] + delta.costs[k] > reduced.budgets[k])
        return false;
    return true;
  }
  void change(unsigned unit, unsigned to, const Delta &delta) {
    options[unit] = to;
    for (size_t k = 0; k < costs.size(); ++k)
      costs[k] += delta.costs[k];
  }
  double share(ArrayRef<int64_t> amounts) const {
    double sum = 0;
    for (size_t k = 0; k < costs.size(); ++k)
      sum += double(amounts[k]) / std::max(1.0, double(reduced.budgets[k]));
    return sum;
  }

  const Reduced &reduced;
  std::vector<unsigned> options;
  std::vector<int64_t> costs;
};
} // namespace

/// Every unit's option of least share of budgets, then of least loss.
static std::vector<unsigned> cheapest(const Reduced &reduced) {
  std::vector<unsigned> options(reduced.units.size());
  State state(reduced, options);
  size_t dims = reduced.dims();
  for (auto [u, unit] : enumerate(reduced.units)) {
    auto keyOf = [&, &unit = unit](unsigned o) {
      return std::pair(state.share(ArrayRef(unit.costs).slice(o * dims, dims)), unit.losses[o]);
    };
    for (unsigned o = 1; o < unit.losses.size(); ++o)
      if (keyOf(o) < keyOf(options[u]))
        options[u] = o;
  }
  return options;
}

std::vector<unsigned> alloc::greedyOptions(const Reduced &reduced) {
  State state(reduced, cheapest(reduced));
  if (!state.feasible())
    return {};
  Delta delta, bestDelta;
  while (true) {
    double bestRatio = 0;
    unsigned bestUnit = 0, bestOption = 0;
    for (unsigned u = 0; u < reduced.units.size(); ++u)
      for (unsigned o = 0; o < reduced.units[u].losses.size(); ++o) {
        if (o == state.options[u] || !state.tryChange(u, o, delta) || delta.loss >= 0)
          continue;
        double share = state.share(delta.costs);
        double ratio =
            share <= 0 ? std::numeric_limits<double>::infinity() : -double(delta.loss) / share;
        if (ratio > bestRatio) {
          bestRatio = ratio;
          bestUnit = u;
          bestOption = o;
          bestDelta = delta;
        }
      }
    if (bestRatio == 0)
      return state.options;
    state.change(bestUnit, bestOption, bestDelta);
  }
}

/// The first change of `unit` after which this or one more change has less loss and fits.
static bool improveWith(State &state, unsigned u, bool pairs) {
  const Reduced &reduced = state.reduced;
  Delta first, second;
  for (unsigned o = 0; o < reduced.units[u].losses.size(); ++o) {
    if (o == state.options[u])
      continue;
    if (state.tryChange(u, o, first) && first.loss < 0) {
      state.change(u, o, first);
      return true;
    }
    if (!pairs)
      continue;
    unsigned before = state.options[u];
    std::vector<int64_t> costs = state.costs;
    state.change(u, o, first);
    for (unsigned v = 0; v < reduced.units.size(); ++v)
      for (unsigned p = 0; v != u && p < reduced.units[v].losses.size(); ++p)
        if (p != state.options[v] && state.tryChange(v, p, second) &&
            first.loss + second.loss < 0) {
          state.change(v, p, second);
          return true;
        }
    state.options[u] = before;
    state.costs = std::move(costs);
  }
  return false;
}

void alloc::improve(const Reduced &reduced, std::vector<unsigned> &options) {
  State state(reduced, std::move(options));
  size_t count = 0;
  for (const Unit &unit : reduced.units)
    count += unit.losses.size();
  bool pairs = count <= 4096;
  bool changed = true;
  for (int pass = 0; changed && pass < 8; ++pass) {
    changed = false;
    for (unsigned u = 0; u < reduced.units.size(); ++u)
      changed |= improveWith(state, u, pairs);
  }
  options = std::move(state.options);
}

Expected<Solution> alloc::solveGreedy(const Problem &problem) {
  if (Error error = check(problem))
    return std::move(error);
  Reduced reduced = reduce(problem);
  std::vector<unsigned> options = greedyOptions(reduced);
  if (options.empty())
    return makeError("expected the cheapest candidates to meet all budgets, but found that they do "
                     "not");
  Expected<Solution> solution =
      finish(problem, reduced.assignmentOf(options, problem.groups.size()));
  if (solution)
    solution->lowerBound =
        std::min(reduced.toLoss(bestLagrangian(reduced).bound), solution->evaluation.loss);
  return solution;
}
