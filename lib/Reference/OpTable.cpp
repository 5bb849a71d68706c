//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// The table of evaluation functions; see OpTable.h.
//
//===----------------------------------------------------------------------===//

#include "OpTable.h"
#include "quantc/Interfaces/IntegerSemantics.h"

namespace quantc {

llvm::Expected<llvm::MutableArrayRef<float>> OpCall::floatResult(llvm::ArrayRef<int64_t> shape) {
  llvm::Expected<HostTensor> tensor = HostTensor::create(DType::F32, shape);
  if (!tensor)
    return tensor.takeError();
  llvm::MutableArrayRef<float> values = tensor->mutableValues<float>();
  results.push_back(std::move(*tensor));
  return values;
}

const OpEntry *OpTable::lookup(mlir::Operation *op) const {
  static const OpEntry integer = {evaluateIntegerOp, TypeRule::Any};
  if (llvm::isa<IntegerSemantics>(op))
    return &integer;
  auto it = entries.find(op->getName().getStringRef());
  return it == entries.end() ? nullptr : &it->second;
}

const OpTable &opTable() {
  static const OpTable table = [] {
    OpTable filled;
    addLinearOps(filled);
    addElementwiseOps(filled);
    addPoolingOps(filled);
    addNormalizationOps(filled);
    addMovementOps(filled);
    addQuantizationOps(filled);
    return filled;
  }();
  return table;
}

} // namespace quantc
