//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// The interpreter; see Interpreter.h.
//
// `create` turns the function's single block into a list of steps over numbered slots, with the
// slots that nobody reads afterwards; `run` walks it. Constants stay in their slots between runs.
//
//===----------------------------------------------------------------------===//

#include "quantc/Reference/Interpreter.h"
#include "OpTable.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "quantc/Dialect/ONNX/Utils/Outline.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Interfaces/Weights.h"
#include "quantc/Reference/ElementTypes.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace quantc {

namespace {
struct Step {
  Operation *op;
  EvaluateFn evaluate;
  llvm::SmallVector<unsigned, 4> operands;
  unsigned firstResult;
  llvm::SmallVector<unsigned, 2> dead; ///< slots whose values end here
  NodeFn node;                         ///< in place of `evaluate`, for an ONNX node
};
} // namespace

struct Interpreter::Plan {
  func::FuncOp function;
  std::vector<Step> steps;
  std::vector<RuntimeValue> slots;
  std::vector<bool> isConstant; ///< by slot
  llvm::SmallVector<unsigned> results;
  Observer observer;

  llvm::Error checkInputs(llvm::ArrayRef<HostTensor> inputs) const;
  llvm::Error setResult(const Step &step, unsigned index, RuntimeValue result);
  llvm::Error runNode(const Step &step);
  llvm::Error runOp(const Step &step);
  llvm::Error runStep(const Step &step);
  void clear() {
    for (size_t i = 0; i < slots.size(); ++i)
      if (!isConstant[i])
        slots[i] = {};
  }
};

//===----------------------------------------------------------------------===//
// Preparation
//===----------------------------------------------------------------------===//

/// The bytes of an attribute without a copy; empty where they are not there as they are.
static ArrayRef<char> borrowBytes(ElementsAttr attr, size_t expected) {
  ArrayRef<char> bytes;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr)) {
    if (AsmResourceBlob *blob = resource.getRawHandle().getBlob())
      bytes = blob->getData();
  } else if (auto dense = dyn_cast<DenseElementsAttr>(attr);
             dense && !dense.isSplat() && !dense.getElementType().isInteger(1)) {
    bytes = dense.getRawData();
  }
  return bytes.size() >= expected ? bytes.take_front(expected) : ArrayRef<char>();
}

static llvm::Expected<RuntimeValue> readConstant(ElementsAttr attr) {
  auto type = dyn_cast<RankedTensorType>(attr.getShapedType());
  std::optional<DType> element = type ? hostType(type.getElementType()) : std::nullopt;
  if (!element)
    return makeError("expected a constant of a host type, but found " +
                     describeType(attr.getShapedType()));
  constexpr llvm::StringLiteral noData("expected a constant with its data, but found none: was the "
                                       "module printed without its weights?");
  if (isInteger(*element) && bitWidth(*element) < 8) {
    std::optional<std::vector<int64_t>> values = readIntegers(attr);
    if (!values)
      return makeError(noData);
    IntTensor tensor;
    tensor.shape = type.getShape().vec();
    tensor.data.assign(values->begin(), values->end());
    return RuntimeValue(std::move(tensor), *element);
  }
  std::optional<int64_t> size = storageBytes(*element, type.getShape());
  if (!size)
    return makeError("expected a constant that fits into memory, but found " + describeType(type));
  auto asBytes = [](ArrayRef<char> data) {
    return ArrayRef<uint8_t>(reinterpret_cast<const uint8_t *>(data.data()), data.size());
  };
  ArrayRef<char> borrowed = borrowBytes(attr, static_cast<size_t>(*size));
  llvm::Expected<HostTensor> tensor = HostTensor();
  if (!borrowed.empty()) {
    tensor = HostTensor::view(*element, type.getShape(), asBytes(borrowed), nullptr);
  } else {
    std::optional<std::vector<char>> copied = readBytes(attr);
    if (!copied)
      return makeError(noData);
    tensor = HostTensor::copyOf(*element, type.getShape(), asBytes(*copied));
  }
  if (!tensor)
    return tensor.takeError();
  return RuntimeValue(std::move(*tensor));
}

/// Why an op cannot be evaluated; empty if it can.
static std::string whyNot(Operation *op, const OpEntry *entry) {
  if (!entry)
    return "the interpreter has no evaluation for this op";
  for (Type type : llvm::concat<const Type>(op->getOperandTypes(), op->getResultTypes())) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !hostType(tensor.getElementType()))
      return "expected ranked tensors of host types, but found " + describeType(type);
    bool isF32 = tensor.getElementType().isF32();
    bool mustBe = entry->types == TypeRule::AllF32 ||
                  (entry->types == TypeRule::FloatF32 && isa<FloatType>(tensor.getElementType()));
    if (mustBe && !isF32)
      return "expected float tensors of float32, but found " + describeType(type);
  }
  return {};
}

