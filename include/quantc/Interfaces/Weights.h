//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Constant tensors: typed reading of any elements attribute, and the one place that makes new ones.
//
// Small tensors are dense attributes, which folders and printers understand; larger ones are
// resource blobs, which are neither uniqued nor hashed. A pass that replaces a weight lets the old
// blob go: `releaseUnusedWeights` frees what no op of the module refers to any more.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_INTERFACES_WEIGHTS_H
#define QUANTC_INTERFACES_WEIGHTS_H

#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Value.h"
#include <optional>
#include <utility>
#include <vector>

namespace quantc {

/// The elements attribute of a value defined by a constant-like op, or null.
mlir::ElementsAttr getConstantElements(mlir::Value value);

/// The raw little-endian bytes of a dense or resource attribute in row-major order; a splat is
/// expanded. Elements of fewer than 8 bits take one byte each in dense attributes. Fails (nullopt)
/// when a resource blob is missing, for instance because its module was printed without weights,
/// and when the elements are neither integers nor floats, real or complex. No text is so short that
/// it could not claim a splat of any size, so splats of more than 2^28 elements fail, too.
std::optional<std::vector<char>> readBytes(mlir::ElementsAttr attr);

/// All elements as floats (f16, bf16, f32, f64 and integers are converted), row-major.
std::optional<std::vector<float>> readFloats(mlir::ElementsAttr attr);

/// All elements of an integer tensor of up to 64 bits, extended by their signedness.
std::optional<std::vector<int64_t>> readIntegers(mlir::ElementsAttr attr);

/// The same, but of a splat of any size its one value; for verifiers, which look at each value.
std::optional<std::vector<int64_t>> readDistinctIntegers(mlir::ElementsAttr attr);

/// The least and the greatest element, in time and memory of `readDistinctIntegers`; fails
/// (nullopt) as it does, and when there are no elements.
std::optional<std::pair<int64_t, int64_t>> integerBounds(mlir::ElementsAttr attr);

/// A constant of type `type` from row-major little-endian bytes: dense up to `denseLimitBytes`, a
/// resource blob named after `name` beyond. `bytes.size()` must fit the type.
mlir::ElementsAttr makeWeights(mlir::RankedTensorType type, llvm::ArrayRef<char> bytes,
                               llvm::StringRef name);

/// A constant whose bytes are `blob`, under `name` or the first of name_1, name_2, ... whose blob
/// is missing or freed. No module that is used may hold freed ones.
mlir::ElementsAttr nameWeights(mlir::RankedTensorType type, llvm::StringRef name,
                               mlir::AsmResourceBlob blob);

/// Typed convenience: converts the values to the element type of `type` (f32, f64, or an integer of
/// 8, 16, 32 or 64 bits).
mlir::ElementsAttr makeFloatWeights(mlir::RankedTensorType type, llvm::ArrayRef<float> values,
                                    llvm::StringRef name);
mlir::ElementsAttr makeIntegerWeights(mlir::RankedTensorType type, llvm::ArrayRef<int64_t> values,
                                      llvm::StringRef name);

/// Frees the memory of every builtin resource blob that no attribute in `module` refers to.
/// Returns the number of bytes freed.
size_t releaseUnusedWeights(mlir::ModuleOp module);

/// Bytes of an element in memory: bits / 8, and 1 for anything narrower than a byte.
size_t elementBytes(mlir::Type elementType);

} // namespace quantc

#endif // QUANTC_INTERFACES_WEIGHTS_H
