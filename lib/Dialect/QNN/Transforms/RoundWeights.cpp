//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights rounded by GPTQ and stored; see RoundWeights.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/QNN/Transforms/RoundWeights.h"
#include "Decodes.h"
#include "Nodes.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/QNN/Transforms/Passes.h"
#include "quantc/Interfaces/Weights.h"
#include "quantc/PTQ/Curvature.h"
#include "quantc/PTQ/FormatGrid.h"
#include "quantc/Support/Checkpoint.h"
#include "quantc/Support/Errors.h"
#include "quantc/Support/Json.h"
#include "quantc/Support/OptionText.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include <cmath>

namespace quantc::qnn {
#define GEN_PASS_DEF_QNNROUNDWEIGHTS
#include "quantc/Dialect/QNN/Transforms/Passes.h.inc"
} // namespace quantc::qnn

using namespace mlir;
using namespace quantc;
using namespace quantc::qnn;

/// The value in front of observers.
static Value unobserved(Value value) {
  while (auto observe = value.getDefiningOp<ObserveOp>())
    value = observe.getInput();
  return value;
}

/// A map with a matrix of f32 constants over the last axis of its input.
static bool isMatrixMap(LinearMapOpInterface op) {
  auto weight = cast<RankedTensorType>(op.getWeightOperand().get().getType());
  std::optional<ptq::PatchGeometry> patches = op.getPatches();
  return patches && patches->channelsLast && weight.getRank() == 2 &&
         weight.getElementType().isF32() && op.getWeightOutputAxis() == 0 &&
         getConstantElements(op.getWeightOperand().get());
}

namespace {
/// Maps that read one tensor share its moments.
using Readers = llvm::MapVector<Value, SmallVector<LinearMapOpInterface>>;
} // namespace

/// In order of the module.
static Readers collectReaders(ModuleOp module) {
  Readers readers;
  module.walk([&](LinearMapOpInterface op) {
    if (isMatrixMap(op))
      readers[unobserved(op.getInputOperand().get())].push_back(op);
  });
  return readers;
}

/// "NODE.input" of the first node that reads the tensor.
static std::string momentName(ArrayRef<LinearMapOpInterface> readers) {
  return getNodeName(readers.front()) + ".input";
}

void qnn::observeInputs(ModuleOp module) {
  module.walk([](ObserveOp observe) {
    observe.getResult().replaceAllUsesWith(observe.getInput());
    observe.erase();
  });
  auto format = IntFormatAttr::get(module.getContext(), 8, /*isSigned=*/true, /*symmetric=*/true,
                                   /*narrow=*/true);
  for (auto &[value, readers] : collectReaders(module)) {
    OpBuilder builder(module.getContext());
    builder.setInsertionPointAfterValue(value);
    auto observe =
        ObserveOp::create(builder, value.getLoc(), value.getType(), value,
                          builder.getStringAttr(momentName(readers)), format, StatisticsAttr());
    for (LinearMapOpInterface reader : readers)
      reader.getInputOperand().set(observe);
  }
}

namespace {
struct StoredWeight {
  RoundedWeight report;
  numerics::StoredMatrix matrix;

  std::array<std::vector<uint8_t> *, 5> parts() {
    return {&matrix.codes, &matrix.scales, &matrix.zeroPoints, &matrix.secondLevel,
            &matrix.selectors};
  }
};

class Rounder {
public:
  Rounder(NumberFormatAttr attribute, const numerics::ScaleSearch &search,
          const RoundOptions &options)
      : attribute(attribute), format(attribute.getFormat()), search(search),
        weighs(options.search == "output"), staticGroups(options.staticGroups) {}

  /// `cross` with `alpha` moves what is rounded; may be empty.
  llvm::Expected<StoredWeight> round(LinearMapOpInterface op, const ptq::GptqFactor &factor,
                                     const ptq::Matrix &moment, const ptq::Matrix &cross,
                                     double alpha);
  /// Puts the stored weight in place of the float one.
  void store(LinearMapOpInterface op, const numerics::StoredMatrix &matrix);

private:
  NumberFormatAttr attribute;
  numerics::NumberFormat format;
  numerics::ScaleSearch search;
  bool weighs; ///< errors by the mean square of the input that meets them
  bool staticGroups;
};
} // namespace

/// The file of a weight that is done: a line of JSON, then the bytes of the parts.
static llvm::Error writeStored(StringRef path, StoredWeight stored) {
  llvm::json::Array sizes;
  std::string bytes;
  for (const std::vector<uint8_t> *part : stored.parts()) {
    sizes.push_back(static_cast<int64_t>(part->size()));
    bytes.append(part->begin(), part->end());
  }
  const RoundedWeight &report = stored.report;
  llvm::json::Value header = llvm::json::Object{{"bits", report.bits},
                                                {"loss", report.loss},
                                                {"nearest", report.nearestLoss},
                                                {"message", report.message},
                                                {"sizes", std::move(sizes)}};
  return writeText(path, llvm::formatv("{0}\n", header).str() + bytes);
}

