//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How nodes go away; see LedgerTrace.h.
//
//===----------------------------------------------------------------------===//

#include "LedgerTrace.h"
#include "Coverage.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "quantc/Dialect/ONNX/IR/ONNX.h"
#include "quantc/Interfaces/Weights.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::ledger;

//===----------------------------------------------------------------------===//
// Numbers in locations
//===----------------------------------------------------------------------===//

constexpr llvm::StringLiteral markerFile = "quantc-ledger";
/// Numbers of what is no node: terminators, and the arguments behind `firstArgument`.
constexpr unsigned terminatorNumber = 0x7ffffffe, firstArgument = 0x40000000;

static bool isNode(unsigned number) { return number < firstArgument; }

Location ledger::numberedLoc(MLIRContext *context, StringRef label, unsigned number) {
  return NameLoc::get(StringAttr::get(context, label),
                      FileLineColLoc::get(context, markerFile, number, 0));
}

SmallVector<unsigned> ledger::numbersIn(Location loc) {
  SmallVector<unsigned> numbers;
  loc->walk([&](Location part) {
    if (auto file = dyn_cast<FileLineColLoc>(part); file && file.getFilename() == markerFile)
      numbers.push_back(file.getLine());
    return WalkResult::advance();
  });
  return numbers;
}

//===----------------------------------------------------------------------===//
// Snapshots
//===----------------------------------------------------------------------===//

/// What a pass changes when it makes another op a part of this one: everything but the operands
/// that are computed.
static llvm::hash_code signatureOf(Operation *op) {
  llvm::hash_code hash = llvm::hash_combine(op->getName(), op->getAttrDictionary());
  for (Value operand : op->getOperands()) {
    ElementsAttr constant = getConstantElements(operand);
    hash = llvm::hash_combine(hash, constant ? constant.getAsOpaquePointer() : nullptr);
  }
  return hash;
}

unsigned Trace::Snapshot::add(unsigned number, Operation *op) {
  Place place{number, "", llvm::hash_code(0), std::nullopt, nullptr, false, {}, {}};
  if (op) {
    place.dialect = op->getDialect() ? op->getDialect()->getNamespace() : "";
    place.signature = signatureOf(op);
    place.region = op->getParentRegion();
    place.hasBodies = op->getNumRegions() != 0;
    if (auto parent = op->getParentOfType<quantc::onnx::NodeOp>())
      if (auto numbers = numbersIn(parent->getLoc()); !numbers.empty())
        place.parent = numbers.front();
  }
  unsigned index = places.size();
  places.push_back(std::move(place));
  at[number].push_back(index);
  return index;
}

void Trace::Snapshot::connect(unsigned place, Value operand) {
  auto maker = makers.find(operand);
  if (maker == makers.end() || llvm::is_contained(places[place].producers, maker->second))
    return;
  places[place].producers.push_back(maker->second);
  places[maker->second].users.push_back(place);
}

Trace::Snapshot Trace::take(ModuleOp module) {
  Snapshot now;
  for (auto function : module.getOps<func::FuncOp>())
    for (BlockArgument argument : function.getArguments())
      now.makers[argument] = now.add(firstArgument + argument.getArgNumber(), nullptr);
  module.walk<WalkOrder::PreOrder>([&](Operation *op) {
    SmallVector<unsigned> numbers = numbersIn(op->getLoc());
    bool computes = coverageOf(op) != OpCoverage::None;
    if (op->hasTrait<OpTrait::ConstantLike>())
      now.constants.insert(numbers.begin(), numbers.end());
    if (op->hasTrait<OpTrait::IsTerminator>())
      numbers = {terminatorNumber};
    else if (!computes)
      return;
    for (unsigned number : numbers) {
      unsigned place = now.add(number, op);
      for (Value operand : op->getOperands())
        now.connect(place, operand);
      for (Value result : op->getResults())
        now.makers.try_emplace(result, place);
    }
  });
  now.makers.clear();
  return now;
}

//===----------------------------------------------------------------------===//
// What became of a node
//===----------------------------------------------------------------------===//

/// Nodes that no terminator depends on.
void Trace::findUnused() {
  llvm::DenseSet<unsigned> used;
  SmallVector<unsigned> pending;
  if (auto terminators = last.at.find(terminatorNumber); terminators != last.at.end())
    llvm::append_range(pending, terminators->second);
  while (!pending.empty()) {
    unsigned place = pending.pop_back_val();
    if (!used.insert(place).second)
      continue;
    llvm::append_range(pending, last.places[place].producers);
  }
  for (auto &[number, places] : last.at) {
    if (isNode(number))
      first.insert(number);
    if (llvm::none_of(places, [&](unsigned place) { return used.contains(place); }))
      unused.insert(number);
  }
}

