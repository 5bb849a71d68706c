//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Speed of the kernels as generated code runs them. Environment: QUANTC_BENCH_LEVEL
// (a level's name; default: the host's best). Names say what is measured:
// mobilenet_v2/<layer>/<shape>, gemm/<m>x<k>x<n>, conv/..., f32/..., w4/.... After the table,
// the sum of the minima of the mobilenet_v2 layers. Pin the process to one core, and
// use --benchmark_repetitions=5 --benchmark_enable_random_interleaving.
//
//===----------------------------------------------------------------------===//

#include "Cases.h"

#include <benchmark/benchmark.h>

#include <cstdio>
#include <map>

using namespace quantc::bench;
using namespace quantc::kernels;

namespace {

void addCase(const std::string &group, Level level, Case c) {
  auto shared = std::make_shared<Case>(std::move(c));
  auto compiled = std::make_shared<std::unique_ptr<SpecializedKernel>>();
  benchmark::RegisterBenchmark((group + shared->name).c_str(), [=](benchmark::State &state) {
    if (!*compiled) {
      auto kernel = SpecializedKernel::create(level, shared->kernel, shared->args);
      if (!kernel) {
        state.SkipWithError(llvm::toString(kernel.takeError()).c_str());
        return;
      }
      *compiled = std::make_unique<SpecializedKernel>(std::move(*kernel));
    }
    for (auto _ : state)
      (**compiled)();
    if (shared->macs > 0)
      state.counters["GMAC/s"] =
          benchmark::Counter(shared->macs * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
    if (shared->bytes > 0)
      state.counters["GB/s"] =
          benchmark::Counter(shared->bytes * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
    state.counters["compile_ms"] = 1e3 * ((*compiled)->inlineSeconds + (*compiled)->codegenSeconds);
    state.counters["calls"] = (*compiled)->remainingCalls;
  })->Unit(benchmark::kMicrosecond);
}

std::string describe(const Layer &l) {
  return l.name + "/" + std::to_string(l.size) + "x" + std::to_string(l.inC) + "-" +
         std::to_string(l.outC) + "k" + std::to_string(l.kernel) + "s" + std::to_string(l.stride);
}

void addMobileNetV2(Level level, int64_t epilogue) {
  addCase("mobilenet_v2/", level, quantizeNchw("quantize/224x3", 224, 3));
  for (Layer layer : mobileNetV2()) {
    bool depthwise = layer.kernel == 3 && layer.inC == layer.outC;
    layer.name = describe(layer);
    addCase("mobilenet_v2/", level,
            depthwise ? depthwiseU8S8(layer, level, epilogue) : convU8S8(layer, epilogue));
  }
  const std::pair<int64_t, int64_t> adds[] = {{56, 24}, {28, 32}, {28, 32}, {14, 64}, {14, 64},
                                              {14, 64}, {14, 96}, {14, 96}, {7, 160}, {7, 160}};
  int index = 0;
  for (auto [size, channels] : adds)
    addCase("mobilenet_v2/", level,
            addU8("add" + std::to_string(index++) + "/" + std::to_string(size) + "x" +
                      std::to_string(channels),
                  size * size * channels));
  addCase("mobilenet_v2/", level, globalAveragePoolU8("pool/7x1280", 7, 1280, epilogue));
}

void addGemms(Level level, int64_t epilogue) {
  const int64_t shapes[][3] = {{128, 768, 768},  {128, 3072, 768},   {512, 1024, 1024},
                               {384, 768, 3072}, {1024, 1024, 1024}, {1, 768, 768},
                               {1, 3072, 768},   {1, 4096, 4096},    {4, 768, 768}};
  for (auto [m, k, n] : shapes)
    addCase("gemm/", level,
            gemmU8S8(std::to_string(m) + "x" + std::to_string(k) + "x" + std::to_string(n), m, k, n,
                     epilogue));
}

const Layer convLayers[] = {
    {"", 56, 64, 64, 3, 1, 1},   {"", 28, 128, 128, 3, 1, 1}, {"", 14, 256, 256, 3, 1, 1},
    {"", 7, 512, 512, 3, 1, 1},  {"", 56, 64, 256, 1, 1, 0},  {"", 56, 256, 64, 1, 1, 0},
    {"", 7, 512, 2048, 1, 1, 0}, {"", 224, 3, 64, 7, 2, 3},
};

void addConvs(Level level, int64_t epilogue) {
  for (Layer layer : convLayers) {
    layer.name = describe(layer).substr(1);
    addCase("conv/", level, convU8S8(layer, epilogue));
    addCase("f32/conv/", level, convF32(layer));
  }
}

void addFloats(Level level) {
  const int64_t shapes[][3] = {{512, 512, 512}, {128, 768, 768}, {1, 1280, 1000}};
  for (auto [m, k, n] : shapes) {
    std::string name = std::to_string(m) + "x" + std::to_string(k) + "x" + std::to_string(n);
    addCase("f32/gemm/", level, gemmF32(name, m, k, n));
    addCase("f32/matmul/", level, matmulF32(name, m, k, n));
  }
  for (Layer layer : {Layer{"", 112, 32, 32, 3, 1, 1}, Layer{"", 56, 144, 144, 3, 2, 1},
                      Layer{"", 14, 384, 384, 3, 1, 1}}) {
    layer.name = describe(layer).substr(1);
    addCase("f32/depthwise/", level, depthwiseF32(layer));
  }
  addCase("f32/", level, unaryF32("sigmoid/64k", UnaryOp::Sigmoid, 1 << 16));
  addCase("f32/", level, unaryF32("tanh/64k", UnaryOp::Tanh, 1 << 16));
  addCase("f32/", level, unaryF32("hardswish/64k", UnaryOp::HardSwish, 1 << 16));
  addCase("f32/", level, softmaxF32("softmax/64x1000", 64, 1000));
  for (int64_t size : {512, 1536, 4096, 11008, 14336}) {
    std::string name = "hadamard/64x" + std::to_string(size);
    addCase("f32/", level, hadamardF32(name, 64, size));
    addCase("u8/", level, hadamardU8(name, 64, size));
  }
}

/// Products with weights of 4 bits beside the float kernel on decoded ones.
void addGrouped(Level level) {
  const int64_t shapes[][3] = {
      {1, 1536, 576}, {1, 4096, 4096}, {8, 1536, 576}, {128, 1536, 576}, {128, 4096, 4096}};
  for (auto [m, k, n] : shapes) {
    std::string name = std::to_string(m) + "x" + std::to_string(k) + "x" + std::to_string(n);
    addCase("w4/f32/", level, gemmF32(name, m, k, n));
    for (int64_t group : {32, 128}) {
      std::string grouped = name + "/g" + std::to_string(group);
      addCase("w4/a16/", level, groupedF32(grouped, m, k, n, group));
      addCase("w4/a8/", level, groupedS8(grouped, m, k, n, group));
    }
  }
}

/// Prints the table, and adds up the minima of the network's layers.
class SummingReporter : public benchmark::ConsoleReporter {
public:
  void ReportRuns(const std::vector<Run> &runs) override {
    for (const Run &run : runs) {
      if (run.run_type != Run::RT_Iteration)
        continue;
      std::string name = run.run_name.function_name;
      double time = run.GetAdjustedRealTime();
      auto [it, isNew] = minima.try_emplace(name, time);
      if (!isNew && time < it->second)
        it->second = time;
    }
    ConsoleReporter::ReportRuns(runs);
  }
  void Finalize() override {
    double total = 0;
    for (const auto &[name, time] : minima)
      if (name.rfind("mobilenet_v2/", 0) == 0)
        total += time;
    std::printf("mobilenet_v2 layers, sum of minima: %.1f us\n", total);
  }

private:
  std::map<std::string, double> minima;
};

} // namespace

int main(int argc, char **argv) {
  Level level = bestHostLevel();
  if (const char *name = std::getenv("QUANTC_BENCH_LEVEL")) {
    auto parsed = parseLevel(name);
    if (!parsed || !hostSupports(*parsed)) {
      std::fprintf(stderr, "level %s is unknown or not supported by this machine\n", name);
      return 1;
    }
    level = *parsed;
  }
  int64_t epilogue = levelInfo(level).hasFma ? 0 : 3;
  if (const char *form = std::getenv("QUANTC_BENCH_EPILOGUE"))
    epilogue = std::atoi(form);
  std::printf("level %s, epilogue %d\n", levelInfo(level).name, static_cast<int>(epilogue));
  benchmark::Initialize(&argc, argv);
  addMobileNetV2(level, epilogue);
  addGemms(level, epilogue);
  addConvs(level, epilogue);
  addFloats(level);
  addGrouped(level);
  SummingReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  return 0;
}
