//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Solvers against the enumeration of all assignments, and the algebra that an optimum obeys.
//
// Losses are multiples of 1/64 from a small range, so that sums are exact in any order and equals
// are frequent: what the rules between equals say is tested too.
//
//===----------------------------------------------------------------------===//

#include "quantc/Allocation/ProblemFile.h"
#include "quantc/Allocation/Solvers.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

using namespace llvm;
using namespace quantc::alloc;

namespace {
struct Shape {
  int groups = 7, candidates = 4, resources = 2, couplings = 0;
  bool pins = true, ties = true;
  int64_t cost = 9; ///< the greatest of a candidate
};

int draw(int low, int high) { // inclusive; the size of RapidCheck's run does not narrow it
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(low, high + 1));
}

int64_t draw64(int64_t low, int64_t high) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<int64_t>(low, high + 1));
}

void addGroups(Problem &problem, const Shape &shape) {
  // Tied groups need equal labels, so that all groups have the same candidates.
  int candidates = draw(2, shape.candidates);
  int count = draw(1, shape.groups);
  for (int g = 0; g < count; ++g) {
    Group group;
    group.name = "g" + std::to_string(g);
    for (int c = 0; c < candidates; ++c) {
      Candidate candidate;
      candidate.label = "c" + std::to_string(c);
      candidate.bits = draw(2, 5);
      candidate.loss = draw(0, 12) / 64.0;
      for (size_t k = 0; k < problem.resources.size(); ++k)
        candidate.costs.push_back(draw64(0, shape.cost));
      group.candidates.push_back(std::move(candidate));
    }
    if (shape.pins && draw(0, 9) == 0)
      group.pin = draw(0, candidates - 1);
    problem.groups.push_back(std::move(group));
  }
}

void addTies(Problem &problem) {
  int count = problem.groups.size();
  for (int t = draw(0, 2); t > 0; --t) {
    unsigned a = draw(0, count - 1), b = draw(0, count - 1);
    if (!problem.groups[a].pin && !problem.groups[b].pin)
      problem.ties.push_back({a, b});
  }
}

void addCouplings(Problem &problem, const Shape &shape) {
  int count = problem.groups.size();
  for (int e = draw(0, shape.couplings); e > 0; --e) {
    Coupling coupling;
    coupling.first = draw(0, count - 1);
    coupling.second = draw(0, count - 1);
    if (coupling.first == coupling.second)
      continue;
    size_t size = problem.groups[coupling.first].candidates.size() *
                  problem.groups[coupling.second].candidates.size();
    for (size_t i = 0; i < size; ++i)
      coupling.losses.push_back(draw(-6, 6) / 64.0);
    if (draw(0, 1))
      for (size_t i = 0; i < size * problem.resources.size(); ++i)
        coupling.costs.push_back(draw64(-shape.cost / 3, shape.cost / 3));
    problem.couplings.push_back(std::move(coupling));
  }
}

Problem anyProblem(const Shape &shape = {}) {
  Problem problem;
  problem.resources.resize(draw(0, shape.resources));
  for (size_t k = 0; k < problem.resources.size(); ++k)
    problem.resources[k].name = "r" + std::to_string(k);
  addGroups(problem, shape);
  if (shape.ties)
    addTies(problem);
  addCouplings(problem, shape);
  // A total that is met exactly or by all but one, or any.
  Assignment some;
  for (const Group &group : problem.groups)
    some.push_back(group.pin ? *group.pin : draw(0, int(group.candidates.size()) - 1));
  for (const auto &tie : problem.ties)
    for (unsigned g : tie)
      some[g] = some[tie.front()];
  std::vector<int64_t> totals = evaluate(problem, some).costs;
  for (auto [resource, total] : zip_equal(problem.resources, totals))
    if (int kind = draw(0, 4); kind > 2)
      resource.budget = std::max<int64_t>(0, total - draw(0, 1));
    else if (kind > 0)
      resource.budget = draw64(0, shape.cost * 2 / 3 * int64_t(problem.groups.size()));
  RC_ASSERT(!check(problem));
  return problem;
}

/// The solution, or nothing where there is none; any other error fails.
std::optional<Solution> unlessInfeasible(Expected<Solution> solution) {
  if (solution)
    return std::move(*solution);
  Error rest = handleErrors(solution.takeError(), [](const InfeasibleError &) {});
  std::string text = toString(std::move(rest));
  RC_ASSERT(text == "");
  return std::nullopt;
}

void agree(const Problem &problem) {
  std::optional<Solution> oracle = unlessInfeasible(solveExhaustively(problem));
  std::optional<Solution> dynamic = unlessInfeasible(solveDynamic(problem));
  std::optional<Solution> integer = unlessInfeasible(solveInteger(problem));
  RC_TAG(oracle ? "feasible" : "infeasible");
  RC_ASSERT(oracle.has_value() == dynamic.has_value());
  RC_ASSERT(oracle.has_value() == integer.has_value());
  if (!oracle)
    return;
  RC_ASSERT(dynamic->assignment == oracle->assignment);
  RC_ASSERT(std::abs(integer->evaluation.loss - oracle->evaluation.loss) < 1e-12);
  RC_ASSERT(integer->lowerBound >= oracle->evaluation.loss - 1e-8);
  Expected<double> relaxation = relaxationBound(problem);
  RC_ASSERT(bool(relaxation));
  RC_ASSERT(*relaxation <= oracle->evaluation.loss + 1e-7);
  if (Expected<Solution> greedy = solveGreedy(problem)) {
    RC_ASSERT(greedy->evaluation.loss >= oracle->evaluation.loss);
    RC_ASSERT(greedy->lowerBound <= oracle->evaluation.loss + 1e-12);
  } else {
    consumeError(greedy.takeError());
  }
}

