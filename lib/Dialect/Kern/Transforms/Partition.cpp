//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// kern-partition: which unit axis of a kernel call is shared out, and to how many workers at most.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/Kern/Transforms/Passes.h"

using namespace mlir;
using namespace quantc;

namespace quantc::kern {
#define GEN_PASS_DEF_PARTITION
#include "quantc/Dialect/Kern/Transforms/Passes.h.inc"
} // namespace quantc::kern

namespace {

/// Chunks that an axis can be cut into without extra cost.
int64_t chunks(int64_t units, int64_t align) { return (units + align - 1) / align; }

/// Bytes of the buffers that a call reads or writes, constants left out.
int64_t activationBytes(Operation *op) {
  int64_t bytes = 0;
  for (Value operand : op->getOperands())
    if (!operand.getDefiningOp<kern::ConstantOp>())
      bytes += kern::getExtentBytes(operand.getType());
  return bytes;
}

unsigned chooseAxis(kern::KernelOpInterface op, ArrayRef<int64_t> units) {
  if (units.size() < 2)
    return 0;
  int64_t rows = chunks(units[0], op.getUnitAlignment(0));
  int64_t panels = chunks(units[1], op.getUnitAlignment(1));
  constexpr int64_t enough = 4;
  bool heavyWeights = op.getConstantBytes() > activationBytes(op);
  if (heavyWeights && panels >= enough)
    return 1;
  return rows >= enough || rows >= panels ? 0 : 1;
}

struct Partition : kern::impl::PartitionBase<Partition> {
  using PartitionBase::PartitionBase;

  void runOnOperation() override {
    if (minWork < 1) {
      getOperation().emitError("expected min-work of at least 1, but found ") << minWork.getValue();
      return signalPassFailure();
    }
    getOperation().walk([&](kern::KernelOpInterface op) {
      SmallVector<int64_t> units = op.getUnits();
      auto set = [&](int64_t axis, int64_t size, int64_t align, int64_t workers) {
        op->setAttr("partition",
                    kern::PartitionAttr::get(&getContext(), axis, size, align, workers));
      };
      if (units.empty())
        return set(0, 1, 1, 1);
      unsigned axis = chooseAxis(op, units);
      int64_t align = op.getUnitAlignment(axis);
      int64_t worth = std::max<int64_t>(op.getWork() / minWork, 1);
      constexpr int64_t mostWorkers = 256; // QRT_MAX_THREADS
      set(axis, units[axis], align,
          std::min({worth, std::max<int64_t>(chunks(units[axis], align), 1), mostWorkers}));
    });
  }
};

} // namespace
