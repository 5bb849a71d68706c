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
#include "llvm/Support/FormatVariadic.h"
#include "gtest/gtest.h"
#include <algorithm>

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

/// They counted once, but each node stores codes of its own.
TEST(BitAllocation, SharedConstantsAreTiedAndCountForEachNode) {
  SensitivityTable sensitivities = table();
  AllocationOptions options;
  options.effectiveBits = 6;
  auto problem = makeProblem({sensitivities, nullptr, nullptr, 8, {}}, options);
  ASSERT_TRUE(bool(problem)) << llvm::toString(problem.takeError());
  EXPECT_EQ(problem->ties, (std::vector<alloc::Tie>{{0, 2}}));
  EXPECT_EQ(problem->resources[0].budget, 6 * 300);
  // Bits; bytes with a scale of 4 bytes a channel; width by activation bits by products.
  EXPECT_EQ(problem->groups[1].candidates[0].costs, (std::vector<int64_t>{400, 50 + 40, 32000}));
  EXPECT_EQ(problem->groups[2].candidates[1].costs, (std::vector<int64_t>{800, 100 + 40, 64000}));
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

// Layers that the loss's output does not read were narrowed without a word.
TEST(BitAllocation, LayersThatCostNothingAreNamed) {
  SensitivityTable sensitivities = table();
  AllocationOptions options;
  options.loss = "hawq";
  CurvatureTable curvatures;
  curvatures["a"].trace = 200;
  curvatures["b"].trace = 0;
  curvatures["c"].trace = 0;
  auto problem = makeProblem({sensitivities, nullptr, &curvatures, 8, {{"c", 4}}}, options);
  ASSERT_TRUE(bool(problem)) << llvm::toString(problem.takeError());
  EXPECT_EQ(freeLayers(*problem, sensitivities), std::vector<std::string>{"b"});
  EXPECT_TRUE(freeLayers(*problem, sensitivities, {"b"}).empty()); // named for another reason
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
            "target-latency: expected more than 6.000 us, which what no width changes takes alone, "
            "but found 5");
}

/// Budgets were told as numbers of other units ("budget of 'bits': expected at least 800"), and
/// 0.001 us as 0.00.
TEST(BitAllocation, BudgetsAreToldInTheUnitsOfTheirOptions) {
  SensitivityTable sensitivities = table();
  LatencyTable latencies;
  latencies.rest = 1500;
  for (const LayerSensitivity &layer : sensitivities.layers)
    latencies.layers[layer.node] = {{"w4", 1001}, {"w8", 2000}};
  AreaTable areas;
  areas.rest = {10, 0, 0, 0};
  for (const LayerSensitivity &layer : sensitivities.layers)
    areas.layers[layer.node] = {{"w4", {5, 0, 0, 0}}, {"w8", {9, 0, 0, 0}}};
  AllocationInputs inputs{sensitivities,         &latencies, nullptr, 8, {}, &areas,
                          AreaCosts{24, 0, 0, 0}};
  AllocationOptions options;
  options.effectiveBits = 3.5;
  options.targetSize = 269;
  options.targetLatency = 1.6;
  auto problem = makeProblem(inputs, options);
  ASSERT_TRUE(bool(problem)) << llvm::toString(problem.takeError());
  llvm::Error error = nameBudgets(alloc::solve(*problem).takeError(), *problem, inputs, options);
  ASSERT_TRUE(error.isA<alloc::InfeasibleError>());
  EXPECT_EQ(llvm::toString(std::move(error)),
            "effective-bits: expected at least 4.000 bits a weight, the least that the widths "
            "allow, but found 3.5; "
            "target-size: expected at least 270 bytes, the least that the widths allow, but found "
            "269; "
            "target-latency: expected at least 4.503 us, the least that the widths allow, but "
            "found 1.6; "
            "fit-part: expected at least 25 lut, the least that the widths allow, but found 24");
  // Each by itself allows what all together do not: wide layers cost bytes, narrow ones time here.
  for (const LayerSensitivity &layer : sensitivities.layers)
    latencies.layers[layer.node] = {{"w4", 2000}, {"w8", 1001}};
  options = AllocationOptions();
  options.targetSize = 270;
  options.targetLatency = 4.6;
  problem = makeProblem({sensitivities, &latencies}, options);
  ASSERT_TRUE(bool(problem)) << llvm::toString(problem.takeError());
  EXPECT_EQ(llvm::toString(nameBudgets(alloc::solve(*problem).takeError(), *problem,
                                       {sensitivities, &latencies}, options)),
            "target-size, target-latency: expected budgets that can be met together; within the "
            "others, target-latency: expected at least 7.500 us, the least that the widths allow, "
            "but found 4.6");
  options.targetLatency = 0.001;
  EXPECT_EQ(errorOf(makeProblem(inputs, options)),
            "target-latency: expected more than 1.500 us, which what no width changes takes alone, "
            "but found 0.001");
}

