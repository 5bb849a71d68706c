//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Solvers on cases by hand: what is reported, and what went wrong once.
//
//===----------------------------------------------------------------------===//

#include "quantc/Allocation/Solvers.h"
#include "HawqV3.h"
#include "Samples.h"
#include <gtest/gtest.h>

using namespace llvm;
using namespace quantc::alloc;
using namespace quantc::alloc::test;

namespace {
TEST(AllocationSolvers, ByHand) {
  Report report = cantFail(solve(smallProblem()));
  EXPECT_EQ(report.best.assignment, (Assignment{0, 1, 1})); // b and c gain most
  EXPECT_EQ(report.best.evaluation.loss, 1.5);
  EXPECT_EQ(report.best.evaluation.costs, std::vector<int64_t>{20});
  EXPECT_TRUE(report.best.optimal);
  EXPECT_EQ(report.gap, 0);
  EXPECT_EQ(report.integer->assignment, report.best.assignment);
  EXPECT_EQ(report.greedy->assignment, report.best.assignment);
}

TEST(AllocationSolvers, EnoughForAllGivesAll) {
  Problem problem = hawqV3ResNet18();
  setBudget(problem, kSize, 1);
  EXPECT_EQ(cantFail(solveDynamic(problem)).assignment, Assignment(19, 1));
  EXPECT_EQ(cantFail(solveInteger(problem)).assignment, Assignment(19, 1));
}

template <typename T> std::string infeasible(Expected<T> result) {
  if (result)
    return "feasible";
  std::string text;
  Error rest = handleErrors(result.takeError(), [&](const InfeasibleError &error) {
    raw_string_ostream out(text);
    error.log(out);
  });
  return rest ? "another error: " + toString(std::move(rest)) : text;
}

TEST(AllocationSolvers, InfeasibleNamesTheBudgetAndTheLeast) {
  Problem problem = hawqV3ResNet18();
  for (unsigned k : {kSize, kBops, kLatency})
    setBudget(problem, k, 0.5);
  --(problem.resources[kSize].budget = totalOf(problem, kSize, 0)).value();
  problem.resources[kLatency].budget = 5;
  std::string expected =
      "budget of 'size': expected at least 5578752, the least that any allocation takes, but found "
      "5578751\nbudget of 'latency': expected at least 314867227, the least that any allocation "
      "takes, but found 5";
  EXPECT_EQ(infeasible(solveDynamic(problem)), expected);
  EXPECT_EQ(infeasible(solveInteger(problem)), expected);
  EXPECT_EQ(infeasible(solve(problem)), expected);
  EXPECT_EQ(infeasible(solveExhaustively(problem)), expected);
}

TEST(AllocationSolvers, InfeasibleTogether) {
  Problem problem;
  problem.resources = {{"size", "B", int64_t(1)}, {"time", "ns", int64_t(2)}};
  problem.groups = {{"a", {{"small", 4, 0, {1, 9}}, {"fast", 8, 0, {5, 2}}}, {}}};
  std::string expected = "budgets of 'size', 'time': expected ones that can be met together, but "
                         "found that no allocation does; within the others, 'time' takes at least "
                         "9, and 2 are allowed";
  EXPECT_EQ(infeasible(solveDynamic(problem)), expected);
  EXPECT_EQ(infeasible(solveInteger(problem)), expected);
  EXPECT_EQ(infeasible(relaxationBound(problem)), expected);
}

TEST(AllocationSolvers, EqualLossTakesLessCostThenHigherBitsFirst) {
  Problem problem;
  problem.resources = {{"size", "B", int64_t(12)}};
  for (const char *name : {"a", "b"})
    problem.groups.push_back({name, {{"w4", 4, 1, {4}}, {"w8", 8, 0, {8}}}, {}});
  EXPECT_EQ(cantFail(solveDynamic(problem)).assignment, (Assignment{1, 0}));
  problem.groups[0].candidates[0].costs = {3};
  EXPECT_EQ(cantFail(solveDynamic(problem)).assignment, (Assignment{0, 1}));
}

TEST(AllocationSolvers, TooManyStatesFailLoudlyOrFallBack) {
  Problem problem = hawqV3ResNet18();
  setBudget(problem, kSize, 0.5);
  DynamicOptions options;
  options.maxStates = 1;
  Expected<Solution> failed = solveDynamic(problem, options);
  ASSERT_FALSE(failed);
  EXPECT_TRUE(failed.errorIsA<LimitError>());
  std::string text = toString(failed.takeError());
  EXPECT_EQ(text.rfind("expected at most 1 states of the dynamic program, but found more at", 0),
            0u)
      << text;
  // The front of everything does not fit either, and both solvers together report one answer.
  SolveOptions solveOptions;
  solveOptions.dynamic = options;
  Report report = cantFail(solve(problem, solveOptions));
  EXPECT_FALSE(report.dynamic);
  EXPECT_NE(report.limits, "");
  EXPECT_TRUE(report.best.optimal);
}

TEST(AllocationSolvers, FallbackIsFeasibleAndSaysThatItIsNotExact) {
  Problem problem = hawqV3ResNet18();
  setBudget(problem, kLatency, 0.5);
  DynamicOptions options;
  options.maxStates = 6; // the exact program holds 7
  ASSERT_TRUE(errorToBool(solveDynamic(problem, options).takeError()));
  options.fallbackBuckets = 16;
  Solution solution = cantFail(solveDynamic(problem, options));
  EXPECT_FALSE(solution.optimal);
  double best = cantFail(solveDynamic(problem)).evaluation.loss;
  EXPECT_GE(solution.evaluation.loss, best);
  EXPECT_LE(solution.lowerBound, best);
  EXPECT_GT(solution.lowerBound, 0);
}

TEST(AllocationSolvers, TinyLossesBesideGreatOnesStillDecide) {
  Problem problem = smallProblem();
  problem.groups[0].candidates[0].loss = 1e9;
  problem.groups[1].candidates[0].loss = 2e-6; // 2e-15 of the greatest
  problem.groups[1].candidates[1].loss = 0;
  problem.groups[2].candidates[0].loss = 1e-6;
  EXPECT_EQ(cantFail(solveDynamic(problem)).assignment, (Assignment{1, 1, 0}));
}

/// CBC 2.10.8's own presolve answers 0.125 and calls it proven.
TEST(AllocationSolvers, IntegerPresolveTookTheOptimumAway) {
  Problem problem;
  problem.resources = {{"first", "", int64_t(28)}, {"second", "", int64_t(27)}};
  auto add = [&](Candidate a, Candidate b) {
    a.label = "a";
    b.label = "b";
    problem.groups.push_back({"g" + std::to_string(problem.groups.size()), {a, b}, {}});
  };
  add({"", 2, 0, {6, 5}}, {"", 3, 7, {0, 0}});
  add({"", 2, 1, {5, 7}}, {"", 2, 0, {0, 9}});
  add({"", 2, 0, {9, 8}}, {"", 2, 9, {0, 0}});
  add({"", 2, 3, {0, 3}}, {"", 2, 0, {8, 2}});
  add({"", 2, 0, {8, 9}}, {"", 2, 1, {0, 2}});
  add({"", 2, 0, {0, 2}}, {"", 2, 0, {0, 2}});
  problem.groups[2].pin = 0;
  EXPECT_EQ(cantFail(solveInteger(problem)).evaluation.loss, 2);
  EXPECT_EQ(cantFail(solveDynamic(problem)).evaluation.loss, 2);
  EXPECT_EQ(cantFail(solveExhaustively(problem)).evaluation.loss, 2);
}

/// The relaxation's optimum exceeds the budget by one in 7e8, which CBC takes for integral: its
/// rows rejected the choice, nothing was left to branch on, and the problem was called infeasible.
TEST(AllocationSolvers, ABudgetExceededByOneWasCalledInfeasible) {
  Problem problem;
  problem.resources = {{"size", "B", int64_t(1679318098)}};
  problem.groups = {
      {"a",
       {{"w0", 3, 0.441, {772438495}},
        {"w1", 1, 0.503, {311059120}},
        {"w2", 2, 0.145, {506782669}}},
       {}},
      {"b",
       {{"w0", 2, 0.014, {704901444}},
        {"w1", 2, 0.763, {329115364}},
        {"w2", 2, 0.448, {246606545}}},
       {}},
      {"c",
       {{"w0", 3, 0.325, {201978160}}, {"w1", 1, 0.648, {14212020}}, {"w2", 1, 0.634, {901327531}}},
       {}}};
  problem.ties = {{0, 2}};
  Solution exact = cantFail(solveExhaustively(problem));
  EXPECT_EQ(exact.assignment, (Assignment{1, 0, 1}));
  Report report = cantFail(solve(problem));
  EXPECT_EQ(report.limits, "");
  EXPECT_EQ(report.dynamic->assignment, exact.assignment);
  ASSERT_TRUE(report.integer);
  EXPECT_EQ(report.integer->assignment, exact.assignment);
}

TEST(AllocationSolvers, FrontOfResNet18HasThePublishedPoints) {
  Problem problem = hawqV3ResNet18();
  std::vector<FrontPoint> front = cantFail(paretoFront(problem, kSize));
  EXPECT_EQ(front.front().cost, totalOf(problem, kSize, 0));
  EXPECT_EQ(front.back().cost, totalOf(problem, kSize, 1));
  for (size_t i = 1; i < front.size(); ++i) {
    EXPECT_GT(front[i].cost, front[i - 1].cost);
    EXPECT_LT(front[i].loss, front[i - 1].loss);
  }
  for (double share : {.25, .5, .75}) {
    setBudget(problem, kSize, share);
    Solution solution = cantFail(solveDynamic(problem));
    auto last = std::upper_bound(
        front.begin(), front.end(), *problem.resources[kSize].budget,
        [](int64_t budget, const FrontPoint &point) { return budget < point.cost; });
    EXPECT_EQ(std::prev(last)->assignment, solution.assignment);
  }
}

/// Costs that were rounded up to buckets exceeded their own greatest total, rounded down.
TEST(AllocationSolvers, FrontInBucketsLostTheWidestAllocation) {
  Problem problem = hawqV3ResNet18();
  for (uint32_t buckets : {3, 20, 1000}) {
    DynamicOptions options;
    options.buckets = buckets;
    std::vector<FrontPoint> front = cantFail(paretoFront(problem, kSize, options));
    EXPECT_EQ(front.front().cost, totalOf(problem, kSize, 0)) << buckets;
    EXPECT_EQ(front.back().cost, totalOf(problem, kSize, 1)) << buckets;
  }
}
} // namespace
