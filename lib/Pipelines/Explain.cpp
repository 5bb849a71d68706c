//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Running both networks in slices of nodes, and the ledger's figures; see Explain.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Pipelines/Explain.h"
#include "ExplainAdvice.h"
#include "ExplainNode.h"
#include "Feeds.h"
#include "JsonNumber.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Dialect/QNN/Transforms/Equalize.h"
#include "quantc/Execution/CompileNode.h"
#include "quantc/Execution/JITExecutor.h"
#include "quantc/Support/Errors.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include <cmath>

using namespace mlir;
using namespace quantc;

llvm::StringRef quantc::lossCauseName(LossCause cause) {
  constexpr llvm::StringLiteral names[numLossCauses] = {
      "weight_rounding", "weight_clipping", "activation_step", "activation_clipping", "bias",
      "upstream"};
  return names[size_t(cause)];
}

double quantc::toDecibels(double signal, double error) { return 10 * std::log10(signal / error); }

void BinCounts::add(ArrayRef<float> values) {
  double scale = high > low ? double(numBins) / (high - low) : 0;
  for (float x : values) {
    double bin = (x - low) * scale;
    if (bin == bin)
      ++counts[size_t(std::clamp(bin, 0.0, double(numBins - 1)))];
  }
}

static BinCounts rangeOf(ArrayRef<float> values) {
  BinCounts histogram;
  if (values.empty())
    return histogram;
  auto [low, high] = std::minmax_element(values.begin(), values.end());
  histogram.low = *low;
  histogram.high = *high;
  return histogram;
}

namespace {
/// Tensors of one network that a slice looks at, by the observers in front of which they are.
class Watch {
public:
  explicit Watch(ModuleOp module) : module(module) {}
  ~Watch() { clear(); }

  void add(Value value) { values.insert(value); }
  llvm::Error open(int threads);
  /// Values of all watched tensors for one run.
  llvm::Error run(const Feed &feed);
  HostTensor lookup(Value value) const { return tensors.lookup(value); }
  void clear();

private:
  ModuleOp module;
  llvm::SetVector<Value> values;
  std::vector<qnn::ObserveOp> observers;
  std::unique_ptr<JITExecutor> executor;
  std::vector<int> ids;
  std::vector<Value> valueOfId;
  DenseMap<Value, HostTensor> tensors;
};
} // namespace

llvm::Error Watch::open(int threads) {
  auto format = qnn::IntFormatAttr::get(module.getContext(), 8, /*isSigned=*/true,
                                        /*symmetric=*/true, /*narrow=*/true);
  llvm::StringMap<Value> byName;
  for (Value value : values) {
    if (isa<BlockArgument>(value))
      continue;
    OpBuilder builder(module.getContext());
    builder.setInsertionPointAfterValue(value);
    std::string name = "explained" + std::to_string(byName.size());
    byName[name] = value;
    observers.push_back(qnn::ObserveOp::create(builder, value.getLoc(), value.getType(), value,
                                               builder.getStringAttr(name), format,
                                               qnn::StatisticsAttr()));
  }
  auto created = JITExecutor::create(module, kernels::bestHostLevel(), threads);
  if (!created)
    return created.takeError();
  executor = std::move(*created);
  for (auto [id, tensor] : llvm::enumerate(executor->observed())) {
    auto value = byName.find(tensor.name);
    valueOfId.push_back(value == byName.end() ? Value() : value->second);
    if (value != byName.end())
      ids.push_back(int(id));
  }
  return llvm::Error::success();
}

llvm::Error Watch::run(const Feed &feed) {
  tensors.clear();
  for (Value value : values)
    if (auto argument = dyn_cast<BlockArgument>(value))
      tensors[value] = feed.inputs[argument.getArgNumber()].tensor;
  return executor->run(feed, ids, [&](int id, ArrayRef<float> data, ArrayRef<int64_t> shape) {
    tensors[valueOfId[id]] = HostTensor::from<float>(shape, data);
  });
}

void Watch::clear() {
  for (qnn::ObserveOp observer : observers)
    observer.erase();
  observers.clear();
}

/// Observers of calibration say nothing here.
static void removeObservers(ModuleOp module) {
  module.walk([](qnn::ObserveOp observe) {
    observe.getResult().replaceAllUsesWith(observe.getInput());
    observe.erase();
  });
}

/// Accumulators that leave the graph are codes of 32 bits: sums as they are. They stay float here.
static void removeAccumulators(ModuleOp module) {
  module.walk([](qnn::DequantizeOp dequantize) {
    auto quantize = dequantize.getInput().getDefiningOp<qnn::QuantizeOp>();
    if (!quantize || quantize.getType().getElementTypeBitWidth() < 32)
      return;
    dequantize.getResult().replaceAllUsesWith(quantize.getInput());
    dequantize.erase();
    if (quantize->use_empty())
      quantize.erase();
  });
}

//===----------------------------------------------------------------------===//
// Slices
//===----------------------------------------------------------------------===//

