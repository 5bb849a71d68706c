//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// The dyad dialect: registration of its ops, and constants.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Builders.h"
#include "quantc/Dialect/Dyad/IR/Dyad.h"

using namespace mlir;
using namespace quantc::dyad;

#include "quantc/Dialect/Dyad/IR/DyadDialect.cpp.inc"
#include "quantc/Dialect/Dyad/IR/DyadEnums.cpp.inc"

#define GET_OP_CLASSES
#include "quantc/Dialect/Dyad/IR/DyadOps.cpp.inc"

void DyadDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "quantc/Dialect/Dyad/IR/DyadOps.cpp.inc"
      >();
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

Operation *DyadDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type,
                                            Location loc) {
  auto elements = dyn_cast<ElementsAttr>(value);
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!elements || !tensor || elements.getType() != type || !tensor.getElementType().isInteger() ||
      tensor.getElementType().isSignlessInteger())
    return nullptr;
  return ConstantOp::create(builder, loc, type, elements);
}
