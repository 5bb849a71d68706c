//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Candidates, their bytes, and their gains: measured on compiled code of the changed module, or by
// the model of docs/Explain.md.
//
//===----------------------------------------------------------------------===//

#include "ExplainAdvice.h"
#include "ExplainFloat.h"
#include "Feeds.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Execution/CompiledModel.h"
#include "quantc/Execution/JITExecutor.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Interfaces/WeightScope.h"
#include "quantc/Interfaces/Weights.h"
#include "quantc/Numerics/Quantize.h"
#include "quantc/Support/Errors.h"
#include "quantc/Support/OptionText.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>
#include <numeric>

using namespace mlir;
using namespace quantc;

namespace {
enum class Change { Float, WideWeights, ChannelWeights, WholeWeights, WideInputs, WholeInputs };

struct Candidate {
  size_t node = 0; ///< in the lists of plans and losses
  Change change = Change::Float;
  double modelDb = 0;
  int64_t bytes = 0;
};
} // namespace

//===----------------------------------------------------------------------===//
// Candidates
//===----------------------------------------------------------------------===//

/// Bits of a weight that is given more.
static int64_t widerBits(double bits) { return bits < 8 ? 8 : 16; }

static bool isPerTensor(const NodePlan &plan) {
  if (!plan.weight)
    return false;
  auto dequantize = plan.quantized->getOperand(*plan.weight).getDefiningOp<qnn::DequantizeOp>();
  return dequantize && cast<RankedTensorType>(dequantize.getScale().getType()).getRank() == 0;
}

static std::string describe(Change change, const NodeLoss &loss) {
  switch (change) {
  case Change::Float:
    return "float for this node";
  case Change::WideWeights:
    return "weights of " + std::to_string(widerBits(loss.weightBits)) + " bits";
  case Change::ChannelWeights:
    return "a weight scale for each output channel";
  case Change::WholeWeights:
    return "weight scales that reach the greatest weight";
  case Change::WideInputs:
    return "inputs of 16 bits";
  case Change::WholeInputs:
    return "input ranges without clipping";
  }
  return "";
}

/// The option that makes the change, of this node or, where nodes have none of their own, of all.
static std::string optionFor(Change change, const NodePlan &plan, const NodeLoss &loss,
                             const ExplainOptions &options) {
  switch (change) {
  case Change::Float:
    return "exclude=" +
           llvm::join(llvm::map_range(planFloat(plan, options.keepsSums).names, escapeItem), ",");
  case Change::WideWeights:
    return "node-bits=" + escapeItem(getNodeName(plan.quantized) + "=w" +
                                     std::to_string(widerBits(loss.weightBits)));
  case Change::ChannelWeights:
    return "weight-granularity=channel";
  case Change::WholeWeights:
    return options.isStatic ? "weight-rounding=nearest" : "weight-search=none";
  case Change::WideInputs:
    return "activation-bits=16";
  case Change::WholeInputs:
    return "observer=min-max";
  }
  return "";
}

/// Bytes that activations of a node in float take beyond their codes.
static int64_t floatInputBytes(const NodePlan &plan, const NodeLoss &loss, bool keepsSums) {
  int64_t elements = 0;
  if (plan.hasRows)
    elements = loss.inputElements;
  else
    for (auto [operand, isFreed] :
         llvm::zip_equal(plan.operands, planFloat(plan, keepsSums).isFreed))
      if (isFreed)
        elements += cast<RankedTensorType>(operand.quantizedValue.getType()).getNumElements();
  return loss.activationBits ? elements * int64_t(32 - loss.activationBits) / 8 : 0;
}

static int64_t bytesOf(Change change, const NodePlan &plan, const NodeLoss &loss,
                       const ExplainOptions &options) {
  double parameters = double(loss.parameters);
  int64_t inputs = loss.inputElements * int64_t(16 - loss.activationBits) / 8;
  switch (change) {
  case Change::Float:
    return std::llround(parameters * (32 - loss.weightBits) / 8) +
           floatInputBytes(plan, loss, options.keepsSums);
  case Change::WideWeights:
    return std::llround(parameters * (double(widerBits(loss.weightBits)) - loss.weightBits) / 8);
  case Change::ChannelWeights: {
    auto type = cast<RankedTensorType>(plan.operands[*plan.weight].referenceValue.getType());
    return 4 * (type.getDimSize(unsigned(plan.weightAxis)) - 1);
  }
  case Change::WideInputs:
    return inputs;
  default:
    return 0;
  }
}