static std::string describeOp(Operation *op) {
  return "node '" + getNodeName(op) + "' (" + op->getName().getStringRef().str() + ")";
}

namespace {
/// Builds a plan out of a function.
class Planner {
public:
  Planner(func::FuncOp function, const NodeCompiler &compileNode)
      : block(function.getBody().front()), compileNode(compileNode) {}

  llvm::Error build() {
    for (BlockArgument argument : block.getArguments())
      addSlot(argument);
    for (Operation &op : block.without_terminator())
      addOp(&op);
    if (!problems.empty())
      return makeError(llvm::join(problems, "\n"));
    for (Value value : block.getTerminator()->getOperands())
      results.push_back(slotOf.lookup(value));
    findDeadSlots();
    return llvm::Error::success();
  }

  std::vector<Step> steps;
  std::vector<RuntimeValue> slots;
  std::vector<bool> isConstant;
  llvm::SmallVector<unsigned> results;

private:
  void addSlot(Value value) {
    slotOf[value] = static_cast<unsigned>(slots.size());
    slots.emplace_back();
    isConstant.push_back(false);
  }

  void addOp(Operation *op) {
    if (op->hasTrait<OpTrait::ConstantLike>() && op->getNumResults() == 1)
      if (ElementsAttr attr = getConstantElements(op->getResult(0))) {
        addSlot(op->getResult(0));
        isConstant.back() = true;
        llvm::Expected<RuntimeValue> value = readConstant(attr);
        if (value)
          slots.back() = std::move(*value);
        else
          problems.push_back(describeOp(op) + ": " + toString(value.takeError()));
        return;
      }
    if (auto node = dyn_cast<onnx::NodeOp>(op); node && compileNode)
      return addNode(node);
    if (isa<onnx::NoneOp>(op))
      return addSlot(op->getResult(0)); // read by nodes alone, which hold a copy
    const OpEntry *entry = opTable().lookup(op);
    if (std::string reason = whyNot(op, entry); !reason.empty())
      problems.push_back(describeOp(op) + ": " + reason);
    Step step{op, entry ? entry->evaluate : nullptr, {}, static_cast<unsigned>(slots.size()), {},
              {}};
    for (Value operand : op->getOperands())
      step.operands.push_back(slotOf.lookup(operand));
    for (Value result : op->getResults())
      addSlot(result);
    steps.push_back(std::move(step));
  }

  void addNode(onnx::NodeOp node) {
    OwningOpRef<ModuleOp> module = ModuleOp::create(node.getLoc());
    onnx::OutlinedNode outlined = onnx::outlineNode(node, *module, "main");
    llvm::Expected<NodeFn> compiled = compileNode(*module);
    if (!compiled) {
      problems.push_back(describeOp(node) + ": " + toString(compiled.takeError()));
      compiled = NodeFn();
    }
    Step step{node, nullptr, {}, static_cast<unsigned>(slots.size()), {}, std::move(*compiled)};
    for (Value operand : outlined.operands)
      step.operands.push_back(slotOf.lookup(operand));
    for (Value result : node->getResults())
      addSlot(result);
    steps.push_back(std::move(step));
  }

  /// Walks backwards: the first step met that reads a slot is the last to do so.
  void findDeadSlots() {
    std::vector<bool> read(slots.size(), false);
    for (unsigned slot : results)
      read[slot] = true;
    for (Step &step : llvm::reverse(steps)) {
      auto end = [&](unsigned slot) {
        if (!read[slot] && !isConstant[slot])
          step.dead.push_back(slot);
        read[slot] = true;
      };
      for (unsigned i = 0; i < step.op->getNumResults(); ++i)
        end(step.firstResult + i);
      for (unsigned slot : step.operands)
        end(slot);
    }
  }

  Block &block;
  const NodeCompiler &compileNode;
  llvm::DenseMap<Value, unsigned> slotOf;
  std::vector<std::string> problems;
};
} // namespace

Interpreter::Interpreter(std::unique_ptr<Plan> plan) : plan(std::move(plan)) {}
Interpreter::Interpreter(Interpreter &&) = default;
Interpreter &Interpreter::operator=(Interpreter &&) = default;
Interpreter::~Interpreter() = default;

