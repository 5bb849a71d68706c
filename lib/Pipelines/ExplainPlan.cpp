//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Matching the nodes of a quantized module with its float module; see ExplainPlan.h.
//
//===----------------------------------------------------------------------===//

#include "ExplainPlan.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/ONNX/IR/ONNX.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Interfaces/Weights.h"
#include "quantc/Numerics/GroupedLinear.h"
#include "quantc/Numerics/Quantize.h"
#include "quantc/Support/Errors.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringMap.h"
#include <cstring>

using namespace mlir;
using namespace quantc;

//===----------------------------------------------------------------------===//
// Functions of one op, and constants
//===----------------------------------------------------------------------===//

/// A module with an empty function `main` of these types.
static std::pair<OwningOpRef<ModuleOp>, func::FuncOp> makeMain(Location loc, TypeRange inputs,
                                                               TypeRange results) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  OpBuilder builder(module->getBodyRegion());
  auto type = builder.getFunctionType(inputs, results);
  auto main = func::FuncOp::create(builder, loc, "main", type);
  main.addEntryBlock();
  return {std::move(module), main};
}

llvm::Expected<std::unique_ptr<OneOp>> OneOp::create(Operation *op,
                                                     llvm::function_ref<void(Operation *)> change) {
  auto one = std::make_unique<OneOp>();
  auto [module, main] = makeMain(op->getLoc(), op->getOperandTypes(), op->getResultTypes());
  IRMapping mapping;
  mapping.map(op->getOperands(), main.getArguments());
  OpBuilder builder = OpBuilder::atBlockEnd(&main.getBody().front());
  Operation *copy = builder.clone(*op, mapping);
  for (auto [operand, argument] : llvm::zip_equal(copy->getOpOperands(), main.getArguments()))
    operand.set(argument); // one for each, also where an op reads a value twice
  if (change)
    change(copy);
  func::ReturnOp::create(builder, op->getLoc(), copy->getResults());
  one->module = std::move(module);
  llvm::Expected<Interpreter> interpreter = Interpreter::create(*one->module);
  if (!interpreter)
    return interpreter.takeError();
  one->interpreter = std::move(*interpreter);
  return one;
}

llvm::Expected<HostTensor> OneOp::run(ArrayRef<HostTensor> operands) const {
  llvm::Expected<std::vector<HostTensor>> results = interpreter->run(operands);
  if (!results)
    return results.takeError();
  return std::move(results->front());
}

/// The value of a tensor that depends on no input.
static llvm::Expected<HostTensor> evaluateConstant(Value value) {
  llvm::SetVector<Operation *> slice;
  BackwardSliceOptions options;
  options.inclusive = true;
  if (failed(getBackwardSlice(value, &slice, options)))
    return makeError("expected ops without regions in front of a constant");
  auto [module, main] = makeMain(value.getLoc(), TypeRange(), value.getType());
  OpBuilder builder = OpBuilder::atBlockEnd(&main.getBody().front());
  IRMapping mapping;
  for (Operation *op : slice)
    builder.clone(*op, mapping);
  func::ReturnOp::create(builder, value.getLoc(), mapping.lookup(value));
  llvm::Expected<Interpreter> interpreter = Interpreter::create(*module);
  if (!interpreter)
    return interpreter.takeError();
  llvm::Expected<std::vector<HostTensor>> results = interpreter->run({});
  if (!results)
    return results.takeError();
  // A copy: the interpreter's constants are views.
  const HostTensor &result = results->front();
  return HostTensor::copyOf(result.dtype(), result.shape(), result.bytes());
}

float TensorCodes::clamp(float x) const {
  float least = numerics::dequantizeLinear(low, scale, zeroPoint);
  float most = numerics::dequantizeLinear(high, scale, zeroPoint);
  return x < least ? least : (x > most ? most : x);
}

float TensorCodes::round(float x) const {
  return numerics::dequantizeLinear(numerics::quantizeLinear(x, scale, zeroPoint, low, high), scale,
                                    zeroPoint);
}

