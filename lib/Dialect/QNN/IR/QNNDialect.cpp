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
#include "quantc/Interfaces/PackedLinear.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace quantc::qnn;

#include "quantc/Dialect/QNN/IR/QNNDialect.cpp.inc"

#define GET_OP_CLASSES
#include "quantc/Dialect/QNN/IR/QNNOps.cpp.inc"

namespace {
struct PackedLinear
    : quantc::PackedLinearOpInterface::ExternalModel<PackedLinear, GroupedLinearOp> {
  int64_t getReductionSize(Operation *op) const {
    return cast<GroupedLinearOp>(op).getInput().getType().getShape().back();
  }
  /// All operands but the input.
  llvm::SmallVector<Value> getStoredOperands(Operation *op) const {
    return llvm::SmallVector<Value>(llvm::drop_begin(op->getOperands()));
  }
};
} // namespace

void QNNDialect::initialize() {
  registerAttributes();
  addOperations<
#define GET_OP_LIST
#include "quantc/Dialect/QNN/IR/QNNOps.cpp.inc"
      >();
  GroupedLinearOp::attachInterface<PackedLinear>(*getContext());
}
