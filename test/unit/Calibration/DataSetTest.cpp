//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The rule that turns arrays and files into runs, and the errors about data that
// does not fit the model.
//
//===----------------------------------------------------------------------===//

#include "quantc/Calibration/DataSet.h"
#include "TestFiles.h"
#include "quantc/Calibration/Npy.h"
#include "quantc/Calibration/Npz.h"
#include "quantc/Calibration/TensorProto.h"
#include <cmath>

using namespace llvm;
using namespace quantc;
using namespace quantc::test;

namespace {
InputSpec spec(std::string name, std::vector<int64_t> dims, DType type = DType::F32) {
  return {std::move(name), type, std::move(dims), {}};
}

using Data = Expected<std::unique_ptr<DataSet>>;

Data arrays(std::vector<NamedTensor> tensors, std::vector<InputSpec> inputs,
            DataSetOptions options = {}) {
  return DataSet::fromArrays(std::move(tensors), inputs, options);
}

/// The message of opening, or else of reading all runs.
std::string verdict(Data data) {
  if (!data)
    return toString(data.takeError());
  for (int64_t run = 0; run < (*data)->numRuns(); ++run) {
    Expected<Feed> feed = (*data)->feed(run);
    if (!feed)
      return toString(feed.takeError());
  }
  return "(success)";
}

TEST(DataSetRule, ExtraRankIsAStack) {
  auto data = cantFail(arrays({{"x", iota({5, 2, 3})}}, {spec("x", {2, 3})}));
  EXPECT_EQ(data->layout(), DataLayout::Stack);
  EXPECT_EQ(data->numRuns(), 5);
  EXPECT_EQ(data->numSamples(), 5);
  Feed feed = cantFail(data->feed(3));
  EXPECT_EQ(feed.label, "sample 3 of arrays");
  EXPECT_EQ(feed.inputs[0].tensor.shape(), ArrayRef<int64_t>({2, 3}));
  EXPECT_EQ(feed.inputs[0].tensor.values<float>()[0], 18);
}

TEST(DataSetRule, StackOfScalarsAndSymbolicDims) {
  auto data =
      cantFail(arrays({{"a", iota({4})}, {"b", iota({4, 7})}}, {spec("a", {}), spec("b", {-1})}));
  EXPECT_EQ(data->layout(), DataLayout::Stack);
  EXPECT_EQ(cantFail(data->feed(2)).inputs[0].tensor.rank(), 0u);
}

TEST(DataSetRule, OneOnAxisZeroIsBatched) {
  auto data = cantFail(arrays({{"x", iota({5, 3})}}, {spec("x", {1, 3})}));
  EXPECT_EQ(data->layout(), DataLayout::Batched);
  EXPECT_EQ(data->numRuns(), 5);
  Feed feed = cantFail(data->feed(4));
  EXPECT_EQ(feed.inputs[0].tensor.shape(), ArrayRef<int64_t>({1, 3}));
  EXPECT_EQ(feed.inputs[0].tensor.values<float>()[0], 12);
}

TEST(DataSetRule, SymbolicAxisZeroTakesABatch) {
  auto data = cantFail(arrays({{"x", iota({5, 3})}}, {spec("x", {-1, 3})}, {2, true}));
  EXPECT_EQ(data->numRuns(), 3);
  EXPECT_EQ(data->numSamples(), 5);
  EXPECT_EQ(cantFail(data->feed(0)).label, "samples 0..1 of arrays");
  Feed last = cantFail(data->feed(2)); // what is left over
  EXPECT_EQ(last.label, "sample 4 of arrays");
  EXPECT_EQ(last.numSamples, 1);
  EXPECT_EQ(last.inputs[0].tensor.shape(), ArrayRef<int64_t>({1, 3}));
}

TEST(DataSetRule, FixedAxisZeroIsOneRun) {
  auto data = cantFail(arrays({{"x", iota({5, 3})}}, {spec("x", {5, 3})}));
  EXPECT_EQ(data->layout(), DataLayout::WholeRuns);
  EXPECT_EQ(data->numRuns(), 1);
  EXPECT_TRUE(bitEqual(cantFail(data->feed(0)).inputs[0].tensor, iota({5, 3})));
}

TEST(DataSetRule, OneFixedAxisMakesAllOneRun) {
  auto data = cantFail(
      arrays({{"x", iota({5, 3})}, {"w", iota({5, 5})}}, {spec("x", {-1, 3}), spec("w", {5, 5})}));
  EXPECT_EQ(data->layout(), DataLayout::WholeRuns);
}

TEST(DataSetRule, UnequalLengthsAreOneRun) {
  auto data = cantFail(
      arrays({{"x", iota({5, 3})}, {"y", iota({4, 3})}}, {spec("x", {-1, 3}), spec("y", {-1, 3})}));
  EXPECT_EQ(data->layout(), DataLayout::WholeRuns);
  EXPECT_EQ(cantFail(data->feed(0)).inputs[1].tensor.dim(0), 4);
}

TEST(DataSetRule, ScalarsAreOneRun) {
  auto data = cantFail(arrays({{"x", iota({})}}, {spec("x", {})}));
  EXPECT_EQ(data->layout(), DataLayout::WholeRuns);
}

TEST(DataSetRule, InputsComeInTheOrderOfTheSignature) {
  auto data = cantFail(
      arrays({{"b", iota({2, 1})}, {"a", iota({2, 4})}}, {spec("a", {1, 4}), spec("b", {1, 1})}));
  Feed feed = cantFail(data->feed(1));
  EXPECT_EQ(feed.inputs[0].name, "a");
  EXPECT_EQ(feed.inputs[1].name, "b");
}

TEST(DataSetErrors, Names) {
  EXPECT_EQ(verdict(arrays({{"imput", iota({1, 3})}}, {spec("input", {1, 3})})),
            "arrays: expected an input of the model, but found array 'imput'; did you mean "
            "'input'?; expected an array for input 'input', but found none");
  EXPECT_TRUE(contains(verdict(arrays({}, {spec("x", {1})})),
                       "expected an array for input 'x', but found none"));
  EXPECT_TRUE(contains(verdict(arrays({{"x", iota({1})}, {"x", iota({1})}}, {spec("x", {1})})),
                       "array 'x' twice"));
  EXPECT_TRUE(contains(verdict(arrays({}, {})), "expected a model with inputs"));
}

TEST(DataSetErrors, TypesAndShapes) {
  EXPECT_EQ(verdict(arrays({{"x", HostTensor::zeros(DType::F64, {2, 3})}}, {spec("x", {1, 3})})),
            "arrays: input 'x': expected float32, but found float64");
  EXPECT_EQ(verdict(arrays({{"x", iota({2, 4})}}, {spec("x", {1, 3})})),
            "arrays: input 'x': expected shape [1, 3], but found [1, 4]");
  EXPECT_EQ(verdict(arrays({{"x", iota({2, 4})}}, {spec("x", {3})})),
            "arrays: input 'x': expected shape [3], but found [4]");
  EXPECT_EQ(verdict(arrays({{"x", iota({2, 4, 1, 1})}}, {spec("x", {-1, 4})})),
            "arrays: input 'x': expected shape [?, 4], but found [2, 4, 1, 1]");
  EXPECT_EQ(verdict(arrays({{"x", iota({3, 4})}}, {spec("x", {2, 4})})),
            "arrays: input 'x': expected shape [2, 4], but found [3, 4]");
  // One array stacked, the other not.
  EXPECT_EQ(verdict(arrays({{"x", iota({3, 4})}, {"y", iota({3, 1, 4})}},
                           {spec("x", {1, 4}), spec("y", {1, 4})})),
            "arrays: input 'x': expected shape [1, 4], but found [3, 4]");
}

TEST(DataSetErrors, Lengths) {
  EXPECT_EQ(
      verdict(arrays({{"x", iota({3, 4})}, {"y", iota({2, 4})}}, {spec("x", {4}), spec("y", {4})})),
      "arrays: expected as many samples in every array, but found 3 in 'x' and 2 in 'y'");
  EXPECT_EQ(verdict(arrays({{"x", iota({0, 4})}}, {spec("x", {-1, 4})})),
            "arrays: expected at least one sample, but found none");
  EXPECT_EQ(verdict(arrays({{"x", iota({0, 4})}}, {spec("x", {4})})),
            "arrays: expected at least one sample, but found none");
}

TEST(DataSetErrors, Batch) {
  EXPECT_EQ(verdict(arrays({{"x", iota({4, 3})}}, {spec("x", {1, 3})}, {2, true})),
            "arrays: expected a symbolic axis 0 to run 2 samples at a time, but found shape [1, "
            "3] of input 'x'");
  EXPECT_EQ(verdict(arrays({{"x", iota({4, 3})}}, {spec("x", {-1, 3})}, {0, true})),
            "arrays: expected a batch of at least 1, but found 0");
}

TEST(DataSetErrors, Values) {
  HostTensor bad = iota({4, 2, 3});
  bad.mutableValues<float>()[2 * 6 + 5] = std::nanf("");
  // Named by sample, even inside a batch.
  EXPECT_EQ(verdict(arrays({{"x", bad}}, {spec("x", {-1, 2, 3})}, {4, true})),
            "sample 2 of arrays: input 'x': expected finite values, but found nan at [0, 1, 2]");
  bad.mutableValues<float>()[2 * 6 + 5] = -HUGE_VALF;
  EXPECT_EQ(verdict(arrays({{"x", bad}}, {spec("x", {2, 3})})),
            "sample 2 of arrays: input 'x': expected finite values, but found -inf at [1, 2]");
  EXPECT_EQ(verdict(arrays({{"x", bad}}, {spec("x", {4, 2, 3})})),
            "arrays: input 'x': expected finite values, but found -inf at [2, 1, 2]");
  EXPECT_EQ(verdict(arrays({{"x", bad}}, {spec("x", {2, 3})}, {1, /*checkFinite=*/false})),
            "(success)");
  HostTensor flags = cantFail(HostTensor::copyOf(DType::Bool, {1, 2}, {1, 2}));
  EXPECT_EQ(verdict(arrays({{"x", flags}}, {spec("x", {1, 2}, DType::Bool)})),
            "sample 0 of arrays: input 'x': expected 0 or 1, but found 2 at [0, 1]");
}

TEST(DataSetErrors, DimensionNames) {
  std::vector<InputSpec> inputs = {{"ids", DType::F32, {1, -1}, {"", "seq"}},
                                   {"mask", DType::F32, {1, -1}, {"", "seq"}}};
  EXPECT_EQ(verdict(arrays({{"ids", iota({2, 5})}, {"mask", iota({2, 6})}}, inputs)),
            "sample 0 of arrays: input 'mask': expected dimension 'seq' to be 5 as in input 'ids', "
            "but found 6");
  EXPECT_EQ(verdict(arrays({{"ids", iota({2, 5})}, {"mask", iota({2, 5})}}, inputs)), "(success)");
  inputs[0].dimNames = {"seq"};
  EXPECT_TRUE(contains(verdict(arrays({}, inputs)), "expected 2 dimension names, but found 1"));
}

TEST(DataSetErrors, RunOutOfRange) {
  auto data = cantFail(arrays({{"x", iota({2, 3})}}, {spec("x", {1, 3})}));
  for (int64_t run : {int64_t(-1), int64_t(2), INT64_MAX})
    EXPECT_TRUE(contains(errorOf(data->feed(run)), "expected a run inside [0, 2)"));
}

TEST(DataSetFiles, Npz) {
  for (bool compress : {false, true}) {
    TemporaryFolder folder;
    std::string path = folder.path("a.npz");
    cantFail(writeNpz(path, {{"x", iota({4, 3})}}, compress));
    auto data = cantFail(DataSet::open(path, {spec("x", {1, 3})}));
    EXPECT_EQ(data->numRuns(), 4);
    for (int64_t run : {0, 1, 2, 3, 1})
      EXPECT_EQ(cantFail(data->feed(run)).inputs[0].tensor.asDouble(0), 3 * run);
    EXPECT_EQ(cantFail(data->feed(2)).label, "sample 2 of '" + path + "'");
  }
}

TEST(DataSetFiles, FolderOfNpzInNaturalOrder) {
  TemporaryFolder folder;
  for (int run : {10, 2, 1}) {
    std::string name = "s" + std::to_string(run) + ".npz";
    cantFail(writeNpz(folder.path(name), {{"x", iota({run, 2})}}));
  }
  folder.write("README.txt", "not data");
  auto data = cantFail(DataSet::open(folder.path(), {spec("x", {-1, 2})}));
  ASSERT_EQ(data->numRuns(), 3);
  // Each file is one whole run, though its axis 0 is symbolic.
  EXPECT_EQ(cantFail(data->feed(0)).inputs[0].tensor.dim(0), 1);
  EXPECT_EQ(cantFail(data->feed(1)).inputs[0].tensor.dim(0), 2);
  EXPECT_EQ(cantFail(data->feed(2)).inputs[0].tensor.dim(0), 10);
  EXPECT_EQ(verdict(DataSet::open(folder.path(), {spec("x", {1, 2})})),
            "'" + folder.path("s2.npz") + "': input 'x': expected shape [1, 2], but found [2, 2]");
}

TEST(DataSetFiles, NpyFolderNamedByInputs) {
  TemporaryFolder folder;
  cantFail(writeNpy(folder.path("a.npy"), iota({4, 3})));
  cantFail(writeNpy(folder.path("b.npy"), iota({4, 1})));
  auto data = cantFail(DataSet::open(folder.path(), {spec("a", {1, 3}), spec("b", {1, 1})}));
  EXPECT_EQ(data->numRuns(), 4);
  EXPECT_EQ(data->layout(), DataLayout::Batched);
}

TEST(DataSetFiles, NpyFolderOfSamples) {
  TemporaryFolder folder;
  for (int run : {0, 1, 2})
    cantFail(writeNpy(folder.path("img" + std::to_string(run) + ".npy"), iota({1, 3})));
  auto data = cantFail(DataSet::open(folder.path(), {spec("x", {1, 3})}));
  EXPECT_EQ(data->numRuns(), 3);
  EXPECT_EQ(verdict(DataSet::open(folder.path(), {spec("x", {1, 3})})), "(success)");
  EXPECT_TRUE(contains(verdict(DataSet::open(folder.path(), {spec("x", {1, 3}), spec("y", {1})})),
                       "expected a model with one input for .npy samples, but found 2 inputs"));
}

TEST(DataSetFiles, SingleNpy) {
  TemporaryFolder folder;
  cantFail(writeNpy(folder.path("a.npy"), iota({4, 3})));
  EXPECT_EQ(cantFail(DataSet::open(folder.path("a.npy"), {spec("x", {3})}))->numRuns(), 4);
}

TEST(DataSetFiles, TestDataSets) {
  TemporaryFolder folder;
  for (const char *set : {"test_data_set_0", "test_data_set_10", "test_data_set_2"}) {
    std::string number = StringRef(set).rsplit('_').second.str();
    HostTensor first = HostTensor::from<float>({1}, {std::stof(number)});
    folder.write(std::string(set) + "/input_0.pb", serializeTensorProto("any", first));
    folder.write(std::string(set) + "/input_1.pb", serializeTensorProto("", iota({2})));
    folder.write(std::string(set) + "/output_0.pb", "ignored");
  }
  std::vector<InputSpec> inputs = {spec("x", {1}), spec("y", {2})};
  auto data = cantFail(DataSet::open(folder.path(), inputs));
  ASSERT_EQ(data->numRuns(), 3);
  EXPECT_EQ(cantFail(data->feed(1)).inputs[0].tensor.asDouble(0), 2);
  EXPECT_EQ(cantFail(data->feed(2)).inputs[0].tensor.asDouble(0), 10);
  // One of the folders alone.
  EXPECT_EQ(cantFail(DataSet::open(folder.path("test_data_set_2"), inputs))->numRuns(), 1);
  // Too few and too many inputs.
  EXPECT_TRUE(contains(verdict(DataSet::open(folder.path(), {spec("x", {1})})),
                       "expected the number of one of 1 inputs, but found '1'"));
  inputs.push_back(spec("z", {1}));
  EXPECT_TRUE(contains(verdict(DataSet::open(folder.path(), inputs)),
                       "expected an array for input 'z', but found none"));
}

TEST(DataSetFiles, WhatIsNoData) {
  TemporaryFolder folder;
  std::vector<InputSpec> inputs = {spec("x", {1})};
  EXPECT_TRUE(contains(verdict(DataSet::open(folder.path("no"), inputs)), "cannot open"));
  EXPECT_TRUE(contains(verdict(DataSet::open(folder.path(), inputs)), "but found none in"));
  EXPECT_TRUE(contains(verdict(DataSet::open(folder.write("a.txt", "x"), inputs)),
                       "expected a .npz or .npy file or a folder"));
  cantFail(writeNpy(folder.path("a.npy"), iota({1})));
  cantFail(writeNpz(folder.path("a.npz"), {{"x", iota({1})}}));
  EXPECT_TRUE(contains(verdict(DataSet::open(folder.path(), inputs)), "but found several of"));
}

TEST(DataSetFiles, RunsInMemory) {
  std::vector<InputSpec> inputs = {spec("x", {-1})};
  auto data = cantFail(DataSet::fromRuns({{{"x", iota({2})}}, {{"x", iota({5})}}}, inputs));
  EXPECT_EQ(data->numRuns(), 2);
  EXPECT_EQ(cantFail(data->feed(1)).inputs[0].tensor.dim(0), 5);
  EXPECT_EQ(cantFail(data->feed(1)).label, "run 1");
  EXPECT_TRUE(contains(verdict(DataSet::fromRuns({}, inputs)), "at least one run"));
  EXPECT_TRUE(contains(verdict(DataSet::fromRuns({{{"y", iota({2})}}}, inputs)), "run 0: "));
}
} // namespace
