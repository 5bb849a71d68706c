//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Streaming X^T X of the inputs of linear maps, and (X_float - X)^T X, the two matrices that
// reconstruction methods need from calibration data.
//
// A sample is a matrix of rows (tokens, windows of a convolution) of `channels` floats. Its rows
// are cut into tiles of kTileTokens from its beginning (its last tile may be shorter). In a tile
// each entry is one chain of fp32 multiply-adds in order of rows; tiles are added up in fp64 in
// order of samples. Hence the same bits however rows come in pieces, at every vector width, and for
// every number of threads that share the entries of one sum. Sums of samples that were collected
// apart can be merged; the order of merges is part of the result.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PTQ_SECONDMOMENT_H
#define QUANTC_PTQ_SECONDMOMENT_H

#include "quantc/PTQ/Matrix.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <vector>

namespace quantc::ptq {

/// Rows whose products are added in fp32 before they go to fp64: their error is at most 128 * 2^-24
/// = 8e-6 of the sum of magnitudes, and some 1e-6 for independent rows.
constexpr int64_t kTileTokens = 128;

/// Runs task(0) .. task(count - 1), each once, in any order and on any thread.
using ParallelFor = llvm::function_ref<void(int64_t count, llvm::function_ref<void(int64_t)> task)>;

/// One after the other.
void runInOrder(int64_t count, llvm::function_ref<void(int64_t)> task);

/// What both moments are made of: the sum over rows of left^T right, [channels,
/// channels], by blocks of entries.
class ProductSum {
public:
  /// `symmetric`: left and right are the same, and blocks below the diagonal are not computed.
  ProductSum(int64_t channels, bool symmetric);

  /// Adds the tile of `count` <= kTileTokens rows, left[count * channels] and the like.
  void addTile(const float *left, const float *right, int64_t count, ParallelFor parallel);
  void merge(const ProductSum &other);
  Matrix matrix() const;
  void assign(const Matrix &sum);

  static int64_t bytes(int64_t channels, bool symmetric);

private:
  struct Block {
    int64_t row, column; ///< of blocks
  };
  std::vector<Block> blocks() const;

  int64_t channels;
  bool symmetric;
  std::vector<double> sums;                  ///< [block][row][column]
  std::vector<float> packedLeft, panelRight; ///< of the tile
};

/// X^T X and the sums of X's columns.
class SecondMoment {
public:
  explicit SecondMoment(int64_t channels);

  /// Bytes that collection holds, besides results.
  static int64_t memoryNeeded(int64_t channels);

  /// The next rows of the sample, [count, channels]. Rows that are padding must not be given: they
  /// make inputs look smaller than they are.
  void addRows(const float *rows, int64_t count, ParallelFor parallel = runInOrder);
  /// What follows belongs to another sample.
  void endSample(ParallelFor parallel = runInOrder);

  /// Adds the samples of `other`; both must be between samples.
  llvm::Error merge(const SecondMoment &other);

  int64_t channels() const { return numChannels; }
  int64_t tokens() const { return numTokens; }

  /// The statistics of samples that ended; zeros before the first.
  Matrix sum() const { return products.matrix(); } ///< X^T X
  const Vector &columnSum() const { return columns; }
  Matrix mean() const; ///< X^T X / tokens
  Vector columnMean() const;

  /// Statistics as they were saved: `sum` [channels, channels], of which the upper triangle is
  /// read, and `columnSum`, all finite.
  static llvm::Expected<SecondMoment> restore(int64_t tokens, const Matrix &sum,
                                              const Vector &columnSum);

private:
  void flush(ParallelFor parallel);

  int64_t numChannels, numTokens = 0;
  ProductSum products;
  Vector columns;
  std::vector<float> pending; ///< rows of the tile that is not full
};

/// (X_float - X)^T X for two activations of the same tokens: X of the quantized model up to here,
/// X_float of the float one.
class CrossMoment {
public:
  explicit CrossMoment(int64_t channels);

  static int64_t memoryNeeded(int64_t channels);

  void addRows(const float *floatRows, const float *rows, int64_t count,
               ParallelFor parallel = runInOrder);
  void endSample(ParallelFor parallel = runInOrder);
  llvm::Error merge(const CrossMoment &other);

  int64_t channels() const { return numChannels; }
  int64_t tokens() const { return numTokens; }
  Matrix sum() const { return products.matrix(); }
  Matrix mean() const;

  /// From what `tokens` and `sum` said.
  static llvm::Expected<CrossMoment> restore(int64_t tokens, const Matrix &sum);

private:
  void flush(ParallelFor parallel);

  int64_t numChannels, numTokens = 0;
  ProductSum products;
  std::vector<float> pendingDifference, pendingRows;
};

} // namespace quantc::ptq

#endif // QUANTC_PTQ_SECONDMOMENT_H
