//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The form that the solvers share: tied groups are one unit, pinned and forbidden candidates are
// gone, losses are integers, and every unit's and edge's least loss and least costs are taken out,
// so that what remains is nowhere negative and 0 bounds any remainder.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_ALLOCATION_REDUCED_H
#define QUANTC_LIB_ALLOCATION_REDUCED_H

#include "quantc/Allocation/Problem.h"
#include "quantc/Allocation/Solvers.h"

namespace quantc::alloc {

/// Groups that are tied, or one group.
struct Unit {
  std::vector<unsigned> groups;     ///< ascending
  std::vector<unsigned> candidates; ///< of each option; options are in the order of preference
  std::vector<int64_t> losses;      ///< [options]
  std::vector<int64_t> costs;       ///< [options][budgets]
};

/// What a pair of options of two units adds; first < second.
struct Edge {
  unsigned first = 0, second = 0;
  std::vector<int64_t> losses; ///< [options of first][options of second]
  std::vector<int64_t> costs;  ///< [options of first][options of second][budgets]
};

struct Reduced {
  std::vector<unsigned> resources; ///< those that count, as indices of the problem
  std::vector<int64_t> budgets;    ///< in units of the resource's divisor, less all least costs
  std::vector<Unit> units;         ///< by their first group
  std::vector<Edge> edges;         ///< at most one per pair
  std::vector<std::vector<unsigned>> edgesOf; ///< [units]: edges that touch it
  int exponent = 0;                           ///< loss = ldexp(integer + lossOffset, -exponent)
  int64_t lossOffset = 0;

  size_t dims() const { return resources.size(); }
  double toLoss(double integer) const;
  /// Loss and costs [budgets] of one option per unit.
  int64_t lossOf(llvm::ArrayRef<unsigned> options) const;
  std::vector<int64_t> costsOf(llvm::ArrayRef<unsigned> options) const;
  bool fits(llvm::ArrayRef<int64_t> costs) const;
  Assignment assignmentOf(llvm::ArrayRef<unsigned> options, size_t groups) const;
};

/// The reduced form in which resources with a budget count, and `also`, without a budget of its
/// own: its budget is the greatest total.
Reduced reduce(const Problem &problem, std::optional<unsigned> also = std::nullopt);

/// What the dearest options and pairs take of budget `k` together.
int64_t greatestTotal(const Reduced &reduced, size_t k);

/// Costs rounded up to multiples of budget / buckets, and counted in them. A budget that no
/// allocation exceeds stays one.
Reduced inBuckets(Reduced reduced, uint32_t buckets);

/// What one unit's change of option adds, given the others.
struct Delta {
  int64_t loss = 0;
  std::vector<int64_t> costs;
};
void changeOf(const Reduced &reduced, llvm::ArrayRef<unsigned> options, unsigned unit, unsigned to,
              Delta &delta);

/// Multipliers mu >= 0 of budgets, and for every unit u the least of loss + mu costs over units u
/// and later, with the edges that end there: loss + mu (costs - budgets) + suffix[u] is a lower
/// bound for every continuation of a choice for units before u.
struct Lagrangian {
  std::vector<double> multipliers;
  std::vector<double> suffix; ///< [units + 1]
  double bound = 0;           ///< suffix[0] - mu budgets; 0 at least
  double slack = 0;           ///< greater than the rounding error of any such bound
};
Lagrangian bestLagrangian(const Reduced &reduced);

/// The greedy baseline, and the same improved by single changes and pairs of changes. Empty: the
/// cheapest start exceeds a budget.
std::vector<unsigned> greedyOptions(const Reduced &reduced);
void improve(const Reduced &reduced, std::vector<unsigned> &options);

struct DynamicResult {
  std::vector<std::vector<unsigned>> options; ///< best, or the whole front by ascending cost
  uint64_t peakStates = 0;
};
/// The dynamic program. With `front` every final state that nothing dominates, else the best one;
/// none where the budgets cannot be met. Error: LimitError.
llvm::Expected<DynamicResult> runDynamic(const Reduced &reduced, uint64_t maxStates, bool front,
                                         llvm::function_ref<std::string(unsigned)> unitName);

/// Why no assignment meets all budgets.
llvm::Error explainInfeasible(const Problem &problem);

/// A solution that passed the verifier.
llvm::Expected<Solution> finish(const Problem &problem, Assignment assignment);

} // namespace quantc::alloc

#endif // QUANTC_LIB_ALLOCATION_REDUCED_H
