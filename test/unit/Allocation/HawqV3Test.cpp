//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The nine published configurations of ResNet18, by the dynamic program and by the integer program.
//
//===----------------------------------------------------------------------===//

#include "HawqV3.h"
#include "quantc/Allocation/Solvers.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/FormatVariadic.h"
#include <cstdio>
#include <gtest/gtest.h>

using namespace llvm;
using namespace quantc::alloc;
using namespace quantc::alloc::test;

namespace {
struct Golden {
  HawqResource resource;
  double share;
  const char *bits, *loss, *used, *limit; ///< as printed
};

constexpr Golden goldens[] = {
    {kSize, .25, "8888888888888844444", "0.118300", "6.640625", "6.650391"},
    {kSize, .50, "8888888888888884844", "0.074506", "7.265625", "7.980469"},
    {kSize, .75, "8888888888888488884", "0.033441", "9.234375", "9.310547"},
    {kBops, .25, "8884848444444444444", "0.460424", "45.760512", "46.362624"},
    {kBops, .50, "8884888848884444444", "0.215689", "65.028096", "66.232320"},
    {kBops, .75, "8888888848888484884", "0.079965", "84.295680", "86.102016"},
    {kLatency, .25, "8884848444444444444", "0.460424", "3.614707", "3.697426"},
    {kLatency, .50, "8888848848884484844", "0.202674", "4.220095", "4.246180"},
    {kLatency, .75, "8888888848888484884", "0.079965", "4.706309", "4.794934"}};

/// Units of the table: MiB, millions of MAC * bits^2 / 1024, ms.
std::string printed(HawqResource resource, int64_t cost) {
  constexpr double divisors[] = {1048576, 1024e6, 1e8};
  return formatv("{0:f6}", double(cost) / divisors[resource]);
}

std::string bitsOf(const Problem &problem, const Assignment &assignment) {
  std::string bits;
  for (size_t g = 0; g < assignment.size(); ++g)
    bits += std::to_string(int(problem.groups[g].candidates[assignment[g]].bits));
  return bits;
}

void expectGolden(const Problem &problem, const Golden &golden, const Solution &solution) {
  EXPECT_EQ(bitsOf(problem, solution.assignment), golden.bits);
  EXPECT_EQ(formatv("{0:f6}", solution.evaluation.loss).str(), golden.loss);
  EXPECT_EQ(printed(golden.resource, solution.evaluation.costs[golden.resource]), golden.used);
}

class HawqV3 : public testing::TestWithParam<Golden> {
protected:
  Problem budgeted() {
    Problem problem = hawqV3ResNet18();
    setBudget(problem, GetParam().resource, GetParam().share);
    return problem;
  }
};

TEST_P(HawqV3, ByDynamicProgram) {
  Problem problem = budgeted();
  EXPECT_EQ(printed(GetParam().resource, *problem.resources[GetParam().resource].budget),
            GetParam().limit);
  Solution solution = cantFail(solveDynamic(problem));
  expectGolden(problem, GetParam(), solution);
  EXPECT_LE(solution.peakStates, 37u); // what dominance alone leaves
  RecordProperty("peakStates", int(solution.peakStates));
  std::printf("states held: %d\n", int(solution.peakStates));
}

TEST_P(HawqV3, ByIntegerProgram) {
  Problem problem = budgeted();
  Solution solution = cantFail(solveInteger(problem));
  expectGolden(problem, GetParam(), solution);
  EXPECT_NEAR(solution.lowerBound, solution.evaluation.loss, 1e-9);
}

TEST_P(HawqV3, SolversAgreeAndTheGapIsClosed) {
  Report report = cantFail(solve(budgeted()));
  expectGolden(budgeted(), GetParam(), report.best);
  EXPECT_EQ(report.limits, "");
  EXPECT_EQ(report.gap, 0);
  EXPECT_GE(report.relaxationGap, 0);
  ASSERT_TRUE(report.greedy);
  EXPECT_GE(report.greedy->evaluation.loss, report.best.evaluation.loss);
}

std::string nameOf(const testing::TestParamInfo<Golden> &info) {
  constexpr const char *names[] = {"Size", "Bops", "Latency"};
  return formatv("{0}{1}", names[info.param.resource], int(info.param.share * 100));
}

INSTANTIATE_TEST_SUITE_P(ResNet18, HawqV3, testing::ValuesIn(goldens), nameOf);

TEST(HawqV3Problem, HasThePublishedTotals) {
  Problem problem = hawqV3ResNet18();
  size_t count = problem.groups.size();
  EXPECT_EQ(formatv("{0:f6}", evaluate(problem, Assignment(count, 0)).loss).str(), "1.307713");
  EXPECT_EQ(formatv("{0:f6}", evaluate(problem, Assignment(count, 1)).loss).str(), "0.004258");
  EXPECT_EQ(printed(kSize, totalOf(problem, kSize, 0)).substr(0, 6), "5.3203");
  EXPECT_EQ(printed(kSize, totalOf(problem, kSize, 1)), "10.640625");
  EXPECT_EQ(printed(kBops, totalOf(problem, kBops, 0)), "26.492928");
  EXPECT_EQ(printed(kBops, totalOf(problem, kBops, 1)), "105.971712");
  EXPECT_EQ(printed(kLatency, totalOf(problem, kLatency, 0)), "3.148672");
  EXPECT_EQ(printed(kLatency, totalOf(problem, kLatency, 1)), "5.343687");
}

TEST(HawqV3Problem, ThreeBudgetsAtOnce) {
  Problem problem = hawqV3ResNet18();
  for (unsigned k : {kSize, kBops, kLatency})
    setBudget(problem, k, 0.5);
  Report report = cantFail(solve(problem));
  Solution exhaustive = cantFail(solveExhaustively(problem));
  EXPECT_EQ(report.best.assignment, exhaustive.assignment);
}
} // namespace