llvm::Expected<Interpreter> Interpreter::create(ModuleOp module, llvm::StringRef name,
                                                const NodeCompiler &compileNode) {
  auto function = module.lookupSymbol<func::FuncOp>(name);
  if (!function || function.isExternal())
    return makeError("expected a function '" + name + "' with a body, but found none");
  if (!llvm::hasSingleElement(function.getBody()))
    return makeError("expected function '" + name + "' to have one block, but found " +
                     Twine(function.getBody().getBlocks().size()));
  for (Type type : function.getArgumentTypes()) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !hostType(tensor.getElementType()))
      return makeError("expected inputs that are ranked tensors of host types, but found " +
                       describeType(type));
  }
  Planner planner(function, compileNode);
  if (llvm::Error error = planner.build())
    return std::move(error);
  auto plan = std::make_unique<Plan>();
  plan->function = function;
  plan->steps = std::move(planner.steps);
  plan->slots = std::move(planner.slots);
  plan->isConstant = std::move(planner.isConstant);
  plan->results = std::move(planner.results);
  return Interpreter(std::move(plan));
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

static bool fitsType(llvm::ArrayRef<int64_t> shape, DType dtype, RankedTensorType type) {
  return hostType(type.getElementType()) == dtype &&
         static_cast<int64_t>(shape.size()) == type.getRank() &&
         llvm::all_of(llvm::zip(shape, type.getShape()), [](auto pair) {
           return ShapedType::isDynamic(std::get<1>(pair)) ||
                  std::get<0>(pair) == std::get<1>(pair);
         });
}

llvm::Error Interpreter::Plan::checkInputs(llvm::ArrayRef<HostTensor> inputs) const {
  func::FuncOp op = function;
  if (inputs.size() != op.getNumArguments())
    return makeError("expected " + Twine(op.getNumArguments()) + " inputs, but found " +
                     Twine(inputs.size()));
  for (auto [index, input] : llvm::enumerate(inputs)) {
    auto type = cast<RankedTensorType>(op.getArgumentTypes()[index]);
    if (fitsType(input.shape(), input.dtype(), type))
      continue;
    auto name = op.getArgAttrOfType<StringAttr>(static_cast<unsigned>(index), "onnx.name");
    return makeError("input " + Twine(index) + (name ? " ('" + name.getValue() + "')" : Twine("")) +
                     ": expected " + describeType(type) + ", but found " + input.typeString());
  }
  return llvm::Error::success();
}

llvm::Error Interpreter::Plan::setResult(const Step &step, unsigned index, RuntimeValue result) {
  Value value = step.op->getResult(index);
  auto type = cast<RankedTensorType>(value.getType());
  if (!fitsType(result.shape(), result.dtype(), type))
    return makeError("expected a result of " + describeType(type) + ", but found " +
                     dtypeName(result.dtype()) + " " + shapeToString(result.shape()));
  RuntimeValue &slot = slots[step.firstResult + index];
  slot = std::move(result);
  return observer ? observer(value, slot.host()) : llvm::Error::success();
}

llvm::Error Interpreter::Plan::runNode(const Step &step) {
  std::vector<HostTensor> operands;
  for (unsigned slot : step.operands)
    operands.push_back(slots[slot].host());
  llvm::Expected<std::vector<HostTensor>> results = step.node(operands);
  if (!results)
    return results.takeError();
  size_t next = 0;
  for (OpResult value : step.op->getResults())
    if (!value.use_empty())
      if (llvm::Error error = setResult(step, value.getResultNumber(), (*results)[next++]))
        return error;
  return llvm::Error::success();
}

llvm::Error Interpreter::Plan::runOp(const Step &step) {
  llvm::SmallVector<const RuntimeValue *, 4> operands;
  for (unsigned slot : step.operands)
    operands.push_back(&slots[slot]);
  OpCall call{step.op, operands, {}};
  if (llvm::Error error = step.evaluate(call))
    return error;
  for (auto [index, result] : llvm::enumerate(call.results))
    if (llvm::Error error = setResult(step, index, std::move(result)))
      return error;
  return llvm::Error::success();
}

llvm::Error Interpreter::Plan::runStep(const Step &step) {
  if (llvm::Error error = step.node ? runNode(step) : runOp(step))
    return error;
  for (unsigned slot : step.dead)
    slots[slot] = {};
  return llvm::Error::success();
}

llvm::Expected<std::vector<HostTensor>> Interpreter::run(llvm::ArrayRef<HostTensor> inputs) {
  if (llvm::Error error = plan->checkInputs(inputs))
    return std::move(error);
  for (auto [slot, input] : llvm::enumerate(inputs))
    plan->slots[slot] = RuntimeValue(input);
  for (const Step &step : plan->steps)
    if (llvm::Error error = plan->runStep(step)) {
      plan->clear();
      return addContext(describeOp(step.op), std::move(error));
    }
  std::vector<HostTensor> results;
  for (unsigned slot : plan->results)
    results.push_back(plan->slots[slot].host());
  plan->clear();
  return results;
}

void Interpreter::setObserver(Observer observer) { plan->observer = std::move(observer); }
Operation *Interpreter::getFunction() const { return plan->function; }

} // namespace quantc
