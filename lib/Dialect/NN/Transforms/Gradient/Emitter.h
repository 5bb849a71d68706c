//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What derivatives are written with: one line an op of the float graph, at one place and under one
// name.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_DIALECT_NN_TRANSFORMS_GRADIENT_EMITTER_H
#define QUANTC_LIB_DIALECT_NN_TRANSFORMS_GRADIENT_EMITTER_H

#include "mlir/IR/Builders.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Interfaces/Differentiable.h"

namespace quantc::nn {

inline mlir::RankedTensorType tensorType(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType());
}
inline llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) { return tensorType(value).getShape(); }

inline constexpr llvm::StringLiteral gradientPart = ":gradient", recomputedPart = ":again";

/// The location of what is computed for `op`: its node's name and `part`.
mlir::Location partLocation(mlir::Operation *op, llvm::StringRef part);

/// Creates ops at a builder's place, under the name of the node whose derivative they are. All
/// shapes are static.
class Emitter {
public:
  Emitter(mlir::OpBuilder &builder, mlir::Operation *op)
      : builder(builder), loc(partLocation(op, gradientPart)) {}
  Emitter(mlir::OpBuilder &builder, mlir::Location loc) : builder(builder), loc(loc) {}

  mlir::Value add(mlir::Value a, mlir::Value b) { return AddOp::create(builder, loc, a, b); }
  mlir::Value sub(mlir::Value a, mlir::Value b) { return SubOp::create(builder, loc, a, b); }
  mlir::Value mul(mlir::Value a, mlir::Value b) { return MulOp::create(builder, loc, a, b); }
  mlir::Value div(mlir::Value a, mlir::Value b) { return DivOp::create(builder, loc, a, b); }
  mlir::Value matmul(mlir::Value a, mlir::Value b) { return MatMulOp::create(builder, loc, a, b); }
  template <typename Op, typename... Args> mlir::Value unary(mlir::Value x, Args &&...args) {
    return Op::create(builder, loc, x.getType(), x, std::forward<Args>(args)...);
  }
  /// 1 where x > 0, 0 where x <= 0, NaN where x is; without a comparison, which `nn` does not hold.
  /// Of float64 below 2^-254: something between.
  mlir::Value step(mlir::Value x);
  /// a / b where b > 0, and 0 where b is 0; b is not negative, as lengths.
  mlir::Value divByLength(mlir::Value a, mlir::Value b);
  /// x times, or plus, a number.
  mlir::Value scale(mlir::Value x, double factor) { return mul(x, number(x, factor)); }
  mlir::Value offset(mlir::Value x, double addend) { return add(x, number(x, addend)); }
  /// A constant of rank 0 with the element type of `like`.
  mlir::Value number(mlir::Value like, double value);
  mlir::Value splat(mlir::RankedTensorType type, double value);
  mlir::Value constant(mlir::ElementsAttr elements) {
    return ConstantOp::create(builder, loc, elements.getShapedType(), elements);
  }
  /// A constant of si64.
  mlir::Value integers(llvm::ArrayRef<int64_t> list);

  mlir::Value reshape(mlir::Value x, llvm::ArrayRef<int64_t> shape);
  mlir::Value transpose(mlir::Value x, llvm::ArrayRef<int64_t> permutation);
  /// Exchanges the last two axes.
  mlir::Value transposeLast(mlir::Value x);
  mlir::Value slice(mlir::Value x, llvm::ArrayRef<int64_t> offsets, llvm::ArrayRef<int64_t> sizes);
  /// Zeros around; negative amounts crop.
  mlir::Value pad(mlir::Value x, llvm::ArrayRef<int64_t> before, llvm::ArrayRef<int64_t> after);
  mlir::Value expand(mlir::Value x, llvm::ArrayRef<int64_t> shape);
  /// [rows, columns], all axes but the last in one.
  mlir::Value matrix(mlir::Value x);

  mlir::Value mean(mlir::Value x, llvm::ArrayRef<int64_t> axes, bool keepDims);
  /// The mean times the number of elements.
  mlir::Value sum(mlir::Value x, llvm::ArrayRef<int64_t> axes, bool keepDims);
  /// Sums what broadcasting from `shape` repeated.
  mlir::Value sumTo(mlir::Value x, llvm::ArrayRef<int64_t> shape);
  /// A sum or a mean of axis `axis` alone, which stays with size 1.
  mlir::Value meanAlong(mlir::Value x, int64_t axis) { return mean(x, {axis}, true); }
  mlir::Value sumAlong(mlir::Value x, int64_t axis) { return sum(x, {axis}, true); }

  /// Nodes that `nn` has no op for (docs/Nodes.md).
  mlir::ResultRange node(llvm::StringRef type, mlir::ValueRange operands, mlir::TypeRange results,
                         llvm::ArrayRef<mlir::NamedAttribute> attributes = {});
  mlir::NamedAttribute integer(llvm::StringRef name, int64_t value);
  mlir::NamedAttribute ints(llvm::StringRef name, llvm::ArrayRef<int64_t> list) {
    return builder.getNamedAttr(name, builder.getDenseI64ArrayAttr(list));
  }
  mlir::NamedAttribute text(llvm::StringRef name, llvm::StringRef value) {
    return builder.getNamedAttr(name, builder.getStringAttr(value));
  }
  /// `a` where the condition holds, else `b`; both broadcast.
  mlir::Value where(mlir::Value condition, mlir::Value a, mlir::Value b);
  /// The order of elements reversed along axes.
  mlir::Value reverse(mlir::Value x, llvm::ArrayRef<int64_t> axes);

  mlir::OpBuilder &builder;
  mlir::Location loc;
};

} // namespace quantc::nn

#endif // QUANTC_LIB_DIALECT_NN_TRANSFORMS_GRADIENT_EMITTER_H