/// The node's own parts of its error, in shares of `local`.
static double ownPower(const NodeLoss &loss, LossCause cause) {
  double own = 0;
  for (size_t i = 0; i < numLossCauses; ++i)
    own += i == size_t(LossCause::Upstream) ? 0 : loss.power[i];
  return own > 0 ? loss.power[size_t(cause)] / own : 0;
}

/// Relative noise that the node adds.
static double noiseOf(const NodeLoss &loss) {
  return loss.signal > 0 && std::isfinite(loss.local) ? loss.local / loss.signal : 0;
}

/// The model: relative noises of all nodes add up at the output, each with the same weight; a
/// change takes its causes' part of a node's noise away.
static double modelGain(double noise, double removed, double all) {
  double left = all - noise * removed;
  return all > 0 && left > 0 ? 10 * std::log10(all / left) : 0;
}

/// The share of its own noise that a node in float loses: codes that stay keep theirs.
static double floatShare(const NodePlan &plan, const NodeLoss &loss,
                         const ExplainOptions &options) {
  bool keepsCodes = false;
  for (auto [operand, isFreed] :
       llvm::zip(plan.operands, planFloat(plan, options.keepsSums).isFreed))
    keepsCodes |= operand.codes && !isFreed;
  return keepsCodes ? 1 - ownPower(loss, LossCause::ActivationStep) -
                          ownPower(loss, LossCause::ActivationClipping)
                    : 1;
}

static std::vector<Candidate> findCandidates(ArrayRef<NodePlan> plans, ArrayRef<NodeLoss> losses,
                                             const ExplainOptions &options) {
  double all = 0;
  for (const NodeLoss &loss : losses)
    all += noiseOf(loss);
  std::vector<Candidate> candidates;
  for (size_t i = 0; i < plans.size(); ++i) {
    const NodePlan &plan = plans[i];
    const NodeLoss &loss = losses[i];
    double noise = noiseOf(loss);
    if (!plan.canSplit || !plan.isQuantized() || noise == 0)
      continue;
    auto add = [&](Change change, double removed) {
      if (removed > 0.01)
        candidates.push_back(
            {i, change, modelGain(noise, removed, all), bytesOf(change, plan, loss, options)});
    };
    double rounding = ownPower(loss, LossCause::WeightRounding);
    double clipping = ownPower(loss, LossCause::WeightClipping);
    if (options.floatNodes)
      add(Change::Float, floatShare(plan, loss, options));
    if (isPerTensor(plan))
      add(Change::ChannelWeights, rounding + clipping);
    if (options.isStatic && loss.weightBits > 0 &&
        widerBits(loss.weightBits) <= options.widestCodes && loss.weightBits < options.widestCodes)
      add(Change::WideWeights, rounding + clipping);
    if (options.clipsWeights)
      add(Change::WholeWeights, clipping);
    if (loss.activationBits > 0 && loss.activationBits < 16 && options.widestCodes == 16)
      add(Change::WideInputs, ownPower(loss, LossCause::ActivationStep));
    if (!plan.hasRows && options.clipsInputs)
      add(Change::WholeInputs, ownPower(loss, LossCause::ActivationClipping));
  }
  llvm::stable_sort(candidates,
                    [](const Candidate &a, const Candidate &b) { return a.modelDb > b.modelDb; });
  return candidates;
}

//===----------------------------------------------------------------------===//
// Changed modules
//===----------------------------------------------------------------------===//

