//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Cutting a function into blocks, and blocks as functions of their own; see Blocks.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/QNN/Transforms/Blocks.h"
#include "mlir/IR/IRMapping.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Interfaces/Weights.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::qnn;

//===----------------------------------------------------------------------===//
// Cuts
//===----------------------------------------------------------------------===//

static bool isConstant(Value value) {
  Operation *maker = value.getDefiningOp();
  return maker && maker->hasTrait<OpTrait::ConstantLike>();
}

/// The quantize of a pair whose dequantize the op is; null for others, such as stored weights.
static QuantizeOp pairOf(Operation *op) {
  auto dequantize = dyn_cast_or_null<DequantizeOp>(op);
  return dequantize ? dequantize.getInput().getDefiningOp<QuantizeOp>() : QuantizeOp();
}

/// The value in front of pairs and observers.
static Value behindPairs(Value value) {
  for (;;) {
    Operation *maker = value.getDefiningOp();
    if (auto observe = dyn_cast_or_null<ObserveOp>(maker))
      value = observe.getInput();
    else if (auto pair = pairOf(maker))
      value = pair.getInput();
    else
      return value;
  }
}

/// Ops that belong to what made their operand: they neither sum products nor join values.
static bool followsItsOperand(Operation *op) {
  if (isa<QuantizeOp, DequantizeOp, ObserveOp>(op))
    return true;
  auto quantizable = dyn_cast<QuantizableOpInterface>(op);
  return quantizable && op->getNumOperands() == 1 &&
         (quantizable.getClampBounds() || quantizable.evaluateUnary(0.0));
}

/// A result of a linear map or of a sum of several values, before any nonlinearity.
static bool isLinearResult(Value value) {
  Operation *maker = behindPairs(value).getDefiningOp();
  if (!maker)
    return false;
  auto quantizable = dyn_cast<QuantizableOpInterface>(maker);
  return isa<LinearMapOpInterface>(maker) ||
         (quantizable && maker->getNumOperands() > 1 && !quantizable.getClampBounds());
}

namespace {
/// The values that pass each place between two ops.
class Cutter {
public:
  explicit Cutter(func::FuncOp function) {
    for (Operation &op : function.getBody().front())
      if (!op.hasTrait<OpTrait::ConstantLike>())
        (op.hasTrait<OpTrait::IsTerminator>() ? end : ops.emplace_back()) = &op;
    for (auto [i, op] : llvm::enumerate(ops))
      position[op] = static_cast<int64_t>(i);
    measure();
  }

  std::vector<NetworkBlock> split(int64_t mostMaps);

private:
  void measure();
  int64_t lastUse(Value value) const;
  bool mayCut(int64_t place) const;
  bool isLinear(int64_t place) const;
  NetworkBlock makeBlock(int64_t first, int64_t last) const;

  SmallVector<Operation *> ops;
  Operation *end = nullptr;
  DenseMap<Operation *, int64_t> position;
  std::vector<SmallVector<Value>> passing; ///< behind each op
  size_t fewest = 0;
};
} // namespace

int64_t Cutter::lastUse(Value value) const {
  int64_t last = -1;
  for (Operation *user : value.getUsers()) {
    auto place = position.find(user);
    last = std::max(last, place == position.end() ? int64_t(ops.size()) : place->second);
  }
  return last;
}

/// Fewest over the places between the first linear map and the last.
void Cutter::measure() {
  passing.resize(ops.size());
  int64_t firstMap = -1, lastMap = -1;
  for (auto [i, op] : llvm::enumerate(ops)) {
    if (isa<LinearMapOpInterface>(op)) {
      firstMap = firstMap < 0 ? int64_t(i) : firstMap;
      lastMap = int64_t(i);
    }
    for (Value result : op->getResults())
      for (int64_t place = int64_t(i), last = lastUse(result);
           place < last && place < int64_t(ops.size()); ++place)
        passing[place].push_back(result);
  }
  for (int64_t place = std::max<int64_t>(firstMap, 0); place < lastMap; ++place)
    fewest = fewest == 0 ? passing[place].size() : std::min(fewest, passing[place].size());
}

/// Behind op `place`: nothing that belongs to it may come.
bool Cutter::mayCut(int64_t place) const {
  return place + 1 == int64_t(ops.size()) ||
         (passing[place].size() == fewest && !followsItsOperand(ops[place + 1]));
}

bool Cutter::isLinear(int64_t place) const {
  return llvm::all_of(ops[place]->getResults(), isLinearResult);
}

NetworkBlock Cutter::makeBlock(int64_t first, int64_t last) const {
  NetworkBlock block;
  llvm::SetVector<Value> inputs;
  block.ops.assign(ops.begin() + first, ops.begin() + last + 1);
  for (Operation *op : block.ops) {
    for (Value operand : op->getOperands()) {
      auto place =
          operand.getDefiningOp() ? position.find(operand.getDefiningOp()) : position.end();
      bool own = place != position.end() && place->second >= first;
      if (!own && !isConstant(operand))
        inputs.insert(operand);
    }
    for (Value result : op->getResults())
      if (lastUse(result) > last)
        block.outputs.push_back(result);
  }
  block.inputs.assign(inputs.begin(), inputs.end());
  return block;
}

