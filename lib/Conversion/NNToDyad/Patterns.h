//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the pattern files share: affine parameters read from qnn ops, the clamps between an op and
// its quantize, builders of integer constants and rescalings, and the reasons why an op stays
// float.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_CONVERSION_NNTODYAD_PATTERNS_H
#define QUANTC_LIB_CONVERSION_NNTODYAD_PATTERNS_H

#include "mlir/IR/PatternMatch.h"
#include "quantc/Dialect/Dyad/IR/Dyad.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Interfaces/NodeName.h"
#include <limits>
#include <optional>
#include <string>

namespace quantc::nntodyad {

/// Set by qnn-insert-observers on ops that the user wants to stay float.
inline constexpr llvm::StringLiteral stayFloatAttr = "qnn.stay_float";

//===----------------------------------------------------------------------===//
// Affine parameters
//===----------------------------------------------------------------------===//

/// Constant parameters of a quantize or dequantize.
struct Affine {
  mlir::IntegerType storage;
  std::vector<float> scales; ///< one, or one per element of `axis`
  std::vector<int64_t> zeroPoints;
  int64_t axis = 0;
  unsigned bits = 0; ///< of the codes; 0 for the storage's

  bool isPerTensor() const { return scales.size() == 1; }
  /// Whether these are an activation's codes.
  bool isCodes() const { return storage.getWidth() == 8 || storage.getWidth() == 16; }
  float scale() const { return scales.front(); }
  int64_t zeroPoint() const { return zeroPoints.front(); }
  /// Whether all zero points are one, which `dyad` needs.
  bool hasOneZeroPoint() const;
  int64_t min() const, max() const;
  bool operator==(const Affine &o) const;
};

/// Nullopt when the parameters are not constants.
std::optional<Affine> readAffine(qnn::QuantizeOp op);
std::optional<Affine> readAffine(qnn::DequantizeOp op);

/// An integer tensor and what it stands for.
struct Quantized {
  mlir::Value value;
  Affine affine;
};

/// The integer tensor behind a dequantized value.
std::optional<Quantized> quantizedSource(mlir::Value value);
/// The same, for codes with one scale.
std::optional<Quantized> codeSource(mlir::Value value);

//===----------------------------------------------------------------------===//
// Tails
//===----------------------------------------------------------------------===//

/// A quantize and the clamps in front of it. `lo` and `hi` limit real values.
struct Tail {
  Affine out;
  double lo = -std::numeric_limits<double>::infinity();
  double hi = std::numeric_limits<double>::infinity();
  /// What the innermost clamp reads.
  mlir::Value input;

  bool hasClamps() const { return std::isfinite(lo) || std::isfinite(hi); }
  /// Integers that stand for the limits; quantization is monotone, so clamping them is the same.
  int32_t clampLo() const { return quantizeBound(lo); }
  int32_t clampHi() const { return quantizeBound(hi); }
  /// The integer of a real inside the limits.
  int32_t quantizeBound(double bound) const;
};

std::optional<Tail> matchTail(qnn::QuantizeOp root);

/// Whether a pattern may turn the op into integers.
bool mayConvert(mlir::Operation *op);

//===----------------------------------------------------------------------===//
// State and builders
//===----------------------------------------------------------------------===//

/// What patterns tell the pass.
struct State {
  /// The file itself is quantized: contractions rescale by its float scales (onnx_rne).
  bool quantizedInFile = false;
  /// An error was emitted; no pattern does anything any more.
  bool failed = false;
  /// Why a node stays float, by location.
  llvm::DenseMap<mlir::Location, std::string> reasons;

