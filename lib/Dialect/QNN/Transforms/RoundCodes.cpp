//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Choosing and storing codes of weights; see RoundCodes.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/QNN/Transforms/RoundCodes.h"
#include "Decodes.h"
#include "Nodes.h"
#include "Pairs.h"
#include "quantc/Calibration/Npz.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/QNN/Transforms/Passes.h"
#include "quantc/Interfaces/Weights.h"
#include "quantc/Support/Errors.h"
#include "quantc/Support/OptionText.h"

namespace quantc::qnn {
#define GEN_PASS_DEF_QNNSTORECODES
#include "quantc/Dialect/QNN/Transforms/Passes.h.inc"
} // namespace quantc::qnn

using namespace mlir;
using namespace quantc;
using namespace quantc::qnn;

//===----------------------------------------------------------------------===//
// Maps
//===----------------------------------------------------------------------===//

static InFlightDiagnostic keepsNearest(LinearMapOpInterface op) {
  return op->emitRemark() << "node '" << getNodeName(op) << "': weights are rounded to nearest: ";
}

/// Nullopt, with a remark, where the weights cannot be chosen; fails with a diagnostic where they
/// have no integers at all.
static FailureOr<std::optional<RoundableMap>> makeRoundable(LinearMapOpInterface op,
                                                            const QuantizeOptions &options) {
  std::optional<RoundableMap> none;
  std::optional<ptq::PatchGeometry> patches = op.getPatches();
  if (!patches || op.getWeightOutputAxis() != 0) {
    keepsNearest(op) << "the sizes of its input are not known";
    return none;
  }
  FailureOr<WeightLimits> limits = weightLimits(op, quantizedInput(op), options);
  if (failed(limits))
    return failure();
  if (limits->bits < 2) {
    keepsNearest(op) << "codes of 1 bit have no choice but their sign";
    return none;
  }
  RoundableMap map;
  map.op = op;
  map.name = getNodeName(op);
  map.patches = *patches;
  map.bits = limits->bits;
  map.weight = std::move(limits->weight);
  map.bias = std::move(limits->bias);
  map.steps = std::move(limits->steps);
  map.allows = std::move(limits->allows);
  return std::optional<RoundableMap>(std::move(map));
}

FailureOr<std::vector<RoundableMap>> qnn::collectRoundable(ModuleOp module,
                                                           const QuantizeOptions &options) {
  std::vector<RoundableMap> maps;
  llvm::StringSet<> names;
  WalkResult walk = module.walk([&](LinearMapOpInterface op) {
    if (!asQuantizable(op))
      return WalkResult::advance();
    if (!quantizedInput(op)) {
      keepsNearest(op) << "its input has no calibrated range";
      return WalkResult::advance();
    }
    if (!names.insert(getNodeName(op)).second) {
      keepsNearest(op) << "another node has its name";
      return WalkResult::advance();
    }
    FailureOr<std::optional<RoundableMap>> map = makeRoundable(op, options);
    if (failed(map))
      return WalkResult::interrupt();
    if (*map)
      maps.push_back(std::move(**map));
    return WalkResult::advance();
  });
  if (walk.wasInterrupted())
    return failure();
  return maps;
}

//===----------------------------------------------------------------------===//
// Choice
//===----------------------------------------------------------------------===//

std::vector<float> ChosenCodes::weights() const {
  std::vector<float> values(codes.size());
  const size_t row = steps.empty() ? 1 : codes.size() / steps.size();
  for (size_t i = 0; i < codes.size(); ++i)
    values[i] = numerics::dequantizeLinear(codes[i], steps[i / row], 0);
  return values;
}

namespace {
/// The rows of one group of a map.
class GroupChoice {
public:
  GroupChoice(const RoundableMap &map, int64_t group, const ptq::ChannelOptions &options)
      : map(map), options(options), row(map.patches.rowSize()) {
    std::tie(begin, end) = map.channelsOf(group);
    weight.resize(end - begin, row);
    for (int64_t i = 0; i < weight.size(); ++i)
      weight.data()[i] = double(map.weight[begin * row + i]);
  }

  /// `parts` of the data; empty without data.
  llvm::Error run(ArrayRef<ptq::GroupMoment> parts, ChosenCodes &chosen, RoundedWeight &report);

private:
  const RoundableMap &map;
  const ptq::ChannelOptions &options;
  int64_t row, begin, end;
  ptq::Matrix weight;
};
} // namespace

