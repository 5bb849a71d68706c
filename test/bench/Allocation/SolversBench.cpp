//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Times of the solvers on problems like a network's: groups of 4 candidates (2, 4, 6, 8 bits),
// sizes over three decades, losses that fall fourfold a bit, budgets half way between least and
// greatest. The argument is the number of groups.
//
//===----------------------------------------------------------------------===//

#include "quantc/Allocation/Solvers.h"
#include "quantc/Numerics/Random.h"
#include <benchmark/benchmark.h>
#include <cmath>

using namespace llvm;
using namespace quantc::alloc;

static Problem network(int groups, int resources, bool coupled) {
  quantc::numerics::RandomState random(groups);
  Problem problem;
  for (int k = 0; k < resources; ++k)
    problem.resources.push_back({"r" + std::to_string(k), "", int64_t(0)});
  for (int g = 0; g < groups; ++g) {
    Group group;
    group.name = "g" + std::to_string(g);
    double size = std::pow(10, 3 + 3 * random.uniform()),
           trace = std::pow(10, -4 * random.uniform());
    double uses = std::pow(10, 1 + 2 * random.uniform());
    for (int bits : {2, 4, 6, 8}) {
      double costs[] = {size * bits / 8, size * uses * bits * bits / 1024,
                        size * uses * (0.3 + bits / 10.0 * random.uniform()) / 64};
      Candidate candidate{"w" + std::to_string(bits),
                          double(bits),
                          trace * size * std::pow(4, -bits) * (0.8 + 0.4 * random.uniform()),
                          {}};
      for (int k = 0; k < resources; ++k)
        candidate.costs.push_back(int64_t(costs[k]));
      group.candidates.push_back(std::move(candidate));
    }
    problem.groups.push_back(std::move(group));
  }
  for (int g = 0; coupled && g + 1 < groups; ++g) {
    Coupling coupling{unsigned(g), unsigned(g + 1), std::vector<double>(16), {}};
    for (int i = 0; i < 16; ++i) // a change of format between neighbours
      for (int k = 0; k < resources; ++k)
        coupling.costs.push_back(0);
    for (int k = 0; k < resources; ++k)
      for (int i = 0; i < 16; ++i)
        coupling.costs[k * 16 + i] = i / 4 == i % 4 ? 0 : 500;
    problem.couplings.push_back(std::move(coupling));
  }
  Evaluation low = evaluate(problem, Assignment(groups, 0));
  Evaluation high = evaluate(problem, Assignment(groups, 3));
  for (int k = 0; k < resources; ++k)
    problem.resources[k].budget = (low.costs[k] + high.costs[k]) / 2;
  return problem;
}

static void report(benchmark::State &state, Expected<Solution> solution) {
  if (!solution)
    return state.SkipWithError(toString(solution.takeError()).c_str());
  state.counters["loss"] = solution->evaluation.loss;
  state.counters["states"] = double(solution->peakStates);
  state.counters["nodes"] = double(solution->nodes);
}

static Problem problemOf(const benchmark::State &state) {
  return network(state.range(0), state.range(1), state.range(2));
}

static void dynamicProgram(benchmark::State &state) {
  Problem problem = problemOf(state);
  for (auto _ : state)
    report(state, solveDynamic(problem));
}

static void integerProgram(benchmark::State &state) {
  Problem problem = problemOf(state);
  for (auto _ : state)
    report(state, solveInteger(problem));
}

static void greedy(benchmark::State &state) {
  Problem problem = problemOf(state);
  for (auto _ : state)
    report(state, solveGreedy(problem));
}

static void bucketedDynamicProgram(benchmark::State &state) {
  Problem problem = problemOf(state);
  DynamicOptions options;
  options.buckets = 1 << 16;
  for (auto _ : state)
    report(state, solveDynamic(problem, options));
}

static void wholeFront(benchmark::State &state) {
  Problem problem = problemOf(state);
  DynamicOptions options;
  options.buckets = 1 << 12;
  for (auto _ : state) {
    Expected<std::vector<FrontPoint>> front = paretoFront(problem, 0, options);
    if (!front)
      return state.SkipWithError(toString(front.takeError()).c_str());
    state.counters["points"] = double(front->size());
  }
}

static void sizes(benchmark::internal::Benchmark *benchmark) {
  for (int resources : {1, 3})
    for (int groups : {50, 200, 500})
      benchmark->Args({groups, resources, 0});
  benchmark->Args({50, 1, 1});
  benchmark->ArgNames({"groups", "budgets", "coupled"})
      ->Unit(benchmark::kMillisecond)
      ->Iterations(1);
}
BENCHMARK(dynamicProgram)->Apply(sizes);
BENCHMARK(bucketedDynamicProgram)
    ->ArgNames({"groups", "budgets", "coupled"})
    ->Args({50, 1, 0})
    ->Args({200, 1, 0})
    ->Args({500, 1, 0})
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);
BENCHMARK(integerProgram)->Apply(sizes);
BENCHMARK(greedy)->Apply(sizes);
BENCHMARK(wholeFront)
    ->ArgNames({"groups", "budgets", "coupled"})
    ->Args({50, 1, 0})
    ->Args({200, 1, 0})
    ->Args({500, 1, 0})
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);

BENCHMARK_MAIN();
