//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// The integer-only certificate; see IntegerOnlyCertificate.h.
//
// Two passes over each function: forward, which values depend on integers that carry data;
// backward, which values reach such integers, or a dequantize. An op with regions counts as one op
// that reads everything its regions use and whose body lies where it lies.
//
//===----------------------------------------------------------------------===//

#include "quantc/Analysis/IntegerOnlyCertificate.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "quantc/Analysis/RangeAnalysis.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Interfaces/NodeName.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace quantc {

static bool isFloat(Type type) { return isa<FloatType>(getElementTypeOrSelf(type)); }
static bool isBorder(Operation *op) { return isa<qnn::QuantizeOp, qnn::DequantizeOp>(op); }

/// Ops that compute: constants, terminators and functions do not.
static bool computes(Operation *op) {
  return !op->hasTrait<OpTrait::ConstantLike>() && !op->hasTrait<OpTrait::IsTerminator>() &&
         !isa<FunctionOpInterface>(op) && !op->hasTrait<OpTrait::SymbolTable>();
}

static bool isFloatOp(Operation *op) {
  return computes(op) && (llvm::any_of(op->getOperandTypes(), isFloat) ||
                          llvm::any_of(op->getResultTypes(), isFloat));
}

static bool isIntegerOp(Operation *op) {
  return computes(op) && !isFloatOp(op) && llvm::any_of(op->getResultTypes(), isIntegerTensor);
}

namespace {
/// Which values of one function lie behind integers, and which before them.
class Reachability {
public:
  explicit Reachability(Operation *function) {
    function->walk<WalkOrder::PreOrder>([&](Operation *op) { order.push_back(op); });
    for (Region &region : function->getRegions())
      for (BlockArgument argument : region.getArguments())
        if (isIntegerTensor(argument.getType()))
          behindIntegers.insert(argument);
    for (Operation *op : order)
      forward(op, function);
    for (Operation *op : llvm::reverse(order))
      backward(op, function);
  }

  /// Some operand depends on quantized data. The zero points of quantize and dequantize are none.
  bool readsBehindIntegers(Operation *op) const {
    mlir::OperandRange data = isBorder(op) ? op->getOperands().take_front(1) : op->getOperands();
    return llvm::any_of(data, [&](Value v) { return behindIntegers.contains(v); }) ||
           regionsBehind.contains(op);
  }
  /// Some result reaches integers that a later op or the caller reads.
  bool writesBeforeIntegers(Operation *op) const {
    return llvm::any_of(op->getResults(), [&](Value v) { return beforeIntegers.contains(v); }) ||
           regionsBefore.contains(op);
  }

private:
  Operation *enclosing(Operation *op, Operation *function) const {
    Operation *parent = op->getParentOp();
    return op == function || parent == function ? nullptr : parent;
  }

  void forward(Operation *op, Operation *function) {
    Operation *parent = enclosing(op, function);
    bool behind = readsBehindIntegers(op) || isa<qnn::QuantizeOp>(op) ||
                  (parent && readsBehindIntegers(parent));
    if (!behind || op == function)
      return;
    for (Value result : op->getResults())
      behindIntegers.insert(result);
    for (Region &region : op->getRegions())
      for (Block &block : region)
        for (BlockArgument argument : block.getArguments())
          behindIntegers.insert(argument);
    // What happens inside a region happens to the op around it.
    for (; parent; parent = enclosing(parent, function)) {
      regionsBehind.insert(parent);
      for (Value result : parent->getResults())
        behindIntegers.insert(result);
    }
  }

