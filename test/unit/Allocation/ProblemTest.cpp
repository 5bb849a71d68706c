//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a problem may be, its files, and the verifier.
//
//===----------------------------------------------------------------------===//

#include "Samples.h"
#include "quantc/Allocation/ProblemFile.h"
#include "quantc/Allocation/Solvers.h"
#include <OsiClpSolverInterface.hpp>
#include <cmath>
#include <cstdio>
#include <gtest/gtest.h>
#include <limits>

using namespace llvm;
using namespace quantc::alloc;
using namespace quantc::alloc::test;

namespace {
std::string faultsOf(const Problem &problem) { return toString(check(problem)); }

TEST(AllocationProblem, AllFaultsAtOnce) {
  Problem problem = smallProblem();
  problem.resources[0].name = "";
  problem.groups[0].candidates[0].loss = -1;
  problem.groups[1].candidates[1].costs.pop_back();
  problem.groups[2].name = "a";
  problem.groups[2].pin = 7;
  problem.ties = {{0}, {0, 9}};
  problem.couplings = {{0, 0, {}, {}}, {0, 1, {1, 2}, {}}};
  EXPECT_EQ(
      faultsOf(problem),
      "resource 0: expected a name, but found none\n"
      "group 0 'a', candidate 0: expected a loss that is finite and not negative, but found -1\n"
      "group 1 'b', candidate 1: expected one cost for each of 1 resources, but found 0\n"
      "group 2 'a': expected a name of its own, but found 'a'\n"
      "group 2 'a': expected a pin below the number of candidates 2, but found 7\n"
      "tie 0: expected two or more groups, but found 1\n"
      "tie 1: expected groups below 3, but found 9\n"
      "coupling 0: expected two different groups below 3, but found 0 and 0\n"
      "coupling 1: expected 4 losses, but found 2");
}

TEST(AllocationProblem, TiesNeedEqualLabelsAndEqualPins) {
  Problem problem = smallProblem();
  problem.ties = {{0, 1}};
  problem.groups[0].pin = 0;
  problem.groups[1].pin = 1;
  EXPECT_EQ(faultsOf(problem),
            "group 'b': expected the pin of 'a', which it is tied to, but found another");
  problem.groups[1].pin.reset();
  EXPECT_EQ(faultsOf(problem), "");
  problem.groups[1].candidates[0].label = "other";
  EXPECT_EQ(faultsOf(problem), "tie 0: expected the same labels in the same order, but found that "
                               "'a' and 'b' differ");
}

TEST(AllocationProblem, TotalsStayExactInDoubles) {
  Problem problem = smallProblem();
  problem.groups[0].candidates[1].costs = {kMaxCost};
  EXPECT_EQ(faultsOf(problem),
            "resource 'size': expected a greatest total <= 2^53, but found more");
}

TEST(AllocationVerifier, NamesEveryViolation) {
  Problem problem = smallProblem();
  problem.ties = {{0, 1}};
  problem.groups[2].pin = 0;
  problem.resources[0].budget = 10;
  EXPECT_EQ(toString(verify(problem, {0, 1, 1})),
            "group 'c': expected 'w4', which it is pinned to, but found 'w8'\n"
            "group 'b': expected the choice of 'a', which it is tied to, but found another\n"
            "resource 'size': expected at most 10, but found 20");
  EXPECT_EQ(toString(verify(problem, {0, 2, 0})),
            "group 'b': expected a choice below 2, but found 2\n"
            "group 'b': expected the choice of 'a', which it is tied to, but found another");
  EXPECT_EQ(toString(verify(problem, {0})), "expected a choice for each of 3 groups, but found 1");
}

TEST(AllocationVerifier, SumsAreCompensated) {
  Problem problem = smallProblem();
  problem.groups[0].candidates[0].loss = 1e16;
  problem.groups[1].candidates[0].loss = 1;
  problem.groups[2].candidates[0].loss = 1;
  problem.couplings = {{0, 1, {-1e16, 0, 0, 0}, {}}};
  EXPECT_EQ(evaluate(problem, {0, 0, 0}).loss, 2);
}

TEST(AllocationFile, AllFaultsWithTheirPlaces) {
  Expected<Problem> problem = parseProblem(R"({"format": "quantc-allocation", "version": 2,
    "resources": [{"name": "size", "budget": 1.5, "Unit": "B"}],
    "groups": [{"name": "a", "pin": "w9", "candidates":
                 [{"label": "w4", "bits": "4", "loss": 0, "costs": [1, "x"]}, 3]}],
    "ties": [["a", "z"], 4],
    "couplings": [{"first": "a", "second": "a", "losses": [[1, 2], 3]}]})");
  ASSERT_FALSE(problem);
  EXPECT_EQ(toString(problem.takeError()),
            "problem: expected format 'quantc-allocation' and version 1, but found others\n"
            "resources[0]: expected one of name, unit, budget, but found 'Unit'\n"
            "resources[0].budget: expected an integer, but found a number\n"
            "groups[0].candidates[0].bits: expected a number, but found a string\n"
            "groups[0].candidates[0].costs[1]: expected an integer, but found a string\n"
            "groups[0].candidates[1]: expected an object, but found a number\n"
            "groups[0].pin: expected the label of a candidate, but found 'w9'\n"
            "ties[0][1]: expected the name of a group, but found 'z'\n"
            "ties[1]: expected an array, but found a number\n"
            "couplings[0].losses[1]: expected an array of 2 values, but found a number");
}

