//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sets of axes that may be known only when the code runs.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_CONVERSION_ONNXTOLOOPS_AXES_H
#define QUANTC_LIB_CONVERSION_ONNXTOLOOPS_AXES_H

#include "NodeLowering.h"

namespace quantc::toloops {

/// A subset of the axes of a tensor of known rank.
class AxisSet {
public:
  AxisSet(Emitter &e, int64_t rank) : e(&e), members(rank, false), run(rank) {}

  int64_t rank() const { return int64_t(members.size()); }
  void insert(int64_t axis) { members[axis] = true; }
  void insertAll() { members.assign(members.size(), true); }
  /// An axis that is known at run time; negative ones count from the end.
  void insert(Scalar axis);
  /// The axes that a vector lists, whose length a run knows.
  void insertListed(const Tensor &axes, bool emptyIsAll);
  /// Whether membership of every axis is known now.
  bool isKnown() const;
  bool has(int64_t axis) const { return members[axis]; } ///< when known
  Scalar contains(int64_t axis) const;
  /// `yes` for members, `no` for others.
  Index pick(int64_t axis, Index yes, Index no) const;
  /// The number of members.
  Index size() const;

private:
  Emitter *e;
  llvm::SmallVector<bool> members;
  llvm::SmallVector<Scalar> run; ///< set where only a run knows
};

/// The axes of a node: from the attribute, or from an input; all, or none, when both are absent.
/// An empty list counts as absent where `emptyIsAbsent`.
mlir::FailureOr<AxisSet> readAxes(NodeLowering &n, llvm::StringRef attribute, unsigned input,
                                  int64_t rank, bool absentIsAll, bool emptyIsAbsent = false);

/// The sizes of the axes outside the set, in order; there are `count` of them.
Indices withoutAxes(Emitter &e, IndexRef sizes, const AxisSet &set, int64_t count);

} // namespace quantc::toloops

#endif // QUANTC_LIB_CONVERSION_ONNXTOLOOPS_AXES_H
