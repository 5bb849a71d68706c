//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The coverage ledger; see Ledger.h.
//
// The file is listed as it is; a flat copy of it (functions inlined) goes through the stages of a
// compilation, and what its numbered nodes have become decides their class.
//
//===----------------------------------------------------------------------===//

#include "quantc/Pipelines/Ledger.h"
#include "Coverage.h"
#include "LedgerCost.h"
#include "LedgerList.h"
#include "LedgerStages.h"
#include "quantc/Analysis/IntegerOnlyCertificate.h"
#include "quantc/Conversion/ONNXToLoops/ONNXToLoops.h"
#include "quantc/Dialect/ONNX/Utils/NodeForms.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/InitAll.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::ledger;
using namespace quantc::onnx;

namespace {
class LedgerMaker {
public:
  LedgerMaker(MLIRContext &context, const CompileOptions &options)
      : context(context), options(options) {}

  FailureOr<Ledger> make(llvm::StringRef path);

private:
  void recordTypes(const Trace &trace);
  void recordCosts();
  void judge(size_t number);
  void judgeKept(size_t number, LedgerReason reason, const std::string &text);
  void judgeFloat(size_t number);
  void judgeFolded(size_t number);
  void surveyOps();
  bool hasLoops(const LedgerNode &node) const;

  MLIRContext &context;
  const CompileOptions &options;
  Ledger ledger;
  OwningOpRef<ModuleOp> flat, prepared;
  StageOutcome outcome;
  llvm::DenseMap<unsigned, std::string> loopsRefusals, besideRefusals;
  /// What the nodes have become, by number: ops of the last module.
  llvm::DenseSet<unsigned> integer, floating, border;
  llvm::DenseMap<unsigned, NodeOp> kept;
  llvm::DenseMap<unsigned, StringRef> positions;
  llvm::DenseSet<unsigned> calls;
};
} // namespace

//===----------------------------------------------------------------------===//
// Types and costs
//===----------------------------------------------------------------------===//

void LedgerMaker::recordTypes(const Trace &trace) {
  for (auto [number, entry] : llvm::enumerate(ledger.nodes)) {
    size_t at = 0;
    for (Type type : trace.types(number)) {
      if (isa<NoneType>(type) || at >= entry.outputs.size())
        continue;
      if (LedgerOutput found = describeOutput(type, entry.outputs[at].name); !found.type.empty())
        entry.outputs[at] = std::move(found);
      ++at;
    }
  }
}

void LedgerMaker::recordCosts() {
  for (LedgerNode &entry : ledger.nodes)
    entry.macs = 0;
  prepared->walk([&](NodeOp node) {
    std::optional<int64_t> macs = nodeMacs(node);
    for (unsigned number : numbersIn(node.getLoc())) {
      std::optional<int64_t> &sum = ledger.nodes[number].macs;
      int64_t total = 0;
      if (!sum || !macs || llvm::AddOverflow(*sum, *macs, total))
        sum = std::nullopt;
      else
        sum = total;
    }
  });
  auto passesOn = [&](NodeOp node) {
    return llvm::any_of(numbersIn(node.getLoc()), [&](unsigned number) {
      return ledger.nodes[number].kind == LedgerClass::Folded &&
             (ledger.nodes[number].reason == LedgerReason::Constant ||
              ledger.nodes[number].reason == LedgerReason::Identity);
    });
  };
  WeightCounter weights(passesOn);
  flat->walk<WalkOrder::PreOrder>([&](NodeOp node) {
    if (passesOn(node))
      return;
    for (unsigned number : numbersIn(node.getLoc()))
      ledger.nodes[number].weightBytes += weights.bytesOf(node);
  });
  for (LedgerNode &entry : ledger.nodes)
    if (entry.kind == LedgerClass::Folded && entry.reason != LedgerReason::Fused)
      entry.macs = 0;
    else if (entry.reason == Refusal::UnknownOp)
      entry.macs = std::nullopt;
}

//===----------------------------------------------------------------------===//
// Judgement
//===----------------------------------------------------------------------===//