/// The nearest nodes before or behind `number` that are still there, beyond those that are not.
std::vector<unsigned> Trace::reachable(unsigned number, bool forward, const Snapshot &now) const {
  std::vector<unsigned> found;
  llvm::DenseSet<unsigned> seen;
  SmallVector<unsigned> pending(last.at.lookup(number));
  for (size_t i = 0; i < pending.size(); ++i) {
    const Place &place = last.places[pending[i]];
    for (unsigned next : forward ? place.users : place.producers) {
      if (!seen.insert(next).second)
        continue;
      if (now.isThere(last.places[next].number))
        found.push_back(last.places[next].number);
      else
        pending.push_back(next);
    }
  }
  return found;
}

/// The nodes, arguments and so on that a node reads.
static llvm::DenseSet<unsigned> readBy(unsigned number, const Trace::Snapshot &snapshot) {
  llvm::DenseSet<unsigned> read;
  for (unsigned place : snapshot.at.lookup(number))
    for (unsigned producer : snapshot.places[place].producers)
      read.insert(snapshot.places[producer].number);
  return read;
}

/// Whether a reader of the node now reads what the node read, and did not before.
bool Trace::isPassedOn(unsigned number, const Snapshot &now) const {
  std::vector<unsigned> producers = reachable(number, /*forward=*/false, now);
  for (unsigned user : reachable(number, /*forward=*/true, now)) {
    llvm::DenseSet<unsigned> before = readBy(user, last), after = readBy(user, now);
    for (unsigned producer : producers)
      if (after.contains(producer) && !before.contains(producer))
        return true;
  }
  return false;
}

/// A node of the imported graph.
Fold Trace::explainNode(unsigned number, const Snapshot &now) const {
  const Place &place = last.places[last.at.lookup(number).front()];
  if (unused.contains(number))
    return {Fold::Unused, {}};
  if (place.parent && !now.isThere(*place.parent)) {
    // The If around it is gone; of the branch that was taken something is left.
    bool taken = llvm::any_of(last.places, [&](const Place &other) {
      return other.region == place.region && isNode(other.number) &&
             (now.isThere(other.number) || now.constants.contains(other.number));
    });
    if (!taken)
      return {Fold::Unused, {}};
  }
  if (place.hasBodies)
    return {Fold::Inlined, {}};
  return {isPassedOn(number, now) ? Fold::Identity : Fold::Constant, {}};
}

Fold Trace::explain(unsigned number, const Snapshot &now) const {
  // Constants that it had before are scales of its result.
  if (now.constants.contains(number) && !last.constants.contains(number))
    return {Fold::Constant, {}};
  StringRef dialect = last.places[last.at.lookup(number).front()].dialect;
  if (dialect == quantc::onnx::ONNXDialect::getDialectNamespace())
    return explainNode(number, now);
  std::vector<unsigned> neighbours = reachable(number, /*forward=*/false, now);
  llvm::append_range(neighbours, reachable(number, /*forward=*/true, now));
  llvm::erase_if(neighbours, [](unsigned neighbour) { return !isNode(neighbour); });
  std::optional<unsigned> converted;
  for (unsigned neighbour : neighbours) {
    const Place &before = last.places[last.at.lookup(neighbour).front()];
    const Place &after = now.places[now.at.lookup(neighbour).front()];
    if (before.dialect == after.dialect && before.signature != after.signature)
      return {Fold::Fused, neighbour}; // a pass changed it to take the node in
    if (before.dialect != after.dialect && !converted)
      converted = neighbour;
  }
  if (converted)
    return {Fold::Fused, converted};
  if (neighbours.empty() && !isPassedOn(number, now))
    return {Fold::Fused, {}};
  return {Fold::Identity, {}};
}

void Trace::recordTypes(ModuleOp module) {
  llvm::DenseSet<unsigned> done;
  module.walk([&](quantc::onnx::NodeOp node) {
    for (unsigned number : numbersIn(node.getLoc()))
      if (done.insert(number).second)
        resultTypes[number].assign(node->result_type_begin(), node->result_type_end());
  });
}

ArrayRef<Type> Trace::types(unsigned number) const {
  auto found = resultTypes.find(number);
  return found == resultTypes.end() ? ArrayRef<Type>() : ArrayRef<Type>(found->second);
}

void Trace::look(ModuleOp module) {
  Snapshot now = take(module);
  recordTypes(module);
  if (first.empty()) {
    last = std::move(now);
    findUnused();
    return;
  }
  for (auto &[number, places] : last.at)
    if (isNode(number) && !now.isThere(number))
      folds.try_emplace(number, explain(number, now));
  last = std::move(now);
}

std::optional<Fold> Trace::fold(unsigned number) const {
  auto found = folds.find(number);
  return found == folds.end() ? std::nullopt : std::optional<Fold>(found->second);
}
