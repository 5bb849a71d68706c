//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What one fork-join of the runtime's pool costs while the workers spin: a run
// of many empty parallel steps, divided by their number.
//
//===----------------------------------------------------------------------===//

#include "quantc/Runtime/ModelRuntime.h"

#include <benchmark/benchmark.h>

#include <vector>

static void emptyStep(uint8_t *, void *const *, int64_t worker, int64_t) {
  benchmark::DoNotOptimize(worker);
}

static void forkJoin(benchmark::State &state) {
  const int32_t numSteps = 1000;
  std::vector<qrt_step> steps(numSteps, {emptyStep, QRT_MAX_THREADS, 0, "empty", "empty"});
  qrt_model_desc model = {};
  model.num_steps = numSteps;
  model.steps = steps.data();
  model.arena_alignment = 64;
  model.name = model.cpu_level = "empty";
  qrt_options options = {};
  options.struct_size = sizeof options;
  options.num_threads = static_cast<int32_t>(state.range(0));
  qrt_context *context = nullptr;
  if (qrt_create(&model, &options, &context) != QRT_OK) {
    state.SkipWithError("could not create a context");
    return;
  }
  for (auto _ : state)
    benchmark::DoNotOptimize(qrt_run(context, nullptr, 0, nullptr, 0));
  qrt_destroy(context);
  state.counters["per_step"] = benchmark::Counter(
      numSteps, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(forkJoin)->Arg(1)->Arg(2)->Arg(4)->UseRealTime()->Unit(benchmark::kMicrosecond);

BENCHMARK_MAIN();
