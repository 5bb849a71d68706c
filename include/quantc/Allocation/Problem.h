//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Bit allocation as a problem: groups of operators, each with candidates (a format, a loss, costs),
// and budgets. One candidate is chosen per group so that the sum of losses is least and no budget
// is exceeded. What it holds and refuses, and why: docs/Allocation.md.
//
// Costs are integers of the resource's unit (bytes, bit operations, nanoseconds), so that "within
// the budget" has one meaning. Losses are finite doubles of any unit.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_ALLOCATION_PROBLEM_H
#define QUANTC_ALLOCATION_PROBLEM_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace quantc::alloc {

/// No sum of costs may exceed 2^53 in magnitude: doubles hold such integers exactly.
constexpr int64_t kMaxCost = int64_t(1) << 53;

struct Resource {
  std::string name;
  std::string unit; ///< for people: "B", "ns"
  /// The greatest total allowed; a resource without one is only added up.
  std::optional<int64_t> budget;
};

struct Candidate {
  std::string label; ///< unique in its group: "w4a8"
  double bits = 0;   ///< positive; may be fractional (4.125 with scales). Decides between equals
  double loss = 0;   ///< not negative
  std::vector<int64_t> costs; ///< one per resource, not negative
};

struct Group {
  std::string name; ///< unique
  std::vector<Candidate> candidates;
  std::optional<unsigned> pin; ///< the one candidate allowed
};

/// Groups that take the candidate of the same index; their labels are equal.
using Tie = std::vector<unsigned>;

/// What a pair of choices adds to both groups' own: a change of format on the edge between them, or
/// a second-order term L_ij - L_i - L_j + L_0 (CLADO, arXiv 2307.05657), which may be negative.
struct Coupling {
  unsigned first = 0, second = 0; ///< different groups
  /// [candidates of first][candidates of second], row-major.
  std::vector<double> losses;
  /// [resources][candidates of first][candidates of second]; empty: no costs. Any sign.
  std::vector<int64_t> costs;
};

struct Problem {
  std::vector<Resource> resources;
  std::vector<Group> groups; ///< program order
  std::vector<Tie> ties;
  std::vector<Coupling> couplings;
};

/// The index of the chosen candidate of each group.
using Assignment = std::vector<unsigned>;

/// Every fault of the problem, one a line, in one error; success for a problem that the solvers
/// take. Infeasibility is no fault.
llvm::Error check(const Problem &problem);

//===----------------------------------------------------------------------===//
// Verifier: shares nothing with the solvers
//===----------------------------------------------------------------------===//

struct Evaluation {
  double loss = 0;            ///< compensated sum in program order: groups, then couplings
  std::vector<int64_t> costs; ///< one per resource
};

/// Loss and costs of an assignment with one valid index per group, feasible or not.
Evaluation evaluate(const Problem &problem, llvm::ArrayRef<unsigned> assignment);

/// Every violation, one a line: number of choices, indices, ties, pins, budgets.
llvm::Error verify(const Problem &problem, llvm::ArrayRef<unsigned> assignment);

} // namespace quantc::alloc

#endif // QUANTC_ALLOCATION_PROBLEM_H