static bool differ(const HostTensor &x, const HostTensor &y) {
  ArrayRef<uint8_t> a = x.bytes(), b = y.bytes();
  return a.size() != b.size() || std::memcmp(a.data(), b.data(), a.size()) != 0;
}

bool NodePlan::isQuantized() const {
  return hasRows || llvm::any_of(operands, [](const NodeOperand &operand) {
           return operand.codes || operand.isChanged;
         });
}

//===----------------------------------------------------------------------===//
// Plans
//===----------------------------------------------------------------------===//

static bool isFloatTensor(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getElementType().isF32() && type.hasStaticShape();
}

/// Ops that compute something of the model.
static bool isNode(Operation *op) {
  return op->getNumResults() > 0 && !op->hasTrait<OpTrait::ConstantLike>() &&
         !isa<qnn::ObserveOp, qnn::QuantizeOp, qnn::DequantizeOp, qnn::DecodeOp>(op) &&
         isFloatTensor(op->getResult(0));
}

static std::string keyOf(Operation *op) {
  bool linear = isa<LinearMapOpInterface, qnn::GroupedLinearOp>(op);
  return getLocationNames(op->getLoc()) + "\n" +
         (linear ? "linear" : op->getName().getStringRef().str());
}

/// The codes of the pair in front of an activation, whose input is returned by `before`.
static std::optional<TensorCodes> codesOf(Value value, Value &before) {
  auto dequantize = value.getDefiningOp<qnn::DequantizeOp>();
  auto quantize =
      dequantize ? dequantize.getInput().getDefiningOp<qnn::QuantizeOp>() : qnn::QuantizeOp();
  if (!quantize)
    return std::nullopt;
  auto scale = readFloats(getConstantElements(quantize.getScale()));
  auto zeroPoint = readIntegers(getConstantElements(quantize.getZeroPoint()));
  if (!scale || !zeroPoint || scale->size() != 1 || zeroPoint->size() != 1)
    return std::nullopt;
  auto [low, high] = quantize.getCodeRange();
  before = quantize.getInput();
  return TensorCodes{scale->front(), int32_t(zeroPoint->front()), int32_t(low), int32_t(high),
                     quantize.getCodeBits()};
}

namespace {
/// Values that depend on no input, and that the interpreter can tell.
class Constants {
public:
  explicit Constants(ModuleOp module) {
    module.walk([&](Operation *op) {
      bool known =
          op->getNumRegions() == 0 && !isa<onnx::NodeOp>(op) &&
          llvm::all_of(op->getOperands(), [&](Value operand) { return values.contains(operand); });
      if (known && op->getNumResults() == 1 && isa<RankedTensorType>(op->getResult(0).getType()))
        values.insert(op->getResult(0));
    });
  }
  bool contains(Value value) const { return values.contains(value); }

private:
  llvm::DenseSet<Value> values;
};

class Planner {
public:
  Planner(ModuleOp reference, ModuleOp quantized)
      : ofReference(reference), ofQuantized(quantized) {}
  llvm::Error plan(Operation *reference, Operation *quantized);
  std::vector<NodePlan> plans;

private:
  void addOperand(NodePlan &plan, unsigned index);
  void addRows(NodePlan &plan, qnn::GroupedLinearOp op);
  void describeWeight(NodePlan &plan);

  Constants ofReference, ofQuantized;
};
} // namespace

void Planner::addOperand(NodePlan &plan, unsigned index) {
  NodeOperand operand;
  Value ours = plan.reference->getOperand(index), theirs = plan.quantized->getOperand(index);
  operand.referenceValue = ours;
  operand.quantizedValue = theirs;
  operand.isConstant = ofReference.contains(ours) && ofQuantized.contains(theirs);
  if (!operand.isConstant) {
    operand.codes = codesOf(theirs, operand.quantizedValue);
    plan.canSplit &= isFloatTensor(ours) && isFloatTensor(operand.quantizedValue);
  }
  plan.operands.push_back(std::move(operand));
}

