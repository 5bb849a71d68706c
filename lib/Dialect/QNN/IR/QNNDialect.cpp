//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The qnn dialect: registration of its ops and attributes.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/QNN/IR/QNN.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace quantc::qnn;

#include "quantc/Dialect/QNN/IR/QNNDialect.cpp.inc"

#define GET_OP_CLASSES
#include "quantc/Dialect/QNN/IR/QNNOps.cpp.inc"

void QNNDialect::initialize() {
  registerAttributes();
  addOperations<
#define GET_OP_LIST
#include "quantc/Dialect/QNN/IR/QNNOps.cpp.inc"
      >();
}
