//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Import and stages of the compiler; see Compiler.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Pipelines/Compiler.h"
#include "Clock.h"
#include "Coverage.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "quantc/Analysis/IntegerOnlyCertificate.h"
#include "quantc/Analysis/OverflowProof.h"
#include "quantc/Analysis/RangeAnalysis.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Import/ONNX/ImportONNX.h"
#include "quantc/InitAll.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Interfaces/PackedLinear.h"
#include "quantc/Interfaces/QuantizableOpInterface.h"
#include "quantc/Interfaces/Weights.h"
#include "quantc/Reference/ElementTypes.h"
#include "quantc/Support/Checkpoint.h"
#include "quantc/Target/LLVM/TranslateModel.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace quantc;

Compiler::Compiler(MLIRContext &context, CompileOptions options)
    : context(context), options(std::move(options)), startTime(now()) {
  DialectRegistry registry;
  registerAllDialects(registry);
  context.appendDialectRegistry(registry);
  context.loadAllAvailableDialects();
  registerPipelinePasses();
  result.recipe = this->options.recipe.name;
}

Compiler::~Compiler() = default;

ModuleOp Compiler::module() const { return *ir; }

//===----------------------------------------------------------------------===//
// Input
//===----------------------------------------------------------------------===//

std::vector<InputSpec> quantc::inputSpecs(ModuleOp module) {
  std::vector<InputSpec> specs;
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main)
    return specs;
  for (auto [i, type] : llvm::enumerate(main.getArgumentTypes())) {
    InputSpec spec;
    auto name = main.getArgAttrOfType<StringAttr>(i, "onnx.name");
    spec.name = name ? name.getValue().str() : ("input_" + llvm::Twine(i)).str();
    if (auto tensor = dyn_cast<RankedTensorType>(type)) {
      spec.dtype = hostType(tensor.getElementType()).value_or(DType::Undefined);
      for (int64_t d : tensor.getShape())
        spec.dims.push_back(ShapedType::isDynamic(d) ? -1 : d);
    }
    if (auto dims = main.getArgAttrOfType<ArrayAttr>(i, "onnx.dims"))
      for (Attribute dim : dims)
        spec.dimNames.push_back(isa<StringAttr>(dim) ? cast<StringAttr>(dim).getValue().str() : "");
    if (spec.dimNames.size() != spec.dims.size())
      spec.dimNames.clear();
    specs.push_back(std::move(spec));
  }
  return specs;
}

/// Whether the file says itself how tensors are stored: QuantizeLinear and DequantizeLinear became
/// the pairs that calibration would put there.
static bool hasSymbolicDims(ArrayRef<InputSpec> specs) {
  return llvm::any_of(specs,
                      [](const InputSpec &spec) { return llvm::is_contained(spec.dims, -1); });
}

LogicalResult Compiler::import(llvm::StringRef path) {
  ImportOptions importOptions;
  importOptions.dims = options.dims;
  importOptions.inlineFunctions = true;
  ir = importONNX(path, &context, importOptions);
  if (!ir)
    return failure();
  result.model = llvm::sys::path::stem(path).str();
  uint64_t bytes = 0;
  if (!llvm::sys::fs::file_size(path, bytes))
    result.modelBytes = int64_t(bytes);
  std::vector<InputSpec> specs = inputSpecs(*ir);
  if (!options.calibration.empty()) {
    DataSetOptions dataOptions;
    dataOptions.batch = options.dataBatch;
    auto opened = DataSet::open(options.calibration, specs, dataOptions);
    if (!opened) {
      emitError(ir->getLoc(), "calibration data: ") << llvm::toString(opened.takeError());
      return failure();
    }
    dataSet = std::move(*opened);
    if (hasSymbolicDims(specs)) {
      auto feed = dataSet->feed(0);
      if (!feed) {
        emitError(ir->getLoc(), "calibration data: ") << llvm::toString(feed.takeError());
        return failure();
      }
      for (const NamedTensor &input : feed->inputs)
        importOptions.inputShapes.emplace_back(input.name,
                                               SmallVector<int64_t>(input.tensor.shape()));
      ir = importONNX(path, &context, importOptions);
      if (!ir)
        return failure();
    }
  }
  current = Stage::Imported;
  recordNodes();
  return openCheckpoint();
}

