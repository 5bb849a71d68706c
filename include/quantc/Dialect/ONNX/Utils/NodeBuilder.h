//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Making nodes of the default domain.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_ONNX_UTILS_NODEBUILDER_H
#define QUANTC_DIALECT_ONNX_UTILS_NODEBUILDER_H

#include "mlir/IR/Builders.h"
#include "quantc/Dialect/ONNX/IR/ONNX.h"

namespace quantc::onnx {

/// An attribute of kind INT.
inline mlir::NamedAttribute intAttribute(mlir::Builder &builder, llvm::StringRef name,
                                         int64_t value) {
  return builder.getNamedAttr(
      name, mlir::IntegerAttr::get(builder.getIntegerType(64, /*isSigned=*/true), value));
}

/// Elements of a list of INT64, as operands that say axes and sizes are.
inline mlir::ElementsAttr int64Elements(mlir::Builder &builder, llvm::ArrayRef<int64_t> list) {
  auto type = mlir::RankedTensorType::get({static_cast<int64_t>(list.size())},
                                          builder.getIntegerType(64, /*isSigned=*/true));
  return mlir::DenseElementsAttr::get(type, list);
}

/// A node called `name`, at the builder's place.
inline NodeOp createNode(mlir::OpBuilder &builder, mlir::Location loc, llvm::StringRef name,
                         llvm::StringRef type, int64_t opset, mlir::ValueRange operands,
                         mlir::TypeRange results,
                         llvm::ArrayRef<mlir::NamedAttribute> attributes = {}) {
  mlir::OperationState state(loc, NodeOp::getOperationName());
  state.addOperands(operands);
  state.addTypes(results);
  state.addAttribute("op_type", builder.getStringAttr(type));
  state.addAttribute("opset", builder.getI64IntegerAttr(opset));
  state.addAttribute("node_name", builder.getStringAttr(name));
  if (!attributes.empty())
    state.addAttribute("onnx_attrs", builder.getDictionaryAttr(attributes));
  return mlir::cast<NodeOp>(builder.create(state));
}

} // namespace quantc::onnx

#endif // QUANTC_DIALECT_ONNX_UTILS_NODEBUILDER_H
