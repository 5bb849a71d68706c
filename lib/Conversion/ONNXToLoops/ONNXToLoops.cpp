//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// convert-onnx-to-loops: the table of lowerings, and the walk over functions and bodies.
//
// Legal afterwards: arith, func, memref, scf.
//
//===----------------------------------------------------------------------===//

#include "quantc/Conversion/ONNXToLoops/ONNXToLoops.h"
#include "Destinations.h"
#include "Lifetimes.h"
#include "NodeLowering.h"
#include "Outline.h"
#include "quantc/Dialect/ONNX/Utils/NodeForms.h"
#include "quantc/Dialect/ONNX/Utils/RequiredInputs.h"
#include "quantc/Interfaces/NodeName.h"
#include "llvm/ADT/StringMap.h"

namespace quantc {
#define GEN_PASS_DEF_CONVERTONNXTOLOOPS
#include "quantc/Conversion/ONNXToLoops/Passes.h.inc"
} // namespace quantc

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;
using namespace quantc::toloops;

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

using Table = llvm::StringMap<SmallVector<LoweringRow, 1>>;

static std::string key(StringRef domain, StringRef opType) { return (domain + ":" + opType).str(); }

static const Table &loweringTable() {
  static const Table table = [] {
    Table entries;
    for (ArrayRef<LoweringRow> family :
         {attentionLowerings(),     castingLowerings(),         contractionLowerings(),
          controlLowerings(),       cumulativeLowerings(),      detectionLowerings(),
          einsumLowerings(),        elementwiseLowerings(),     flexAttentionLowerings(),
          generationLowerings(),    linearAttentionLowerings(), lossesLowerings(),
          placementLowerings(),     samplingLowerings(),        movementLowerings(),
          normalizationLowerings(), poolingLowerings(),         randomLowerings(),
          recurrentLowerings(),     reductionLowerings(),       resamplingLowerings(),
          scatterLowerings(),       selectionLowerings(),       signalLowerings(),
          tfIdfLowerings()})
      for (const LoweringRow &row : family)
        entries[key(row.domain, row.opType)].push_back(row);
    return entries;
  }();
  return table;
}

std::vector<LoopsOp> quantc::loopsOps() {
  std::vector<LoopsOp> ops;
  for (const auto &entry : loweringTable())
    for (const LoweringRow &row : entry.second)
      ops.push_back({row.domain, row.opType, row.firstOpset, row.lastOpset});
  llvm::sort(ops, [](const LoopsOp &a, const LoopsOp &b) {
    return std::tie(a.domain, a.opType, a.firstOpset) < std::tie(b.domain, b.opType, b.firstOpset);
  });
  return ops;
}

static FailureOr<Lowering> findLowering(NodeLowering &n) {
  auto entry = loweringTable().find(key(n.node.getNormalizedDomain(), n.node.getOpType()));
  if (entry == loweringTable().end())
    return n.refuse(Refusal::UnknownOp, "there are no loops for this op");
  for (const LoweringRow &row : entry->second)
    if (n.opset() >= row.firstOpset && n.opset() <= row.lastOpset)
      return row.lower;
  return n.refuse(Refusal::Opset, "expected opset " + Twine(entry->second.front().firstOpset) +
                                      " to " + Twine(entry->second.back().lastOpset));
}

//===----------------------------------------------------------------------===//
// The walk
//===----------------------------------------------------------------------===//

namespace {
/// Lowers one function.
class Conversion {
public:
  Conversion(ModuleOp module, func::FuncOp source, std::vector<std::string> &messages,
             const LoopsConversion &options)
      : source(source), module(module), e(module, OpBuilder(source), source.getLoc()),
        messages(messages), options(options) {
    e.messages = messages;
  }

  LogicalResult run();

private:
  LogicalResult addArguments(SmallVectorImpl<Type> &types, SmallVectorImpl<Attribute> &attributes);
  LogicalResult lowerOp(Operation &op);
  LogicalResult lowerNode(NodeOp node);
  void tellResults(NodeOp node);
  LogicalResult lowerOps(Block &block);
  void addRange(StringRef name, Operation *before);
  FailureOr<SmallVector<Tensor>> lowerBody(Region &body, ArrayRef<Tensor> arguments);

  func::FuncOp source;
  ModuleOp module;
  Emitter e;
  std::vector<std::string> &messages;
  const LoopsConversion &options;
  Scope scope;
  func::FuncOp target;
  SmallVector<NodeOps> ranges; ///< of the nodes of the function's own block
};
} // namespace

static FailureOr<MemRefType> bufferType(Location loc, Type type, const Twine &what) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  std::optional<DType> element = tensor ? dtypeOf(tensor.getElementType()) : std::nullopt;
  if (!element)
    return emitError(loc) << what.str()
                          << ": expected a tensor of numbers with a known rank, but found " << type;
  return MemRefType::get(tensor.getShape(), storageType(*element, type.getContext()));
}