/// Symmetric codes of `bits` bits for each output channel, nearest, decoded.
static HostTensor rounded(const HostTensor &weight, int64_t axis, unsigned bits) {
  ArrayRef<float> values = weight.values<float>();
  int64_t inner = 1;
  for (size_t i = size_t(axis) + 1; i < weight.rank(); ++i)
    inner *= weight.dim(unsigned(i));
  std::vector<float> most(weight.dim(unsigned(axis)), 0.0f);
  auto channel = [&](size_t i) { return int64_t(i) / inner % int64_t(most.size()); };
  for (size_t i = 0; i < values.size(); ++i)
    most[channel(i)] = std::max(most[channel(i)], std::fabs(values[i]));
  HostTensor result = HostTensor::zeros(DType::F32, weight.shape());
  MutableArrayRef<float> out = result.mutableValues<float>();
  int32_t high = (int32_t(1) << (bits - 1)) - 1;
  for (size_t i = 0; i < values.size(); ++i) {
    float scale = most[channel(i)] / float(high);
    out[i] = scale > 0 ? numerics::dequantizeLinear(
                             numerics::quantizeLinear(values[i], scale, 0, -high, high), scale, 0)
                       : 0;
  }
  return result;
}

namespace {
/// The quantized module with one node changed.
class Changed {
public:
  Changed(const NodePlan &plan, const NodeLoss &loss, Change change, bool keepsSums)
      : plan(plan), loss(loss), change(change), isFreed(planFloat(plan, keepsSums).isFreed) {}
  /// Rewrites `op`, the node in a copy of the quantized module.
  void apply(Operation *op);

private:
  Value constant(OpBuilder &builder, const HostTensor &tensor);
  Value constantOperand(OpBuilder &builder, unsigned index);
  Value activation(OpBuilder &builder, Value stored, unsigned index);

  const NodePlan &plan;
  const NodeLoss &loss;
  Change change;
  SmallVector<bool> isFreed; ///< operands that are no codes for a node in float
};
} // namespace

Value Changed::constant(OpBuilder &builder, const HostTensor &tensor) {
  auto type = cast<RankedTensorType>(plan.reference->getOperand(0).getType())
                  .clone(tensor.shape(), builder.getF32Type());
  return nn::ConstantOp::create(builder, plan.quantized->getLoc(), type,
                                makeFloatWeights(type, tensor.values<float>(), "changed"));
}

Value Changed::constantOperand(OpBuilder &builder, unsigned index) {
  const NodeOperand &operand = plan.operands[index];
  bool isWeight = plan.weight == index, isBias = plan.bias == index;
  if (!isWeight)
    return constant(builder,
                    isBias && change == Change::Float ? operand.reference : operand.quantized);
  unsigned bits = unsigned(std::ceil(loss.weightBits));
  switch (change) {
  case Change::Float:
    return constant(builder, operand.reference);
  case Change::WideWeights:
    bits = unsigned(widerBits(loss.weightBits));
    [[fallthrough]];
  case Change::ChannelWeights:
  case Change::WholeWeights:
    return constant(builder, rounded(operand.reference, plan.weightAxis, bits));
  default:
    return constant(builder, operand.quantized);
  }
}

/// What the node reads in place of `stored`.
Value Changed::activation(OpBuilder &builder, Value stored, unsigned index) {
  auto dequantize = stored.getDefiningOp<qnn::DequantizeOp>();
  if (!plan.operands[index].codes || !dequantize)
    return stored;
  auto quantize = dequantize.getInput().getDefiningOp<qnn::QuantizeOp>();
  if (change == Change::WideInputs || (change == Change::Float && isFreed[index]))
    return quantize.getInput();
  if (change != Change::WholeInputs || !loss.inputs)
    return stored;
  const TensorCodes &codes = *plan.operands[index].codes;
  auto ratio = [&](double wanted, int32_t code) {
    double reached = numerics::dequantizeLinear(code, codes.scale, codes.zeroPoint);
    return reached * wanted > 0 ? wanted / reached : 1.0;
  };
  double factor =
      std::max({1.0, ratio(loss.inputs->high, codes.high), ratio(loss.inputs->low, codes.low)});
  auto type = cast<RankedTensorType>(quantize.getScale().getType());
  Value scale =
      nn::ConstantOp::create(builder, stored.getLoc(), type,
                             DenseElementsAttr::get(type, float(double(codes.scale) * factor)));
  IRMapping mapping;
  mapping.map(quantize.getScale(), scale);
  Operation *code = builder.clone(*quantize, mapping);
  mapping.map(dequantize.getInput(), code->getResult(0));
  mapping.map(dequantize.getScale(), scale);
  return builder.clone(*dequantize, mapping)->getResult(0);
}

