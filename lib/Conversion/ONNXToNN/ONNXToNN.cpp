//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// convert-onnx-to-nn: finds the handler of each node, in order, and collects all refusals.
//
// Legal afterwards: func, nn, qnn. Nodes are replaced one by one; a refused node stays, and nodes
// behind it are still looked at where its result type is known, so that one run names every
// problem. `convertSupportedONNXToNN` goes on around them, and with `keepNodes` those stay whose
// results have known sizes (docs/Nodes.md): then `onnx.node` stays legal.
//
//===----------------------------------------------------------------------===//

#include "quantc/Conversion/ONNXToNN/ONNXToNN.h"
#include "NodeConverter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "quantc/Dialect/ONNX/Utils/Outline.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Interfaces/Weights.h"
#include "llvm/ADT/StringMap.h"

namespace quantc {
#define GEN_PASS_DEF_CONVERTONNXTONN
#include "quantc/Conversion/ONNXToNN/Passes.h.inc"
} // namespace quantc

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

using Table = llvm::StringMap<SmallVector<HandlerRow, 1>>;

static std::string tableKey(StringRef domain, StringRef opType) {
  return (domain + ":" + opType).str();
}

static const Table &handlerTable() {
  static const Table table = [] {
    Table entries;
    for (ArrayRef<HandlerRow> family :
         {elementwiseRows(), linearRows(), movementRows(), normalizationRows(), packedRows(),
          poolingRows(), quantizationRows()})
      for (const HandlerRow &row : family)
        entries[tableKey(row.domain, row.opType)].push_back(row);
    return entries;
  }();
  return table;
}

std::vector<SupportedOp> quantc::supportedONNXOps() {
  std::vector<SupportedOp> ops;
  for (const auto &entry : handlerTable())
    for (const HandlerRow &row : entry.second)
      if (row.domain.empty())
        ops.push_back({row.opType, row.firstOpset, row.lastOpset});
  llvm::sort(ops, [](const SupportedOp &a, const SupportedOp &b) {
    return std::tie(a.opType, a.firstOpset) < std::tie(b.opType, b.firstOpset);
  });
  return ops;
}

/// The handler for the node's op and opset.
static FailureOr<Handler> findHandler(NodeReader &reader) {
  NodeOp node = reader.node();
  auto entry = handlerTable().find(tableKey(node.getNormalizedDomain(), node.getOpType()));
  if (entry == handlerTable().end())
    return reader.refuse(Refusal::UnknownOp, "there is no conversion for this op");
  for (const HandlerRow &row : entry->second)
    if (reader.opset() >= row.firstOpset && reader.opset() <= row.lastOpset)
      return row.handler;
  return reader.refuse(Refusal::Opset, "expected opset " + Twine(entry->second.front().firstOpset) +
                                           " to " + Twine(entry->second.back().lastOpset));
}

//===----------------------------------------------------------------------===//
// The walk
//===----------------------------------------------------------------------===//

namespace {
class Conversion {
public:
  using Leave = llvm::function_ref<bool(NodeOp)>;
  explicit Conversion(bool keepsGoing = false, bool keepNodes = false, Leave leave = nullptr,
                      bool anyFloats = false)
      : keepsGoing(keepsGoing), keepNodes(keepNodes), leave(leave), anyFloats(anyFloats) {}

  void run(func::FuncOp function);

  SmallVector<UnsupportedNode> unsupported;

private:
  void convert(NodeOp node);
  void refuse(NodeReader &reader);
  void report(NodeReader &reader,
              std::optional<std::pair<Refusal, std::string>> reason = std::nullopt);
  void reportLeftOver(Operation &op);

  bool keepsGoing; ///< Refused nodes are collected only, and the function is finished around them.
  bool keepNodes;  ///< Nodes without a form in `nn` stay.
  Leave leave;
  bool anyFloats; ///< Operands may be other floats than float32.
};
} // namespace

void Conversion::report(NodeReader &reader, std::optional<std::pair<Refusal, std::string>> reason) {
  if (!reason)
    reason = reader.refusal().value_or(std::pair(Refusal::Operand, std::string("unknown reason")));
  const auto &[kind, text] = *reason;
  std::string name = describeNode(reader.node());
  if (!keepsGoing)
    reader.node().emitError() << name << ": " << refusalText(kind) << ": " << text;
  unsupported.push_back({name, kind, text, reader.node().getLoc()});
}

/// The refused node whose result is an operand of a type that is not known: then `node` cannot be
/// judged. Null when there is none.
static NodeOp missedInput(NodeOp node) {
  for (Value input : node.getInputs())
    if (auto producer = input.getDefiningOp<NodeOp>();
        producer && isa<UnknownType>(input.getType()))
      return producer;
  return {};
}

/// The node stays, or is an error.
void Conversion::refuse(NodeReader &reader) {
  if (!keepNodes)
    report(reader);
  else if (auto reason = whyNotKept(reader.node()))
    report(reader, reason);
}

/// Whether a value is neither float32 nor codes of 8 bits: ids, masks, shapes, other floats. `nn`
/// is algebra of float32.
static bool isForeign(Value value) {
  auto tensor = dyn_cast<TensorType>(value.getType());
  return tensor && !tensor.getElementType().isF32() && !tensor.getElementType().isInteger(8) &&
         !getConstantElements(value);
}

