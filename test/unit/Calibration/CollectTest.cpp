//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The calibration driver over a model that is a few formulas: plans under caps,
// equal results for every plan, errors with their place, progress.
//
//===----------------------------------------------------------------------===//

#include "quantc/Calibration/Collect.h"
#include "TestFiles.h"
#include "quantc/Calibration/Npz.h"
#include "quantc/Support/Errors.h"
#include <cmath>

using namespace llvm;
using namespace quantc;
using namespace quantc::test;

namespace {
/// Tensor `id` is the input scaled by id + 1 and shifted.
class FormulaExecutor : public Executor {
public:
  explicit FormulaExecutor(int count, uint64_t extraBytes = 0) {
    for (int id = 0; id < count; ++id)
      tensors.push_back({"t" + std::to_string(id), extraBytes, 1, 3});
  }

  ArrayRef<ObservedTensor> observed() const override { return tensors; }

  Error run(const Feed &feed, ArrayRef<int> ids, ObserveFn observe) override {
    ++runs;
    const HostTensor &input = feed.inputs[0].tensor;
    for (int id : ids) {
      std::vector<float> values = input.values<float>().vec();
      for (float &value : values)
        value = std::sin(value) * (id + 1) - id * 0.1f;
      if (id == poisonedId && runs == poisonedRun)
        values[4] = std::nanf("");
      observe(strayId >= 0 ? strayId : id, values, input.shape());
    }
    return runs == failingRun ? makeError("division by zero") : Error::success();
  }