static llvm::Expected<StoredWeight> readStored(StringRef path, StringRef node) {
  llvm::Expected<std::string> text = readText(path);
  if (!text)
    return text.takeError();
  auto [line, bytes] = StringRef(*text).split('\n');
  llvm::Expected<llvm::json::Value> header = parseJSON(line);
  if (!header)
    return header.takeError();
  const llvm::json::Object *object = header->getAsObject();
  const llvm::json::Array *sizes = object ? object->getArray("sizes") : nullptr;
  StoredWeight stored;
  auto parts = stored.parts();
  if (!sizes || sizes->size() != parts.size())
    return makeError("expected sizes of a stored weight, but found none");
  for (auto [part, size] : llvm::zip_equal(parts, *sizes)) {
    uint64_t count = static_cast<uint64_t>(size.getAsInteger().value_or(-1));
    if (count > bytes.size())
      return makeError("expected the bytes of a stored weight, but found fewer");
    part->assign(bytes.begin(), bytes.begin() + count);
    bytes = bytes.drop_front(count);
  }
  stored.report.node = node.str();
  stored.report.bits = object->getNumber("bits").value_or(0);
  stored.report.loss = object->getNumber("loss").value_or(0);
  stored.report.nearestLoss = object->getNumber("nearest").value_or(0);
  stored.report.message = object->getString("message").value_or("").str();
  return stored;
}

void Rounder::store(LinearMapOpInterface op, const numerics::StoredMatrix &matrix) {
  Value old = op.getWeightOperand().get();
  OpBuilder builder(op);
  DecodeOp decode =
      createDecode(builder, op.getLoc(), cast<RankedTensorType>(old.getType()), attribute, matrix);
  op.getWeightOperand().set(decode);
  eraseUnused(old);
}

llvm::Expected<StoredWeight> Rounder::round(LinearMapOpInterface op, const ptq::GptqFactor &factor,
                                            const ptq::Matrix &moment, const ptq::Matrix &cross,
                                            double alpha) {
  Value old = op.getWeightOperand().get();
  auto type = cast<RankedTensorType>(old.getType());
  if (!staticGroups && !llvm::is_sorted(factor.order))
    return makeError("static-groups=false: expected act-order=false beside it, which keeps the "
                     "columns of a group together, but found act-order=true");
  std::optional<std::vector<float>> values = readFloats(getConstantElements(old));
  if (!values || !llvm::all_of(*values, [](float value) { return std::isfinite(value); }))
    return makeError("expected finite weights");
  int64_t rows = type.getDimSize(0), columns = type.getDimSize(1);
  ptq::Matrix weight =
      Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(
          values->data(), rows, columns)
          .cast<double>();
  ptq::FormatGrid grid(rows, columns, format, search), nearestGrid(rows, columns, format, search);
  llvm::Expected<ptq::Matrix> nearest = ptq::roundToNearest(weight, nearestGrid);
  if (!nearest)
    return nearest.takeError();
  if (cross.size() > 0 && factor.usable()) {
    llvm::Expected<ptq::Matrix> target = ptq::shiftedTarget(weight, cross, factor, alpha);
    if (!target)
      return target.takeError();
    weight = std::move(*target);
  }
  ptq::GptqRounding rounding;
  rounding.staticGroups = staticGroups;
  ptq::Vector squares = moment.diagonal();
  for (int64_t channel : factor.dead) // GPTQ's own diagonal for them
    squares[channel] = factor.meanMoment + factor.lambda;
  if (weighs && squares.allFinite() && squares.minCoeff() >= 0 && squares.maxCoeff() > 0)
    rounding.columnWeights = &squares;
  llvm::Expected<ptq::GptqResult> rounded = ptq::roundByGptq(weight, factor, grid, rounding);
  if (!rounded)
    return rounded.takeError();
  for (int64_t i = 0; i < rows * columns; ++i)
    (*values)[i] = static_cast<float>(rounded->weights.data()[i]);
  StoredWeight stored;
  stored.report.node = getNodeName(op);
  stored.report.bits =
      format.bitsPerWeight(static_cast<size_t>(rows), static_cast<size_t>(columns));
  stored.report.loss = ptq::outputCost(rounded->weights - weight, moment);
  stored.report.nearestLoss = ptq::outputCost(*nearest - weight, moment);
  stored.report.message = factor.message;
  stored.matrix = numerics::storeMatrix(format, grid.scales(), values->data());
  return stored;
}

namespace {
/// What the maps that read a value share; made for the first of their weights that is not done.
struct InputFactor {
  ptq::Matrix mean, crossMean;
  std::optional<ptq::GptqFactor> factor;

  /// `cross` holds the second moments, too; null without cross moments.
  llvm::Error make(const ptq::SecondMoment *plain, const CrossMoments *cross,
                   const RoundOptions &options) {
    mean = cross ? cross->moment.mean() : plain->mean();
    if (cross)
      crossMean = cross->cross.mean();
    llvm::Expected<ptq::GptqFactor> made = ptq::factorSecondMoment(mean, options.gptq);
    if (!made)
      return made.takeError();
    factor = std::move(*made);
    return llvm::Error::success();
  }
};
} // namespace