static DType elementOf(Type tensor) {
  return *dtypeOf(cast<RankedTensorType>(tensor).getElementType());
}

static DictionaryAttr describe(MLIRContext *context, DType type, StringRef name,
                               ElementsAttr constant = {}) {
  Builder builder(context);
  SmallVector<NamedAttribute> attributes = {
      builder.getNamedAttr(loopsTypeAttr, builder.getI32IntegerAttr(onnxCode(type))),
      builder.getNamedAttr(loopsNameAttr, builder.getStringAttr(name))};
  if (constant)
    attributes.push_back(builder.getNamedAttr(loopsConstantAttr, constant));
  return builder.getDictionaryAttr(attributes);
}

static bool isConstantOfNumbers(ConstantOp op) {
  return dtypeOf(op.getType().getElementType()).has_value();
}

LogicalResult Conversion::addArguments(SmallVectorImpl<Type> &types,
                                       SmallVectorImpl<Attribute> &attributes) {
  for (BlockArgument argument : source.getArguments()) {
    auto name = source.getArgAttrOfType<StringAttr>(argument.getArgNumber(), nameAttr);
    StringRef text = name ? name.getValue() : "";
    auto type = bufferType(source.getLoc(), argument.getType(), "input '" + text + "'");
    if (failed(type))
      return failure();
    types.push_back(*type);
    attributes.push_back(describe(source.getContext(), elementOf(argument.getType()), text));
  }
  source.walk([&](ConstantOp op) {
    if (!isConstantOfNumbers(op))
      return;
    types.push_back(*bufferType(op.getLoc(), op.getType(), op.getName()));
    attributes.push_back(
        describe(source.getContext(), elementOf(op.getType()), op.getName(), op.getValue()));
  });
  return success();
}

void Conversion::tellResults(NodeOp node) {
  for (Value result : node.getResults()) {
    auto found = scope.tensors.find(result);
    if (!options.onResult || found == scope.tensors.end())
      continue;
    SmallVector<int64_t> sizes;
    for (const Index &size : found->second.dims())
      sizes.push_back(size.constant().value_or(-1));
    options.onResult(result, found->second.type(), sizes);
  }
}

LogicalResult Conversion::lowerNode(NodeOp node) {
  e.loc = node.getLoc();
  e.nodeName = describeNode(node);
  auto lower = [&](Region &body, ArrayRef<Tensor> arguments) { return lowerBody(body, arguments); };
  NodeLowering n(node, e, scope, lower);
  for (auto [index, input] : llvm::enumerate(node.getInputs()))
    if (!isa<NoneType>(input.getType()) && !scope.tensors.contains(input)) {
      (void)n.refuse(Refusal::ElementType,
                     "input " + Twine(index) + " is no tensor of numbers with a known rank");
      break;
    }
  FailureOr<Lowering> lowering = findLowering(n);
  if (succeeded(lowering) && node.getNormalizedDomain().empty())
    (void)n.reader.expectInputs(onnx::requiredInputs(node.getOpType(), node.getOpset()), ~0u);
  if (succeeded(lowering) && !n.failed() && succeeded((*lowering)(n)) && !n.failed()) {
    tellResults(node);
    return success();
  }
  const auto &[kind, text] = n.reader.refusal().value_or(
      std::pair(Refusal::Operand, std::string("a node in its body is refused")));
  return node.emitError() << describeNode(node) << ": " << refusalText(kind) << ": " << text;
}

LogicalResult Conversion::lowerOp(Operation &op) {
  if (scope.lowered.contains(&op))
    return success();
  if (auto node = dyn_cast<NodeOp>(op))
    return lowerNode(node);
  if (isa<NoneOp, ReturnOp, func::ReturnOp>(op))
    return success();
  if (auto constant = dyn_cast<ConstantOp>(op); constant && isConstantOfNumbers(constant))
    return success(); // an argument already
  return op.emitError() << "expected dense tensors of numbers, but found '" << op.getName() << "'";
}

LogicalResult Conversion::lowerOps(Block &block) {
  // A refused node leaves its results unknown; what needs them is not looked at.
  bool good = true, top = block.getParent() == &source.getBody();
  for (Operation &op : block) {
    if (!good && llvm::any_of(op.getOperands(), [&](Value operand) {
          return !isa<NoneType>(operand.getType()) && !scope.tensors.contains(operand);
        }))
      continue;
    Operation *last =
        top ? e.b.getInsertionBlock()->empty() ? nullptr : &e.b.getInsertionBlock()->back()
            : nullptr;
    good &= succeeded(lowerOp(op));
    if (auto node = dyn_cast<NodeOp>(op); node && top)
      addRange(node.getOpType(), last);
  }
  return success(good);
}

/// Remembers the ops behind `before`, if any.
void Conversion::addRange(StringRef name, Operation *before) {
  Block *block = e.b.getInsertionBlock();
  if (block->empty() || before == &block->back())
    return;
  Operation *first = before ? before->getNextNode() : &block->front();
  ranges.push_back({name.str(), first, &block->back()});
}