void Compiler::adopt(OwningOpRef<ModuleOp> module, Stage stage, llvm::StringRef name) {
  ir = std::move(module);
  current = stage;
  result.model = name.str();
  if (stage == Stage::Imported)
    recordNodes();
  adopted = isTrial || stage >= Stage::Integer; // what it emits has no test vectors
  if (stage == Stage::Integer) {
    (void)certify(); // never fails; what it found is in the report
    integerModule = ir->clone();
  }
}

//===----------------------------------------------------------------------===//
// Stages
//===----------------------------------------------------------------------===//

LogicalResult Compiler::runStage(Stage stage) {
  PassManager pm(&context, ModuleOp::getOperationName());
  std::string text = stagePipeline(stage, stageRecipe()), problem;
  llvm::raw_string_ostream os(problem);
  FailureOr<OpPassManager> parsed = parsePassPipeline(text, os);
  if (failed(parsed)) {
    emitError(ir->getLoc(), "pipeline of stage ") << stageName(stage) << ": " << problem;
    return failure();
  }
  static_cast<OpPassManager &>(pm) = std::move(*parsed);
  ScopedDiagnosticHandler collect(&context, [&](Diagnostic &diagnostic) {
    if (stage == Stage::Observed && result.rotation)
      result.rotation->add(diagnostic);
    return failure(); // others see it, too
  });
  return pm.run(*ir);
}

/// A quantized model needs no data, which would tell the sizes of its inputs otherwise.
LogicalResult Compiler::requireStaticInputs() {
  bool good = true;
  for (const InputSpec &spec : inputSpecs(*ir))
    for (auto [axis, size] : llvm::enumerate(spec.dims)) {
      if (size >= 0)
        continue;
      good = false;
      std::string name = axis < spec.dimNames.size() ? spec.dimNames[axis] : "";
      InFlightDiagnostic error = emitError(ir->getLoc(), "input '")
                                 << spec.name << "': the size of axis " << axis << " is not known";
      if (!name.empty())
        error << "; give it with --dim " << name << "=1, or another size";
    }
  return success(good);
}

/// Float loops are host code: for another target no data is looked at.
LogicalResult Compiler::requireNoNodes() {
  bool good = true;
  if (options.recipe.isGPU() || options.recipe.isFPGA())
    ir->walk([&](onnx::NodeOp node) {
      good = false;
      node.emitError() << onnx::describeNode(node)
                       << ": float loops run on the CPU alone, not on target "
                       << options.recipe.target;
    });
  return success(good);
}

/// Passes that store weights free the floats that `ir` holds no longer. Those of `reference`, which
/// is to run later, are named by an attribute of `ir` meanwhile.
static constexpr llvm::StringLiteral keptWeightsAttr = "quantc.kept_weights";

static constexpr llvm::StringLiteral explainedWeightsAttr = "quantc.explained_weights";

static void keepWeights(ModuleOp ir, ModuleOp reference, StringRef name = keptWeightsAttr) {
  SmallVector<Attribute> kept;
  reference.walk([&](Operation *op) {
    if (auto weights = dyn_cast_or_null<DenseResourceElementsAttr>(
            op->getNumResults() == 1 ? getConstantElements(op->getResult(0)) : ElementsAttr()))
      kept.push_back(weights);
  });
  ir->setAttr(name, ArrayAttr::get(ir.getContext(), kept));
}

void Compiler::keepFloat() {
  if (options.explainRuns == 0 || isTrial || explainedFloat)
    return;
  explainedFloat = ir->clone();
  keepWeights(*ir, *explainedFloat, explainedWeightsAttr);
}

/// What a stage needs of data, and what is kept of the module before it.
LogicalResult Compiler::prepare(Stage next) {
  if (next == Stage::Observed && failed(migrate()))
    return failure();
  if (next == Stage::Observed && (failed(learnRotations()) || failed(beginRotation())))
    return failure();
  if (next == Stage::Quantized && failed(calibrate()))
    return failure();
  if (next == Stage::Exported && options.recipe.biasCorrectionRuns > 0 && !result.quantizedInFile)
    emitWarning(ir->getLoc(), "the recipe corrects biases as integers; the exported model has "
                              "them uncorrected (--set bias-correction=0 says the same)");
  if (next == Stage::Quantized)
    keepFloat();
  return success();
}