TEST(AllocationFile, RefusesWhatIsNoProblem) {
  for (const char *text : {"", "[]", "{", "{}", "7", "{\"format\": 1}"}) {
    Expected<Problem> problem = parseProblem(text);
    EXPECT_FALSE(problem) << text;
    consumeError(problem.takeError());
  }
}

TEST(AllocationFile, ReadsWhatItWrites) {
  Problem problem = smallProblem();
  problem.groups[2].pin = 1;
  problem.ties = {{0, 1}};
  problem.couplings = {{0, 2, {0, 0.1, 0.2, 0}, {0, 1, 2, 0}}};
  std::string text;
  raw_string_ostream out(text);
  writeProblem(problem, out);
  Problem read = cantFail(parseProblem(text));
  EXPECT_EQ(read.groups[2].pin, 1u);
  EXPECT_EQ(read.groups[0].candidates[0].loss, problem.groups[0].candidates[0].loss);
  EXPECT_EQ(read.ties, problem.ties);
  EXPECT_EQ(read.couplings[0].losses, problem.couplings[0].losses);
  EXPECT_EQ(read.couplings[0].costs, problem.couplings[0].costs);
  EXPECT_EQ(read.resources[0].budget, problem.resources[0].budget);
}

TEST(AllocationFile, ReadsNegativeZeroAsZero) {
  Problem problem = smallProblem();
  problem.groups[0].candidates[1].loss = -0.0; // whose text is that of an integer
  std::string text;
  raw_string_ostream out(text);
  writeProblem(problem, out);
  EXPECT_FALSE(std::signbit(cantFail(parseProblem(text)).groups[0].candidates[1].loss));
}

TEST(AllocationProblem, TheLeastIntegerIsTooGreat) {
  constexpr int64_t least = std::numeric_limits<int64_t>::min();
  Problem problem = smallProblem();
  problem.resources[0].budget = least;
  EXPECT_EQ(faultsOf(problem), "resource 0: expected a budget of magnitude <= 2^53, but "
                               "found -9223372036854775808");
  problem = smallProblem();
  problem.couplings = {{0, 2, {0, 0, 0, 0}, {0, least, least, 0}}};
  EXPECT_NE(faultsOf(problem), "");
}

/// The relaxation's optimum of the text as another reader sees it.
TEST(AllocationFile, LpTextIsReadByOtherPrograms) {
  Problem problem = smallProblem();
  problem.groups[2].pin = 0;
  problem.ties = {{0, 1}};
  problem.couplings = {{0, 2, {0.5, 0, -0.25, 0}, {1, 0, 3, 0}}};
  std::string path = testing::TempDir() + "allocation.lp";
  {
    std::error_code code;
    raw_fd_ostream out(path, code);
    ASSERT_FALSE(code);
    cantFail(writeLp(problem, out));
  }
  OsiClpSolverInterface solver;
  solver.messageHandler()->setLogLevel(0);
  ASSERT_EQ(solver.readLp(path.c_str()), 0);
  std::remove(path.c_str());
  EXPECT_EQ(solver.getNumCols(), 6 + 4);
  // One budget, a choice for each group, a pin, two rows of the tie, three of each product.
  EXPECT_EQ(solver.getNumRows(), 1 + 3 + 1 + 2 + 12);
  // The optimum as a point: it meets every row and has the verifier's loss.
  Solution best = cantFail(solveExhaustively(problem));
  std::vector<double> point(solver.getNumCols());
  double loss = 0;
  for (int c = 0; c < solver.getNumCols(); ++c) {
    unsigned group = 0, i = 0, j = 0;
    std::string name = solver.getColName(c);
    if (std::sscanf(name.c_str(), "x%u_%u", &group, &i) == 2)
      point[c] = best.assignment[group] == i;
    else if (std::sscanf(name.c_str(), "y%u_%u_%u", &group, &i, &j) == 3)
      point[c] = best.assignment[0] == i && best.assignment[2] == j;
    else
      FAIL() << name;
    loss += point[c] * solver.getObjCoefficients()[c];
  }
  EXPECT_EQ(loss, best.evaluation.loss);
  std::vector<double> rows(solver.getNumRows());
  solver.getMatrixByCol()->times(point.data(), rows.data());
  for (int r = 0; r < solver.getNumRows(); ++r) {
    EXPECT_GE(rows[r], solver.getRowLower()[r]);
    EXPECT_LE(rows[r], solver.getRowUpper()[r]);
  }
}
} // namespace
