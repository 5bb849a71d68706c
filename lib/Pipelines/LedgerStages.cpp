//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The stages of a compilation as the ledger runs them; see LedgerStages.h.
//
//===----------------------------------------------------------------------===//

#include "LedgerStages.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "quantc/Conversion/ONNXToLoops/ONNXToLoops.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/ONNX/Proto/TypeProtos.h"
#include "quantc/Dialect/ONNX/Utils/Outline.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Interfaces/QuantizableOpInterface.h"
#include "quantc/Interfaces/Weights.h"
#include "quantc/Pipelines/Stages.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>

using namespace mlir;
using namespace quantc;
using namespace quantc::ledger;

/// So often stages start anew without a node at which they stopped.
constexpr int mostRounds = 20;

//===----------------------------------------------------------------------===//
// Pipelines
//===----------------------------------------------------------------------===//

namespace {
/// Looks at the module after each pass.
class Looking : public PassInstrumentation {
public:
  explicit Looking(Trace &trace) : trace(trace) {}
  void runAfterPass(Pass *, Operation *op) override {
    auto module = dyn_cast<ModuleOp>(op);
    trace.look(module ? module : op->getParentOfType<ModuleOp>());
  }
  /// The verifier stops at the first op that is wrong; every one is to be heard of.
  void runAfterPassFailed(Pass *, Operation *root) override {
    root->walk([&](Operation *op) { (void)verify(op, /*verifyRecursively=*/false); });
  }

private:
  Trace &trace;
};
} // namespace

static LogicalResult runPipeline(ModuleOp module, StringRef text, Trace &trace) {
  PassManager pm(module.getContext(), ModuleOp::getOperationName());
  std::string problem;
  llvm::raw_string_ostream os(problem);
  FailureOr<OpPassManager> parsed = parsePassPipeline(text, os);
  if (failed(parsed))
    return emitError(module.getLoc()) << problem;
  static_cast<OpPassManager &>(pm) = std::move(*parsed);
  pm.addInstrumentation(std::make_unique<Looking>(trace));
  return pm.run(module);
}

namespace {
/// The pipeline of stage `float`, before and behind the conversion to `nn`, which the ledger calls
/// as a function that goes on where a node is refused.
struct FloatPipeline {
  std::string before, behind;
};
} // namespace

static FloatPipeline splitFloatPipeline(const Recipe &recipe) {
  std::vector<std::string> before, behind;
  FailureOr<OpPassManager> parsed = parsePassPipeline(stagePipeline(Stage::Float, recipe));
  bool converted = false;
  for (Pass &pass : parsed->getPasses()) {
    if (pass.getName() == createConvertONNXToNN()->getName()) {
      converted = true;
      continue;
    }
    if (pass.getName() == createONNXCheckLoops()->getName())
      continue; // the ledger asks for reasons itself, and goes on
    std::string text;
    llvm::raw_string_ostream os(text);
    pass.printAsTextualPipeline(os);
    (converted ? behind : before).push_back(text);
  }
  return {"builtin.module(" + llvm::join(before, ",") + ")",
          "builtin.module(" + llvm::join(behind, ",") + ")"};
}

//===----------------------------------------------------------------------===//
// One run
//===----------------------------------------------------------------------===//

/// The magnitude of an op's result where its operands are at most `operands`; an op without an
/// integer form tells nothing, and counts as a normalisation.
static double magnitudeOf(Operation *op, double operands) {
  auto quantizable = dyn_cast<QuantizableOpInterface>(op);
  if (!quantizable)
    return 1;
  double most = 0;
  for (double x : {-operands, 0.0, operands}) {
    std::optional<double> value = quantizable.evaluateUnary(x);
    if (!value || !std::isfinite(*value))
      return operands;
    most = std::max(most, std::fabs(*value));
  }
  return most;
}