static const CrossMoments *findCross(const RoundOptions &options, StringRef name) {
  if (!options.cross)
    return nullptr;
  auto found = options.cross->find(name);
  return found == options.cross->end() ? nullptr : &found->second;
}

static void remarkOthers(ModuleOp module, Exclusions &exclusions) {
  module.walk([&](LinearMapOpInterface op) {
    if (!isMatrixMap(op) && !exclusions.matches(op))
      op.emitRemark() << "the weight of '" << getNodeName(op)
                      << "' is not rounded: expected a constant f32 matrix over the last axis of "
                         "its input";
  });
}

FailureOr<std::vector<RoundedWeight>> qnn::roundWeights(ModuleOp module, const MomentTable &moments,
                                                        const RoundOptions &options) {
  Location loc = module.getLoc();
  numerics::ParsedNumberFormat parsed = numerics::parseNumberFormat(options.format);
  if (!parsed.format)
    return emitError(loc) << llvm::join(parsed.faults, "; ");
  llvm::Expected<numerics::ScaleSearch> search = parseSearch(options.search, *parsed.format);
  if (!search)
    return emitError(loc) << llvm::toString(search.takeError());
  llvm::Expected<Exclusions> exclusions = Exclusions::create(options.exclude);
  if (!exclusions)
    return emitError(loc) << llvm::toString(exclusions.takeError());
  remarkOthers(module, *exclusions);
  Readers readers = collectReaders(module);
  uint64_t total = 0;
  for (auto &[value, maps] : readers)
    total += maps.size();
  Rounder rounder(NumberFormatAttr::get(module.getContext(), *parsed.format), *search, options);
  std::vector<RoundedWeight> results;
  uint64_t done = 0;
  for (auto &[value, maps] : readers) {
    std::string name = momentName(maps);
    SmallVector<LinearMapOpInterface> chosen;
    for (LinearMapOpInterface map : maps)
      if (!exclusions->matches(map))
        chosen.push_back(map);
    done += maps.size() - chosen.size();
    if (chosen.empty())
      continue;
    auto plain = moments.find(name);
    const CrossMoments *cross = findCross(options, name);
    if (options.cross ? !cross : plain == moments.end())
      return chosen.front()->emitError() << "node '" << getNodeName(chosen.front())
                                         << "': no second moments of '" << name << "'";
    InputFactor input;
    for (LinearMapOpInterface map : chosen) {
      std::string node = getNodeName(map);
      llvm::Expected<StoredWeight> rounded = resumed<StoredWeight>(
          options.checkpoint, "weight" + std::to_string(done) + " " + node,
          [&](StringRef path) { return readStored(path, node); }, writeStored,
          [&]() -> llvm::Expected<StoredWeight> {
            if (!input.factor)
              if (llvm::Error error = input.make(cross ? nullptr : &plain->second, cross, options))
                return std::move(error);
            return rounder.round(map, *input.factor, input.mean, input.crossMean, options.alpha);
          });
      if (!rounded)
        return map->emitError() << "node '" << node << "': " << llvm::toString(rounded.takeError());
      rounder.store(map, rounded->matrix);
      results.push_back(std::move(rounded->report));
      if (options.progress)
        options.progress("rounding weights", ++done, total);
    }
    releaseUnusedWeights(module);
  }
  if (std::vector<std::string> faults = exclusions->unmatched(); !faults.empty())
    return emitError(loc) << llvm::join(faults, "; ");
  return results;
}

namespace {
struct RoundWeightsPass : qnn::impl::QnnRoundWeightsBase<RoundWeightsPass> {
  using QnnRoundWeightsBase::QnnRoundWeightsBase;

  /// Of the one file, or of the other.
  llvm::Error readTables(MomentTable &plain, std::optional<CrossMomentTable> &both) {
    if (moments.empty() == cross.empty())
      return makeError("expected one of the options moments=FILE and cross=FILE, but found " +
                       llvm::Twine(cross.empty() ? "none" : "both"));
    if (cross.empty())
      return readMoments(moments).moveInto(plain);
    llvm::Expected<CrossMomentTable> table = readCrossMoments(cross);
    if (table)
      both = std::move(*table);
    return table.takeError();
  }

  void runOnOperation() override {
    MomentTable table;
    std::optional<CrossMomentTable> both;
    if (llvm::Error error = readTables(table, both)) {
      emitError(getOperation().getLoc()) << llvm::toString(std::move(error));
      return signalPassFailure();
    }
    RoundOptions options;
    options.cross = both ? &*both : nullptr;
    options.format = format;
    options.search = search;
    options.exclude = unescapeItems(exclude);
    options.gptq.damping = damping;
    options.gptq.actOrder = actOrder;
    options.staticGroups = staticGroups;
    FailureOr<std::vector<RoundedWeight>> rounded = roundWeights(getOperation(), table, options);
    if (failed(rounded))
      return signalPassFailure();
    for (const RoundedWeight &weight : *rounded)
      if (!weight.message.empty())
        emitRemark(getOperation().getLoc()) << "node '" << weight.node << "': " << weight.message;
  }
};
} // namespace
