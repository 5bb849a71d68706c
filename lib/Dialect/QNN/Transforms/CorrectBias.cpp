//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sequential bias correction on the integer graph. All runs advance together, op by op; a
// contraction is evaluated twice: for the mean of its accumulators, and with its corrected bias.
// Accumulators are not kept, 8-bit tensors take a byte an element and are freed after their last
// reader.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/QNN/Transforms/CorrectBias.h"
#include "Biases.h"
#include "Nodes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "quantc/Dialect/Dyad/IR/Dyad.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Interfaces/Weights.h"
#include "quantc/Numerics/Quantize.h"
#include "quantc/Support/Checkpoint.h"
#include "quantc/Support/Errors.h"
#include <cmath>

using namespace mlir;
using namespace quantc;
using namespace quantc::qnn;

//===----------------------------------------------------------------------===//
// Preparation
//===----------------------------------------------------------------------===//

/// Linear maps by node name; null where several have one name.
static llvm::StringMap<LinearMapOpInterface> uniqueLinearMaps(ModuleOp module) {
  llvm::StringMap<LinearMapOpInterface> maps;
  module.walk([&](LinearMapOpInterface op) {
    StringRef name = getLocationName(op.getLoc());
    if (name.empty())
      return;
    auto [entry, isNew] = maps.try_emplace(name, op);
    if (!isNew)
      entry->second = {};
  });
  return maps;
}

void qnn::observeLinearMaps(ModuleOp module) {
  module.walk([](ObserveOp observe) {
    observe.getResult().replaceAllUsesWith(observe.getInput());
    observe.erase();
  });
  auto format = IntFormatAttr::get(module.getContext(), 8, /*isSigned=*/false,
                                   /*symmetric=*/false, /*narrow=*/false);
  for (auto &entry : uniqueLinearMaps(module)) {
    if (!entry.second)
      continue;
    Value result = entry.second->getResult(0);
    OpBuilder builder(module.getContext());
    builder.setInsertionPointAfterValue(result);
    auto observe =
        ObserveOp::create(builder, result.getLoc(), result.getType(), result,
                          builder.getStringAttr(entry.first()), format, StatisticsAttr());
    result.replaceAllUsesExcept(observe.getResult(), observe);
  }
}

static std::optional<std::vector<float>> scalesOf(Value value) {
  auto dequantize = value.getDefiningOp<DequantizeOp>();
  return dequantize ? readFloats(getConstantElements(dequantize.getScale())) : std::nullopt;
}

AccumulatorScales qnn::collectAccumulatorScales(ModuleOp quantized) {
  AccumulatorScales scales;
  for (auto &entry : uniqueLinearMaps(quantized)) {
    if (!entry.second)
      continue;
    auto input = scalesOf(entry.second.getInputOperand().get());
    auto weight = scalesOf(entry.second.getWeightOperand().get());
    if (!input || !weight || input->size() != 1)
      continue;
    std::vector<double> &products = scales[entry.first()];
    for (float scale : *weight)
      products.push_back(double(input->front()) * double(scale));
  }
  return scales;
}

//===----------------------------------------------------------------------===//
// Evaluation
//===----------------------------------------------------------------------===//

namespace {
/// A tensor of one run; 8-bit elements take one byte.
struct Stored {
  std::vector<int64_t> shape;
  std::vector<uint8_t> bytes;
  std::vector<int32_t> words;
  bool isUnsigned = true;

  static Stored pack(IntTensor tensor, Type elementType);
  IntTensor unpack() const;
};

class Correction {
public:
  Correction(const ChannelSummaries &channels, const AccumulatorScales &scales, DataSet &data,
             ArrayRef<int64_t> runs)
      : channels(channels), scales(scales), data(data), runs(runs) {}

  LogicalResult run(func::FuncOp function, const ProgressFn &progress);
  BiasTable corrected;

private:
  LogicalResult quantizeInput(QuantizeOp op);
  LogicalResult loadArguments(func::FuncOp function);
  LogicalResult visit(Operation *op);
  LogicalResult correct(Operation *op);
  FailureOr<IntTensor> evaluate(Operation *op, size_t run);
  FailureOr<IntTensor> operand(Value value, size_t run);
  void release(Operation *op);