/// Ranges that the tensors could have had: inputs lie in [-1, 1], and a result reaches as far as
/// the greatest operand. So a constant of 1e9, as masks have, meets a result that can hold it.
static void inventStatistics(ModuleOp module) {
  llvm::DenseMap<Value, double> magnitudes;
  module.walk([&](Operation *op) {
    double most = 0;
    for (Value operand : op->getOperands())
      if (auto found = magnitudes.find(operand); found != magnitudes.end())
        most = std::max(most, found->second);
    most = most == 0 ? 1 : most;
    if (auto observe = dyn_cast<qnn::ObserveOp>(op)) {
      if (auto known = observe.getStatisticsAttr())
        most = std::max(std::fabs(known.getLo()), std::fabs(known.getHi()));
      else
        observe.setStatisticsAttr(
            qnn::StatisticsAttr::get(observe.getContext(), -most, most, -most, most, 1, "none"));
    } else {
      most = magnitudeOf(op, most);
    }
    for (Value result : op->getResults())
      if (isa<RankedTensorType>(result.getType()) && !op->hasTrait<OpTrait::ConstantLike>())
        magnitudes[result] = most;
  });
}

static void recordUnquantizable(StageOutcome &outcome) {
  outcome.module->walk([&](Operation *op) {
    if (!isa_and_nonnull<nn::NNDialect>(op->getDialect()) || op->hasTrait<OpTrait::ConstantLike>())
      return;
    if (std::optional<qnn::Unquantizable> why = qnn::whyUnquantizable(op))
      for (unsigned number : numbersIn(op->getLoc()))
        outcome.unquantizable.try_emplace(number, *why);
  });
}

static void recordQuantizers(StageOutcome &outcome) {
  outcome.module->walk([&](Operation *op) {
    if (isa<qnn::QuantizeOp, qnn::DequantizeOp>(op))
      for (unsigned number : numbersIn(op->getLoc()))
        outcome.quantizers.insert(number);
  });
}

namespace {
/// Takes what the stages say about numbered nodes; other diagnostics wait for `release`.
class Listener {
public:
  explicit Listener(MLIRContext *context)
      : handler(context, [this](Diagnostic &diagnostic) { return take(diagnostic); }) {}

  std::vector<std::pair<SmallVector<unsigned>, std::string>> errors, remarks;
  /// Errors that no node has.
  std::vector<std::pair<Location, std::string>> general;

private:
  LogicalResult take(Diagnostic &diagnostic) {
    SmallVector<unsigned> numbers = numbersIn(diagnostic.getLocation());
    if (diagnostic.getSeverity() == DiagnosticSeverity::Remark)
      remarks.emplace_back(numbers, diagnostic.str());
    else if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
      return failure(); // the next handler's
    else if (numbers.empty())
      general.emplace_back(diagnostic.getLocation(), diagnostic.str());
    else
      errors.emplace_back(numbers, diagnostic.str());
    return success();
  }

  ScopedDiagnosticHandler handler;
};
} // namespace

/// Codes at the border are asked of the whole model, not of a node.
static Recipe withFloatBorder(Recipe recipe) {
  recipe.quantize.quantizeOutputs |= recipe.integerIO;
  recipe.integerIO = false;
  return recipe;
}

static LogicalResult runOnce(StageOutcome &outcome, const Recipe &recipe) {
  ModuleOp module = *outcome.module;
  auto leave = [&](quantc::onnx::NodeOp node) {
    return llvm::any_of(numbersIn(node.getLoc()),
                        [&](unsigned number) { return outcome.stops.contains(number); });
  };
  for (UnsupportedNode &node : convertSupportedONNXToNN(module, leave))
    for (unsigned number : numbersIn(node.loc))
      outcome.refused.insert({number, {node.kind, node.reason}});
  outcome.trace.look(module);
  recordQuantizers(outcome);
  if (failed(runPipeline(module, splitFloatPipeline(recipe).behind, outcome.trace)) ||
      failed(runPipeline(module, stagePipeline(Stage::Observed, recipe), outcome.trace)))
    return failure();
  recordUnquantizable(outcome);
  inventStatistics(module);
  return success(
      succeeded(runPipeline(module, stagePipeline(Stage::Quantized, recipe), outcome.trace)) &&
      succeeded(runPipeline(module, stagePipeline(Stage::Integer, recipe), outcome.trace)));
}

