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
#include "llvm/Support/Error.h"
#include <map>
#include <string>
#include <vector>

namespace quantc::nn {

/// A residual stream of a function.
struct ResidualStream {
  int64_t number = 0; ///< nn-rotate counts streams in order of their first norms
  int64_t channels = 0;
  bool isRotated = false; ///< what refuses is done at run time in `maxExplicit` places at most
  /// What linear maps read of it, each value once, in program order.
  std::vector<mlir::Value> inputs;
};

std::vector<ResidualStream> findResidualStreams(mlir::func::FuncOp function, unsigned maxExplicit);

/// The values of an attention, along the channels of a head.
struct HeadValues {
  int64_t number = 0; ///< nn-rotate counts on behind the streams, products that it leaves out too
  int64_t channels = 0;
  /// What linear maps read of them, each value once, in program order: heads one behind the other
  /// along the last axis.
  std::vector<mlir::Value> inputs;
};

/// Those that nn-rotate rotates.
std::vector<HeadValues> findHeadValues(mlir::func::FuncOp function);

/// The orthogonal matrix [channels, channels], row-major, that nn-rotate takes by itself: a
/// Hadamard matrix with the signs of `seed`, or a random one where there is none or `hadamard` is
/// false; `text` says which.
std::vector<double> fixedRotation(int64_t channels, int64_t seed, bool hadamard, std::string &text);

/// Learned matrices [d, d], row-major, by number.
struct RotationTable {
  std::map<int64_t, std::vector<double>> streams, heads;
  bool empty() const { return streams.empty() && heads.empty(); }
};

/// An .npz of f64 arrays `stream0`, `heads3`, ... Reading fails where one has another name, type
/// or shape, is not finite, or not orthogonal within 1e-6.
llvm::Error writeRotations(llvm::StringRef path, const RotationTable &rotations);
llvm::Expected<RotationTable> readRotations(llvm::StringRef path);

} // namespace quantc::nn

#endif // QUANTC_DIALECT_NN_TRANSFORMS_ROTATIONS_H
