//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Moving a node's ops to a function of their own; see Outline.h.
//
//===----------------------------------------------------------------------===//

#include "Outline.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

/// Ops of a range, in order.
static SmallVector<Operation *> opsOf(const NodeOps &range) {
  SmallVector<Operation *> ops;
  for (Operation *op = range.first;; op = op->getNextNode()) {
    ops.push_back(op);
    if (op == range.last)
      return ops;
  }
}

/// Shapes and views cost less in place than a call does.
static bool isWorthACall(ArrayRef<Operation *> ops) {
  return llvm::count_if(ops, [](Operation *op) { return !op->hasTrait<OpTrait::ConstantLike>(); }) >
         4;
}

namespace {
/// What enters a range and what leaves it.
struct Border {
  llvm::SetVector<Value> inputs, outputs;
};
} // namespace

static Border borderOf(ArrayRef<Operation *> ops) {
  Border border;
  llvm::DenseSet<Operation *> own(ops.begin(), ops.end());
  Block *block = ops.front()->getBlock();
  auto inside = [&](Operation *op) {
    Operation *ancestor = op ? block->findAncestorOpInBlock(*op) : nullptr;
    return ancestor && own.contains(ancestor);
  };
  for (Operation *top : ops) {
    top->walk([&](Operation *op) {
      for (Value operand : op->getOperands()) {
        bool defined = isa<OpResult>(operand) ? inside(operand.getDefiningOp())
                                              : inside(operand.getParentBlock()->getParentOp());
        if (!defined)
          border.inputs.insert(operand);
      }
    });
    for (Value result : top->getResults())
      if (llvm::any_of(result.getUsers(), [&](Operation *user) { return !inside(user); }))
        border.outputs.insert(result);
  }
  return border;
}

static void outlineRange(func::FuncOp main, ArrayRef<Operation *> ops, StringRef name) {
  Border border = borderOf(ops);
  OpBuilder builder(main->getContext());
  builder.setInsertionPointAfter(main);
  SmallVector<Value> inputs = border.inputs.takeVector(), outputs = border.outputs.takeVector();
  Location loc = ops.front()->getLoc();
  auto function = func::FuncOp::create(
      builder, loc, name,
      builder.getFunctionType(ValueRange(inputs).getTypes(), ValueRange(outputs).getTypes()));
  function.setPrivate();
  // Without it LLVM would put back what has one call.
  function->setAttr("passthrough", builder.getStrArrayAttr({"noinline"}));
  Block *body = function.addEntryBlock();
  builder.setInsertionPoint(ops.front());
  auto call = func::CallOp::create(builder, loc, function, inputs);
  for (auto [output, result] : llvm::zip_equal(outputs, call.getResults()))
    output.replaceUsesWithIf(result, [&](OpOperand &use) {
      Operation *user = main.getBody().front().findAncestorOpInBlock(*use.getOwner());
      return !llvm::is_contained(ops, user);
    });
  for (Operation *op : ops)
    op->moveBefore(body, body->end());
  for (auto [input, argument] : llvm::zip_equal(inputs, body->getArguments()))
    input.replaceUsesWithIf(
        argument, [&](OpOperand &use) { return function->isProperAncestor(use.getOwner()); });
  builder.setInsertionPointToEnd(body);
  func::ReturnOp::create(builder, loc, outputs);
}

void quantc::toloops::outline(func::FuncOp main, ArrayRef<NodeOps> ranges) {
  for (auto [index, range] : llvm::enumerate(ranges)) {
    SmallVector<Operation *> ops = opsOf(range);
    if (isWorthACall(ops))
      outlineRange(main, ops, range.name + "_" + std::to_string(index));
  }
}
