//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Second moments by blocks of entries that fit into the cache.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/SecondMoment.h"
#include "Checks.h"
#include "quantc/Support/TileProduct.h"

using namespace llvm;
using namespace quantc;
using namespace quantc::ptq;

/// Rows and columns of a block of entries: whole tiles of the inner product both ways.
constexpr int64_t kBlock = 96;
static_assert(kBlock % kTileRows == 0 && kBlock % kTileColumns == 0);

static int64_t blocksOf(int64_t channels) { return (channels + kBlock - 1) / kBlock; }

static int64_t countBlocks(int64_t channels, bool symmetric) {
  int64_t side = blocksOf(channels);
  return symmetric ? side * (side + 1) / 2 : side * side;
}

void ptq::runInOrder(int64_t count, function_ref<void(int64_t)> task) {
  for (int64_t i = 0; i < count; ++i)
    task(i);
}

//===----------------------------------------------------------------------===//
// ProductSum
//===----------------------------------------------------------------------===//

ProductSum::ProductSum(int64_t channels, bool symmetric)
    : channels(channels), symmetric(symmetric),
      sums(countBlocks(channels, symmetric) * kBlock * kBlock) {}

int64_t ProductSum::bytes(int64_t channels, bool symmetric) {
  return countBlocks(channels, symmetric) * kBlock * kBlock * int64_t(sizeof(double)) +
         2 * blocksOf(channels) * kBlock * kTileTokens * int64_t(sizeof(float));
}

std::vector<ProductSum::Block> ProductSum::blocks() const {
  std::vector<Block> result;
  const int64_t side = blocksOf(channels);
  for (int64_t row = 0; row < side; ++row)
    for (int64_t column = symmetric ? row : 0; column < side; ++column)
      result.push_back({row, column});
  return result;
}

/// Columns [block * kBlock, + kBlock) of `rows` for the inner product: panels [block][row][column],
/// zeros behind the last channel.
static void packPanels(const float *rows, int64_t count, int64_t channels,
                       std::vector<float> &panels) {
  const int64_t side = blocksOf(channels);
  panels.assign(side * count * kBlock, 0.0f);
  for (int64_t block = 0; block < side; ++block)
    for (int64_t row = 0; row < count; ++row) {
      int64_t begin = block * kBlock, width = std::min(kBlock, channels - begin);
      std::copy_n(rows + row * channels + begin, width,
                  panels.data() + (block * count + row) * kBlock);
    }
}

/// The same channels as weights: [block][tile][row][channel in tile].
static void packTiles(const float *rows, int64_t count, int64_t channels,
                      std::vector<float> &tiles) {
  const int64_t side = blocksOf(channels);
  tiles.resize(side * count * kBlock);
  float *out = tiles.data();
  for (int64_t begin = 0; begin < side * kBlock; begin += kTileRows)
    for (int64_t row = 0; row < count; ++row)
      for (int64_t i = begin; i < begin + kTileRows; ++i)
        *out++ = i < channels ? rows[row * channels + i] : 0.0f;
}

/// Adds the products of one block to its sums.
QUANTC_HOST_LEVELS
static void addBlock(const float *tiles, const float *panel, int64_t count, double *sums) {
  float products[kBlock * kBlock];
  static constexpr float zeros[kBlock] = {};
  ProductArgs<float> args;
  args.out = products;
  args.outStride = kBlock;
  args.weights = tiles;
  args.init = zeros;
  args.columns = panel;
  args.columnStride = kBlock;
  args.rows = kBlock;
  args.depth = count;
  args.numColumns = kBlock;
  runProduct(args);
  for (int64_t i = 0; i < kBlock * kBlock; ++i)
    sums[i] += double(products[i]);
}

void ProductSum::addTile(const float *left, const float *right, int64_t count,
                         ParallelFor parallel) {
  packTiles(left, count, channels, packedLeft);
  packPanels(right, count, channels, panelRight);
  const std::vector<Block> all = blocks();
  const int64_t stride = count * kBlock;
  parallel(all.size(), [&](int64_t i) {
    addBlock(packedLeft.data() + all[i].row * stride, panelRight.data() + all[i].column * stride,
             count, sums.data() + i * kBlock * kBlock);
  });
}

void ProductSum::merge(const ProductSum &other) {
  for (size_t i = 0; i < sums.size(); ++i)
    sums[i] += other.sums[i];
}

Matrix ProductSum::matrix() const {
  Matrix result(channels, channels);
  const std::vector<Block> all = blocks();
  for (size_t i = 0; i < all.size(); ++i) {
    int64_t row = all[i].row * kBlock, column = all[i].column * kBlock;
    int64_t height = std::min(kBlock, channels - row), width = std::min(kBlock, channels - column);
    Eigen::Map<const Matrix> block(sums.data() + i * kBlock * kBlock, kBlock, kBlock);
    result.block(row, column, height, width) = block.topLeftCorner(height, width);
    if (symmetric && row != column)
      result.block(column, row, width, height) = block.topLeftCorner(height, width).transpose();
  }
  return result;
}

void ProductSum::assign(const Matrix &sum) {
  const std::vector<Block> all = blocks();
  for (size_t i = 0; i < all.size(); ++i) {
    int64_t row = all[i].row * kBlock, column = all[i].column * kBlock;
    int64_t height = std::min(kBlock, channels - row), width = std::min(kBlock, channels - column);
    Eigen::Map<Matrix> block(sums.data() + i * kBlock * kBlock, kBlock, kBlock);
    block.topLeftCorner(height, width) = sum.block(row, column, height, width);
    if (symmetric && row == column)
      block.triangularView<Eigen::StrictlyLower>() =
          Matrix(block.triangularView<Eigen::StrictlyUpper>()).transpose();
  }
}