RC_GTEST_PROP(AllocationSolvers, EqualTheEnumeration, ()) { agree(anyProblem()); }

RC_GTEST_PROP(AllocationSolvers, EqualTheEnumerationWithCouplings, ()) {
  Shape shape;
  shape.groups = 6;
  shape.candidates = 3;
  shape.couplings = 6;
  agree(anyProblem(shape));
}

RC_GTEST_PROP(AllocationSolvers, EqualTheEnumerationWithManyBudgets, ()) {
  Shape shape;
  shape.groups = 6;
  shape.resources = 4;
  shape.couplings = 1;
  agree(anyProblem(shape));
}

/// Costs as bytes, bit operations or nanoseconds are. Beyond about 2^20 CBC called feasible
/// problems infeasible.
RC_GTEST_PROP(AllocationSolvers, EqualTheEnumerationWithCostsOfRealModels, ()) {
  Shape shape;
  shape.groups = draw(1, 8);
  shape.candidates = 3;
  shape.couplings = draw(0, 1) * 3;
  shape.cost = int64_t(1) << draw(10, 49);
  for (int i = 0; i < 20; ++i) // one in some hundred showed it
    agree(anyProblem(shape));
}

RC_GTEST_PROP(AllocationSolvers, LossDoesNotGrowWithTheBudget, ()) {
  Shape shape;
  shape.groups = 12;
  Problem problem = anyProblem(shape);
  RC_PRE(!problem.resources.empty());
  std::optional<double> last;
  for (int64_t budget = 0; budget <= 9 * int64_t(problem.groups.size()); ++budget) {
    problem.resources[0].budget = budget;
    std::optional<Solution> solution = unlessInfeasible(solveDynamic(problem));
    RC_ASSERT(solution || !last);
    if (!solution)
      continue;
    RC_ASSERT(!last || solution->evaluation.loss <= *last);
    last = solution->evaluation.loss;
  }
}

RC_GTEST_PROP(AllocationSolvers, ScalingLossesChangesNothing, ()) {
  Shape shape;
  shape.groups = 12;
  shape.couplings = 2;
  Problem problem = anyProblem(shape), scaled = problem;
  // Exact factors; tiny, huge and odd.
  double factor = std::ldexp(draw(0, 1) ? 1.0 : 3.0, draw(-200, 200));
  for (Group &group : scaled.groups)
    for (Candidate &candidate : group.candidates)
      candidate.loss *= factor;
  for (Coupling &coupling : scaled.couplings)
    for (double &loss : coupling.losses)
      loss *= factor;
  std::optional<Solution> one = unlessInfeasible(solveDynamic(problem));
  std::optional<Solution> other = unlessInfeasible(solveDynamic(scaled));
  RC_ASSERT(one.has_value() == other.has_value());
  RC_ASSERT(!one || one->assignment == other->assignment);
}

RC_GTEST_PROP(AllocationSolvers, FrontIsTheSweepOfTheDynamicProgram, ()) {
  Shape shape;
  shape.groups = 8;
  shape.couplings = 2;
  Problem problem = anyProblem(shape);
  RC_PRE(!problem.resources.empty());
  Expected<std::vector<FrontPoint>> front = paretoFront(problem, 0);
  if (!front) {
    problem.resources[0].budget.reset();
    RC_ASSERT(!unlessInfeasible(solveExhaustively(problem)));
    consumeError(front.takeError());
    return;
  }
  // Every budget from below the first point to above the last one.
  size_t at = 0;
  for (int64_t budget = front->front().cost - 1; budget <= front->back().cost + 2; ++budget) {
    problem.resources[0].budget = budget;
    std::optional<Solution> solution = unlessInfeasible(solveDynamic(problem));
    while (at < front->size() && (*front)[at].cost <= budget)
      ++at;
    RC_ASSERT(solution.has_value() == (at > 0));
    if (!solution)
      continue;
    RC_ASSERT(solution->evaluation.costs[0] == (*front)[at - 1].cost);
    RC_ASSERT(solution->evaluation.loss == (*front)[at - 1].loss);
  }
}

RC_GTEST_PROP(AllocationSolvers, BucketsAreFeasibleAndNoBetter, ()) {
  Shape shape;
  shape.groups = 10;
  Problem problem = anyProblem(shape);
  std::optional<Solution> exact = unlessInfeasible(solveDynamic(problem));
  DynamicOptions options;
  options.buckets = draw(1, 40);
  Expected<Solution> rounded = solveDynamic(problem, options);
  if (!rounded) { // rounding up may leave none
    consumeError(rounded.takeError());
    return;
  }
  RC_ASSERT(bool(exact));
  RC_ASSERT(!verify(problem, rounded->assignment));
  RC_ASSERT(rounded->evaluation.loss >= exact->evaluation.loss);
  RC_ASSERT(rounded->lowerBound <= exact->evaluation.loss + 1e-12);
}

RC_GTEST_PROP(AllocationFiles, ReadWhatTheyWrote, ()) {
  Shape shape;
  shape.couplings = 3;
  Problem problem = anyProblem(shape);
  problem.groups[0].candidates[0].loss = 0.1 + 1e-17 * draw(0, 99);
  std::string text, again;
  {
    raw_string_ostream out(text);
    writeProblem(problem, out);
  }
  Expected<Problem> read = parseProblem(text);
  RC_ASSERT(bool(read));
  {
    raw_string_ostream out(again);
    writeProblem(*read, out);
  }
  RC_ASSERT(text == again);
  RC_ASSERT(read->groups[0].candidates[0].loss == problem.groups[0].candidates[0].loss);
}
} // namespace
