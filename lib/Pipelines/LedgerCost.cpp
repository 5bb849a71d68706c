//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Multiply-adds and weights of ONNX nodes; see LedgerCost.h.
//
//===----------------------------------------------------------------------===//

#include "LedgerCost.h"
#include "quantc/Dialect/ONNX/Proto/TypeProtos.h"
#include "quantc/Dialect/ONNX/Utils/MultiplyAdds.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;
using namespace quantc::ledger;

/// Whether the node lies in a body that may run several times.
static bool isRepeated(NodeOp node) {
  for (auto parent = node->getParentOfType<NodeOp>(); parent;
       parent = parent->getParentOfType<NodeOp>())
    if (!parent.isOp("If"))
      return true;
  return false;
}

std::optional<int64_t> ledger::nodeMacs(NodeOp node) {
  std::optional<int64_t> macs = multiplyAdds(node);
  return macs != 0 && isRepeated(node) ? std::nullopt : macs;
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

static int64_t bytesOf(ShapedType type) {
  if (!type.hasStaticShape())
    return 0;
  int64_t bits = 0;
  if (llvm::MulOverflow(type.getNumElements(), int64_t(bitWidth(dtypeOf(type.getElementType()))),
                        bits))
    return 0;
  return llvm::divideCeil(bits, 8);
}

int64_t WeightCounter::bytesOf(NodeOp node) {
  int64_t bytes = 0;
  SmallVector<NodeOp> pending{node};
  while (!pending.empty()) {
    NodeOp at = pending.pop_back_val();
    if (!counted.insert(at).second)
      continue;
    if (DictionaryAttr attributes = at.getOnnxAttrsAttr())
      for (NamedAttribute named : attributes)
        if (auto tensor = dyn_cast<TensorAttr>(named.getValue()))
          bytes += ::bytesOf(tensor.getValue().getShapedType());
    for (Value input : at.getInputs()) {
      if (auto constant = input.getDefiningOp<ConstantOp>()) {
        if (counted.insert(constant).second)
          bytes += ::bytesOf(constant.getType());
      } else if (auto producer = input.getDefiningOp<NodeOp>(); producer && passesOn(producer)) {
        pending.push_back(producer);
      }
    }
  }
  return bytes;
}