  mlir::LogicalResult explain(mlir::Operation *op, const llvm::Twine &reason);
};

mlir::Value makeConstant(mlir::OpBuilder &builder, mlir::Location loc, mlir::RankedTensorType type,
                         llvm::ArrayRef<int64_t> values);
mlir::Value makeScalar(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type elementType,
                       int64_t value);
mlir::IntegerType si32(mlir::OpBuilder &builder);

/// The zero point of a quantized tensor as an operand.
mlir::Value zeroPointOf(mlir::OpBuilder &builder, mlir::Location loc, const Affine &affine);

/// Whether every scale has a dyadic form; if not, `op` stays float and `state` knows why.
bool canRescale(State &state, mlir::Operation *op, llvm::ArrayRef<double> scales);

/// `dyad.requantize` of `input` to the tail's parameters and limits. `scales` are s_in / s_out,
/// one or one per element of a tensor of `shape`, which broadcasts to the input's. Emits an error
/// that names the node and gives a null value when a scale has no dyadic form: ask `canRescale`
/// first where the op may stay float.
mlir::Value makeRequantize(mlir::OpBuilder &builder, mlir::Location loc, State &state,
                           mlir::Value input, int64_t inputZeroPoint, llvm::ArrayRef<double> scales,
                           llvm::ArrayRef<int64_t> shape, const Tail &tail);

/// Codes of `function` of what `source` stands for, by a table that says what the standard does for
/// a model that is quantized in its file: dequantize and quantize in float32, the function's value
/// rounded to float32 between them. Null unless both have 8 bits and one scale, or when a value is
/// no number.
mlir::Value makeFloatTable(mlir::OpBuilder &builder, mlir::Location loc, const Quantized &source,
                           const Affine &out, llvm::function_ref<double(double)> function);
/// The same with the limits of the tail as function.
mlir::Value makeRescaleTable(mlir::OpBuilder &builder, mlir::Location loc, const Quantized &source,
                             const Tail &tail);

/// s_x * s_w / s_y as runtimes compute it: each operation rounded to float32. [NUM-REQ-5]
std::vector<float> onnxScales(const Affine &x, llvm::ArrayRef<float> w, const Affine &y);

/// As `makeRequantize` for accumulators of a model that is quantized in its file: rounding onnx_rne
/// with these scales.
mlir::Value makeOnnxRequantize(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value input,
                               llvm::ArrayRef<float> scales, llvm::ArrayRef<int64_t> shape,
                               const Tail &tail);

/// Shape in which one number per element of `axis` broadcasts to a tensor of `rank`.
llvm::SmallVector<int64_t> channelShape(int64_t channels, int64_t axis, int64_t rank);

/// Emits "node 'x': reason" and marks the state.
void fail(mlir::Location loc, State &state, const llvm::Twine &reason);

//===----------------------------------------------------------------------===//
// Families
//===----------------------------------------------------------------------===//

/// A pattern on the quantize that ends a group of float ops.
class TailPattern : public mlir::OpRewritePattern<qnn::QuantizeOp> {
public:
  TailPattern(mlir::MLIRContext *context, State &state, mlir::PatternBenefit benefit = 1)
      : OpRewritePattern(context, benefit), state(state) {}

  mlir::LogicalResult matchAndRewrite(qnn::QuantizeOp root,
                                      mlir::PatternRewriter &rewriter) const final;

protected:
  /// `head` makes the tail's input; null for a block argument. Returns the integer tensor, or a
  /// null value when the family does not match; then nothing may have been built.
  virtual mlir::Value convert(mlir::Operation *head, const Tail &tail,
                              mlir::PatternRewriter &rewriter, mlir::Location loc) const = 0;

  State &state;
};

void populateContractions(mlir::RewritePatternSet &patterns, State &state);
void populateElementwise(mlir::RewritePatternSet &patterns, State &state);
void populatePooling(mlir::RewritePatternSet &patterns, State &state);
void populateMovement(mlir::RewritePatternSet &patterns, State &state);
void populateRotations(mlir::RewritePatternSet &patterns, State &state);

/// Turns the arguments and results of a module's functions into integer tensors.
mlir::LogicalResult convertInterfaces(mlir::ModuleOp module);

} // namespace quantc::nntodyad

#endif // QUANTC_LIB_CONVERSION_NNTODYAD_PATTERNS_H