/// 1.001 us was taken for 1000 ns, since 1.001 * 1000 is 1000.9999999999999: the least budget that
/// a message told was refused.
TEST(BitAllocation, BudgetsOfWholeThousandthsAreNotRoundedDown) {
  SensitivityTable sensitivities = table();
  LatencyTable latencies;
  for (const LayerSensitivity &layer : sensitivities.layers)
    latencies.layers[layer.node] = {{"w4", 1}, {"w8", 2}};
  AllocationOptions options;
  for (int64_t nanoseconds = 1; nanoseconds < 20000; ++nanoseconds) {
    const std::string text = llvm::formatv("{0:F3}", double(nanoseconds) / 1000).str();
    ASSERT_FALSE(llvm::StringRef(text).getAsDouble(options.targetLatency));
    auto problem = makeProblem({sensitivities, &latencies}, options);
    ASSERT_TRUE(bool(problem)) << llvm::toString(problem.takeError());
    ASSERT_EQ(problem->resources.back().budget, nanoseconds) << text;
  }
}

/// A macs count of 9e17 was multiplied by widths, which overflowed.
TEST(BitAllocation, CountsOfAnySizeDoNotOverflow) {
  const int64_t limit = int64_t(1) << 53;
  for (int64_t LayerSensitivity::*count :
       {&LayerSensitivity::parameters, &LayerSensitivity::channels, &LayerSensitivity::macs})
    for (int64_t value : {int64_t(-1), INT64_MIN, int64_t(900000000000000000), INT64_MAX, limit}) {
      SensitivityTable sensitivities = table();
      sensitivities.layers[1].*count = value; // 2^53 is too much beside the others' counts
      std::string error = errorOf(makeProblem({sensitivities, nullptr, nullptr, 8, {}}, {}));
      EXPECT_NE(error.find("in [0, 2^53], the sum of all nodes too, but found"), std::string::npos)
          << error;
    }
}

/// Shares of a file's own made its layers cost nothing.
TEST(BitAllocation, LayersAreTheModelsNotTheFiles) {
  ModelLayers model;
  model.layers = table().layers;
  for (const LayerSensitivity &layer : model.layers)
    model.nodes.insert(layer.node);
  model.nodes.insert("kept");
  SensitivityTable file = table();
  std::reverse(file.layers.begin(), file.layers.end());
  file.layers.push_back({"kept", 7, 7, 7, "", {}}); // a layer that stays in float here
  auto matched = matchModel(file, model);
  ASSERT_TRUE(bool(matched)) << llvm::toString(matched.takeError());
  ASSERT_EQ(matched->layers.size(), 3u);
  EXPECT_EQ(matched->layers[2].shares, "a");
  EXPECT_EQ(matched->layers[1].widths[0].noise, 8);

  file.layers[0].shares = "c";
  file.layers[1].macs = 1;
  file.layers[3].node = "d";
  auto refused = matchModel(file, model);
  ASSERT_FALSE(bool(refused));
  EXPECT_EQ(llvm::toString(refused.takeError()),
            "the table is not of this model: node 'd': expected nodes of the model, but found this "
            "one; node 'b': expected 'macs' of 1000, but found 1; node 'c': expected 'shares' of "
            "'a', but found 'c'");
}

} // namespace