llvm::Error GroupChoice::run(ArrayRef<ptq::GroupMoment> parts, ChosenCodes &chosen,
                             RoundedWeight &report) {
  ptq::ChannelProblem problem;
  problem.weight = weight;
  problem.bits = map.bits;
  problem.steps = ptq::Vector::Map(
      std::vector<double>(map.steps.begin() + begin, map.steps.begin() + end).data(), end - begin);
  auto allows = [&](int64_t channel, float step) { return map.allows(begin + channel, step); };
  problem.allowed = allows;
  ptq::GroupMoment whole, centred;
  std::vector<ptq::HeldOutMoments> heldOut;
  if (!parts.empty()) {
    whole = ptq::GroupMoment::merge(parts);
    centred = whole.centred();
    problem.second = &centred.second;
    if (centred.cross.size() != 0)
      problem.cross = &centred.cross;
    heldOut = ptq::holdOut(parts);
    problem.heldOut = heldOut;
  }
  llvm::Expected<ptq::ChannelResult> rounded = ptq::roundChannels(problem, options);
  if (!rounded)
    return rounded.takeError();
  std::copy(rounded->codes.begin(), rounded->codes.end(), chosen.codes.begin() + begin * row);
  std::copy(rounded->steps.begin(), rounded->steps.end(), chosen.steps.begin() + begin);
  report.loss += rounded->outputError;
  report.nearestLoss += rounded->nearestOutputError;
  if (report.message.empty())
    report.message = rounded->message;
  if (parts.empty())
    return llvm::Error::success();
  const double share = double(end - begin) / double(map.outputs());
  report.damping += share * rounded->damping;
  report.alpha += share * rounded->alpha;
  const ptq::Vector &original = whole.originalMean.size() != 0 ? whole.originalMean : whole.mean;
  ptq::Vector shift = weight * original - rounded->weights * whole.mean;
  for (int64_t channel = begin; channel < end; ++channel)
    chosen.bias[channel] = static_cast<float>(double(map.bias[channel]) + shift[channel - begin]);
  return llvm::Error::success();
}

llvm::Expected<ChosenCodes> qnn::chooseCodes(const RoundableMap &map,
                                             ArrayRef<ptq::PatchMoment> moments,
                                             const ptq::ChannelOptions &options,
                                             RoundedWeight &report) {
  ChosenCodes chosen;
  chosen.codes.resize(map.weight.size());
  chosen.steps = map.steps;
  chosen.bias = map.bias;
  report = RoundedWeight();
  report.node = map.name;
  report.bits = double(map.bits);
  for (int64_t group = 0; group < map.patches.groups; ++group) {
    std::vector<ptq::GroupMoment> parts;
    for (const ptq::PatchMoment &moment : moments)
      parts.push_back(moment.group(group));
    GroupChoice choice(map, group, options);
    if (llvm::Error error = choice.run(parts, chosen, report))
      return addContext("node '" + map.name + "'", std::move(error));
  }
  return chosen;
}

//===----------------------------------------------------------------------===//
// Storing
//===----------------------------------------------------------------------===//

void qnn::storeCodes(const RoundableMap &map, const ChosenCodes &chosen) {
  LinearMapOpInterface op = map.op;
  OpBuilder builder(op);
  Location loc = op.getLoc();
  Value old = op.getWeightOperand().get();
  auto type = cast<RankedTensorType>(old.getType());
  auto storage = builder.getIntegerType(map.bits > 8 ? 16 : 8, /*isSigned=*/true);
  auto storedType = RankedTensorType::get(type.getShape(), storage);
  std::vector<int64_t> codes(chosen.codes.begin(), chosen.codes.end());
  Value stored = nn::ConstantOp::create(
      builder, loc, storedType, makeIntegerWeights(storedType, codes, map.name + ".weight"));
  ParameterValues parameters =
      makeParameters(builder, loc, storage, chosen.steps, 0, /*perAxis=*/true);
  op.getWeightOperand().set(DequantizeOp::create(builder, loc, type, stored, parameters.scale,
                                                 parameters.zeroPoint, op.getWeightOutputAxis()));
  eraseUnused(old);
  Value oldBias = op.getBiasValue();
  bool needed = llvm::any_of(chosen.bias, [](float value) { return value != 0; });
  if (!oldBias && !needed)
    return;
  auto biasType = RankedTensorType::get({map.outputs()}, builder.getF32Type());
  op.setBiasValue(nn::ConstantOp::create(
      builder, loc, biasType, makeFloatWeights(biasType, chosen.bias, map.name + ".bias")));
  if (oldBias)
    eraseUnused(oldBias);
}

llvm::Error qnn::writeCodes(llvm::StringRef path, const CodeTable &table) {
  std::vector<llvm::StringRef> names;
  for (const auto &entry : table)
    names.push_back(entry.getKey());
  llvm::sort(names);
  std::vector<NamedTensor> arrays;
  for (llvm::StringRef name : names) {
    const ChosenCodes &chosen = table.find(name)->second;
    int64_t outputs = chosen.steps.size();
    auto add = [&](const char *part, HostTensor tensor) {
      arrays.push_back({(name + ":" + part).str(), std::move(tensor)});
    };
    add("codes",
        HostTensor::from<int32_t>(
            {outputs, int64_t(chosen.codes.size()) / std::max<int64_t>(outputs, 1)}, chosen.codes));
    add("steps", HostTensor::from<float>({outputs}, chosen.steps));
    add("bias", HostTensor::from<float>({outputs}, chosen.bias));
  }
  return writeNpz(path, arrays);
}

