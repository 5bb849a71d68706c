//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Solvers of allocation problems. All take problems that pass `check`, are deterministic, and check
// what they return with `verify`.
//
// Among assignments of least loss the exact dynamic program returns the one of least cost (budgeted
// resources in order), then of lexicographically higher bits (groups in order, tied groups where
// the first of them stands), then of lower index. Losses count as multiples of 2^-60 of the sum of
// the groups' greatest: sums are exact, and their order does not matter.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_ALLOCATION_SOLVERS_H
#define QUANTC_ALLOCATION_SOLVERS_H

#include "quantc/Allocation/Problem.h"

namespace quantc::alloc {

/// No assignment meets all budgets. The text names each budget that cannot be met by itself with
/// the least achievable total, or the budgets that can only be met one by one.
class InfeasibleError : public llvm::ErrorInfo<InfeasibleError> {
public:
  static char ID;
  /// A budget that is too small: the least total of its resource, by itself or within the others.
  struct Budget {
    unsigned resource;
    int64_t least;
    bool withinOthers;
  };
  explicit InfeasibleError(std::string text, std::vector<Budget> missed = {})
      : text(std::move(text)), missed(std::move(missed)) {}
  void log(llvm::raw_ostream &out) const override { out << text; }
  std::error_code convertToErrorCode() const override { return llvm::inconvertibleErrorCode(); }
  /// The budgets that cannot be met by themselves; where all can, the last one.
  llvm::ArrayRef<Budget> missedBudgets() const { return missed; }

private:
  std::string text;
  std::vector<Budget> missed;
};

/// A solver gave up: too many states, or a limit of the integer program.
class LimitError : public llvm::ErrorInfo<LimitError> {
public:
  static char ID;
  explicit LimitError(std::string text) : text(std::move(text)) {}
  void log(llvm::raw_ostream &out) const override { out << text; }
  std::error_code convertToErrorCode() const override { return llvm::inconvertibleErrorCode(); }

private:
  std::string text;
};

struct Solution {
  Assignment assignment;
  Evaluation evaluation;
  /// No assignment has less loss than this.
  double lowerBound = 0;
  /// Loss is least, within the solver's resolution.
  bool optimal = false;
  uint64_t peakStates = 0; ///< dynamic program: most states held after a group
  uint64_t nodes = 0;      ///< integer program: nodes of the search tree
};

struct DynamicOptions {
  /// States held after a group, at most; 32 times as many over all groups.
  uint64_t maxStates = uint64_t(1) << 18;
  /// 0: costs as they are. Otherwise costs are rounded up to budget / buckets: feasible and fast,
  /// no longer optimal.
  uint32_t buckets = 0;
  /// Buckets to solve again with where `maxStates` is exceeded; 0: that is a LimitError.
  uint32_t fallbackBuckets = 0;
};

/// Multiple-choice knapsack by dominance: states (costs, loss), and the choices of groups that have
/// couplings ahead. States are dropped where the least remaining cost exceeds a budget, or the
/// Lagrangian bound exceeds a known solution's loss.
llvm::Expected<Solution> solveDynamic(const Problem &problem, const DynamicOptions &options = {});

/// A point of a front: no assignment has at most this cost and less loss.
struct FrontPoint {
  int64_t cost = 0;
  double loss = 0;
  Assignment assignment;
};

/// The whole front of loss against resource number `resource`, whose own budget is ignored; other
/// budgets hold. Ascending costs, strictly descending losses. With buckets the points are feasible
/// and mutually undominated, but not all of the front. `maxStates` bounds the front's size.
llvm::Expected<std::vector<FrontPoint>> paretoFront(const Problem &problem, unsigned resource,
                                                    const DynamicOptions &options = {});

struct IntegerOptions {
  double maxSeconds = 600; ///< of one solve by CBC
  /// Solves after which budgets that hold only within CBC's tolerance are a LimitError.
  unsigned maxRounds = 64;
};

/// The integer program by CBC: one thread, no gap. Losses and costs are scaled to [0, 1024]; CBC's
/// tolerances leave differences below about 1e-9 of the greatest loss undecided, and it returns any
/// of several optima. A LimitError where it finds no answer although there is one.
llvm::Expected<Solution> solveInteger(const Problem &problem, const IntegerOptions &options = {});

/// The loss of the linear relaxation. Error: it is infeasible, then so is the problem.
llvm::Expected<double> relaxationBound(const Problem &problem);

/// The baseline: from the cheapest candidates, the move of best loss reduction per cost, as long as
/// one fits. Cost is the sum of shares of budgets. Error: the start already exceeds a budget (the
/// problem need not be infeasible).
llvm::Expected<Solution> solveGreedy(const Problem &problem);

/// All assignments, by `evaluate`; the oracle of the tests. Error: more than 2^22 of them.
llvm::Expected<Solution> solveExhaustively(const Problem &problem);

struct Report {
  Solution best; ///< of the dynamic program where it has one, else of the integer program
  std::optional<Solution> dynamic, integer, greedy;
  double relaxation = 0; ///< loss of the linear relaxation
  /// best loss - greatest lower bound, as a share of the best loss; 0 for no loss.
  double gap = 0;
  /// (best loss - relaxation) / best loss: how much the linear relaxation says alone.
  double relaxationGap = 0;
  /// Why one of the solvers gave up; empty where both answered.
  std::string limits;
};

struct SolveOptions {
  DynamicOptions dynamic;
  IntegerOptions integer;
};

/// Dynamic and integer program, which must agree in loss (1e-9 of the greatest possible loss) where
/// both are exact: disagreement is an error, and so are two that give up. An integer program that
/// finds nothing where the dynamic one has an allocation within the budgets gave up.
llvm::Expected<Report> solve(const Problem &problem, const SolveOptions &options = {});

} // namespace quantc::alloc

#endif // QUANTC_ALLOCATION_SOLVERS_H
