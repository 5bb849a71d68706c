//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `qnn-insert-observers`: chooses the ops that become integer, fuses clamps and unary chains with
// what they follow, and puts an observer on each tensor that is left between two of them.
//
//===----------------------------------------------------------------------===//

#include "Nodes.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Dialect/QNN/Transforms/NodeBits.h"
#include "quantc/Dialect/QNN/Transforms/Passes.h"
#include "quantc/Interfaces/Weights.h"
#include "quantc/Support/Errors.h"
#include "quantc/Support/Suggest.h"
#include "llvm/ADT/StringExtras.h"
#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace quantc;
using namespace quantc::qnn;

llvm::Error qnn::checkOptions(const QuantizeOptions &options) {
  if (!(options.percentile > 0 && options.percentile <= 100))
    return makeError("expected a percentile in (0, 100], but found " +
                     std::to_string(options.percentile));
  if (!(options.averagingConstant > 0 && options.averagingConstant <= 1))
    return makeError("expected an averaging constant in (0, 1], but found " +
                     std::to_string(options.averagingConstant));
  if (options.weightBits < 1 || options.weightBits > 16)
    return makeError("expected 1 to 16 weight bits, but found " + Twine(options.weightBits));
  if (options.activationBits < 1 || options.activationBits > 16)
    return makeError("expected 1 to 16 activation bits, but found " +
                     Twine(options.activationBits));
  if (llvm::Error error = parseNodeBits(options.nodeBits).takeError())
    return error;
  return Exclusions::create(options.exclude).takeError();
}

namespace {
class ObserverInsertion {
public:
  ObserverInsertion(ModuleOp module, const QuantizeOptions &options, Exclusions exclusions)
      : module(module), options(options), exclusions(std::move(exclusions)), names(module),
        nodeBits(llvm::cantFail(parseNodeBits(options.nodeBits))) {}

  LogicalResult run();

private:
  std::vector<std::string> idleNodeBits() const;

  /// What may follow an op as a part of it.
  enum class Group { Arithmetic, UnaryChain, Moving };

  void choose();
  void leaveMasks();
  void storeLast();
  bool mixesInputs(QuantizableOpInterface op) const;
  bool isChosen(Operation *op) const { return chosen.contains(op); }
  bool hasChosenUser(Value value) const {
    return llvm::any_of(value.getUsers(), [&](Operation *user) { return isChosen(user); });
  }
  void classify(QuantizableOpInterface op);
  bool isInternal(QuantizableOpInterface op) const;
  void visit(QuantizableOpInterface op);
  void observeOperand(Value value);
  void observeResult(QuantizableOpInterface op);
  ObserveOp insertBehind(Value value);
  IntFormatAttr formatOf(Value value, StringRef name);

  ModuleOp module;
  const QuantizeOptions &options;
  Exclusions exclusions;
  ValueNames names;
  /// Widths of single nodes; `options` were checked.
  llvm::StringMap<NodeBits> nodeBits;
  llvm::StringSet<> seenNodes;
  /// In the order of the module.
  SmallVector<QuantizableOpInterface> order;
  DenseSet<Operation *> chosen;
  DenseMap<Operation *, Group> groups;
};
} // namespace

/// Whether the op puts values of the graph's inputs, moved only, beside computed ones. In float it
/// would be neither before nor behind the integer ops.
bool ObserverInsertion::mixesInputs(QuantizableOpInterface op) const {
  bool inputs = false, computed = false;
  SmallVector<Value> pending;
  auto add = [&](QuantizableOpInterface mover) {
    for (auto [index, operand] : llvm::enumerate(mover->getOperands()))
      if (mover.getOperandRole(index) == OperandRole::Activation)
        pending.push_back(operand);
  };
  add(op);
  while (!pending.empty()) {
    Value value = pending.pop_back_val();
    inputs |= isa<BlockArgument>(value);
    auto producer = dyn_cast_or_null<QuantizableOpInterface>(value.getDefiningOp());
    if (!producer || !isChosen(producer))
      continue;
    if (movesValues(producer))
      add(producer);
    else
      computed = true;
  }
  return inputs && computed;
}

/// What moves values last stores codes like any other result.
void ObserverInsertion::storeLast() {
  for (QuantizableOpInterface op : order)
    if (movesValues(op) && !hasChosenUser(op->getResult(0)))
      op->setAttr(storedAttr, UnitAttr::get(op->getContext()));
}

