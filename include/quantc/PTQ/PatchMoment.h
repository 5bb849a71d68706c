//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Moments of what a linear map reads, matrix or convolution: a row for each position of the
// output, of the inputs that meet one output channel's weights. A convolution in groups has rows,
// and moments, of each group's own channels. Padding is zeros that count.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PTQ_PATCHMOMENT_H
#define QUANTC_PTQ_PATCHMOMENT_H

#include "quantc/PTQ/ChannelRounding.h"
#include "quantc/PTQ/PatchGeometry.h"
#include "quantc/PTQ/SecondMoment.h"
#include <memory>
#include <string>

namespace quantc::ptq {

/// Of one group, means over rows.
struct GroupMoment {
  Matrix second;             ///< X^T X
  Matrix cross;              ///< (X_float - X)^T X; empty without float inputs
  Vector mean, originalMean; ///< of X and of X_float
  int64_t rows = 0;

  /// The same about the means: what is left once a bias takes up the mean of the output.
  GroupMoment centred() const;
  /// The same about the means of other data: what a bias that takes those up leaves.
  GroupMoment about(const Vector &otherMean, const Vector &otherOriginalMean) const;

  /// Of all the rows of several.
  static GroupMoment merge(llvm::ArrayRef<GroupMoment> parts);
};

/// For each part of the data, what the others say and what the part says of that, both about the
/// means of the others. Empty for fewer than two parts that have rows.
std::vector<HeldOutMoments> holdOut(llvm::ArrayRef<GroupMoment> parts);

/// Sums run in the order of the additions; the bits do not depend on the threads of `parallel`.
class PatchMoment {
public:
  /// `hasOriginal`: with cross moments.
  PatchMoment(const PatchGeometry &geometry, bool hasOriginal);
  ~PatchMoment();
  PatchMoment(PatchMoment &&);

  /// Bytes that the object takes.
  static int64_t memoryNeeded(const PatchGeometry &geometry, bool hasOriginal);

  /// One or several samples, `count` floats in all, of the map as it is and, unless null, of the
  /// float one. Fails on a size that is no whole number of samples and on values that are not
  /// finite.
  llvm::Error add(const float *inputs, const float *original, int64_t count,
                  ParallelFor parallel = runInOrder);

  GroupMoment group(int64_t index) const;

private:
  struct Small;
  struct Large;
  void addRows(const float *rows, const float *original, int64_t count, ParallelFor parallel);
  void addSample(const float *inputs, const float *original, ParallelFor parallel);

  PatchGeometry geometry;
  bool hasOriginal;
  int64_t samples = 0; ///< rows of each group
  /// Sums of few columns are plain loops, one group after the other; of many, blocks.
  std::unique_ptr<Small> small;
  std::unique_ptr<Large> large;
};

} // namespace quantc::ptq

#endif // QUANTC_PTQ_PATCHMOMENT_H