  std::vector<ObservedTensor> tensors;
  int runs = 0;
  int poisonedId = -1, poisonedRun = -1, failingRun = -1, strayId = -1;
};

std::unique_ptr<DataSet> samples(int64_t count, int64_t batch = 1) {
  return cantFail(DataSet::fromArrays({{"x", iota({count, 3})}}, {{"x", DType::F32, {-1, 3}, {}}},
                                      {batch, true}));
}

CollectOptions allCollectors() {
  CollectOptions options;
  options.collectors = {true, true, true};
  return options;
}

bool equal(const Statistics &a, const Statistics &b) {
  return a.name() == b.name() && a.count() == b.count() && a.min() == b.min() &&
         a.max() == b.max() && a.histogram() == b.histogram() && a.runRanges() == b.runRanges() &&
         a.channels().sum == b.channels().sum && a.channels().min == b.channels().min &&
         a.channels().max == b.channels().max && a.channels().count == b.channels().count;
}

TEST(Collect, OnePass) {
  FormulaExecutor executor(3);
  auto data = samples(5);
  std::vector<Statistics> stats = cantFail(collect(*data, executor, allCollectors()));
  EXPECT_EQ(executor.runs, 5);
  ASSERT_EQ(stats.size(), 3u);
  EXPECT_EQ(stats[1].name(), "t1");
  EXPECT_EQ(stats[1].count(), 15u);
  EXPECT_EQ(stats[1].runRanges().size(), 5u);
  EXPECT_EQ(stats[1].channels().count, 5u);
  double sum = 0;
  for (int run = 0; run < 5; ++run)
    sum += std::sin(float(3 * run)) * 2 - 0.1f;
  EXPECT_NEAR(stats[1].channels().sum[0], sum, 1e-5);
}

TEST(Collect, TheCapChangesNoResult) {
  auto data = samples(7);
  FormulaExecutor reference(10);
  CollectOptions options = allCollectors();
  std::vector<Statistics> expected = cantFail(collect(*data, reference, options));
  uint64_t all = cantFail(planCollection(reference, 7, options)).peakBytes;
  size_t most = 0;
  for (uint64_t share = 1; share <= 20; ++share) {
    FormulaExecutor executor(10);
    options.memoryCap = all * share / 20;
    Expected<CollectPlan> plan = planCollection(executor, 7, options);
    if (!plan) {
      EXPECT_TRUE(contains(toString(plan.takeError()), "expected a calibration memory cap"));
      continue;
    }
    EXPECT_LE(plan->peakBytes, *options.memoryCap);
    std::vector<Statistics> stats = cantFail(collect(*data, executor, options));
    EXPECT_EQ(executor.runs, int(7 * plan->passes.size()));
    most = std::max(most, plan->passes.size());
    for (int id = 0; id < 10; ++id)
      EXPECT_TRUE(equal(stats[id], expected[id])) << id << " with " << plan->passes.size();
  }
  EXPECT_GE(most, 5u); // the caps did make a difference
}

TEST(Collect, BatchesChangeNoHistogram) {
  auto single = samples(12), batched = samples(12, 5);
  FormulaExecutor executor(2);
  std::vector<Statistics> a = cantFail(collect(*single, executor, {}));
  std::vector<Statistics> b = cantFail(collect(*batched, executor, {}));
  for (int id : {0, 1})
    EXPECT_EQ(a[id].histogram(), b[id].histogram());
}

TEST(Collect, PlansAreDisjointAndComplete) {
  FormulaExecutor executor(9, /*extraBytes=*/1000);
  CollectOptions options;
  uint64_t one = Statistics::footprint(options.collectors, 4, 0) + 1000;
  options.memoryCap = Histogram::scratchBytes() + 2 * one;
  CollectPlan plan = cantFail(planCollection(executor, 4, options));
  ASSERT_EQ(plan.passes.size(), 5u);
  std::vector<int> ids;
  for (const std::vector<int> &pass : plan.passes)
    ids.insert(ids.end(), pass.begin(), pass.end());
  EXPECT_EQ(ids, std::vector<int>({0, 1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(plan.peakBytes, *options.memoryCap);
}

TEST(Collect, ACapTooSmallSaysWhatIsNeeded) {
  FormulaExecutor executor(3);
  executor.tensors[2].extraBytes = 5000000;
  CollectOptions options;
  options.memoryCap = 1000;
  uint64_t needed =
      Histogram::scratchBytes() + Statistics::footprint(options.collectors, 4, 0) + 5000000;
  auto data = samples(4);
  EXPECT_TRUE(contains(errorOf(collect(*data, executor, options)),
                       "expected a calibration memory cap of at least " + std::to_string(needed) +
                           " bytes, but found 1000; tensor 't0' alone needs"));
  EXPECT_EQ(executor.runs, 0);
  options.memoryCap = needed;
  EXPECT_EQ(errorOf(collect(*data, executor, options)), "(success)");
}

TEST(Collect, RangesOfRuns) {
  auto data = samples(6);
  FormulaExecutor executor(1);
  CollectOptions options;
  options.firstRun = 2;
  options.endRun = 5;
  std::vector<Statistics> stats = cantFail(collect(*data, executor, options));
  EXPECT_EQ(executor.runs, 3);
  EXPECT_EQ(stats[0].runRanges()[0].run, 2);
  for (auto [first, end] : {std::pair<int64_t, int64_t>{-1, 3}, {3, 3}, {0, 7}, {6, -1}}) {
    options.firstRun = first;
    options.endRun = end;
    EXPECT_TRUE(
        contains(errorOf(collect(*data, executor, options)), "expected runs inside [0, 6)"));
  }
}

TEST(Collect, ErrorsNameRunAndTensor) {
  auto data = samples(6);
  FormulaExecutor poisoned(2);
  poisoned.poisonedId = 1;
  poisoned.poisonedRun = 3;
  std::vector<InputSpec> inputs = {{"x", DType::F32, {-1, 3}, {}}};
  auto wide =
      cantFail(DataSet::fromArrays({{"x", iota({6, 3, 2})}}, {{"x", DType::F32, {-1, 3, 2}, {}}}));
  EXPECT_EQ(errorOf(collect(*wide, poisoned, {})),
            "sample 2 of arrays: tensor 't1': expected finite values, but found nan at [0, 2, 0]");
  FormulaExecutor failing(2);
  failing.failingRun = 2;
  EXPECT_EQ(errorOf(collect(*data, failing, {})), "sample 1 of arrays: division by zero");
  FormulaExecutor stray(2);
  stray.strayId = 17;
  EXPECT_TRUE(contains(errorOf(collect(*data, stray, {})), "but found tensor 17"));
  HostTensor bad = iota({2, 3});
  bad.mutableValues<float>()[5] = HUGE_VALF;
  auto infinite = cantFail(DataSet::fromArrays({{"x", bad}}, inputs));
  FormulaExecutor executor(1);
  EXPECT_EQ(errorOf(collect(*infinite, executor, {})),
            "sample 1 of arrays: input 'x': expected finite values, but found inf at [0, 2]");
}

TEST(Collect, ProgressCoversAllPasses) {
  auto data = samples(4);
  FormulaExecutor executor(4);
  CollectOptions options;
  options.memoryCap =
      Histogram::scratchBytes() + 2 * Statistics::footprint(options.collectors, 4, 0);
  std::vector<std::pair<uint64_t, uint64_t>> calls;
  options.progress = [&](StringRef stage, uint64_t done, uint64_t total) {
    EXPECT_EQ(stage, "calibrating");
    calls.push_back({done, total});
  };
  cantFail(collect(*data, executor, options).takeError());
  ASSERT_EQ(calls.size(), 9u);
  for (uint64_t i = 0; i < calls.size(); ++i)
    EXPECT_EQ(calls[i], std::make_pair(i, uint64_t(8)));
}

TEST(Collect, NothingToObserve) {
  auto data = samples(4);
  FormulaExecutor executor(0);
  EXPECT_TRUE(cantFail(collect(*data, executor, {})).empty());
  EXPECT_EQ(executor.runs, 0);
}

TEST(Collect, DeflatedDataIsReadOncePerPass) {
  TemporaryFolder folder;
  cantFail(writeNpz(folder.path("a.npz"), {{"x", iota({8, 3})}}, /*compress=*/true));
  auto data = cantFail(DataSet::open(folder.path("a.npz"), {{"x", DType::F32, {-1, 3}, {}}}));
  FormulaExecutor one(4), several(4);
  CollectOptions options;
  std::vector<Statistics> expected = cantFail(collect(*data, one, options));
  options.memoryCap = Histogram::scratchBytes() + Statistics::footprint(options.collectors, 8, 0);
  std::vector<Statistics> stats = cantFail(collect(*data, several, options));
  EXPECT_EQ(several.runs, 32);
  for (int id = 0; id < 4; ++id)
    EXPECT_TRUE(equal(stats[id], expected[id]));
}
} // namespace