/// What a mask adds to scores that a softmax must not see: no activation comes near, and a scale
/// that holds it holds nothing else.
static constexpr float maskMagnitude = 1e4f;

static bool holdsMask(Value value) {
  std::optional<std::vector<float>> values = readFloats(getConstantElements(value));
  return values && llvm::any_of(*values, [](float x) { return std::fabs(x) >= maskMagnitude; });
}

/// Ops with such a constant stay float, and those behind them that still carry it.
void ObserverInsertion::leaveMasks() {
  DenseSet<Value> masks;
  for (QuantizableOpInterface op : order) {
    if (isa<LinearMapOpInterface>(*op) || llvm::none_of(op->getOperands(), [&](Value operand) {
          return masks.contains(operand) || holdsMask(operand);
        }))
      continue;
    masks.insert(op->getResult(0));
    chosen.erase(op);
  }
  llvm::erase_if(order, [&](QuantizableOpInterface op) { return !isChosen(op); });
}

/// Ops that only move values toward the float world are left to it: a linear map in front of them
/// then keeps its 32-bit results.
void ObserverInsertion::choose() {
  module.walk([&](Operation *op) {
    if (exclusions.matches(op)) {
      if (isa<QuantizableOpInterface>(op))
        op->setAttr(stayFloatAttr, UnitAttr::get(op->getContext()));
      return;
    }
    if (QuantizableOpInterface candidate = asQuantizable(op)) {
      order.push_back(candidate);
      chosen.insert(op);
    }
  });
  leaveMasks();
  if (options.quantizeOutputs) {
    storeLast();
    return;
  }
  for (QuantizableOpInterface op : llvm::reverse(order))
    if (movesValues(op) && !hasChosenUser(op->getResult(0)) && !mixesInputs(op))
      chosen.erase(op);
  llvm::erase_if(order, [&](QuantizableOpInterface op) { return !isChosen(op); });
  storeLast();
}

void ObserverInsertion::classify(QuantizableOpInterface op) {
  if (movesValues(op)) {
    groups[op] = Group::Moving;
    return;
  }
  if (!isUnary(op)) {
    groups[op] = Group::Arithmetic;
    return;
  }
  auto producer = op->getOperand(0).getDefiningOp<QuantizableOpInterface>();
  bool joins = producer && isChosen(producer) && isInternal(producer);
  groups[op] = joins ? groups.lookup(producer) : Group::UnaryChain;
}

/// Whether the op's result stays inside a group of fused ops.
bool ObserverInsertion::isInternal(QuantizableOpInterface op) const {
  Value result = op->getResult(0);
  if (!result.hasOneUse() || !isChosen(*result.getUsers().begin()))
    return false;
  auto user = cast<QuantizableOpInterface>(*result.getUsers().begin());
  switch (groups.lookup(op)) {
  case Group::Arithmetic:
    return user.getClampBounds().has_value();
  case Group::UnaryChain:
    return isUnary(user);
  case Group::Moving:
    return false;
  }
  return false;
}

/// The width given for the tensor, or for one of the ops that are fused into the one that makes it.
IntFormatAttr ObserverInsertion::formatOf(Value value, StringRef name) {
  unsigned bits = options.activationBits;
  auto use = [&](StringRef node) {
    auto found = nodeBits.find(node);
    if (found != nodeBits.end() && found->second.activation != 0)
      bits = found->second.activation;
  };
  use(name);
  for (Operation *op = value.getDefiningOp(); op; op = op->getOperand(0).getDefiningOp()) {
    use(getLocationName(op->getLoc()));
    auto quantizable = dyn_cast<QuantizableOpInterface>(op);
    if (!quantizable || !isUnary(quantizable) || !op->getOperand(0).hasOneUse())
      break;
  }
  return IntFormatAttr::get(module.getContext(), bits, options.activationSigned,
                            options.activationSymmetric, /*narrow=*/false);
}

ObserveOp ObserverInsertion::insertBehind(Value value) {
  OpBuilder builder(module.getContext());
  builder.setInsertionPointAfterValue(value);
  std::string name = names.next(value);
  return ObserveOp::create(builder, value.getLoc(), value.getType(), value,
                           builder.getStringAttr(name), formatOf(value, name), StatisticsAttr());
}