static uint64_t bytesOf(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.hasStaticShape() ? uint64_t(type.getNumElements()) * 4 : 0;
}

/// Bytes of what a node's figures are made of: activations of both networks and, for a quantized
/// node, its weight in four forms.
static uint64_t bytesOf(const NodePlan &plan) {
  uint64_t bytes = 2 * bytesOf(plan.quantized->getResult(0));
  if (plan.canSplit && plan.isQuantized())
    for (const NodeOperand &operand : plan.operands)
      bytes += (operand.isConstant ? 4 : 2) * bytesOf(operand.referenceValue);
  return bytes;
}

/// Ends of slices of nodes in order; a slice holds at least one.
static std::vector<size_t> sliceEnds(ArrayRef<NodePlan> plans, uint64_t memory) {
  std::vector<size_t> ends;
  uint64_t used = 0;
  for (auto [i, plan] : llvm::enumerate(plans)) {
    uint64_t bytes = bytesOf(plan);
    if (used > 0 && used + bytes > memory) {
      ends.push_back(i);
      used = 0;
    }
    used += bytes;
  }
  if (!plans.empty())
    ends.push_back(plans.size());
  return ends;
}

namespace {
class Ledger {
public:
  Ledger(ModuleOp reference, ModuleOp quantized, DataSet &data, const ExplainOptions &options)
      : reference(reference), quantized(quantized), data(data), options(options),
        runs(qnn::evenlySpacedRuns(data.numRuns(), options.runs)) {}

  llvm::Error measure(MutableArrayRef<NodePlan> slice, MutableArrayRef<NodeLoss> losses);
  ArrayRef<int64_t> usedRuns() const { return runs; }
  uint64_t done = 0, total = 0;

private:
  llvm::Error measureRun(const Feed &feed, Watch &ours, Watch &theirs,
                         MutableArrayRef<NodePlan> slice, std::vector<NodeMeter> &meters,
                         MutableArrayRef<NodeLoss> losses);

  ModuleOp reference, quantized;
  DataSet &data;
  const ExplainOptions &options;
  std::vector<int64_t> runs;
};
} // namespace

static NodeLoss describe(const NodePlan &plan) {
  NodeLoss loss;
  loss.node = plan.name;
  loss.op = plan.reference->getName().getStringRef().str();
  loss.elements = cast<RankedTensorType>(plan.quantized->getResult(0).getType()).getNumElements();
  if (!plan.canSplit)
    return loss;
  for (const NodeOperand &operand : plan.operands) {
    if (!operand.codes && !(plan.hasRows && !operand.isConstant))
      continue;
    loss.inputElements += cast<RankedTensorType>(operand.quantizedValue.getType()).getNumElements();
    loss.activationBits = operand.codes ? operand.codes->bits : plan.rowBits;
  }
  if (plan.weight && plan.operands[*plan.weight].isChanged) {
    loss.parameters = cast<RankedTensorType>(plan.operands[*plan.weight].referenceValue.getType())
                          .getNumElements();
    loss.weightBits = plan.weightBits;
  }
  return loss;
}

llvm::Error Ledger::measure(MutableArrayRef<NodePlan> slice, MutableArrayRef<NodeLoss> losses) {
  Watch ours(reference), theirs(quantized);
  std::vector<NodeMeter> meters;
  for (auto [plan, loss] : llvm::zip_equal(slice, losses)) {
    ours.add(plan.reference->getResult(0));
    theirs.add(plan.quantized->getResult(0));
    meters.emplace_back(plan);
    if (!plan.canSplit || !plan.isQuantized())
      continue;
    for (const NodeOperand &operand : plan.operands)
      if (!operand.isConstant) {
        ours.add(operand.referenceValue);
        theirs.add(operand.quantizedValue);
      }
  }
  if (llvm::Error error = ours.open(options.threads))
    return addContext("float model", std::move(error));
  if (llvm::Error error = theirs.open(options.threads))
    return addContext("quantized model", std::move(error));
  for (int64_t run : runs) {
    llvm::Expected<Feed> feed = data.feed(run);
    if (!feed)
      return feed.takeError();
    if (llvm::Error error = measureRun(*feed, ours, theirs, slice, meters, losses))
      return error;
  }
  return llvm::Error::success();
}