//===----------------------------------------------------------------------===//
// SecondMoment
//===----------------------------------------------------------------------===//

SecondMoment::SecondMoment(int64_t channels)
    : numChannels(channels), products(channels, /*symmetric=*/true),
      columns(Vector::Zero(channels)) {}

int64_t SecondMoment::memoryNeeded(int64_t channels) {
  return ProductSum::bytes(channels, true) + channels * int64_t(sizeof(double)) +
         kTileTokens * channels * int64_t(sizeof(float));
}

void SecondMoment::flush(ParallelFor parallel) {
  const int64_t count = pending.size() / std::max<int64_t>(numChannels, 1);
  if (count == 0)
    return;
  products.addTile(pending.data(), pending.data(), count, parallel);
  for (int64_t row = 0; row < count; ++row)
    for (int64_t channel = 0; channel < numChannels; ++channel)
      columns[channel] += double(pending[row * numChannels + channel]);
  numTokens += count;
  pending.clear();
}

void SecondMoment::addRows(const float *rows, int64_t count, ParallelFor parallel) {
  const int64_t full = kTileTokens * numChannels;
  const float *end = rows + count * numChannels;
  while (rows != end) {
    int64_t size = std::min<int64_t>(end - rows, full - int64_t(pending.size()));
    pending.insert(pending.end(), rows, rows + size);
    rows += size;
    if (int64_t(pending.size()) == full)
      flush(parallel);
  }
}

void SecondMoment::endSample(ParallelFor parallel) { flush(parallel); }

Error SecondMoment::merge(const SecondMoment &other) {
  if (other.numChannels != numChannels)
    return makeError("expected second moments of " + Twine(numChannels) + " channels, but found " +
                     Twine(other.numChannels));
  if (!pending.empty() || !other.pending.empty())
    return makeError("expected samples to have ended before a merge");
  products.merge(other.products);
  columns += other.columns;
  numTokens += other.numTokens;
  return Error::success();
}

Matrix SecondMoment::mean() const { return sum() / double(std::max<int64_t>(numTokens, 1)); }
Vector SecondMoment::columnMean() const {
  return columns / double(std::max<int64_t>(numTokens, 1));
}

Expected<SecondMoment> SecondMoment::restore(int64_t tokens, const Matrix &sum,
                                             const Vector &columnSum) {
  if (tokens < 0)
    return makeError("expected a number of tokens that is not negative, but found " +
                     Twine(tokens));
  if (Error error = checkMatrix("second moments", sum, columnSum.size(), columnSum.size()))
    return std::move(error);
  if (Error error = checkVector("column sums", columnSum, columnSum.size()))
    return std::move(error);
  SecondMoment result(columnSum.size());
  result.products.assign(sum);
  result.columns = columnSum;
  result.numTokens = tokens;
  return result;
}

//===----------------------------------------------------------------------===//
// CrossMoment
//===----------------------------------------------------------------------===//

CrossMoment::CrossMoment(int64_t channels)
    : numChannels(channels), products(channels, /*symmetric=*/false) {}

int64_t CrossMoment::memoryNeeded(int64_t channels) {
  return ProductSum::bytes(channels, false) + 2 * kTileTokens * channels * int64_t(sizeof(float));
}

void CrossMoment::flush(ParallelFor parallel) {
  const int64_t count = pendingRows.size() / std::max<int64_t>(numChannels, 1);
  if (count == 0)
    return;
  products.addTile(pendingDifference.data(), pendingRows.data(), count, parallel);
  numTokens += count;
  pendingDifference.clear();
  pendingRows.clear();
}

void CrossMoment::addRows(const float *floatRows, const float *rows, int64_t count,
                          ParallelFor parallel) {
  const int64_t full = kTileTokens * numChannels;
  for (int64_t i = 0, end = count * numChannels; i < end; ++i) {
    pendingDifference.push_back(floatRows[i] - rows[i]);
    pendingRows.push_back(rows[i]);
    if (int64_t(pendingRows.size()) == full)
      flush(parallel);
  }
}

void CrossMoment::endSample(ParallelFor parallel) { flush(parallel); }

Error CrossMoment::merge(const CrossMoment &other) {
  if (other.numChannels != numChannels)
    return makeError("expected cross moments of " + Twine(numChannels) + " channels, but found " +
                     Twine(other.numChannels));
  if (!pendingRows.empty() || !other.pendingRows.empty())
    return makeError("expected samples to have ended before a merge");
  products.merge(other.products);
  numTokens += other.numTokens;
  return Error::success();
}

Expected<CrossMoment> CrossMoment::restore(int64_t tokens, const Matrix &sum) {
  if (tokens < 0)
    return makeError("expected a number of tokens that is not negative, but found " +
                     Twine(tokens));
  if (Error error = checkMatrix("cross moments", sum, sum.rows(), sum.rows()))
    return std::move(error);
  CrossMoment result(sum.rows());
  result.products.assign(sum);
  result.numTokens = tokens;
  return result;
}

Matrix CrossMoment::mean() const { return sum() / double(std::max<int64_t>(numTokens, 1)); }