/// The statistics of a constant operand need no data.
static StatisticsAttr constantStatistics(Value value) {
  std::optional<std::vector<float>> values = readFloats(getConstantElements(value));
  if (!values || values->empty() ||
      !llvm::all_of(*values, [](float x) { return std::isfinite(x); }))
    return {};
  auto [lo, hi] = std::minmax_element(values->begin(), values->end());
  return StatisticsAttr::get(value.getContext(), *lo, *hi, std::min(*lo, 0.0f), std::max(*hi, 0.0f),
                             static_cast<int64_t>(values->size()), "constant");
}

/// A tensor that no chosen op makes: only chosen readers see its 8-bit form.
void ObserverInsertion::observeOperand(Value value) {
  Operation *producer = value.getDefiningOp();
  if (producer && (isChosen(producer) || isa<ObserveOp>(producer)))
    return;
  ObserveOp observe = insertBehind(value);
  if (producer && getConstantElements(value))
    observe.setStatisticsAttr(constantStatistics(value));
  value.replaceUsesWithIf(observe.getResult(), [&](OpOperand &use) {
    return isChosen(use.getOwner()) &&
           cast<QuantizableOpInterface>(use.getOwner()).getOperandRole(use.getOperandNumber()) ==
               OperandRole::Activation;
  });
}

void ObserverInsertion::observeResult(QuantizableOpInterface op) {
  Value result = op->getResult(0);
  if (result.use_empty() || movesValues(op) || isInternal(op))
    return;
  bool leaves = isa<LinearMapOpInterface>(*op) && !hasChosenUser(result);
  if (leaves && !options.quantizeOutputs)
    return;
  ObserveOp observe = insertBehind(result);
  result.replaceAllUsesExcept(observe.getResult(), observe);
}

void ObserverInsertion::visit(QuantizableOpInterface op) {
  for (unsigned index = 0; index < op->getNumOperands(); ++index)
    if (op.getOperandRole(index) == OperandRole::Activation)
      observeOperand(op->getOperand(index));
  observeResult(op);
}

LogicalResult ObserverInsertion::run() {
  choose();
  module.walk([&](Operation *op) { seenNodes.insert(getLocationName(op->getLoc())); });
  for (QuantizableOpInterface op : order)
    classify(op);
  for (QuantizableOpInterface op : order)
    visit(op);
  module.walk([&](ObserveOp observe) { seenNodes.insert(observe.getName()); });
  std::vector<std::string> faults = exclusions.unmatched();
  llvm::append_range(faults, idleNodeBits());
  if (!faults.empty())
    return mlir::emitError(module.getLoc()) << llvm::join(faults, "; ");
  return success();
}

/// Entries of nodes that there are not, and widths of weights for nodes that have none.
std::vector<std::string> ObserverInsertion::idleNodeBits() const {
  llvm::StringSet<> weighted;
  module->walk([&](LinearMapOpInterface op) {
    Operation *weight = op.getWeightOperand().get().getDefiningOp();
    if (weight && llvm::all_of(weight->getOperands(),
                               [](Value value) { return bool(getConstantElements(value)); }))
      weighted.insert(getLocationName(op->getLoc()));
  });
  std::vector<StringRef> names(seenNodes.size());
  llvm::transform(seenNodes, names.begin(), [](const auto &entry) { return entry.first(); });
  llvm::sort(names);
  std::vector<std::string> faults;
  for (const auto &entry : nodeBits) {
    StringRef node = entry.first();
    if (!seenNodes.contains(node))
      faults.push_back(("node-bits: expected the name of a node, but found '" + node + "'").str() +
                       didYouMean(node, ArrayRef(names)));
    else if (entry.second.weight != 0 && !weighted.contains(node))
      faults.push_back(("node-bits: expected a node with a constant weight for w" +
                        Twine(entry.second.weight) + ", but found '" + node + "'")
                           .str());
  }
  llvm::sort(faults);
  return faults;
}

LogicalResult qnn::insertObservers(ModuleOp module, const QuantizeOptions &options) {
  if (llvm::Error error = checkOptions(options))
    return mlir::emitError(module.getLoc()) << llvm::toString(std::move(error));
  llvm::Expected<Exclusions> exclusions = Exclusions::create(options.exclude);
  if (!exclusions)
    return mlir::emitError(module.getLoc()) << llvm::toString(exclusions.takeError());
  return ObserverInsertion(module, options, std::move(*exclusions)).run();
}
