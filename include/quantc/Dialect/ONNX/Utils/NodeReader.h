//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reading one ONNX node with a reason for whatever does not fit.
//
// A model may hold anything: attributes of the wrong kind, missing operands, negative sizes. Every
// access here checks, and the first thing that does not fit is kept as the node's refusal, to be
// printed together with those of all other nodes. Nothing here emits a diagnostic or fails hard.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_ONNX_UTILS_NODEREADER_H
#define QUANTC_DIALECT_ONNX_UTILS_NODEREADER_H

#include "mlir/IR/BuiltinTypes.h"
#include "quantc/Dialect/ONNX/IR/ONNX.h"
#include "llvm/ADT/Twine.h"
#include <optional>
#include <string>

namespace quantc::onnx {

/// Sizes of a tensor; negative ones are unknown (see nn::Shape).
using Shape = llvm::SmallVector<int64_t, 4>;
using ShapeRef = llvm::ArrayRef<int64_t>;

/// Why a node is not supported, by kind.
enum class Refusal {
  UnknownOp,
  Opset,
  AttributeKind,
  AttributeValue,
  Operand,
  DynamicOperand,
  Output,
  ElementType,
  Rank,
  Shape,
};

/// "unknown op", "unsupported opset", "unsupported element type", ...
llvm::StringRef refusalText(Refusal kind);

/// What is known of values beside the IR's types and constants. This default reads the IR; shape
/// inference knows more and derives from it.
class ValueSource {
public:
  virtual ~ValueSource() = default;
  /// Sizes of a ranked tensor; nullopt when the rank is unknown.
  virtual std::optional<Shape> shape(mlir::Value value) const;
  /// Elements of a constant integer tensor.
  virtual std::optional<llvm::SmallVector<int64_t>> integers(mlir::Value value) const;
};

class NodeReader {
public:
  explicit NodeReader(NodeOp node);
  NodeReader(NodeOp node, const ValueSource &source) : op(node), values(source) {}

  NodeOp node() { return op; }
  int64_t opset() { return op.getOpset(); }

  /// Records why the node is refused, unless a reason is known already, and returns failure.
  mlir::LogicalResult refuse(Refusal kind, const llvm::Twine &text);
  /// The recorded reason.
  const std::optional<std::pair<Refusal, std::string>> &refusal() const { return reason; }

  /// \name Attributes
  /// The value, or the default when the attribute is absent. Refuses an attribute of another kind.
  /// @{
  mlir::FailureOr<int64_t> intAttr(llvm::StringRef name, int64_t absent);
  mlir::FailureOr<bool> boolAttr(llvm::StringRef name, bool absent);
  mlir::FailureOr<float> floatAttr(llvm::StringRef name, float absent);
  mlir::FailureOr<llvm::StringRef> stringAttr(llvm::StringRef name, llvm::StringRef absent);
  /// Absent: nullopt.
  mlir::FailureOr<std::optional<ShapeRef>> intsAttr(llvm::StringRef name);
  bool has(llvm::StringRef name) { return static_cast<bool>(op.getAttribute(name)); }
  /// @}

  /// \name Operands
  /// @{
  /// Refuses another number of inputs than `least` to `most`.
  mlir::LogicalResult expectInputs(unsigned least, unsigned most);
  /// Input `index`, which must be there.
  mlir::FailureOr<mlir::Value> input(unsigned index);
  /// Input `index`, or null when it is absent.
  mlir::Value optionalInput(unsigned index) { return op.getOptionalInput(index); }
  /// Sizes of an input that must be a ranked tensor.
  mlir::FailureOr<Shape> inputShape(unsigned index);
  /// Elements of an input that must be there and be a constant integer tensor.
  mlir::FailureOr<llvm::SmallVector<int64_t>> constantInts(unsigned index);
  /// Sizes of a value, when its rank is known.
  std::optional<Shape> shapeOf(mlir::Value value) const { return values.shape(value); }
  /// @}

  /// `axis` in [0, rank): negative values count from the end.
  mlir::FailureOr<int64_t> normalizeAxis(int64_t axis, int64_t rank);
  /// The same for several; sorted; refuses repeats.
  mlir::FailureOr<Shape> normalizeAxes(ShapeRef axes, int64_t rank);

  /// Refuses a node that has a used output beside the first.
  mlir::LogicalResult expectOneOutput();

private:
  mlir::LogicalResult wrongKind(llvm::StringRef name, llvm::StringRef expected);

  NodeOp op;
  const ValueSource &values;
  std::optional<std::pair<Refusal, std::string>> reason;
};

/// The builtin type of a TensorProto.DataType code that a Cast of quantc produces: floats of 16 to
/// 64 bits, integers of 8 to 64 bits, bool. Null for every other code.
mlir::Type castTypeFromCode(int64_t code, mlir::MLIRContext *context);
/// The code of such a type; nullopt for every other type.
std::optional<int64_t> codeOfCastType(mlir::Type type);

} // namespace quantc::onnx

#endif // QUANTC_DIALECT_ONNX_UTILS_NODEREADER_H