/// A file that is quantized leaves nothing to decide: files that would decide are refused. A recipe
/// may be that of other models, too.
LogicalResult Compiler::requireNoDecisions() {
  if (std::vector<StringRef> names = storageOptions(options.recipe); !names.empty())
    emitWarning(ir->getLoc(), "the file says how tensors are stored: nothing reads ")
        << llvm::join(names, ", ");
  SmallVector<StringRef> idle;
  if (options.recipe.allocation.isRequested())
    idle.push_back("bit allocation");
  const std::pair<StringRef, StringRef> files[] = {
      {"--statistics", options.statistics},
      {"--save-statistics", options.saveStatistics},
      {"--channels", options.channels},
      {"--save-channels", options.saveChannels},
      {"--moments", options.moments},
      {"--save-moments", options.saveMoments},
      {"--cross-moments", options.crossMoments},
      {"--save-cross-moments", options.saveCrossMoments},
      {"--codes", options.codes},
      {"--save-codes", options.saveCodes},
      {"--biases", options.biases},
      {"--save-biases", options.saveBiases}};
  for (const auto &[option, file] : files)
    if (!file.empty())
      idle.push_back(option);
  if (idle.empty())
    return success();
  return emitError(ir->getLoc(), "the file says how tensors are stored: expected it without ")
         << llvm::join(idle, ", ");
}

/// Keeps the float module, and checks that it is fit for `target`.
LogicalResult Compiler::finishFloat(Stage target) {
  floatModule = ir->clone();
  if (target != Stage::Float && failed(requireNoNodes()))
    return failure();
  result.quantizedInFile = (*ir)->hasAttr(qnn::quantizedInFileAttr);
  if (result.quantizedInFile && target != Stage::Float && failed(requireStaticInputs()))
    return failure();
  if (result.quantizedInFile && failed(requireNoDecisions()))
    return failure();
  return success();
}

/// Corrected biases change the accumulators' ranges, so the proof is made after them.
LogicalResult Compiler::finishInteger() {
  result.integerOnly = certifyIntegerOnly(*ir).holds();
  if (failed(correctBiases()) || failed(certify()))
    return failure();
  integerModule = ir->clone();
  return success();
}

void Compiler::reportSchedule() {
  auto main = ir->lookupSymbol<func::FuncOp>("main");
  if (auto bytes = main->getAttrOfType<IntegerAttr>("kern.arena_bytes"))
    result.arenaBytes = bytes.getInt();
  if (auto level = (*ir)->getAttrOfType<StringAttr>("kern.level"))
    result.cpu = level.getValue().str();
}

