//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// kern-plan-memory: offline placement of buffers in the arena. Largest first, lowest free offset;
// the usual greedy for offset assignment, quadratic in the number of buffers.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Remarks.h"
#include "quantc/Dialect/Kern/Transforms/Passes.h"

using namespace mlir;
using namespace quantc;

namespace quantc::kern {
#define GEN_PASS_DEF_PLANMEMORY
#include "quantc/Dialect/Kern/Transforms/Passes.h.inc"
} // namespace quantc::kern

namespace {

constexpr int64_t alignment = 64;
constexpr int64_t slack = 64;

struct Interval {
  kern::BufferOp op;
  int64_t bytes = 0;
  int64_t first = 0, last = 0;
  int64_t offset = 0;
};

int64_t roundUp(int64_t value) { return (value + alignment - 1) / alignment * alignment; }

/// Extends `interval` by the uses of `value` and of its views.
void addUses(Value value, const DenseMap<Operation *, int64_t> &order, Interval &interval) {
  for (Operation *user : value.getUsers()) {
    if (auto view = dyn_cast<kern::ViewOp>(user)) {
      addUses(view.getResult(), order, interval);
      continue;
    }
    interval.first = std::min(interval.first, order.lookup(user));
    interval.last = std::max(interval.last, order.lookup(user));
  }
}

/// The lowest offset at which `interval` overlaps no placed neighbour in time and space.
int64_t place(const Interval &interval, ArrayRef<const Interval *> placed) {
  SmallVector<const Interval *> alive;
  for (const Interval *other : placed)
    if (other->first <= interval.last && interval.first <= other->last)
      alive.push_back(other);
  llvm::stable_sort(alive, [](auto *a, auto *b) { return a->offset < b->offset; });
  int64_t offset = slack;
  for (const Interval *other : alive) {
    if (offset + roundUp(interval.bytes + slack) <= other->offset)
      break;
    offset = std::max(offset, other->offset + roundUp(other->bytes + slack));
  }
  return offset;
}

struct PlanMemory : kern::impl::PlanMemoryBase<PlanMemory> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    DenseMap<Operation *, int64_t> order;
    SmallVector<Interval> intervals;
    function.walk([&](Operation *op) { order.insert({op, int64_t(order.size())}); });
    function.walk([&](kern::BufferOp op) {
      Interval interval{op, kern::getExtentBytes(op.getType()), INT64_MAX, -1, 0};
      addUses(op.getResult(), order, interval);
      intervals.push_back(interval);
    });
    SmallVector<Interval *> bySize;
    for (Interval &interval : intervals)
      bySize.push_back(&interval);
    llvm::stable_sort(bySize, [](auto *a, auto *b) { return a->bytes > b->bytes; });

    SmallVector<const Interval *> placed;
    int64_t end = slack, sum = 0;
    Builder builder(&getContext());
    for (Interval *interval : bySize) {
      interval->offset = place(*interval, placed);
      placed.push_back(interval);
      end = std::max(end, interval->offset + roundUp(interval->bytes + slack));
      sum += interval->bytes;
      interval->op.setOffsetAttr(builder.getI64IntegerAttr(interval->offset));
    }
    function->setAttr("kern.arena_bytes", builder.getI64IntegerAttr(end));
    remark::analysis(function.getLoc(),
                     remark::RemarkOpts::name("ArenaPlanned").category("kern-plan-memory"))
        << "arena of " << remark::metric("ArenaBytes", end) << " bytes for "
        << remark::metric("Buffers", int64_t(intervals.size())) << " buffers of "
        << remark::metric("BufferBytes", sum) << " bytes";
  }
};

} // namespace
