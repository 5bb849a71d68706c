//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What is behind nn-rotate for those who bring their own matrices: which streams it rotates, the
// matrix that it starts from, and the file of learned ones.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_NN_TRANSFORMS_ROTATIONS_H
#define QUANTC_DIALECT_NN_TRANSFORMS_ROTATIONS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "quantc/Analysis/TransformRegion.h"
#include "llvm/Support/Error.h"
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace quantc::nn {

/// What a visitor of streams or heads is called with: the norm that a stream was found at, or the
/// product of an attention, its region and its number.
using VisitRotated = llvm::function_ref<llvm::LogicalResult(
    mlir::Operation *, const TransformRegion &, int64_t number)>;

/// Numbers what nn-rotate rotates: residual streams in order of their first norms without gain
/// (where `streams`), then products whose results no region before holds. Products that cannot be
/// rotated have a number, too. Regions are found when their turn comes, so a visitor may rotate.
llvm::LogicalResult visitRotated(mlir::func::FuncOp function, bool streams, VisitRotated ofStream,
                                 VisitRotated ofHeads);

/// A residual stream of a function.
struct ResidualStream {
  int64_t number = 0; ///< of visitRotated
  int64_t channels = 0;
  bool isRotated = false; ///< what refuses is done at run time in `maxExplicit` places at most
  /// What linear maps read of it, each value once, in program order.
  std::vector<mlir::Value> inputs;
};

std::vector<ResidualStream> findResidualStreams(mlir::func::FuncOp function, unsigned maxExplicit);

/// The values of an attention, along the channels of a head.
struct HeadValues {
  int64_t number = 0; ///< of visitRotated
  int64_t channels = 0;
  /// What linear maps read of them, each value once, in program order: heads one behind the other
  /// along the last axis.
  std::vector<mlir::Value> inputs;
};

/// Those that nn-rotate rotates.
std::vector<HeadValues> findHeadValues(mlir::func::FuncOp function);

/// The region that a scale of `channels` channels of `input`, one of the above, has: of all
/// channels, or of a head's, alike for all heads.
TransformRegion findScaleRegion(mlir::Value input, int64_t channels);

/// The orthogonal matrix [channels, channels], row-major, that nn-rotate takes by itself: a
/// Hadamard matrix with the signs of `seed`, or a random one where there is none or `hadamard` is
/// false; `text` says which.
std::vector<double> fixedRotation(int64_t channels, int64_t seed, bool hadamard, std::string &text);

/// Scales of channels in the rotated basis, by number and the place of what linear maps read among
/// the `inputs` of a stream or of heads.
using ScaleTable = std::map<std::pair<int64_t, int64_t>, std::vector<double>>;

/// Learned matrices [d, d], row-major, by number, and scales beside them.
struct RotationTable {
  std::map<int64_t, std::vector<double>> streams, heads;
  ScaleTable streamScales, headScales;
  bool empty() const { return streams.empty() && heads.empty(); }
};

/// An .npz of f64 arrays `stream0`, `heads3`, ..., and scales `stream0.scales2`. Reading fails
/// where one has another name, type or shape, is not finite, not orthogonal within 1e-6, or no
/// scale of positive numbers.
llvm::Error writeRotations(llvm::StringRef path, const RotationTable &rotations);
llvm::Expected<RotationTable> readRotations(llvm::StringRef path);

} // namespace quantc::nn

#endif // QUANTC_DIALECT_NN_TRANSFORMS_ROTATIONS_H