static bool touchesForeign(NodeOp node) {
  return llvm::any_of(node.getInputs(), isForeign) || llvm::any_of(node.getResults(), isForeign);
}

void Conversion::convert(NodeOp node) {
  if (leave && leave(node))
    return;
  // What the node becomes remembers its type: exclusions name it.
  node->setLoc(FusedLoc::get(node.getContext(), {node->getLoc()},
                             StringAttr::get(node.getContext(), node.getOpType())));
  NodeConverter converter(node, anyFloats);
  FailureOr<Handler> handler = findHandler(converter.reader);
  if (failed(handler))
    return refuse(converter.reader);
  if (keepNodes && touchesForeign(node) && !whyNotKept(node))
    return;
  if (NodeOp producer = missedInput(node)) {
    if (!keepsGoing)
      return;
    (void)converter.reader.refuse(Refusal::Rank, "the type of a result of '" +
                                                     getNodeLabel(producer) + "' is not known");
    return report(converter.reader);
  }
  if (node.getNumResults() == 0) {
    (void)converter.reader.refuse(Refusal::Output, "expected an output, but found none");
    return report(converter.reader);
  }
  Result value = (*handler)(converter);
  if (failed(value) || failed(converter.reader.expectOneOutput()))
    return refuse(converter.reader);
  // No kernel converts between numbers of 8 bits and floats: loops do.
  if (auto cast = value->getDefiningOp<nn::CastOp>(); cast && keepNodes && !whyNotKept(node))
    return cast.erase();
  node.getResult(0).replaceAllUsesWith(*value);
  node.erase();
}

/// Initializers become constants of `nn`; they share the attribute, and a blob with it.
static void convertConstants(Block &block) {
  for (ConstantOp constant : llvm::make_early_inc_range(block.getOps<ConstantOp>())) {
    if (!constant.getValue().getElementType().isIntOrFloat())
      continue; // strings: whoever uses them is refused
    OpBuilder builder(constant);
    auto replacement =
        nn::ConstantOp::create(builder, constant.getLoc(), constant.getType(), constant.getValue());
    constant.replaceAllUsesWith(replacement.getResult());
    constant.erase();
  }
}

static void eraseUnused(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op))
      op.erase();
}

/// Whatever else of the imported dialect is still used: sparse or string initializers, absent
/// values, types that are no tensors.
void Conversion::reportLeftOver(Operation &op) {
  if (!isa_and_nonnull<ONNXDialect>(op.getDialect()) || isa<NodeOp>(op) ||
      (keepNodes && isa<NoneOp>(op)))
    return;
  std::string name = "'" + op.getName().getStringRef().str() + "'";
  op.emitError() << name << ": " << refusalText(Refusal::ElementType)
                 << ": expected dense tensors of numbers";
  unsupported.push_back(
      {name, Refusal::ElementType, "expected dense tensors of numbers", op.getLoc()});
}

void Conversion::run(func::FuncOp function) {
  if (function.getBody().empty())
    return;
  Block &block = function.getBody().front();
  eraseUnused(block);
  convertConstants(block);
  for (NodeOp node : llvm::make_early_inc_range(block.getOps<NodeOp>()))
    convert(node);
  if (!unsupported.empty() && !keepsGoing)
    return;
  eraseUnused(block);
  if (!keepsGoing)
    for (Operation &op : block)
      reportLeftOver(op);
  function.setType(FunctionType::get(function.getContext(), block.getArgumentTypes(),
                                     block.getTerminator()->getOperandTypes()));
  function->removeAttr(valueInfoAttr); // names of values that are gone
}

LogicalResult quantc::convertONNXToNN(ModuleOp module,
                                      SmallVectorImpl<UnsupportedNode> *unsupported,
                                      bool keepNodes) {
  module.getContext()->loadDialect<nn::NNDialect, qnn::QNNDialect>();
  Conversion conversion(/*keepsGoing=*/false, keepNodes);
  for (auto function : module.getOps<func::FuncOp>())
    conversion.run(function);
  if (unsupported)
    unsupported->append(conversion.unsupported.begin(), conversion.unsupported.end());
  if (!conversion.unsupported.empty())
    return failure();
  for (FunctionOp function : llvm::make_early_inc_range(module.getOps<FunctionOp>()))
    function.erase(); // no node calls them any more
  if (module.walk([](qnn::QuantizeOp) { return WalkResult::interrupt(); }).wasInterrupted())
    module->setAttr(qnn::quantizedInFileAttr, UnitAttr::get(module.getContext()));
  return success();
}

SmallVector<UnsupportedNode>
quantc::convertSupportedONNXToNN(ModuleOp module, llvm::function_ref<bool(NodeOp)> leave,
                                 bool anyFloats) {
  module.getContext()->loadDialect<nn::NNDialect, qnn::QNNDialect>();
  Conversion conversion(/*keepsGoing=*/true, /*keepNodes=*/false, leave, anyFloats);
  for (auto function : module.getOps<func::FuncOp>())
    conversion.run(function);
  return std::move(conversion.unsupported);
}

namespace {
struct ConvertPass : quantc::impl::ConvertONNXToNNBase<ConvertPass> {
  using ConvertONNXToNNBase::ConvertONNXToNNBase;
  void runOnOperation() override {
    if (failed(convertONNXToNN(getOperation(), nullptr, keepNodes)))
      signalPassFailure();
  }
};
} // namespace
