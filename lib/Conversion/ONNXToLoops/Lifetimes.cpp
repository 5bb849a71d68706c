//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// When buffers of a function end; see Lifetimes.h.
//
//===----------------------------------------------------------------------===//

#include "Lifetimes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

/// Whether the op's results are, or hold the address of, an operand's memory.
static bool passesOn(Operation *op) {
  return isa<memref::CastOp, memref::ReinterpretCastOp, memref::ExtractAlignedPointerAsIndexOp,
             arith::IndexCastOp, arith::AddIOp, arith::SelectOp>(op);
}

/// Whether memory that the op takes may live on in what it, or its parent, gives.
static bool keeps(Operation *op) {
  return op->hasTrait<OpTrait::IsTerminator>() || isa<LoopLikeOpInterface>(op);
}

/// The last op of `block` that may touch the buffer; null when the buffer may outlive the function
/// or have another name.
static Operation *lastUser(Value buffer, Block &block) {
  Operation *last = buffer.getDefiningOp();
  SmallVector<Value> names = {buffer};
  while (!names.empty())
    for (Operation *user : names.pop_back_val().getUsers()) {
      if (keeps(user))
        return nullptr;
      Operation *ancestor = block.findAncestorOpInBlock(*user);
      if (last->isBeforeInBlock(ancestor))
        last = ancestor;
      if (passesOn(user))
        names.append(user->result_begin(), user->result_end());
    }
  return last;
}

/// Whether the buffer is only written, inside of loops.
static bool isNeverRead(Value buffer, Block &block) {
  return llvm::all_of(buffer.getUsers(), [&](Operation *user) {
    auto store = dyn_cast<memref::StoreOp>(user);
    return store && store->getBlock() != &block && store.getValueToStore() != buffer;
  });
}

/// Erases what writes a buffer that nobody reads (a transposed matrix whose products read the
/// original), and the buffer. LLVM deletes the empty loops.
static void eraseUnread(Block &block, MutableArrayRef<NodeOps> ranges) {
  for (memref::AllocOp buffer : llvm::make_early_inc_range(block.getOps<memref::AllocOp>())) {
    if (!isNeverRead(buffer, block))
      continue;
    for (Operation *user : llvm::make_early_inc_range(buffer->getUsers()))
      user->erase();
    auto owner = llvm::find_if(ranges, [&](NodeOps &r) { return r.first == buffer; });
    bool ends = llvm::any_of(ranges, [&](NodeOps &r) { return r.last == buffer; });
    if (ends)
      continue;
    if (owner != ranges.end())
      owner->first = buffer->getNextNode();
    buffer->erase();
  }
}

void quantc::toloops::endLifetimes(func::FuncOp function, MutableArrayRef<NodeOps> ranges) {
  Block &block = function.getBody().front();
  eraseUnread(block, ranges);
  llvm::DenseMap<Operation *, NodeOps *> ends;
  for (NodeOps &range : ranges)
    ends[range.last] = &range;
  SmallVector<memref::AllocOp> buffers(block.getOps<memref::AllocOp>());
  for (memref::AllocOp buffer : buffers) {
    Operation *last = lastUser(buffer, block);
    if (!last)
      continue;
    OpBuilder builder(function.getContext());
    builder.setInsertionPointAfter(last);
    Operation *end = memref::DeallocOp::create(builder, buffer.getLoc(), buffer);
    if (auto range = ends.find(last); range != ends.end()) {
      NodeOps *owner = range->second;
      owner->last = end;
      ends.erase(range);
      ends[end] = owner;
    }
  }
}