/// The weight that packed codes stand for, in place of the float one.
static HostTensor decode(qnn::GroupedLinearOp op, ArrayRef<int64_t> shape) {
  auto bytes = [](Value value) { return readBytes(getConstantElements(value)); };
  auto codes = bytes(op.getCodes()), scales = bytes(op.getScales());
  std::optional<std::vector<char>> points;
  if (op.getZeroPoints())
    points = bytes(op.getZeroPoints());
  numerics::GroupedWeights weights;
  weights.outputs = shape[0];
  weights.inputs = shape[1];
  weights.group = op.getGroup();
  weights.isSigned = op.getFormat().getIsSigned();
  weights.codes = reinterpret_cast<const uint8_t *>(codes->data());
  weights.scales = reinterpret_cast<const float *>(scales->data());
  if (points)
    weights.zeroPoints = reinterpret_cast<const int8_t *>(points->data());
  HostTensor result = HostTensor::zeros(DType::F32, shape);
  MutableArrayRef<float> values = result.mutableValues<float>();
  for (int64_t o = 0; o < shape[0]; ++o)
    for (int64_t i = 0; i < shape[1]; ++i)
      values[o * shape[1] + i] = weights.weight(o, i);
  return result;
}

void Planner::addRows(NodePlan &plan, qnn::GroupedLinearOp op) {
  auto linear = dyn_cast<LinearMapOpInterface>(plan.reference);
  plan.canSplit = linear && linear.getInputOperand().getOperandNumber() == 0;
  if (!plan.canSplit)
    return;
  for (OpOperand &operand : plan.reference->getOpOperands()) {
    NodeOperand entry;
    entry.referenceValue = entry.quantizedValue = operand.get();
    entry.isConstant = operand.getOperandNumber() > 0;
    if (entry.isConstant)
      plan.canSplit &= ofReference.contains(operand.get());
    else
      entry.quantizedValue = op.getInput();
    plan.operands.push_back(std::move(entry));
  }
  plan.weightGroup = op.getGroup();
  plan.weightBits = op.getFormat().getBits();
  plan.hasRows = op.getActivationBits() < 16;
  plan.rowBits = unsigned(op.getActivationBits());
  plan.rowClip = op.getClip();
  plan.rowGroup = op.getActivationGroups() ? op.getGroup() : 0;
}

llvm::Error quantc::loadConstants(NodePlan &plan) {
  auto grouped = dyn_cast<qnn::GroupedLinearOp>(plan.quantized);
  for (auto [index, operand] : llvm::enumerate(plan.operands)) {
    if (!operand.isConstant)
      continue;
    llvm::Expected<HostTensor> value = evaluateConstant(operand.referenceValue);
    if (!value)
      return value.takeError();
    operand.reference = std::move(*value);
    if (grouped && plan.weight == index) {
      operand.quantized = decode(grouped, operand.reference.shape());
    } else if (grouped) {
      operand.quantized = operand.reference;
    } else {
      llvm::Expected<HostTensor> stored = evaluateConstant(operand.quantizedValue);
      if (!stored)
        return stored.takeError();
      operand.quantized = std::move(*stored);
    }
    operand.isChanged = differ(operand.reference, operand.quantized);
  }
  return llvm::Error::success();
}

void quantc::dropConstants(NodePlan &plan) {
  for (NodeOperand &operand : plan.operands)
    operand.reference = operand.quantized = HostTensor();
}