std::vector<NetworkBlock> Cutter::split(int64_t mostMaps) {
  std::vector<std::pair<int64_t, int64_t>> parts; // [first, last]
  int64_t first = 0, maps = 0;
  for (int64_t place = 0, count = ops.size(); place < count; ++place) {
    maps += isa<LinearMapOpInterface>(ops[place]);
    bool closes =
        place + 1 == count || (maps > 0 && mayCut(place) && (isLinear(place) || maps >= mostMaps));
    if (!closes)
      continue;
    if (maps == 0 && !parts.empty())
      parts.back().second = place;
    else
      parts.push_back({first, place});
    first = place + 1;
    maps = 0;
  }
  std::vector<NetworkBlock> blocks;
  for (auto [begin, last] : parts)
    blocks.push_back(makeBlock(begin, last));
  return blocks;
}

std::vector<NetworkBlock> qnn::splitBlocks(func::FuncOp function, int64_t mostMaps) {
  return Cutter(function).split(mostMaps);
}

//===----------------------------------------------------------------------===//
// Blocks as functions
//===----------------------------------------------------------------------===//

namespace {
class Extraction {
public:
  Extraction(ArrayRef<Operation *> ops, const ExtractOptions &options, OpBuilder &builder)
      : own(ops.begin(), ops.end()), options(options), builder(builder) {}

  /// The copy of a value, made where it is not there yet.
  Value copy(Value value);
  IRMapping mapping;

private:
  void override(LinearMapOpInterface op, const MapParameters &parameters);

  llvm::DenseSet<Operation *> own;
  const ExtractOptions &options;
  OpBuilder &builder;
};
} // namespace

void Extraction::override(LinearMapOpInterface op, const MapParameters &parameters) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(op);
  auto constant = [&](RankedTensorType type, ArrayRef<float> values, StringRef part) -> Value {
    return nn::ConstantOp::create(builder, op.getLoc(), type,
                                  makeFloatWeights(type, values, getNodeName(op) + part.str()));
  };
  auto type = cast<RankedTensorType>(op.getWeightOperand().get().getType());
  op.getWeightOperand().set(constant(type, parameters.weight, ".weight"));
  if (parameters.bias.empty())
    return;
  auto biasType =
      RankedTensorType::get({static_cast<int64_t>(parameters.bias.size())}, builder.getF32Type());
  op.setBiasValue(constant(biasType, parameters.bias, ".bias"));
}

/// Ops are walked backwards; a value of another block that is no input is a caller's mistake.
Value Extraction::copy(Value value) {
  if (Value known = mapping.lookupOrNull(value))
    return known;
  Operation *maker = value.getDefiningOp();
  assert(maker && (own.contains(maker) || isConstant(value)) && "value of another block");
  if (options.floats && pairOf(maker)) {
    Value skipped = copy(behindPairs(value));
    mapping.map(value, skipped);
    return skipped;
  }
  for (Value operand : maker->getOperands())
    copy(operand);
  Operation *copied = builder.clone(*maker, mapping);
  auto parameters = options.parameters.find(maker);
  if (parameters != options.parameters.end())
    override(cast<LinearMapOpInterface>(copied), parameters->second);
  return mapping.lookup(value);
}

OwningOpRef<ModuleOp> qnn::extract(ArrayRef<Operation *> ops, ArrayRef<Value> inputs,
                                   ArrayRef<Value> outputs, const ExtractOptions &options) {
  Location loc = outputs.front().getLoc();
  OpBuilder builder(loc.getContext());
  OwningOpRef<ModuleOp> module = ModuleOp::create(builder, loc);
  auto typesOf = [](ArrayRef<Value> values) {
    return llvm::to_vector(llvm::map_range(values, [](Value value) { return value.getType(); }));
  };
  builder.setInsertionPointToEnd(module->getBody());
  auto function = func::FuncOp::create(builder, loc, "main",
                                       builder.getFunctionType(typesOf(inputs), typesOf(outputs)));
  mlir::Block *body = function.addEntryBlock();
  builder.setInsertionPointToEnd(body);
  Extraction extraction(ops, options, builder);
  for (auto [input, argument] : llvm::zip_equal(inputs, body->getArguments()))
    extraction.mapping.map(input, argument);
  SmallVector<Value> results;
  for (Value output : outputs)
    results.push_back(extraction.copy(output));
  func::ReturnOp::create(builder, loc, results);
  for (unsigned i = 0; i < inputs.size(); ++i)
    function.setArgAttr(i, "onnx.name", builder.getStringAttr("in" + Twine(i)));
  for (unsigned i = 0; i < outputs.size(); ++i)
    function.setResultAttr(i, "onnx.name", builder.getStringAttr("out" + Twine(i)));
  return module;
}