FailureOr<SmallVector<Tensor>> Conversion::lowerBody(Region &body, ArrayRef<Tensor> arguments) {
  Block &block = body.front();
  for (auto [argument, tensor] : llvm::zip(block.getArguments(), arguments))
    scope.tensors[argument] = tensor;
  std::string name = e.nodeName;
  Location loc = e.loc;
  if (failed(lowerOps(block)))
    return failure();
  e.nodeName = name;
  e.loc = loc;
  SmallVector<Tensor> results;
  for (Value result : block.getTerminator()->getOperands()) {
    if (!scope.tensors.contains(result))
      return emitError(loc) << name << ": a result of its body is no tensor of numbers";
    results.push_back(scope.tensors.lookup(result));
  }
  return results;
}

LogicalResult Conversion::run() {
  SmallVector<Type> types;
  SmallVector<Attribute> attributes;
  if (failed(addArguments(types, attributes)))
    return failure();
  target =
      func::FuncOp::create(e.b, source.getLoc(), source.getName(), e.b.getFunctionType(types, {}));
  target.setAllArgAttrs(attributes);
  Block *entry = target.addEntryBlock();
  e.b.setInsertionPointToStart(entry);
  unsigned next = 0;
  for (BlockArgument argument : source.getArguments())
    scope.tensors[argument] = Tensor(e, entry->getArgument(next++), elementOf(argument.getType()));
  source.walk([&](ConstantOp op) {
    if (!isConstantOfNumbers(op))
      return;
    scope.tensors[op.getResult()] = Tensor(e, entry->getArgument(next++), elementOf(op.getType()));
    scope.constants[op.getResult()] = op.getValue();
  });
  Block &block = source.getBody().front();
  if (failed(lowerOps(block))) {
    target.erase();
    return failure();
  }
  SmallVector<Value> results;
  SmallVector<Attribute> resultAttributes;
  for (auto [index, value] : llvm::enumerate(block.getTerminator()->getOperands())) {
    auto name = source.getResultAttrOfType<StringAttr>(index, nameAttr);
    if (!scope.tensors.contains(value))
      return source.emitError() << "output " << index << " is no tensor of numbers";
    Tensor tensor = scope.tensors.lookup(value);
    results.push_back(tensor.memref());
    resultAttributes.push_back(
        describe(source.getContext(), tensor.type(), name ? name.getValue() : ""));
  }
  func::ReturnOp::create(e.b, source.getLoc(), results);
  target.setType(e.b.getFunctionType(types, ValueRange(results).getTypes()));
  target.setAllResultAttrs(resultAttributes);
  messages = e.messages;
  SmallVector<Type> resultTypes(source.getResultTypes());
  source.erase();
  endLifetimes(target, ranges);
  if (options.outlineNodes)
    outline(target, ranges);
  return options.destinations ? writeToArguments(target, module, resultTypes, e.nodeName)
                              : success();
}

/// Constant nodes (those in bodies: folding takes the others) become initializers.
static void replaceConstantNodes(ModuleOp module) {
  module.walk([](NodeOp node) {
    if (!node.isOp("Constant") || node.getNumResults() != 1)
      return;
    NodeReader reader(node);
    FailureOr<ElementsAttr> value = readConstant(reader);
    if (failed(value) || !dtypeOf(value->getElementType()))
      return;
    OpBuilder builder(node);
    auto constant = ConstantOp::create(builder, node.getLoc(), value->getType(),
                                       builder.getStringAttr(node.getResultName(0)), *value,
                                       /*is_input=*/UnitAttr(), ValueInfoAttr(), DictionaryAttr());
    node.getResult(0).replaceAllUsesWith(constant.getResult());
    node.erase();
  });
}

LogicalResult quantc::convertONNXToLoops(ModuleOp module, const LoopsConversion &options) {
  std::vector<std::string> messages;
  replaceConstantNodes(module);
  for (auto function : llvm::make_early_inc_range(module.getOps<func::FuncOp>()))
    if (!function.getBody().empty() &&
        failed(Conversion(module, function, messages, options).run()))
      return failure();
  for (FunctionOp function : llvm::make_early_inc_range(module.getOps<FunctionOp>()))
    function.erase();
  SmallVector<StringRef> texts(messages.begin(), messages.end());
  module->setAttr(loopsMessagesAttr, Builder(module.getContext()).getStrArrayAttr(texts));
  return success();
}

namespace {
struct ConvertPass : quantc::impl::ConvertONNXToLoopsBase<ConvertPass> {
  using ConvertONNXToLoopsBase::ConvertONNXToLoopsBase;
  void runOnOperation() override {
    LoopsConversion options;
    options.outlineNodes = outlineNodes;
    options.destinations = destinations;
    if (failed(convertONNXToLoops(getOperation(), options)))
      signalPassFailure();
  }
};
} // namespace
