//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops that copy elements to other places, or only see them with another shape.
//
//===----------------------------------------------------------------------===//

#include "NodeLowering.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

static LogicalResult transpose(NodeLowering &n) {
  Tensor in = n.in(0);
  SmallVector<int64_t> order;
  if (auto given = n.intsAttr("perm"))
    order = *given;
  else
    for (int64_t axis = in.rank(); axis-- > 0;)
      order.push_back(axis);
  if (int64_t(order.size()) != in.rank())
    return n.refuse(Refusal::AttributeValue, "expected perm to name each axis once");
  Indices sizes;
  for (int64_t axis : order) {
    if (axis < 0 || axis >= in.rank())
      return n.refuse(Refusal::AttributeValue, "expected perm to name each axis once");
    sizes.push_back(in.dim(axis));
  }
  Tensor out = n.result(0, sizes, in.type());
  n.e.loops(sizes, [&](IndexRef position) {
    Indices from(in.rank());
    for (auto [index, axis] : llvm::enumerate(order))
      from[axis] = position[index];
    out.storeRaw(in.loadRaw(from), position);
  });
  return success();
}

static const LoweringRow rows[] = {
    {"Transpose", 7, latestOpset, transpose},
};

ArrayRef<LoweringRow> quantc::toloops::movementLowerings() { return rows; }