LogicalResult Compiler::advance(Stage target) {
  SmallVector<Stage> path; // last first
  Stage start = target;
  for (; start != current && start != Stage::Imported; start = stageBefore(start))
    path.push_back(start);
  if (start != current)
    return success(); // already further
  while (!path.empty()) {
    Stage next = path.pop_back_val();
    if (result.quantizedInFile && (next == Stage::Observed || next == Stage::Quantized)) {
      current = next;
      continue;
    }
    if (next == Stage::Quantized && dataSet && floatModule &&
        llvm::is_contained(path, Stage::Integer)) // accuracy may be measured
      keepWeights(*ir, *floatModule);
    if (failed(prepare(next)) || failed(runStage(next)))
      return failure();
    (*ir)->removeAttr(keptWeightsAttr);
    (*ir)->removeAttr(explainedWeightsAttr);
    if (next == Stage::Quantized && options.explainRuns > 0 && !isTrial)
      explainedModule = ir->clone();
    current = next;
    if (current == Stage::Float && failed(finishFloat(target)))
      return failure();
    if (current == Stage::Quantized && options.recipe.biasCorrectionRuns > 0)
      accumulatorScales = qnn::collectAccumulatorScales(*ir);
    if (current == Stage::Integer && failed(finishInteger()))
      return failure();
    if (current == Stage::Scheduled)
      reportSchedule();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Proofs and coverage
//===----------------------------------------------------------------------===//

void Compiler::recordNodes() {
  nodeNames.clear();
  ir->walk([&](Operation *op) {
    if (op->getName().getStringRef() == "onnx.node")
      nodeNames.push_back(getNodeName(op));
  });
  result.nodes = nodeNames.size();
}

/// All ONNX node names in a location, fused ones included.
static void collectNames(Location loc, llvm::StringSet<> &names) {
  if (auto name = dyn_cast<NameLoc>(loc))
    names.insert(name.getName());
  if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location part : fused.getLocations())
      collectNames(part, names);
}

void Compiler::recordCoverage() {
  llvm::StringSet<> integer, floating;
  hasFloatOps = false;
  ir->walk([&](Operation *op) {
    switch (coverageOf(op)) {
    case OpCoverage::None:
      return;
    case OpCoverage::Integer:
      return collectNames(op->getLoc(), integer);
    case OpCoverage::Float:
      hasFloatOps = true;
      return collectNames(op->getLoc(), floating);
    }
  });
  result.integerNodes = result.floatNodes = result.foldedNodes = 0;
  result.floatNodeNames.clear();
  for (const std::string &name : nodeNames) {
    if (floating.contains(name)) {
      ++result.floatNodes;
      result.floatNodeNames.push_back(name);
    } else if (integer.contains(name)) {
      ++result.integerNodes;
    } else {
      ++result.foldedNodes;
    }
  }
}

/// Adds the constants that a value is computed from; nothing where it depends on an argument.
static void collectStored(Value value, SetVector<Value> &stored) {
  SetVector<Value> seen, constants;
  seen.insert(value);
  for (size_t i = 0; i < seen.size(); ++i) {
    Operation *producer = seen[i].getDefiningOp();
    if (!producer)
      return;
    if (getConstantElements(seen[i]))
      constants.insert(seen[i]);
    else
      seen.insert(producer->operand_begin(), producer->operand_end());
  }
  stored.insert(constants.begin(), constants.end());
}

static int64_t nominalSize(Type type) {
  int64_t count = 1;
  for (int64_t size : cast<ShapedType>(type).getShape())
    count *= ShapedType::isDynamic(size) ? 1 : size;
  return count;
}

/// Multiply-accumulates of the linear maps that compute in floats or read packed weights, and bytes
/// of what their weights and biases are stored as, each constant once. A size that is not known
/// counts as 1.
static OpCost costOfLinearMaps(ModuleOp module) {
  OpCost cost;
  SetVector<Value> stored;
  module.walk([&](Operation *op) {
    int64_t depth = 0;
    if (auto map = dyn_cast<LinearMapOpInterface>(op)) {
      depth = map.getReductionSize();
      collectStored(map.getWeightOperand().get(), stored);
      if (Value bias = map.getBiasValue())
        collectStored(bias, stored);
    } else if (auto packed = dyn_cast<PackedLinearOpInterface>(op)) {
      depth = packed.getReductionSize();
      for (Value operand : packed.getStoredOperands())
        collectStored(operand, stored);
    } else {
      return;
    }
    cost.macs += nominalSize(op->getResult(0).getType()) * depth;
  });
  for (Value value : stored) {
    auto type = cast<ShapedType>(value.getType());
    cost.constantBytes += (nominalSize(type) * type.getElementTypeBitWidth() + 7) / 8;
  }
  return cost;
}

LogicalResult Compiler::certify() {
  recordCoverage();
  RangeAnalysis ranges(*ir);
  OverflowReport overflow = proveAccumulators(*ir, ranges);
  overflow.annotate();
  IntegerOnlyCertificate certificate = certifyIntegerOnly(*ir);
  result.integerOnly = certificate.holds();
  result.accumulatorsProven = overflow.allProven();
  result.accumulatorWidth = overflow.width();
  result.accumulators = overflow.proofs.size();
  OpCost linear = costOfLinearMaps(*ir);
  result.macs = linear.macs;
  result.weightBytes = linear.constantBytes;
  ir->walk([&](IntegerSemantics op) {
    OpCost cost = op.getCost();
    result.macs += cost.macs;
    result.weightBytes += cost.constantBytes;
  });
  result.rescalings = result.onnxRescalings = 0;
  ir->walk([&](dyad::RequantizeOp op) {
    ++result.rescalings;
    result.onnxRescalings += op.getRounding() == dyad::Rounding::OnnxRne;
  });
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "quantc " << quantcVersion() << ", model " << result.model << ", recipe " << result.recipe
     << "\n";
  certificate.print(os);
  overflow.print(os);
  if (result.onnxRescalings)
    os << "rescalings: " << result.onnxRescalings << " of " << result.rescalings
       << " multiply a sum by a float32 scale of the file and round to nearest even (onnx_rne)\n";
  result.certificate = text;
  (*ir)->setAttr("quantc.certificate", StringAttr::get(&context, text));
  return success();
}