/// Bits of a weight, and what shares a step.
void Planner::describeWeight(NodePlan &plan) {
  auto linear = dyn_cast<LinearMapOpInterface>(plan.reference);
  if (!linear)
    return;
  unsigned index = linear.getWeightOperand().getOperandNumber();
  if (index >= plan.operands.size() || !plan.operands[index].isConstant)
    return;
  plan.weight = index;
  plan.weightAxis = linear.getWeightOutputAxis();
  for (OpOperand &operand : plan.reference->getOpOperands())
    if (operand.get() == linear.getBiasValue() && operand.getOperandNumber() != index)
      plan.bias = operand.getOperandNumber();
  if (plan.weightBits > 0)
    return;
  Operation *maker = plan.quantized->getOperand(index).getDefiningOp();
  if (auto dequantize = dyn_cast_or_null<qnn::DequantizeOp>(maker)) {
    auto codes = readIntegers(getConstantElements(dequantize.getInput()));
    int64_t most = 1;
    for (int64_t code : codes.value_or(std::vector<int64_t>()))
      most = std::max<int64_t>(most, std::abs(code));
    plan.weightBits = std::min<unsigned>(llvm::Log2_64_Ceil(uint64_t(most) + 1) + 1, 16);
  } else if (auto decode = dyn_cast_or_null<qnn::DecodeOp>(maker)) {
    numerics::NumberFormat format = decode.getFormat().getFormat();
    plan.weightBits = format.bitsPerWeight(size_t(decode.getRows()), size_t(decode.getColumns()));
  }
}

llvm::Error Planner::plan(Operation *reference, Operation *quantized) {
  NodePlan plan;
  plan.reference = reference;
  plan.quantized = quantized;
  plan.name = getLocationNames(quantized->getLoc());
  if (plan.name.empty())
    plan.name = getNodeName(quantized);
  if (auto grouped = dyn_cast<qnn::GroupedLinearOp>(quantized)) {
    addRows(plan, grouped);
  } else {
    // Nodes that are no ops of ours have no codes of their own: all is upstream.
    plan.canSplit =
        !isa<onnx::NodeOp>(reference) && reference->getNumOperands() == quantized->getNumOperands();
    for (unsigned i = 0; plan.canSplit && i < reference->getNumOperands(); ++i)
      addOperand(plan, i);
  }
  describeWeight(plan);
  if (plan.canSplit) { // tells what changed
    if (llvm::Error error = loadConstants(plan))
      return error;
    dropConstants(plan);
  }
  plans.push_back(std::move(plan));
  return llvm::Error::success();
}

/// Rounding by data puts the mean of its error into a bias, also of a map that has none.
static void addZeroBias(Operation *reference, Operation *quantized) {
  auto ours = dyn_cast<LinearMapOpInterface>(reference);
  auto theirs = dyn_cast<LinearMapOpInterface>(quantized);
  if (!ours || !theirs || ours.getBiasValue() || !theirs.getBiasValue())
    return;
  auto type = dyn_cast<RankedTensorType>(theirs.getBiasValue().getType());
  if (!type || !type.getElementType().isF32() || !type.hasStaticShape())
    return;
  OpBuilder builder(reference);
  ours.setBiasValue(nn::ConstantOp::create(builder, reference->getLoc(), type,
                                           DenseElementsAttr::get(type, 0.0f)));
}

llvm::Expected<std::vector<NodePlan>> quantc::planNodes(ModuleOp reference, ModuleOp quantized) {
  llvm::StringMap<SmallVector<Operation *, 1>> byKey;
  reference.walk([&](Operation *op) {
    if (isNode(op))
      byKey[keyOf(op)].push_back(op);
  });
  llvm::StringMap<size_t> used;
  std::vector<std::pair<Operation *, Operation *>> pairs;
  quantized.walk([&](Operation *op) {
    if (!isNode(op))
      return;
    std::string key = keyOf(op);
    auto same = byKey.find(key);
    size_t index = used[key]++;
    if (same == byKey.end() || index >= same->second.size() ||
        same->second[index]->getResult(0).getType() != op->getResult(0).getType())
      return;
    addZeroBias(same->second[index], op);
    pairs.emplace_back(same->second[index], op);
  });
  Planner planner(reference, quantized); // knows the constants that were added
  for (auto [ours, theirs] : pairs)
    if (llvm::Error error = planner.plan(ours, theirs))
      return std::move(error);
  return std::move(planner.plans);
}
