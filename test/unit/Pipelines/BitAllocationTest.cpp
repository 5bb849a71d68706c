//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Problems of bit allocation from tables.
//
//===----------------------------------------------------------------------===//

#include "quantc/Pipelines/BitAllocation.h"
#include "gtest/gtest.h"

using namespace quantc;

namespace {

WidthEffect effect(unsigned bits, double noise) {
  WidthEffect result;
  result.bits = bits;
  result.weightError = noise / 2;
  result.noise = noise;
  return result;
}

/// Two layers of 100 weights in 10 channels, and one that reads the first's constant.
SensitivityTable table() {
  SensitivityTable result;
  for (const char *node : {"a", "b", "c"})
    result.layers.push_back(
        {node, 100, 10, 1000, "", {effect(4, node[0] == 'b' ? 8 : 1), effect(8, 0.25)}});
  result.layers[2].shares = "a";
  return result;
}

std::string errorOf(llvm::Expected<alloc::Problem> problem) {
  return problem ? "none" : llvm::toString(problem.takeError());
}

TEST(BitAllocation, SharedConstantsAreTiedAndCountOnce) {
  SensitivityTable sensitivities = table();
  AllocationOptions options;
  options.effectiveBits = 6;
  auto problem = makeProblem({sensitivities, nullptr, nullptr, 8, {}}, options);
  ASSERT_TRUE(bool(problem)) << llvm::toString(problem.takeError());
  EXPECT_EQ(problem->ties, (std::vector<alloc::Tie>{{0, 2}}));
  EXPECT_EQ(problem->resources[0].budget, 6 * 200);
  // Bits; bytes with a scale of 4 bytes a channel; width by activation bits by products.
  EXPECT_EQ(problem->groups[1].candidates[0].costs, (std::vector<int64_t>{400, 50 + 40, 32000}));
  EXPECT_EQ(problem->groups[2].candidates[1].costs, (std::vector<int64_t>{0, 0, 64000}));
  auto solved = alloc::solve(*problem);
  ASSERT_TRUE(bool(solved)) << llvm::toString(solved.takeError());
  EXPECT_EQ(nodeBitsOf(*problem, solved->best.assignment),
            (std::vector<std::string>{"a=w4", "b=w8", "c=w4"}));
}

TEST(BitAllocation, PinsAndCurvatures) {
  SensitivityTable sensitivities = table();
  AllocationOptions options;
  options.loss = "hawq";
  CurvatureTable curvatures;
  curvatures["a"].trace = 200;
  curvatures["b"].trace = 50;
  curvatures["c"].trace = -3; // clamped
  auto problem = makeProblem({sensitivities, nullptr, &curvatures, 8, {{"b", 4}}}, options);
  ASSERT_TRUE(bool(problem)) << llvm::toString(problem.takeError());
  EXPECT_EQ(problem->groups[1].pin, 0u);
  EXPECT_DOUBLE_EQ(problem->groups[0].candidates[0].loss, 200.0 / 100 * 0.5);
  EXPECT_DOUBLE_EQ(problem->groups[1].candidates[0].loss, 50.0 / 100 * 4);
  EXPECT_DOUBLE_EQ(problem->groups[2].candidates[0].loss, 0);
}

TEST(BitAllocation, WhatTablesLackIsNamed) {
  SensitivityTable sensitivities = table();
  AllocationOptions options;
  options.widths = {4, 6};
  EXPECT_EQ(errorOf(makeProblem({sensitivities, nullptr, nullptr, 8, {}}, options)),
            "node 'a': the tables hold no effect of 6 bits");
  options.widths = {4, 8};
  options.loss = "divergence";
  EXPECT_EQ(errorOf(makeProblem({sensitivities, nullptr, nullptr, 8, {}}, options)),
            "node 'a': the tables hold no 'divergence' at 4 bits");
  options.loss = "noise";
  EXPECT_EQ(errorOf(makeProblem({sensitivities, nullptr, nullptr, 8, {{"b", 5}}}, options)),
            "node 'b': node-bits asks for 5 bits, which allocation-widths lacks");
  options.targetLatency = 5;
  EXPECT_EQ(errorOf(makeProblem({sensitivities, nullptr, nullptr, 8, {}}, options)),
            "target-latency: expected a table of latencies");
  LatencyTable latencies;
  latencies.rest = 6000;
  EXPECT_EQ(errorOf(makeProblem({sensitivities, &latencies, nullptr, 8, {}}, options)),
            "target-latency 5.00 us: what no width changes takes 6.0 us alone");
}

} // namespace