  void backward(Operation *op, Operation *function) {
    if (op == function)
      return;
    Operation *parent = enclosing(op, function);
    // Returning an integer is a last dequantize that the caller does.
    bool returnsIntegers = !parent && op->hasTrait<OpTrait::IsTerminator>() &&
                           llvm::any_of(op->getOperandTypes(), isIntegerTensor);
    bool before = writesBeforeIntegers(op) || isa<qnn::DequantizeOp>(op) ||
                  (parent && writesBeforeIntegers(parent));
    for (Value operand : op->getOperands())
      if (before || (returnsIntegers && isIntegerTensor(operand.getType())))
        beforeIntegers.insert(operand);
    if (before)
      for (; parent; parent = enclosing(parent, function))
        regionsBefore.insert(parent);
  }

  std::vector<Operation *> order;
  llvm::DenseSet<Value> behindIntegers, beforeIntegers;
  llvm::DenseSet<Operation *> regionsBehind, regionsBefore;
};
} // namespace

/// Sorts one float op into the lists. The first quantize and the last dequantize are the interface.
static void classify(Operation *op, const Reachability &reach, IntegerOnlyCertificate &result) {
  FloatOp found{op, getNodeName(op), op->getName().getStringRef().str()};
  if (auto type = op->getAttrOfType<StringAttr>("op_type")) // an ONNX node
    found.name = "onnx." + type.str();
  bool behind = reach.readsBehindIntegers(op), before = reach.writesBeforeIntegers(op);
  if (isBorder(op)) {
    bool inside = isa<qnn::QuantizeOp>(op) ? behind : before;
    if (inside)
      result.inside.push_back(std::move(found));
    return;
  }
  if (behind && before)
    result.inside.push_back(std::move(found));
  else if (before)
    result.before.push_back(std::move(found));
  else if (behind)
    result.behind.push_back(std::move(found));
  else
    result.beside.push_back(std::move(found));
}

static void certifyFunction(Operation *function, IntegerOnlyCertificate &result) {
  Reachability reach(function);
  function->walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (op == function)
      return;
    result.quantizeOps += isa<qnn::QuantizeOp>(op);
    result.dequantizeOps += isa<qnn::DequantizeOp>(op);
    result.integerOps += isIntegerOp(op);
    if (isFloatOp(op))
      classify(op, reach, result);
  });
}

IntegerOnlyCertificate certifyIntegerOnly(Operation *root) {
  IntegerOnlyCertificate result;
  if (isa<FunctionOpInterface>(root)) {
    certifyFunction(root, result);
    return result;
  }
  root->walk<WalkOrder::PreOrder>([&](FunctionOpInterface function) {
    certifyFunction(function, result);
    return WalkResult::skip();
  });
  return result;
}

static llvm::json::Array listJSON(ArrayRef<FloatOp> ops) {
  llvm::json::Array list;
  for (const FloatOp &op : ops)
    list.push_back(llvm::json::Object{{"node", op.node}, {"op", op.name}});
  return list;
}

llvm::json::Value IntegerOnlyCertificate::toJSON() const {
  return llvm::json::Object{{"integer_only", holds()},     {"integer_ops", integerOps},
                            {"quantize_ops", quantizeOps}, {"dequantize_ops", dequantizeOps},
                            {"inside", listJSON(inside)},  {"before", listJSON(before)},
                            {"behind", listJSON(behind)},  {"beside", listJSON(beside)}};
}

static void printList(raw_ostream &os, ArrayRef<FloatOp> ops, StringRef where) {
  for (const FloatOp &op : ops)
    os << "  " << op.node << " (" << op.name << ") " << where << "\n";
}

void IntegerOnlyCertificate::print(raw_ostream &os) const {
  os << (holds() ? "integer-only" : "not integer-only") << ": " << integerOps << " integer ops, "
     << quantizeOps << " quantize, " << dequantizeOps << " dequantize, "
     << inside.size() + beside.size() << " float ops left\n";
  printList(os, inside, "computes in float between the first quantize and the last dequantize");
  printList(os, beside, "computes in float beside the integer ops");
  printList(os, before, "is float before the first quantize");
  printList(os, behind, "is float behind the last dequantize");
}

} // namespace quantc
