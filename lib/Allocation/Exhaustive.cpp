//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every assignment, by the verifier's arithmetic: what the other solvers are tested against.
//
//===----------------------------------------------------------------------===//

#include "Faults.h"
#include "Reduced.h"

using namespace llvm;
using namespace quantc;
using namespace quantc::alloc;

/// Advances the choices of the groups that are the first of their tie; false after the last one.
static bool next(const Problem &problem, ArrayRef<unsigned> roots, Assignment &assignment) {
  for (unsigned g = roots.size(); g-- > 0;) {
    if (roots[g] != g)
      continue;
    bool wraps = assignment[g] + 1 == problem.groups[g].candidates.size();
    assignment[g] = wraps ? 0 : assignment[g] + 1;
    if (!wraps)
      return true;
  }
  return false;
}

/// Less loss, then less cost of budgeted resources, then higher bits unit by unit, lower index.
static bool better(const Problem &problem, ArrayRef<unsigned> roots, const Assignment &a,
                   const Evaluation &x, const Assignment &b, const Evaluation &y) {
  if (x.loss != y.loss)
    return x.loss < y.loss;
  for (auto [k, resource] : enumerate(problem.resources))
    if (resource.budget && x.costs[k] != y.costs[k])
      return x.costs[k] < y.costs[k];
  for (unsigned root = 0; root < roots.size(); ++root) {
    if (roots[root] != root || a[root] == b[root])
      continue;
    for (unsigned g = root; g < roots.size(); ++g) {
      const std::vector<Candidate> &candidates = problem.groups[g].candidates;
      if (roots[g] == root && candidates[a[g]].bits != candidates[b[g]].bits)
        return candidates[a[g]].bits > candidates[b[g]].bits;
    }
    return a[root] < b[root];
  }
  return false;
}

Expected<Solution> alloc::solveExhaustively(const Problem &problem) {
  if (Error error = check(problem))
    return std::move(error);
  std::vector<unsigned> roots = tieRoots(problem);
  double count = 1;
  for (unsigned g = 0; g < roots.size(); ++g)
    count *= roots[g] == g ? problem.groups[g].candidates.size() : 1;
  if (count > 0x1p22)
    return make_error<LimitError>("expected at most 2^22 assignments, but found more");
  Assignment assignment(roots.size()), best;
  Evaluation bestEvaluation;
  do {
    for (unsigned g = 0; g < roots.size(); ++g)
      assignment[g] = assignment[roots[g]];
    if (Error error = verify(problem, assignment)) {
      consumeError(std::move(error));
      continue;
    }
    Evaluation evaluation = evaluate(problem, assignment);
    if (best.empty() || better(problem, roots, assignment, evaluation, best, bestEvaluation)) {
      best = assignment;
      bestEvaluation = std::move(evaluation);
    }
  } while (next(problem, roots, assignment));
  if (best.empty())
    return explainInfeasible(problem);
  Solution solution;
  solution.lowerBound = bestEvaluation.loss;
  solution.assignment = std::move(best);
  solution.evaluation = std::move(bestEvaluation);
  solution.optimal = true;
  return solution;
}