llvm::Expected<CodeTable> qnn::readCodes(llvm::StringRef path) {
  llvm::Expected<std::vector<NamedTensor>> arrays = readNpz(path);
  if (!arrays)
    return arrays.takeError();
  CodeTable table;
  for (const NamedTensor &array : *arrays) {
    auto [name, part] = llvm::StringRef(array.name).rsplit(':');
    const HostTensor &tensor = array.tensor;
    ChosenCodes &chosen = table[name];
    if (part == "codes" && tensor.dtype() == DType::I32)
      chosen.codes = tensor.values<int32_t>().vec();
    else if (part == "steps" && tensor.dtype() == DType::F32)
      chosen.steps = tensor.values<float>().vec();
    else if (part == "bias" && tensor.dtype() == DType::F32)
      chosen.bias = tensor.values<float>().vec();
    else
      return makeError(path +
                       ": expected int32 'NODE:codes', float32 'NODE:steps' and "
                       "'NODE:bias', but found '" +
                       array.name + "', " + tensor.typeString());
  }
  return table;
}

/// Whether codes and steps are such as the map can store.
static bool fits(const RoundableMap &map, const ChosenCodes &chosen) {
  const int64_t greatest = (int64_t(1) << (map.bits - 1)) - 1;
  return chosen.codes.size() == map.weight.size() && chosen.steps.size() == map.steps.size() &&
         chosen.bias.size() == map.bias.size() &&
         llvm::all_of(chosen.codes,
                      [&](int64_t code) { return code >= -greatest && code <= greatest; }) &&
         llvm::all_of(chosen.steps, [](float step) { return std::isnormal(step) && step > 0; }) &&
         llvm::all_of(chosen.bias, [](float bias) { return std::isfinite(bias); });
}

/// Codes that are farther from the weight than zeros are belong to another one.
static bool isNear(const RoundableMap &map, const ChosenCodes &chosen) {
  double error = 0, size = 0;
  for (auto [wanted, found] : llvm::zip_equal(map.weight, chosen.weights())) {
    error += (double(wanted) - found) * (double(wanted) - found);
    size += double(wanted) * wanted;
  }
  return error <= size;
}

LogicalResult qnn::storeCodes(ModuleOp module, const CodeTable &table,
                              const QuantizeOptions &options) {
  FailureOr<std::vector<RoundableMap>> maps = collectRoundable(module, options);
  if (failed(maps))
    return failure();
  llvm::StringSet<> known;
  LogicalResult result = success();
  for (const RoundableMap &map : *maps) {
    known.insert(map.name);
    auto chosen = table.find(map.name);
    auto refuse = [&]() {
      result = failure();
      return map.op->emitError("node '") << map.name << "': expected ";
    };
    if (chosen == table.end())
      refuse() << "codes, but found none";
    else if (!fits(map, chosen->second))
      refuse() << map.weight.size() << " codes of " << map.bits
               << " bits, and a positive step and a finite bias for each of " << map.outputs()
               << " channels, but found others";
    else if (!isNear(map, chosen->second))
      refuse() << "codes of its weight, but found some that zeros are nearer to";
  }
  std::vector<StringRef> unknown;
  for (const auto &entry : table)
    if (!known.contains(entry.getKey()))
      unknown.push_back(entry.getKey());
  llvm::sort(unknown);
  for (StringRef name : unknown)
    result = emitError(module.getLoc())
             << "node '" << name << "': expected a map whose weight is stored, but found none";
  if (failed(result))
    return failure();
  for (const RoundableMap &map : *maps)
    storeCodes(map, table.find(map.name)->second);
  return success();
}

namespace {
struct StoreCodesPass : qnn::impl::QnnStoreCodesBase<StoreCodesPass> {
  using QnnStoreCodesBase::QnnStoreCodesBase;

  void runOnOperation() override {
    QuantizeOptions options;
    options.weightBits = weightBits;
    options.nodeBits = unescapeItems(nodeBits);
    llvm::Expected<CodeTable> table = readCodes(codes);
    if (!table) {
      emitError(getOperation().getLoc()) << llvm::toString(table.takeError());
      return signalPassFailure();
    }
    if (failed(quantizeActivations(getOperation(), options)) ||
        failed(storeCodes(getOperation(), *table, options)))
      signalPassFailure();
  }
};
} // namespace
