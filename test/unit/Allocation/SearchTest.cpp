//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Local search by a measured loss, and uniform assignments.
//
//===----------------------------------------------------------------------===//

#include "quantc/Allocation/Search.h"
#include "HawqV3.h"
#include "Samples.h"
#include "quantc/Allocation/Solvers.h"
#include "llvm/ADT/STLExtras.h"
#include <gtest/gtest.h>
#include <set>

using namespace llvm;
using namespace quantc::alloc;
using namespace quantc::alloc::test;

namespace {
/// A loss with an interaction that the additive model does not know.
double trueLoss(const Problem &problem, const Assignment &a) {
  double loss = evaluate(problem, a).loss;
  return a[1] == 1 && a[2] == 1 ? loss + 3 : loss;
}

TEST(LocalSearch, FindsWhatTheModelMisses) {
  Problem problem = smallProblem();
  Assignment start = cantFail(solveDynamic(problem)).assignment;
  std::vector<Assignment> seen;
  auto measure = [&](const Assignment &a) -> Expected<double> {
    seen.push_back(a);
    return trueLoss(problem, a);
  };
  for (uint32_t seed : {0, 1, 2}) {
    seen.clear();
    SearchOptions options{seed};
    options.marginals = false;
    SearchResult result = cantFail(localSearch(problem, start, measure, options));
    EXPECT_EQ(result.assignment, (Assignment{1, 1, 0}));
    EXPECT_EQ(result.loss, 2.5);
    EXPECT_EQ(result.startLoss, 4.5);
    EXPECT_TRUE(result.localOptimum);
    EXPECT_EQ(result.measurements, seen.size());
    EXPECT_EQ(std::set<Assignment>(seen.begin(), seen.end()).size(), seen.size());
    for (const Assignment &a : seen)
      EXPECT_EQ(toString(verify(problem, a)), "");
  }
}

/// Eight groups of which four may be wide; each of the first four loses 1 when narrow, the others
/// 0.9 each, but all four of these together another 4: the additive model keeps the first four
/// wide.
struct Together {
  Together() {
    problem.resources = {{"size", "B", int64_t(48)}};
    for (int i = 0; i < 8; ++i)
      problem.groups.push_back({"g" + std::to_string(i),
                                {{"w4", 4, i < 4 ? 1 : 0.9, {4}}, {"w8", 8, 0, {8}}},
                                std::nullopt});
  }
  double loss(const Assignment &a) const {
    bool narrow = a[4] == 0 && a[5] == 0 && a[6] == 0 && a[7] == 0;
    return evaluate(problem, a).loss + (narrow ? 4 : 0);
  }
  Problem problem;
};

TEST(LocalSearch, MarginalLossesHoldWhatTheModelMisses) {
  Together net;
  Assignment start = cantFail(solveDynamic(net.problem)).assignment;
  ASSERT_EQ(start, (Assignment{1, 1, 1, 1, 0, 0, 0, 0}));
  auto measure = [&](const Assignment &a) -> Expected<double> { return net.loss(a); };
  SearchOptions options;
  options.maxMeasurements = 10; // the start, eight flips, what solvers make of them
  SearchResult result = cantFail(localSearch(net.problem, start, measure, options));
  // All of the wide groups of the second half would lose 4 less, each as it seems.
  EXPECT_EQ(result.measurements, 10u);
  EXPECT_EQ(toString(verify(net.problem, result.assignment)), "");
  EXPECT_DOUBLE_EQ(result.startLoss, 7.6);
  EXPECT_DOUBLE_EQ(result.loss, 4);
  options.maxMeasurements = 200;
  result = cantFail(localSearch(net.problem, start, measure, options));
  EXPECT_TRUE(result.localOptimum);
  EXPECT_DOUBLE_EQ(result.loss, 3.7); // three of the first, one of the second
}

TEST(LocalSearch, TakesWhatOtherDataConfirm) {
  Together net;
  Assignment start = cantFail(solveDynamic(net.problem)).assignment;
  auto measure = [&](const Assignment &a) -> Expected<double> { return net.loss(a); };
  unsigned asked = 0;
  auto model = [&](const Assignment &a) -> Expected<double> {
    ++asked;
    return evaluate(net.problem, a).loss; // to which the start is best
  };
  SearchResult result = cantFail(localSearch(net.problem, start, measure, {}, model));
  EXPECT_EQ(result.assignment, start);
  EXPECT_GT(asked, 1u);
  EXPECT_EQ(result.confirmedLoss, result.confirmedStartLoss);
  result = cantFail(localSearch(net.problem, start, measure, {}, measure));
  EXPECT_EQ(result.confirmedLoss, result.loss);
  EXPECT_EQ(result.confirmedStartLoss, result.startLoss);
  EXPECT_LT(result.loss, result.startLoss);
}

/// NaN is no worse than anything, so nothing would ever be taken, silently.
TEST(LocalSearch, ConfirmingLossesThatAreNoNumbersAreErrors) {
  Together net;
  Assignment start = cantFail(solveDynamic(net.problem)).assignment;
  auto measure = [&](const Assignment &a) -> Expected<double> { return net.loss(a); };
  auto never = [](const Assignment &) -> Expected<double> { return std::nan(""); };
  auto later = [&](const Assignment &a) -> Expected<double> {
    return a == start ? 1.0 : std::nan("");
  };
  for (const MeasureLoss &confirm : {MeasureLoss(never), MeasureLoss(later)})
    EXPECT_NE(toString(localSearch(net.problem, start, measure, {}, confirm).takeError())
                  .find("expected a measured loss, but found nan"),
              std::string::npos);
}

TEST(LocalSearch, NeverReturnsWorseThanItsStartAndKeepsToItsLimit) {
  Problem problem = hawqV3ResNet18();
  setBudget(problem, kSize, 0.5);
  Assignment start = cantFail(solveDynamic(problem)).assignment;
  auto measure = [&](const Assignment &a) -> Expected<double> { return evaluate(problem, a).loss; };
  SearchOptions options;
  options.maxMeasurements = 30;
  SearchResult result = cantFail(localSearch(problem, start, measure, options));
  EXPECT_EQ(result.assignment, start); // it is the optimum
  EXPECT_LE(result.measurements, 30u);
  Assignment bad(19, 0);
  result = cantFail(localSearch(problem, bad, measure, options));
  EXPECT_LT(result.loss, result.startLoss);
  EXPECT_EQ(result.measurements, 30u);
  EXPECT_FALSE(result.localOptimum);
  SearchResult again = cantFail(localSearch(problem, bad, measure, options));
  EXPECT_EQ(again.assignment, result.assignment);
}

TEST(LocalSearch, RefusesABadStartAndPassesErrorsOn) {
  Problem problem = smallProblem();
  auto fails = [](const Assignment &) -> Expected<double> { return createStringError("no data"); };
  EXPECT_EQ(toString(localSearch(problem, {1, 1, 1}, fails).takeError()),
            "start of the search: resource 'size': expected at most 20, but found 24");
  EXPECT_EQ(toString(localSearch(problem, {0, 0, 0}, fails).takeError()), "no data");
}
} // namespace