void LedgerMaker::surveyOps() {
  outcome.module->walk([&](Operation *op) {
    SmallVector<unsigned> numbers = numbersIn(op->getLoc());
    OpCoverage coverage = coverageOf(op);
    for (unsigned number : numbers) {
      if (auto node = dyn_cast<NodeOp>(op))
        kept.try_emplace(number, node);
      else if (coverage == OpCoverage::Float)
        floating.insert(number);
      else if (coverage == OpCoverage::Integer)
        integer.insert(number);
      else if (isa<qnn::QuantizeOp, qnn::DequantizeOp>(op))
        border.insert(number);
    }
  });
  IntegerOnlyCertificate certificate = certifyIntegerOnly(*outcome.module);
  std::pair<StringRef, std::vector<FloatOp> *> lists[] = {{"inside", &certificate.inside},
                                                          {"beside", &certificate.beside},
                                                          {"before", &certificate.before},
                                                          {"behind", &certificate.behind}};
  for (auto &[position, ops] : lists)
    for (const FloatOp &found : *ops)
      if (!isa<qnn::QuantizeOp, qnn::DequantizeOp>(found.op))
        for (unsigned number : numbersIn(found.op->getLoc()))
          positions.try_emplace(number, position);
}

/// Whether the table of loops has the op.
bool LedgerMaker::hasLoops(const LedgerNode &node) const {
  static const std::vector<LoopsOp> table = loopsOps();
  return llvm::any_of(table, [&](const LoopsOp &row) {
    return row.domain == node.domain && row.opType == node.op && node.opset >= row.firstOpset &&
           node.opset <= row.lastOpset;
  });
}

/// A node that stayed what it was in the file: loops may have it.
void LedgerMaker::judgeKept(size_t number, LedgerReason reason, const std::string &text) {
  LedgerNode &entry = ledger.nodes[number];
  entry.text = text;
  entry.position = positions.lookup(number).str();
  entry.reason = reason;
  auto refusal = loopsRefusals.find(number);
  if (hasLoops(entry) && refusal == loopsRefusals.end()) {
    entry.kind = LedgerClass::Float;
    if (reason == Refusal::UnknownOp) {
      entry.reason = LedgerReason::OnlyInLoops;
      entry.text = "nn has no such op";
    }
    if (auto beside = besideRefusals.find(number); beside != besideRefusals.end())
      entry.text += "; not beside integers: " + beside->second;
    return;
  }
  entry.kind = LedgerClass::Unsupported;
  if (reason == LedgerReason::InBody)
    entry.reason = hasLoops(entry) ? Refusal::Operand : Refusal::UnknownOp;
  if (refusal != loopsRefusals.end())
    entry.text += (entry.text.empty() ? "loops: " : "; loops: ") + refusal->second;
  else
    entry.text += (entry.text.empty() ? "" : "; ") + std::string("there are no loops for this op");
}

void LedgerMaker::judgeFloat(size_t number) {
  LedgerNode &entry = ledger.nodes[number];
  entry.kind = LedgerClass::Float;
  entry.position = positions.lookup(number).str();
  entry.text = outcome.remarks.lookup(number);
  auto why = outcome.unquantizable.find(number);
  if (why == outcome.unquantizable.end()) {
    bool isTail = entry.position == "behind";
    entry.reason = isTail ? LedgerReason::FloatTail : LedgerReason::NotQuantized;
    if (isTail)
      entry.text = "it lies behind the last integer op";
    return;
  }
  switch (why->second) {
  case qnn::Unquantizable::NoIntegerForm:
    entry.reason = LedgerReason::NoIntegerForm;
    return;
  case qnn::Unquantizable::Excluded:
    entry.reason = LedgerReason::Excluded;
    entry.text = "the recipe excludes it";
    return;
  case qnn::Unquantizable::ElementType:
    entry.reason = Refusal::ElementType;
    entry.text = "its tensors are not float32";
    return;
  case qnn::Unquantizable::DynamicOperand:
    entry.reason = Refusal::DynamicOperand;
    entry.text = "its weight or bias is computed at run time";
    return;
  }
}

void LedgerMaker::judgeFolded(size_t number) {
  LedgerNode &entry = ledger.nodes[number];
  entry.kind = LedgerClass::Folded;
  Fold fold = outcome.trace.fold(number).value_or(Fold{Fold::Constant, {}});
  switch (fold.kind) {
  case Fold::Constant:
    entry.reason = LedgerReason::Constant;
    entry.text = "its result is known before a run";
    return;
  case Fold::Identity:
    entry.reason = LedgerReason::Identity;
    entry.text = "it passes its input on";
    return;
  case Fold::Unused:
    entry.reason = LedgerReason::Unused;
    entry.text = "no output depends on it";
    return;
  case Fold::Inlined:
    entry.reason = LedgerReason::Inlined;
    entry.text = "its condition is known; the nodes of its branch take its place";
    return;
  case Fold::Fused:
    entry.reason = LedgerReason::Fused;
    entry.into = fold.into;
    entry.text = fold.into ? "a part of '" + ledger.nodes[*fold.into].name + "'"
                           : "a part of the quantization of its operand";
    return;
  }
}

