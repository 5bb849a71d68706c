//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The design and its border.
//
//===----------------------------------------------------------------------===//

#include "Support.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::hls;

LogicalResult DesignOp::verify() {
  if (auto part = getPartAttr(); part && !findPart(part.getValue()))
    return emitError("[HLS-PART-1] expected the name of a known part, but found '")
           << part.getValue() << "'";
  if (auto percent = getUtilization(); percent && (*percent < 1 || *percent > 100))
    return emitError("[HLS-PART-1] expected utilization in [1, 100], but found ") << *percent;
  int64_t inputs = 0, outputs = 0;
  for (Operation &op : getBody().front()) {
    if (!isa<UnitOpInterface, InputOp, OutputOp>(op))
      return op.emitError("[HLS-UNIT-1] expected a unit, an input or an output in a design, but "
                          "found '")
             << op.getName() << "'";
    inputs += isa<InputOp>(op);
    outputs += isa<OutputOp>(op);
    for (Value stream : op.getResults())
      if (!stream.hasOneUse())
        return op.emitError("[HLS-STR-2] expected one reader of each stream, but found ")
               << llvm::range_size(stream.getUses());
  }
  if (inputs == 0 || outputs == 0)
    return emitError("[HLS-UNIT-1] expected at least one input and one output, but found ")
           << inputs << " and " << outputs;
  return success();
}

static LogicalResult verifyBorder(Operation *op, Value stream, ArrayRef<int64_t> shape) {
  auto type = cast<StreamType>(stream.getType());
  for (int64_t size : shape)
    if (size < 1)
      return op->emitError("[HLS-IO-1] expected positive sizes, but found ") << size;
  int64_t elements = product(shape);
  if (elements != type.getLanes() * type.getBeats())
    return op->emitError("[HLS-IO-1] expected a stream of ")
           << elements << " elements, but found " << type.getLanes() * type.getBeats();
  return success();
}

LogicalResult InputOp::verify() {
  if (auto depths = getDepths(); depths && (depths->size() != 1 || depths->front() < 1))
    return emitError("[HLS-DEPTH-1] expected one positive depth, but found ")
           << depths->size() << " depths";
  return verifyBorder(*this, getResult(), getShape());
}

LogicalResult OutputOp::verify() {
  if (auto scales = getScales(); scales && scales->size() != 1) {
    int64_t axis = getAxis();
    if (axis < 0 || axis >= int64_t(getShape().size()) ||
        getShape()[axis] != int64_t(scales->size()))
      return emitError("[HLS-IO-2] expected one scale, or one per element of axis ")
             << axis << ", but found " << scales->size();
  }
  return verifyBorder(*this, getInput(), getShape());
}