  const ChannelSummaries &channels;
  const AccumulatorScales &scales;
  DataSet &data;
  ArrayRef<int64_t> runs;
  DenseMap<Value, IntTensor> constants;
  DenseMap<Value, std::vector<Stored>> values;
  DenseMap<Value, int64_t> readersLeft;
  /// Results of float ops, and of all that depends on them: their integers are not known here.
  DenseSet<Value> unknown;
  DenseMap<Operation *, std::string> keys; ///< in `corrected`
  DenseMap<OpOperand *, IntTensor> biases; ///< corrected ones, in place of what is there
};
} // namespace

Stored Stored::pack(IntTensor tensor, Type elementType) {
  Stored stored;
  stored.shape = std::move(tensor.shape);
  if (elementType.getIntOrFloatBitWidth() > 8) {
    stored.words = std::move(tensor.data);
    return stored;
  }
  stored.isUnsigned = elementType.isUnsignedInteger();
  stored.bytes.assign(tensor.data.begin(), tensor.data.end());
  return stored;
}

IntTensor Stored::unpack() const {
  IntTensor tensor;
  tensor.shape = shape;
  if (bytes.empty()) {
    tensor.data = words;
    return tensor;
  }
  tensor.data.reserve(bytes.size());
  for (uint8_t byte : bytes)
    tensor.data.push_back(isUnsigned ? int32_t(byte) : int32_t(static_cast<int8_t>(byte)));
  return tensor;
}

/// Whether the result is computed again for its one reader instead of being kept.
static bool isDeferred(Operation *op) { return bool(correctableBias(op).operand); }

static Type elementTypeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getElementType();
}

FailureOr<IntTensor> Correction::operand(Value value, size_t run) {
  if (auto constant = constants.find(value); constant != constants.end())
    return constant->second;
  if (auto known = values.find(value); known != values.end())
    return known->second[run].unpack();
  if (Operation *op = value.getDefiningOp(); op && isDeferred(op))
    return evaluate(op, run);
  return emitError(value.getLoc(), "expected an integer graph, but found a value of type ")
         << value.getType();
}

FailureOr<IntTensor> Correction::evaluate(Operation *op, size_t run) {
  SmallVector<IntTensor> tensors;
  for (OpOperand &use : op->getOpOperands()) {
    if (auto bias = biases.find(&use); bias != biases.end()) {
      tensors.push_back(bias->second);
      continue;
    }
    FailureOr<IntTensor> tensor = operand(use.get(), run);
    if (failed(tensor))
      return failure();
    tensors.push_back(std::move(*tensor));
  }
  SmallVector<const IntTensor *> pointers;
  for (const IntTensor &tensor : tensors)
    pointers.push_back(&tensor);
  FailureOr<SmallVector<IntTensor>> results = cast<IntegerSemantics>(op).evaluate(pointers);
  if (failed(results))
    return failure();
  return std::move(results->front());
}

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

static IntTensor quantizeTensor(const HostTensor &input, float scale, int64_t zeroPoint,
                                IntegerType type, unsigned bits) {
  auto range = numerics::IntRange::ofType(!type.isUnsigned(), bits);
  IntTensor tensor(input.shape().vec());
  for (auto [code, value] : llvm::zip(tensor.data, input.values<float>()))
    code = numerics::quantizeLinear(value, scale, static_cast<int32_t>(zeroPoint),
                                    static_cast<int32_t>(range.lo), static_cast<int32_t>(range.hi));
  return tensor;
}

