//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Result shapes of the `nn` ops as plain functions.
//
// Verifiers, type inference and the ONNX import all ask these functions, so that a shape rule and
// the reason why a shape is wrong exist once. Every function checks all of its arguments: garbage
// attributes give a reason and nullopt, never a crash or an overflow.
//
// A dimension is a size, or negative when it is dynamic: `mlir::ShapedType::kDynamic`, or any other
// negative number as the name of an unknown size. Equal names are equal sizes, and results keep the
// names where they can; everything else unknown is kDynamic. Static operands give static results.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_NN_IR_NNSHAPES_H
#define QUANTC_DIALECT_NN_IR_NNSHAPES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/Twine.h"
#include <cstdint>
#include <optional>
#include <string>

namespace quantc::nn {

using Shape = llvm::SmallVector<int64_t, 4>;
using ShapeRef = llvm::ArrayRef<int64_t>;

/// Receives the reason of a failure: lower case, no full stop.
using ReasonFn = llvm::function_ref<void(const llvm::Twine &)>;

/// A sliding window over n spatial axes. `kernel`, `strides` and `dilations` have n positive
/// elements, `pads` has 2n non-negative ones: all that come before, then all that come after.
struct Window {
  ShapeRef kernel;
  ShapeRef strides;
  ShapeRef dilations;
  ShapeRef pads;
  bool ceilMode = false;
};

/// Whether a dimension is not known.
bool isDynamicDim(int64_t dim);

/// Elements between the first and the last that a window touches, both included:
/// (kernel - 1) * dilation + 1.
int64_t windowExtent(int64_t kernel, int64_t dilation);

/// Output sizes of a window over `spatial`. With `ceilMode` a last window that would start behind
/// the input and the padding before it is dropped. Source: ONNX AveragePool.
std::optional<Shape> windowShape(ShapeRef spatial, const Window &window, ReasonFn reason);

/// `input` is [N, C, spatial...], `weight` is [O, C / groups, kernel...] and static;
/// `window.kernel` is ignored. `bias` is nullopt or [O].
std::optional<Shape> convShape(ShapeRef input, ShapeRef weight, std::optional<ShapeRef> bias,
                               const Window &window, int64_t groups, ReasonFn reason);

/// `input` is [N, C, spatial...]. No padding may be as large as the window's extent.
std::optional<Shape> poolShape(ShapeRef input, const Window &window, ReasonFn reason);

/// `input` is [..., K], `weight` is [N, K] and static, `bias` is nullopt or [N].
std::optional<Shape> linearShape(ShapeRef input, ShapeRef weight, std::optional<ShapeRef> bias,
                                 ReasonFn reason);

/// NumPy's matmul for ranks of at least 2.
std::optional<Shape> matmulShape(ShapeRef lhs, ShapeRef rhs, ReasonFn reason);

/// NumPy broadcasting. A dynamic dimension against a static one other than 1 gives the static one.
std::optional<Shape> broadcastShape(ShapeRef lhs, ShapeRef rhs, ReasonFn reason);

/// `axes` is sorted, within the rank, without repeats.
std::optional<Shape> reduceShape(ShapeRef input, ShapeRef axes, bool keepDims, ReasonFn reason);

/// Result axis i is input axis `permutation[i]`.
std::optional<Shape> transposeShape(ShapeRef input, ShapeRef permutation, ReasonFn reason);

/// At least one input; all agree outside `axis`.
std::optional<Shape> concatShape(llvm::ArrayRef<ShapeRef> inputs, int64_t axis, ReasonFn reason);

/// `pads` has 2 * rank non-negative elements.
std::optional<Shape> padShape(ShapeRef input, ShapeRef pads, ReasonFn reason);

/// Checks that elements of `input` can be read as `result`: equal counts when both are static,
/// at most one dynamic dimension in `result`.
bool checkReshape(ShapeRef input, ShapeRef result, ReasonFn reason);

/// "[1, ?, 3]".
std::string shapeText(ShapeRef shape);

/// Product of the static dimensions; nullopt when it does not fit into int64_t.
std::optional<int64_t> staticProduct(ShapeRef shape);

} // namespace quantc::nn

#endif // QUANTC_DIALECT_NN_IR_NNSHAPES_H