void LedgerMaker::judge(size_t number) {
  LedgerNode &entry = ledger.nodes[number];
  auto folded = [&](LedgerReason reason, StringRef text) {
    entry.kind = LedgerClass::Folded;
    entry.reason = reason;
    entry.text = text.str();
  };
  bool wasSeen = outcome.trace.hasSeen(number);
  if (auto stop = outcome.stops.find(number); stop != outcome.stops.end())
    return judgeKept(number, LedgerReason::Stops, stop->second);
  if (auto refusal = outcome.refused.find(number); refusal != outcome.refused.end())
    return judgeKept(number, refusal->second.first, refusal->second.second);
  if (auto node = kept.find(number); node != kept.end()) {
    NodeReader reader(node->second);
    if (node->second.isOp("Constant") && succeeded(readConstant(reader)))
      return folded(LedgerReason::Constant, "its result is known before a run");
    return judgeKept(number, LedgerReason::InBody, "it lies in the body of a node that is loops");
  }
  if (calls.contains(number) && !wasSeen)
    return folded(LedgerReason::Inlined, "the nodes of the function take its place");
  if (!wasSeen)
    return folded(LedgerReason::Unused, "nothing calls its function");
  if (floating.contains(number))
    return judgeFloat(number);
  if (integer.contains(number)) {
    entry.kind = LedgerClass::Integer;
    entry.reason = LedgerReason::IntegerForm;
    return;
  }
  if (outcome.quantizers.contains(number) && border.contains(number)) {
    entry.kind = LedgerClass::Float;
    entry.reason = LedgerReason::Border;
    entry.text = "it is the border of the integers";
    return;
  }
  if (outcome.quantizers.contains(number))
    return folded(LedgerReason::Fused, "its scale is a part of the integer ops around it");
  judgeFolded(number);
}

FailureOr<Ledger> LedgerMaker::make(llvm::StringRef path) {
  ledger.model = llvm::sys::path::stem(path).str();
  ledger.recipe = options.recipe.name;
  ledger.dims = options.dims;
  FailureOr<FileListing> listing = listFile(path, context, options.dims);
  if (failed(listing))
    return failure();
  ledger.nodes = std::move(listing->nodes);
  calls = std::move(listing->calls);
  flat = std::move(listing->flat);
  prepared = flat->clone();
  Trace trace;
  if (failed(prepare(*prepared, options.recipe, trace)))
    return failure();
  recordTypes(trace);
  FailureOr<StageOutcome> run = runStages(*prepared, options.recipe, trace);
  if (failed(run))
    return failure();
  outcome = std::move(*run);
  surveyOps();
  if (!kept.empty()) {
    loopsRefusals = refusedByLoops(*prepared);
    besideRefusals = refusedBesideIntegers(*outcome.module, options.recipe);
  }
  for (size_t number = 0; number < ledger.nodes.size(); ++number)
    judge(number);
  llvm::DenseSet<unsigned> stops;
  for (auto &[number, refusal] : outcome.refused)
    if (ledger.nodes[number].kind == LedgerClass::Unsupported || besideRefusals.contains(number))
      stops.insert(number);
  for (auto &stop : outcome.stops)
    stops.insert(stop.first);
  ledger.stops = stops.size();
  recordCosts();
  return std::move(ledger);
}

FailureOr<Ledger> quantc::makeLedger(llvm::StringRef path, const CompileOptions &options,
                                     llvm::function_ref<void(Diagnostic &)> handler) {
  MLIRContext context; // weights of stages that were tried go with it
  context.printOpOnDiagnostic(false);
  DialectRegistry registry;
  registerAllDialects(registry);
  context.appendDialectRegistry(registry);
  context.loadAllAvailableDialects();
  registerPipelinePasses();
  ScopedDiagnosticHandler scoped(&context, [&](Diagnostic &diagnostic) {
    handler(diagnostic);
    return success();
  });
  return LedgerMaker(context, options).make(path);
}
