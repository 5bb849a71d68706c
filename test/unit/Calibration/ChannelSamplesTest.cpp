//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ranges and rows of observed tensors, which runs they come from, and their file.
//
//===----------------------------------------------------------------------===//

#include "quantc/Calibration/ChannelSamples.h"
#include "quantc/Calibration/Npz.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include <gtest/gtest.h>
#include <set>

using namespace quantc;

namespace {

constexpr int64_t kRows = 5, kChannels = 3;

/// Run r of the tensor "last" is [5, 3], value 100 r + 10 row + channel; of "image" [2, 3, 2, 2],
/// value 1000 r + 100 sample + 10 channel + place.
class CountingExecutor : public Executor {
public:
  CountingExecutor() : tensors(2) {
    tensors[0].name = "last";
    tensors[1].name = "image";
  }

  llvm::ArrayRef<ObservedTensor> observed() const override { return tensors; }
  llvm::Error run(const Feed &feed, llvm::ArrayRef<int> ids, ObserveFn observe) override {
    auto r = static_cast<float>(feed.inputs.front().tensor.values<float>().front());
    std::vector<float> last, image;
    for (int64_t row = 0; row < kRows; ++row)
      for (int64_t c = 0; c < kChannels; ++c)
        last.push_back(100 * r + 10 * float(row) + float(c));
    for (int n = 0; n < 2; ++n)
      for (int c = 0; c < 3; ++c)
        for (int place = 0; place < 4; ++place)
          image.push_back(1000 * r + 100 * float(n) + 10 * float(c) + float(place));
    for (int id : ids)
      id == 0 ? observe(0, last, {kRows, kChannels}) : observe(1, image, {2, 3, 2, 2});
    return llvm::Error::success();
  }

private:
  std::vector<ObservedTensor> tensors;
};

std::unique_ptr<DataSet> dataOf(int64_t runs) {
  std::vector<std::vector<NamedTensor>> feeds;
  for (int64_t run = 0; run < runs; ++run)
    feeds.push_back({{"x", HostTensor::from<float>({1}, {float(run)})}});
  auto data = DataSet::fromRuns(std::move(feeds), {{"x", DType::F32, {1}, {}}});
  EXPECT_TRUE(static_cast<bool>(data)) << (data ? "" : llvm::toString(data.takeError()));
  return data ? std::move(*data) : nullptr;
}

ptq::PatchGeometry lastAxis() {
  ptq::PatchGeometry geometry;
  geometry.channels = kChannels;
  geometry.channelsLast = true;
  return geometry;
}

/// 2x1 windows down an image of 2x2.
ptq::PatchGeometry windows() {
  ptq::PatchGeometry geometry;
  geometry.channels = 3;
  geometry.size = {2, 2, 1};
  geometry.kernel = {2, 1, 1};
  geometry.out = {1, 2, 1};
  return geometry;
}

ChannelSampleTable collect(int64_t runs, int64_t rows) {
  CountingExecutor executor;
  std::unique_ptr<DataSet> data = dataOf(runs);
  llvm::StringMap<ptq::PatchGeometry> geometry;
  geometry["last"] = lastAxis();
  geometry["image"] = windows();
  ChannelSampleOptions options;
  options.rows = rows;
  auto table = collectChannelSamples(*data, executor, geometry, options);
  EXPECT_TRUE(static_cast<bool>(table)) << (table ? "" : llvm::toString(table.takeError()));
  return table ? std::move(*table) : ChannelSampleTable();
}

TEST(ChannelSamples, RangesOfAllRuns) {
  ChannelSampleTable table = collect(8, 4);
  const ChannelSample &last = table["last"];
  EXPECT_EQ(last.count, 8 * kRows);
  EXPECT_EQ(last.min, (std::vector<double>{0, 1, 2}));
  EXPECT_EQ(last.max, (std::vector<double>{740, 741, 742}));
  EXPECT_EQ(last.meanAbs, (std::vector<double>{370, 371, 372}));
  EXPECT_EQ(table["image"].count, 8 * 2 * 4);
  EXPECT_EQ(table["image"].max, (std::vector<double>{7103, 7113, 7123}));
}

// Rows for the check come from runs 3 and 7, all others from the rest, of every run some.
TEST(ChannelSamples, SearchesDoNotSeeHeldOutRuns) {
  ChannelSampleTable table = collect(8, 12);
  const ChannelSample &last = table["last"];
  ASSERT_EQ(last.search.size(), 12u * kChannels);
  ASSERT_EQ(last.check.size(), 6u * kChannels);
  auto runsOf = [](llvm::ArrayRef<float> rows) {
    std::set<int> runs;
    for (size_t i = 0; i < rows.size(); i += kChannels) {
      runs.insert(int(rows[i]) / 100);
      EXPECT_EQ(rows[i + 1], rows[i] + 1);
      EXPECT_EQ(rows[i + 2], rows[i] + 2);
    }
    return runs;
  };
  EXPECT_EQ(runsOf(last.search), (std::set<int>{0, 1, 2, 4, 5, 6}));
  EXPECT_EQ(runsOf(last.check), (std::set<int>{3, 7}));
}

// A row of a convolution is a patch: its two taps are neighbours down the image.
TEST(ChannelSamples, PatchesOfConvolutions) {
  ChannelSample image = collect(8, 12)["image"];
  ASSERT_EQ(image.width, 6);
  ASSERT_FALSE(image.search.empty());
  for (size_t i = 0; i < image.search.size(); i += 6)
    for (int c = 0; c < 3; ++c) {
      EXPECT_EQ(image.search[i + 2 * c + 1], image.search[i + 2 * c] + 2);
      EXPECT_EQ(image.search[i + 2 * c], image.search[i] + 10.0f * c);
    }
}

TEST(ChannelSamples, FewRunsShareTheirRows) {
  ChannelSample last = collect(2, 4)["last"];
  EXPECT_FALSE(last.search.empty());
  EXPECT_FALSE(last.check.empty());
  std::set<float> search(last.search.begin(), last.search.end());
  for (float value : last.check)
    EXPECT_FALSE(search.count(value)) << value;
}

TEST(ChannelSamples, FileRoundTrip) {
  llvm::SmallString<128> path;
  ASSERT_FALSE(llvm::sys::fs::createTemporaryFile("samples", "npz", path));
  llvm::FileRemover remover(path);
  ChannelSampleTable table = collect(5, 8);
  ASSERT_FALSE(static_cast<bool>(writeChannelSamples(path, table)));
  auto found = readChannelSamples(path);
  ASSERT_TRUE(static_cast<bool>(found)) << llvm::toString(found.takeError());
  for (auto &entry : table) {
    const ChannelSample &a = entry.second, &b = (*found)[entry.first()];
    EXPECT_EQ(a.count, b.count);
    EXPECT_EQ(a.min, b.min);
    EXPECT_EQ(a.max, b.max);
    EXPECT_EQ(a.meanAbs, b.meanAbs);
    EXPECT_EQ(a.search, b.search);
    EXPECT_EQ(a.check, b.check);
  }
  ASSERT_FALSE(
      static_cast<bool>(writeNpz(path, {{"t:count", HostTensor::from<int64_t>({}, {1})}})));
  auto bad = readChannelSamples(path);
  EXPECT_FALSE(static_cast<bool>(bad));
  EXPECT_NE(llvm::toString(bad.takeError()).find("tensor 't': expected a list of f64 'min'"),
            std::string::npos);
}

} // namespace
