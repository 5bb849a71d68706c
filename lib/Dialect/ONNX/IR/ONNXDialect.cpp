//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Registration of the `onnx` dialect, its types and attributes.
//
//===----------------------------------------------------------------------===//

#include "ONNXBytecode.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "quantc/Dialect/ONNX/IR/ONNX.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace quantc::onnx;

#include "quantc/Dialect/ONNX/IR/ONNXDialect.cpp.inc"
#include "quantc/Dialect/ONNX/IR/ONNXEnums.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "quantc/Dialect/ONNX/IR/ONNXTypes.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "quantc/Dialect/ONNX/IR/ONNXAttrs.cpp.inc"

void ONNXDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "quantc/Dialect/ONNX/IR/ONNXTypes.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "quantc/Dialect/ONNX/IR/ONNXAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "quantc/Dialect/ONNX/IR/ONNXOps.cpp.inc"
      >();
  addBytecodeInterface(*this);
}

Operation *ONNXDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type,
                                            Location loc) {
  auto elements = dyn_cast<ElementsAttr>(value);
  if (!elements || elements.getShapedType() != type)
    return nullptr;
  return ConstantOp::create(builder, loc, type, builder.getStringAttr(""), elements,
                            /*is_input=*/UnitAttr(), /*input_info=*/ValueInfoAttr(),
                            /*info=*/DictionaryAttr());
}
