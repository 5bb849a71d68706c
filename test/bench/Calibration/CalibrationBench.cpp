//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Speed of what calibration does for every value (statistics) and for every
// tensor (choosing a range). Run by hand; items are values or tensors.
//
//===----------------------------------------------------------------------===//

#include "quantc/Calibration/Observer.h"
#include "quantc/Calibration/Statistics.h"
#include <benchmark/benchmark.h>
#include <cmath>
#include <random>

using namespace quantc;

namespace {
/// Activations as after a ReLU6: half zeros, some sixes.
std::vector<float> activations(size_t count) {
  std::mt19937 engine(1);
  std::normal_distribution<float> normal(0, 3);
  std::vector<float> values(count);
  for (float &value : values)
    value = std::min(std::max(normal(engine), 0.0f), 6.0f);
  return values;
}

void addValues(benchmark::State &state, CollectorSet collectors, int axis) {
  int64_t side = std::lround(std::sqrt(state.range(0) / 32.0));
  std::vector<int64_t> shape = {1, 32, side, side};
  std::vector<float> values = activations(32 * side * side);
  Statistics statistics("t", collectors, axis);
  int64_t run = 0;
  for (auto _ : state)
    if (llvm::Error error = statistics.add(run++ % 256, values, shape))
      state.SkipWithError(llvm::toString(std::move(error)).c_str());
  state.SetItemsProcessed(state.iterations() * values.size());
}
void histogram(benchmark::State &state) { addValues(state, {true, true, false}, -1); }
void channels(benchmark::State &state) { addValues(state, {true, true, true}, 1); }
BENCHMARK(histogram)->Arg(1 << 10)->Arg(1 << 15)->Arg(1 << 18)->Arg(1 << 21);
BENCHMARK(channels)->Arg(1 << 15)->Arg(1 << 21);

void choose(benchmark::State &state, ObserverKind kind) {
  Statistics statistics("t");
  std::vector<float> values = activations(1 << 20);
  values[0] = -3; // two-sided: the larger searches
  llvm::cantFail(statistics.add(0, values, {1 << 20}));
  for (auto _ : state)
    benchmark::DoNotOptimize(llvm::cantFail(chooseRange(statistics, kind, {}, 0, 255)));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(choose, percentile, ObserverKind::Percentile)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(choose, entropy, ObserverKind::Entropy)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(choose, mse, ObserverKind::Mse)->Unit(benchmark::kMillisecond);
} // namespace

BENCHMARK_MAIN();