void Changed::apply(Operation *op) {
  OpBuilder builder(op);
  IRMapping mapping;
  SmallVector<Value> operands;
  for (unsigned i = 0; i < plan.operands.size(); ++i)
    operands.push_back(plan.operands[i].isConstant ? Value()
                                                   : activation(builder, op->getOperand(i), i));
  for (unsigned i = 0; i < plan.operands.size(); ++i)
    if (plan.operands[i].isConstant) {
      auto type = cast<RankedTensorType>(plan.operands[i].referenceValue.getType());
      if (type.getElementType().isF32())
        operands[i] = constantOperand(builder, i);
      else // sizes, axes: those of the module itself
        operands[i] = op->getOperand(i);
    }
  for (auto [from, to] : llvm::zip_equal(plan.reference->getOperands(), operands))
    mapping.map(from, to);
  Operation *fresh = builder.clone(*plan.reference, mapping);
  for (auto [operand, value] : llvm::zip_equal(fresh->getOpOperands(), operands))
    operand.set(value);
  op->replaceAllUsesWith(fresh->getResults());
  op->erase();
  if (change == Change::Float)
    dropCodesBehind(fresh);
}

//===----------------------------------------------------------------------===//
// Measuring
//===----------------------------------------------------------------------===//

namespace {
/// Float outputs of a module over the runs.
using Outputs = std::vector<std::vector<float>>;

class Meter {
public:
  Meter(DataSet &data, ArrayRef<int64_t> runs, int threads)
      : data(data), runs(runs), threads(threads) {}
  llvm::Expected<Outputs> outputsOf(ModuleOp module) const;

private:
  DataSet &data;
  ArrayRef<int64_t> runs;
  int threads;
};
} // namespace

llvm::Expected<Outputs> Meter::outputsOf(ModuleOp module) const {
  auto model = compileInProcess(module, kernels::bestHostLevel(), threads);
  if (!model)
    return model.takeError();
  Outputs outputs((*model)->outputs().size());
  for (int64_t run : runs) {
    llvm::Expected<Feed> feed = data.feed(run);
    if (!feed)
      return feed.takeError();
    auto results = (*model)->run(feedTensors(*feed));
    if (!results)
      return results.takeError();
    for (auto [all, result] : llvm::zip_equal(outputs, *results))
      if (result.dtype() == DType::F32)
        llvm::append_range(all, result.values<float>());
  }
  return outputs;
}

/// SQNR of the worst output.
static double worstDb(const Outputs &expected, const Outputs &found) {
  double worst = INFINITY;
  for (auto [a, b] : llvm::zip_equal(expected, found)) {
    double signal = 0, error = 0;
    for (auto [x, y] : llvm::zip_equal(a, b)) {
      signal += double(x) * x;
      error += (double(y) - x) * (double(y) - x);
    }
    if (double db = toDecibels(signal, error); db < worst)
      worst = db;
  }
  return worst;
}

/// The op of a copy that stands where `op` stands.
static Operation *findCopy(ModuleOp module, ModuleOp copy, Operation *op) {
  int64_t index = 0, wanted = -1;
  module.walk([&](Operation *other) {
    if (other == op)
      wanted = index;
    ++index;
  });
  Operation *found = nullptr;
  index = 0;
  copy.walk([&](Operation *other) {
    if (index++ == wanted)
      found = other;
  });
  return found;
}

static llvm::Expected<double> measure(const Candidate &candidate, ModuleOp quantized, NodePlan plan,
                                      const NodeLoss &loss, const ExplainOptions &options,
                                      const Meter &meter, const Outputs &expected) {
  WeightScope scope(quantized.getContext()); // of changed weights
  OwningOpRef<ModuleOp> copy = quantized.clone();
  if (llvm::Error error = loadConstants(plan))
    return std::move(error);
  Changed(plan, loss, candidate.change, options.keepsSums)
      .apply(findCopy(quantized, *copy, plan.quantized));
  dropConstants(plan);
  llvm::Expected<Outputs> outputs = meter.outputsOf(*copy);
  if (!outputs)
    return outputs.takeError();
  return worstDb(expected, *outputs);
}

