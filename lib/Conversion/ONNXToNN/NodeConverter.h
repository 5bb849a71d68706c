//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a handler of one ONNX op sees: a checked node, and a builder for `nn` ops that may fail.
//
// Every access and every creation can refuse the node; handlers pass failure on and return the
// value that replaces the node's first result.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_CONVERSION_ONNXTONN_NODECONVERTER_H
#define QUANTC_LIB_CONVERSION_ONNXTONN_NODECONVERTER_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/ONNX/Utils/NodeForms.h"

namespace quantc::onnx {

using Result = mlir::FailureOr<mlir::Value>;

class NodeConverter {
public:
  explicit NodeConverter(NodeOp node, bool anyFloats = false)
      : reader(node), builder(node), loc(node.getLoc()), anyFloats(anyFloats) {}

  NodeReader reader;
  mlir::OpBuilder builder;
  mlir::Location loc;
  bool anyFloats; ///< Operands may be other floats than f32.

  /// \name Operands as ranked tensors
  /// @{
  Result tensor(unsigned index);
  /// The elements must be f32: the one type that every later stage computes in. With `anyFloats`
  /// other floats, too.
  Result floats(unsigned index);
  /// The number that a constant float operand of one element holds; nullopt when absent.
  mlir::FailureOr<std::optional<float>> constantFloat(unsigned index);
  /// @}

  /// Creates an op whose result type follows from operands and attributes. What does not fit
  /// refuses the node with the op's own reason.
  template <typename OpTy>
  Result create(mlir::ValueRange operands,
                llvm::ArrayRef<std::pair<llvm::StringRef, mlir::Attribute>> attributes = {});

  /// \name Shorthands; constants are moved at once
  /// @{
  mlir::Value constant(mlir::ElementsAttr value);
  /// A rank-0 f32 constant.
  mlir::Value scalar(float value);
  Result transpose(mlir::Value value, ShapeRef permutation);
  /// Whether the elements are known: a constant, or one that the file stores as integers and
  /// dequantizes. Movement of the latter moves the integers.
  static bool isWeight(mlir::Value value);
  /// Negative sizes are unknown; there is at most one.
  Result reshape(mlir::Value value, ShapeRef shape);
  /// @}

  mlir::Attribute ints(ShapeRef values) { return builder.getDenseI64ArrayAttr(values); }
  mlir::Attribute integer(int64_t value) { return builder.getI64IntegerAttr(value); }
  mlir::Attribute real(float value) { return builder.getF32FloatAttr(value); }
  mlir::Attribute boolean(bool value) { return builder.getBoolAttr(value); }
};

inline mlir::RankedTensorType typeOf(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType());
}
inline ShapeRef shapeOf(mlir::Value value) { return typeOf(value).getShape(); }
inline mlir::Type elementTypeOf(mlir::Value value) { return typeOf(value).getElementType(); }

using Handler = Result (*)(NodeConverter &);

/// The newest opset whose meaning is known; 28 only added types to the ops below.
inline constexpr int64_t newestOpset = 28;

/// One form of an op.
struct HandlerRow {
  llvm::StringLiteral opType;
  int64_t firstOpset;
  int64_t lastOpset;
  Handler handler;
  llvm::StringLiteral domain = "";
};

/// One table per family of ops.
llvm::ArrayRef<HandlerRow> linearRows();
llvm::ArrayRef<HandlerRow> packedRows();
llvm::ArrayRef<HandlerRow> elementwiseRows();
llvm::ArrayRef<HandlerRow> poolingRows();
llvm::ArrayRef<HandlerRow> normalizationRows();
llvm::ArrayRef<HandlerRow> movementRows();
llvm::ArrayRef<HandlerRow> quantizationRows();

template <typename OpTy>
Result
NodeConverter::create(mlir::ValueRange operands,
                      llvm::ArrayRef<std::pair<llvm::StringRef, mlir::Attribute>> attributes) {
  mlir::OperationState state(loc, OpTy::getOperationName());
  state.addOperands(operands);
  for (auto [name, value] : attributes)
    state.addAttribute(name, value);
  std::string reason = "the operands do not fit";
  mlir::ScopedDiagnosticHandler capture(loc->getContext(), [&](mlir::Diagnostic &diagnostic) {
    reason = diagnostic.str();
    return mlir::success();
  });
  auto refuse = [&]() -> Result { return reader.refuse(Refusal::Shape, reason); };
  mlir::DictionaryAttr dictionary = state.attributes.getDictionary(builder.getContext());
  auto &properties = state.getOrAddProperties<typename OpTy::Properties>();
  auto error = [&] { return mlir::emitError(loc); };
  if (failed(OpTy::setPropertiesFromAttr(properties, dictionary, error)))
    return refuse();
  if (failed(OpTy::inferReturnTypes(builder.getContext(), loc, operands, dictionary, &properties,
                                    {}, state.types)))
    return refuse();
  mlir::Operation *op = builder.create(state);
  if (failed(mlir::cast<OpTy>(op).verifyInvariants())) {
    op->erase();
    return refuse();
  }
  return op->getResult(0);
}

} // namespace quantc::onnx

#endif // QUANTC_LIB_CONVERSION_ONNXTONN_NODECONVERTER_H