/// The argument's float data of every run, quantized.
static LogicalResult loadRuns(DataSet &data, ArrayRef<int64_t> runs, BlockArgument argument,
                              float scale, int64_t zeroPoint, IntegerType type, unsigned bits,
                              std::vector<Stored> &out) {
  for (int64_t run : runs) {
    llvm::Expected<Feed> feed = data.feed(run);
    if (!feed)
      return emitError(argument.getLoc()) << llvm::toString(feed.takeError());
    if (argument.getArgNumber() >= feed->inputs.size() ||
        feed->inputs[argument.getArgNumber()].tensor.dtype() != DType::F32)
      return emitError(argument.getLoc(), "expected float data for argument ")
             << argument.getArgNumber() << ", but found none";
    out.push_back(Stored::pack(
        quantizeTensor(feed->inputs[argument.getArgNumber()].tensor, scale, zeroPoint, type, bits),
        type));
  }
  return success();
}

LogicalResult Correction::quantizeInput(QuantizeOp op) {
  auto argument = dyn_cast<BlockArgument>(op.getInput());
  auto scale = readFloats(getConstantElements(op.getScale()));
  auto zeroPoint = readIntegers(getConstantElements(op.getZeroPoint()));
  if (!argument || !scale || !zeroPoint || scale->size() != 1)
    return op.emitError("expected to quantize an argument with one scale, but found another");
  return loadRuns(data, runs, argument, scale->front(), zeroPoint->front(),
                  cast<IntegerType>(elementTypeOf(op.getResult())), op.getCodeBits(),
                  values[op.getResult()]);
}

