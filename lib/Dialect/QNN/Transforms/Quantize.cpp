//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `qnn-quantize`: observers become quantize/dequantize pairs, and linear maps behind them get
// integer weights.
//
// Values that must be represented alike (moved values, operands of a concatenation) form classes;
// a class has the union of its observers' ranges and so one scale.
//
//===----------------------------------------------------------------------===//

#include "Nodes.h"
#include "Pairs.h"
#include "quantc/Dialect/QNN/Transforms/Passes.h"
#include "quantc/Dialect/QNN/Transforms/RoundCodes.h"
#include "quantc/Support/Errors.h"
#include "llvm/ADT/EquivalenceClasses.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::qnn;

namespace {
class Quantization {
public:
  explicit Quantization(ModuleOp module) : module(module) {}

  LogicalResult run();

private:
  /// What the values of one class share.
  struct Representation {
    double lo = 0, hi = 0;
    FormatAttrInterface format;
    numerics::QuantParams parameters;
  };

  LogicalResult collect();
  void join(QuantizableOpInterface op);
  LogicalResult chooseAll();
  Representation *representation(Value value);
  DequantizeOp pairBehind(Value value, const Representation &chosen);

  ModuleOp module;
  SmallVector<ObserveOp> observers;
  /// Moving ops with represented operands.
  SmallVector<QuantizableOpInterface> moving;
  llvm::EquivalenceClasses<void *> classes;
  DenseMap<void *, Representation> representations;
};
} // namespace

/// Activations take one byte or two each, whatever their width: integer ops read those.
static IntegerType activationStorage(FormatAttrInterface format) {
  auto type = dyn_cast<IntegerType>(format.getStorageType());
  if (!type || type.getWidth() >= 8)
    return type;
  return IntegerType::get(type.getContext(), 8, type.getSignedness());
}

static SmallVector<Value> activations(QuantizableOpInterface op) {
  SmallVector<Value> values;
  for (auto [index, operand] : llvm::enumerate(op->getOperands()))
    if (op.getOperandRole(index) == OperandRole::Activation)
      values.push_back(operand);
  return values;
}

/// Whether an integer op may read the value.
static bool hasQuantizableUser(Value value) {
  return llvm::any_of(value.getUsers(), [](Operation *user) { return bool(asQuantizable(user)); });
}

/// A moving op takes part when all its operands are represented and an integer op may read it.
void Quantization::join(QuantizableOpInterface op) {
  Value result = op->getResult(0);
  SmallVector<Value> operands = activations(op);
  auto represented = [&](Value v) { return classes.contains(v.getAsOpaquePointer()); };
  bool stored = bool(op->removeAttr(storedAttr)) || hasQuantizableUser(result);
  if (operands.empty() || !llvm::all_of(operands, represented) || !stored)
    return;
  if (op.getScaleRelation() == ScaleRelation::SameAsInput)
    operands.resize(1);
  for (Value operand : operands)
    classes.unionSets(operand.getAsOpaquePointer(), result.getAsOpaquePointer());
  moving.push_back(op);
}

LogicalResult Quantization::collect() {
  WalkResult walk = module.walk([&](Operation *op) {
    if (auto observe = dyn_cast<ObserveOp>(op)) {
      if (!observe.getStatisticsAttr()) {
        observe.emitError("expected statistics of '") << observe.getName() << "', but found none";
        return WalkResult::interrupt();
      }
      observers.push_back(observe);
      classes.insert(observe.getResult().getAsOpaquePointer());
    } else if (QuantizableOpInterface quantizable = asQuantizable(op)) {
      if (movesValues(quantizable))
        join(quantizable);
    }
    return WalkResult::advance();
  });
  return failure(walk.wasInterrupted());
}

Quantization::Representation *Quantization::representation(Value value) {
  auto leader = classes.findLeader(value.getAsOpaquePointer());
  if (leader == classes.member_end())
    return nullptr;
  return &representations[*leader];
}

LogicalResult Quantization::chooseAll() {
  for (ObserveOp observe : observers) {
    Representation *chosen = representation(observe.getResult());
    if (!chosen->format)
      chosen->format = observe.getFormat();
    if (chosen->format != observe.getFormat())
      return observe.emitError("expected format ")
             << chosen->format << " for every tensor that shares a scale with '"
             << observe.getName() << "', but found " << observe.getFormat();
    StatisticsAttr statistics = observe.getStatisticsAttr();
    chosen->lo = std::min(chosen->lo, statistics.getLo());
    chosen->hi = std::max(chosen->hi, statistics.getHi());
    IntegerType storage = activationStorage(chosen->format);
    auto parameters = numerics::chooseParams(
        static_cast<float>(chosen->lo), static_cast<float>(chosen->hi),
        static_cast<int32_t>(chosen->format.getMin()),
        static_cast<int32_t>(chosen->format.getMax()), chosen->format.isSymmetric());
    if (!storage || !parameters)
      return observe.emitError("expected a finite range and an integer format for '")
             << observe.getName() << "', but found [" << chosen->lo << ", " << chosen->hi
             << "] and " << chosen->format;
    chosen->parameters = *parameters;
  }
  return success();
}

DequantizeOp Quantization::pairBehind(Value value, const Representation &chosen) {
  OpBuilder builder(module.getContext());
  builder.setInsertionPointAfterValue(value);
  IntegerType storage = activationStorage(chosen.format);
  ParameterValues parameters =
      makeParameters(builder, value.getLoc(), storage, chosen.parameters.scale,
                     chosen.parameters.zeroPoint, /*perAxis=*/false);
  return makePair(builder, value.getLoc(), value, storage, parameters, 0, chosen.format.getWidth());
}

LogicalResult Quantization::run() {
  if (failed(collect()) || failed(chooseAll()))
    return failure();
  for (QuantizableOpInterface op : moving) {
    Value result = op->getResult(0);
    DequantizeOp pair = pairBehind(result, *representation(result));
    result.replaceAllUsesExcept(pair.getResult(), pair.getInput().getDefiningOp());
  }
  for (ObserveOp observe : observers) {
    Representation &chosen = *representation(observe.getResult());
    DequantizeOp pair = pairBehind(observe.getInput(), chosen);
    observe.replaceAllUsesWith(pair.getResult());
  }
  for (ObserveOp observe : observers)
    observe.erase();
  return success();
}

LogicalResult qnn::quantizeActivations(ModuleOp module, const QuantizeOptions &options) {
  if (llvm::Error error = checkOptions(options))
    return mlir::emitError(module.getLoc()) << llvm::toString(std::move(error));
  return Quantization(module).run();
}

DequantizeOp qnn::quantizedInput(LinearMapOpInterface op) {
  auto input = op.getInputOperand().get().getDefiningOp<DequantizeOp>();
  return input && perTensorParameters(input) ? input : DequantizeOp();
}

LogicalResult qnn::quantize(ModuleOp module, const QuantizeOptions &options) {
  if (failed(quantizeActivations(module, options)))
    return failure();
  WalkResult walk = module.walk([&](LinearMapOpInterface op) {
    DequantizeOp input = quantizedInput(op);
    bool stored = storedWeight(op) && !op->hasAttr(stayFloatAttr);
    if (!input || !(stored || asQuantizable(op)))
      return WalkResult::advance();
    return WalkResult(quantizeLinearMap(op, input, options));
  });
  return failure(walk.wasInterrupted());
}