/// "node 'x' (nn.op) stays float: reason" becomes "reason".
static std::string reasonOf(StringRef remark) {
  auto [head, reason] = remark.split(" stays float: ");
  return reason.str();
}

FailureOr<StageOutcome> ledger::runStages(ModuleOp prepared, const Recipe &given,
                                          const Trace &trace) {
  Recipe recipe = withFloatBorder(given);
  llvm::MapVector<unsigned, std::string> stops;
  std::vector<std::pair<Location, std::string>> general;
  for (int round = 0; round < mostRounds; ++round) {
    StageOutcome outcome;
    outcome.module = prepared.clone();
    outcome.trace = trace;
    outcome.stops = stops;
    Listener listener(prepared.getContext());
    if (succeeded(runOnce(outcome, recipe))) {
      for (auto &[numbers, text] : listener.remarks)
        for (unsigned number : numbers)
          if (std::string reason = reasonOf(text); !reason.empty())
            outcome.remarks.try_emplace(number, reason);
      return outcome;
    }
    size_t known = stops.size();
    for (auto &[numbers, text] : listener.errors)
      for (unsigned number : numbers)
        stops.insert({number, text});
    general = std::move(listener.general);
    if (stops.size() == known)
      break;
    outcome.module = nullptr;
    releaseUnusedWeights(prepared); // those of this round; the context is the ledger's own
  }
  for (auto &[loc, text] : general)
    emitError(loc) << text;
  if (general.empty())
    emitError(prepared.getLoc(), "the stages fail, and no node says why");
  return failure();
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

llvm::DenseMap<unsigned, std::string> ledger::refusedByLoops(ModuleOp prepared) {
  llvm::DenseMap<unsigned, std::string> refused;
  OwningOpRef<ModuleOp> module = prepared.clone();
  Listener listener(prepared.getContext());
  (void)convertONNXToLoops(*module);
  for (auto &[numbers, text] : listener.errors) {
    StringRef reason = StringRef(text).split("): ").second; // behind "node 'x' (Op, opset N): "
    for (unsigned number : numbers)
      refused.try_emplace(number, reason.empty() ? text : reason.str());
  }
  return refused;
}

llvm::DenseMap<unsigned, std::string> ledger::refusedBesideIntegers(ModuleOp module,
                                                                    const Recipe &recipe) {
  llvm::DenseMap<unsigned, std::string> refused;
  Listener listener(module.getContext());
  for (auto function : module.getOps<func::FuncOp>())
    for (auto node : function.getOps<quantc::onnx::NodeOp>()) {
      if (recipe.isGPU() || recipe.isFPGA()) {
        for (unsigned number : numbersIn(node.getLoc()))
          refused.try_emplace(number, "float loops run on the CPU alone, not on this target");
        continue;
      }
      if (auto reason = whyNotKept(node)) {
        for (unsigned number : numbersIn(node.getLoc()))
          refused.try_emplace(number, reason->second);
        continue;
      }
      OwningOpRef<ModuleOp> scratch = ModuleOp::create(node.getLoc());
      outlineNode(node, *scratch, "node");
      LoopsConversion options;
      options.destinations = true;
      (void)convertONNXToLoops(*scratch, options);
    }
  for (auto &[numbers, text] : listener.errors)
    for (unsigned number : numbers)
      refused.try_emplace(number, text);
  return refused;
}

LogicalResult ledger::prepare(ModuleOp module, const Recipe &recipe, Trace &trace) {
  trace.look(module);
  return runPipeline(module, splitFloatPipeline(recipe).before, trace);
}