/// Whether the changed node can be written as a float op: where rows are quantized as they come,
/// only without that. Codes are nearest ones of channels here; those that an option chooses by
/// data, or by scales of groups, are others.
static bool canMeasure(const NodePlan &plan, Change change, const ExplainOptions &options) {
  if (change == Change::Float || change == Change::WideInputs)
    return true;
  bool ofWeights = change != Change::WholeInputs;
  return !plan.hasRows && !(ofWeights && (options.roundsByData || plan.weightGroup > 0));
}

/// dB for a byte; changes without a cost come first, those that lose last.
static double worthOf(double gainDb, int64_t bytes) {
  return gainDb <= 0 ? gainDb : bytes == 0 ? INFINITY : gainDb / double(bytes);
}

/// Those to measure, at most two of a node: by the model, in turns the greatest gain and the
/// greatest gain for a byte.
static std::vector<size_t> chooseMeasured(ArrayRef<Candidate> candidates, ArrayRef<NodePlan> plans,
                                          const ExplainOptions &options) {
  std::vector<size_t> byGain(candidates.size()), chosen;
  std::iota(byGain.begin(), byGain.end(), size_t(0));
  std::vector<size_t> byWorth = byGain;
  llvm::stable_sort(byWorth, [&](size_t a, size_t b) {
    return worthOf(candidates[a].modelDb, candidates[a].bytes) >
           worthOf(candidates[b].modelDb, candidates[b].bytes);
  });
  DenseMap<size_t, int> ofNode;
  std::vector<size_t> *orders[] = {&byGain, &byWorth};
  size_t next[] = {0, 0};
  for (int turn = 0;
       int64_t(chosen.size()) < options.measuredChanges && next[turn] < candidates.size();) {
    size_t i = (*orders[turn])[next[turn]++];
    if (llvm::is_contained(chosen, i) ||
        !canMeasure(plans[candidates[i].node], candidates[i].change, options) ||
        ofNode[candidates[i].node] >= 2)
      continue;
    ++ofNode[candidates[i].node];
    chosen.push_back(i);
    turn = 1 - turn;
  }
  return chosen;
}

llvm::Error quantc::advise(ModuleOp reference, ModuleOp quantized, ArrayRef<NodePlan> plans,
                           DataSet &data, ArrayRef<int64_t> runs, const ExplainOptions &options,
                           Explanation &explanation) {
  Meter meter(data, runs, options.threads);
  llvm::Expected<Outputs> expected = meter.outputsOf(reference);
  if (!expected)
    return expected.takeError();
  llvm::Expected<Outputs> found = meter.outputsOf(quantized);
  if (!found)
    return found.takeError();
  explanation.outputDb = worstDb(*expected, *found);
  std::vector<Candidate> candidates = findCandidates(plans, explanation.nodes, options);
  for (const Candidate &entry : llvm::ArrayRef(candidates).take_front(40))
    explanation.advice.push_back(
        {plans[entry.node].name, describe(entry.change, explanation.nodes[entry.node]), false,
         entry.modelDb, entry.bytes,
         optionFor(entry.change, plans[entry.node], explanation.nodes[entry.node], options)});
  std::vector<size_t> measured =
      chooseMeasured(llvm::ArrayRef(candidates).take_front(40), plans, options);
  for (auto [done, index] : llvm::enumerate(measured)) {
    if (options.progress)
      options.progress("measuring changes", done, measured.size());
    const Candidate &entry = candidates[index];
    llvm::Expected<double> db = measure(entry, quantized, plans[entry.node],
                                        explanation.nodes[entry.node], options, meter, *expected);
    if (!db)
      return addContext("node '" + plans[entry.node].name + "' changed", db.takeError());
    explanation.advice[index].measured = true;
    explanation.advice[index].gainDb = *db - explanation.outputDb;
  }
  llvm::erase_if(explanation.advice, [](const Advice &entry) { return !(entry.gainDb > 0); });
  llvm::stable_sort(explanation.advice, [](const Advice &a, const Advice &b) {
    return a.measured != b.measured ? a.measured
                                    : worthOf(a.gainDb, a.bytes) > worthOf(b.gainDb, b.bytes);
  });
  return llvm::Error::success();
}