llvm::Error Ledger::measureRun(const Feed &feed, Watch &ours, Watch &theirs,
                               MutableArrayRef<NodePlan> slice, std::vector<NodeMeter> &meters,
                               MutableArrayRef<NodeLoss> losses) {
  if (llvm::Error error = ours.run(feed))
    return addContext("float model", std::move(error));
  if (llvm::Error error = theirs.run(feed))
    return addContext("quantized model", std::move(error));
  for (auto [plan, meter, loss] : llvm::zip_equal(slice, meters, losses)) {
    bool splits = plan.canSplit && plan.isQuantized();
    std::vector<HostTensor> exact, found;
    if (splits) {
      if (llvm::Error error = meter.open())
        return error;
      for (const NodeOperand &operand : plan.operands) {
        exact.push_back(ours.lookup(operand.referenceValue));
        found.push_back(theirs.lookup(operand.quantizedValue));
        if (!loss.inputs && loss.activationBits && !operand.isConstant)
          loss.inputs = rangeOf(exact.back().values<float>());
      }
      if (!loss.weights && loss.weightBits > 0) {
        ArrayRef<float> weight = plan.operands[*plan.weight].reference.values<float>();
        loss.weights = rangeOf(weight);
        loss.weights->add(weight);
      }
    }
    if (llvm::Error error = meter.add(exact, found, ours.lookup(plan.reference->getResult(0)),
                                      theirs.lookup(plan.quantized->getResult(0)), loss))
      return addContext("node '" + plan.name + "'", std::move(error));
    meter.close(); // weights of one node at a time
    if (options.progress)
      options.progress("explaining", ++done, total);
  }
  return llvm::Error::success();
}

llvm::Expected<Explanation> quantc::explainLosses(ModuleOp reference, ModuleOp quantized,
                                                  DataSet &data, const ExplainOptions &options) {
  OwningOpRef<ModuleOp> ours = reference.clone(), theirs = quantized.clone();
  removeObservers(*ours);
  removeObservers(*theirs);
  removeAccumulators(*theirs);
  llvm::Expected<std::vector<NodePlan>> plans = planNodes(*ours, *theirs);
  if (!plans)
    return plans.takeError();
  Explanation explanation;
  for (const NodePlan &plan : *plans)
    explanation.nodes.push_back(describe(plan));
  Ledger ledger(*ours, *theirs, data, options);
  explanation.runs = int64_t(ledger.usedRuns().size());
  ledger.total = plans->size() * ledger.usedRuns().size();
  size_t begin = 0;
  for (size_t end : sliceEnds(*plans, options.memory)) {
    if (llvm::Error error =
            ledger.measure(MutableArrayRef(*plans).slice(begin, end - begin),
                           MutableArrayRef(explanation.nodes).slice(begin, end - begin)))
      return std::move(error);
    begin = end;
  }
  if (llvm::Error error =
          advise(*ours, *theirs, *plans, data, ledger.usedRuns(), options, explanation))
    return std::move(error);
  return explanation;
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

static llvm::json::Value toJSON(const std::optional<BinCounts> &histogram) {
  if (!histogram)
    return nullptr;
  return llvm::json::Object{{"low", orNull(histogram->low)},
                            {"high", orNull(histogram->high)},
                            {"counts", llvm::json::Array(histogram->counts)}};
}

static llvm::json::Value toJSON(const NodeLoss &loss) {
  llvm::json::Object causes;
  for (size_t i = 0; i < numLossCauses; ++i) {
    if (loss.power[i] == 0 && loss.product[i] == 0)
      continue;
    causes[lossCauseName(LossCause(i))] =
        llvm::json::Object{{"sqnr_db", orNull(toDecibels(loss.signal, loss.power[i]))},
                           {"share", orNull(loss.product[i] / loss.total)}};
  }
  return llvm::json::Object{
      {"node", llvm::json::fixUTF8(loss.node)},
      {"op", loss.op},
      {"quantized", loss.isQuantized()},
      {"sqnr_db", orNull(toDecibels(loss.signal, loss.total))},
      {"local_sqnr_db", orNull(toDecibels(loss.signal, loss.local))},
      {"causes", std::move(causes)},
      {"residue",
       llvm::json::Object{
           {"sqnr_db", orNull(toDecibels(loss.signal, loss.residue))},
           {"share", orNull(loss.total > 0 ? loss.residueProduct / loss.total : 0)}}},
      {"elements", loss.elements},
      {"parameters", loss.parameters},
      {"weight_bits", loss.weightBits},
      {"weight_bytes", std::ceil(double(loss.parameters) * loss.weightBits / 8)},
      {"activation_bits", int64_t(loss.activationBits)},
      {"weights", toJSON(loss.weights)},
      {"inputs", toJSON(loss.inputs)}};
}

llvm::json::Value Explanation::toJSON() const {
  llvm::json::Array list, changes;
  for (const NodeLoss &loss : nodes)
    list.push_back(::toJSON(loss));
  for (const Advice &entry : advice)
    changes.push_back(llvm::json::Object{
        {"node", llvm::json::fixUTF8(entry.node)},
        {"change", entry.change},
        {"option", llvm::json::fixUTF8(entry.option)},
        {"by", entry.measured ? "measurement" : "model"},
        {"gain_db", orNull(entry.gainDb)},
        {"bytes", entry.bytes},
        {"db_per_kib", entry.bytes > 0 ? orNull(entry.gainDb / double(entry.bytes) * 1024)
                                       : llvm::json::Value(nullptr)}});
  return llvm::json::Object{{"runs", runs},
                            {"output_sqnr_db", orNull(outputDb)},
                            {"nodes", std::move(list)},
                            {"advice", std::move(changes)}};
}