/// Arguments of a function with an integer interface.
LogicalResult Correction::loadArguments(func::FuncOp function) {
  for (BlockArgument argument : function.getArguments()) {
    auto type = dyn_cast<IntegerType>(elementTypeOf(argument));
    auto scale = function.getArgAttrOfType<FloatAttr>(argument.getArgNumber(), "quantc.scale");
    auto zeroPoint =
        function.getArgAttrOfType<IntegerAttr>(argument.getArgNumber(), "quantc.zero_point");
    auto bits = function.getArgAttrOfType<IntegerAttr>(argument.getArgNumber(), "quantc.bits");
    if (type && scale && zeroPoint &&
        failed(loadRuns(data, runs, argument, static_cast<float>(scale.getValueAsDouble()),
                        zeroPoint.getInt(), type, bits ? unsigned(bits.getInt()) : type.getWidth(),
                        values[argument])))
      return failure();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Correction
//===----------------------------------------------------------------------===//

/// Adds the accumulators of one run to `sum` by channel; returns the values per channel.
static int64_t addAccumulators(const IntTensor &acc, int64_t axis, std::vector<double> &sum) {
  int64_t size = acc.shape[static_cast<size_t>(axis)], inner = 1;
  for (size_t i = static_cast<size_t>(axis) + 1; i < acc.shape.size(); ++i)
    inner *= acc.shape[i];
  sum.resize(static_cast<size_t>(size), 0.0);
  for (size_t i = 0; i < acc.data.size(); ++i)
    sum[static_cast<int64_t>(i) / inner % size] += acc.data[i];
  return static_cast<int64_t>(acc.data.size()) / size;
}

LogicalResult Correction::correct(Operation *op) {
  StringRef name = getLocationName(op->getLoc());
  auto summary = channels.find(name);
  auto scale = scales.find(name);
  ChannelBias added = correctableBias(op);
  Value bias = added.operand->get();
  if (summary == channels.end() || scale == scales.end() || !getConstantElements(bias))
    return success();
  if (added.axis != 1) // summaries are along axis 1
    return success();
  std::vector<double> sum;
  int64_t count = 0;
  for (size_t run = 0; run < runs.size(); ++run) {
    FailureOr<IntTensor> accumulators = evaluate(op, run);
    if (failed(accumulators))
      return failure();
    count += addAccumulators(*accumulators, added.axis, sum);
  }
  auto codes = constants.find(bias);
  const ChannelSummary &wanted = summary->second;
  if (wanted.sum.size() != sum.size() || codes == constants.end() ||
      codes->second.data.size() != sum.size() || count == 0)
    return success();
  IntTensor fixed = codes->second;
  for (size_t o = 0; o < sum.size(); ++o) {
    double s = scale->second[scale->second.size() == 1 ? 0 : o];
    double real = wanted.sum[o] / static_cast<double>(wanted.count);
    double delta = numerics::roundHalfEven(real / s - sum[o] / static_cast<double>(count));
    double code = fixed.data[o] + delta;
    if (std::fabs(code) < 0x1p31)
      fixed.data[o] = static_cast<int32_t>(code);
  }
  corrected[keys.lookup(op)].assign(fixed.data.begin(), fixed.data.end());
  biases[added.operand] = std::move(fixed);
  return success();
}

/// Frees what no op behind `op` reads; a deferred op's operands live until its reader is done.
void Correction::release(Operation *op) {
  for (Value value : op->getOperands()) {
    if (Operation *maker = value.getDefiningOp(); maker && isDeferred(maker))
      release(maker);
    auto left = readersLeft.find(value);
    if (left != readersLeft.end() && --left->second == 0) {
      values.erase(value);
      readersLeft.erase(left);
    }
  }
}

LogicalResult Correction::visit(Operation *op) {
  if (op->hasTrait<OpTrait::ConstantLike>()) {
    auto codes = readIntegers(getConstantElements(op->getResult(0)));
    if (codes && isa<dyad::ConstantOp>(op)) {
      IntTensor tensor(cast<RankedTensorType>(op->getResult(0).getType()).getShape().vec());
      tensor.data.assign(codes->begin(), codes->end());
      constants[op->getResult(0)] = std::move(tensor);
    }
    return success();
  }
  if (auto quantize = dyn_cast<QuantizeOp>(op); quantize && isa<BlockArgument>(quantize.getInput()))
    return quantizeInput(quantize);
  if (isa<DequantizeOp>(op) || op->hasTrait<OpTrait::IsTerminator>())
    return success();
  if (!isa<IntegerSemantics>(op) ||
      llvm::any_of(op->getOperands(), [&](Value value) { return unknown.contains(value); })) {
    unknown.insert(op->result_begin(), op->result_end());
    release(op);
    return success();
  }
  if (isDeferred(op))
    return correct(op);
  std::vector<Stored> results;
  for (size_t run = 0; run < runs.size(); ++run) {
    FailureOr<IntTensor> tensor = evaluate(op, run);
    if (failed(tensor))
      return failure();
    results.push_back(Stored::pack(std::move(*tensor), elementTypeOf(op->getResult(0))));
  }
  values[op->getResult(0)] = std::move(results);
  release(op);
  return success();
}

LogicalResult Correction::run(func::FuncOp function, const ProgressFn &progress) {
  Block &body = function.getBody().front();
  for (const CorrectableOp &found : correctableOps(function))
    keys[found.op] = found.key;
  for (Operation &op : body)
    for (Value value : op.getOperands())
      ++readersLeft[value];
  if (failed(loadArguments(function)))
    return failure();
  uint64_t total = body.getOperations().size(), done = 0;
  for (Operation &op : body) {
    if (failed(visit(&op)))
      return failure();
    if (progress)
      progress("correcting biases", ++done, total);
  }
  return success();
}

FailureOr<BiasTable> qnn::correctBias(ModuleOp integers, const ChannelSummaries &channels,
                                      const AccumulatorScales &scales, DataSet &data,
                                      ArrayRef<int64_t> runs, const ProgressFn &progress,
                                      Checkpoint *checkpoint) {
  FailureOr<func::FuncOp> function = onlyFunction(integers);
  if (failed(function))
    return failure();
  bool reported = false;
  auto compute = [&]() -> llvm::Expected<BiasTable> {
    Correction correction(channels, scales, data, runs);
    reported = failed(correction.run(*function, progress));
    if (reported)
      return makeError("biases were not corrected");
    return std::move(correction.corrected);
  };
  auto table = resumed<BiasTable>(checkpoint, "biases", readBiases, writeBiases, compute);
  if (!table) {
    std::string reason = llvm::toString(table.takeError());
    return reported ? LogicalResult(failure())
                    : LogicalResult(emitError(integers.getLoc()) << reason);
  }
  if (failed(storeBiases(integers, *table)))
    return failure();
  return std::move(*table);
}
