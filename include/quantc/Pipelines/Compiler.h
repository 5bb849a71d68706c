//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The compiler as a library: from an ONNX file to a module of any stage and to a shared library.
// Tools are thin wrappers around this class.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PIPELINES_COMPILER_H
#define QUANTC_PIPELINES_COMPILER_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "quantc/Calibration/DataSet.h"
#include "quantc/Calibration/Moments.h"
#include "quantc/Dialect/QNN/Transforms/CorrectBias.h"
#include "quantc/Dialect/QNN/Transforms/RoundWeights.h"
#include "quantc/Pipelines/BitAllocation.h"
#include "quantc/Pipelines/MigrationReport.h"
#include "quantc/Pipelines/Recipe.h"
#include "quantc/Pipelines/RotationReport.h"
#include "quantc/Pipelines/Stages.h"
#include "quantc/Support/Progress.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/JSON.h"
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace quantc {

class Checkpoint;
class CompiledModel;
struct TimedModel;
struct WidthProbes;

namespace nn {
struct RotationTable;
} // namespace nn

/// A residual stream, or the values of an attention, whose rotation was learned.
struct LearnedStream {
  int64_t number = 0, channels = 0;
  int64_t rows = 0; ///< that it was learned from; 0 by a loss of the network
  /// By rows: sum |Q(x R) - x R|^2 / sum |x|^2. Else the loss of held-out runs, of all together.
  double before = 0, after = 0;
  bool ofHeads = false;
  std::string loss = "rows"; ///< or "kl", "mse"
};

struct CompileOptions {
  Recipe recipe;
  /// Values of symbolic dimensions, by name.
  std::vector<std::pair<std::string, int64_t>> dims;
  /// Calibration data: .npz, folder of .npz or .npy, test_data_set_* folder. Empty: none.
  std::string calibration;
  /// Samples a run where the data's first axis runs over samples.
  int64_t dataBatch = 1;
  /// Statistics by observer name (JSON) instead of calibration data, and where to write those that
  /// were collected. Empty: none.
  std::string statistics, saveStatistics;
  /// Second moments (docs/Rounding.md) instead of calibration data for weight rounding, and where
  /// to write those that were collected. Empty: none.
  std::string moments, saveMoments;
  /// The same of moments of the quantized and the float model, for "gptaq" by rows.
  std::string crossMoments, saveCrossMoments;
  /// Ranges and sample rows (.npz) instead of calibration data for migration, and where to write
  /// those that were collected. Empty: none.
  std::string channels, saveChannels;
  /// Codes of weights (qnn-store-codes) instead of weight rounding, and where to write those that
  /// were chosen. Empty: none.
  std::string codes, saveCodes;
  /// Integer biases (qnn-store-biases) instead of bias correction, and where to write those that it
  /// found. Empty: none.
  std::string biases, saveBiases;
  /// Of bit allocation (docs/Allocation.md): tables to read instead of measuring, where to write
  /// those that were measured, curvatures, and a folder for the fronts. Empty: none.
  std::string sensitivity, saveSensitivity, latency, saveLatency, curvature, allocationReport;
  /// Allocations (JSON: a list of lists of "NAME=w4") to compile and to compare with float on
  /// `evaluation`, data that nothing is chosen by. Empty: none.
  std::string tryAllocations, evaluation;
  /// The goal of `AllocationOptions::minimize`: greatest loss of top-1 agreement.
  double maxDrop = -1;
  /// Folder that finished steps are kept in, and taken from (docs/Pipelines.md). Empty: none.
  std::string resume;
  /// Runs of the data that `explain` looks at; 0: what it needs is not kept.
  int64_t explainRuns = 0;
  /// Hard cap on the memory of statistics in bytes; changes no result.
  std::optional<uint64_t> calibrationMemory;
  int threads = 1;
  /// Frames of a project's golden vectors that come from data, after the extreme ones; all when
  /// negative. They come from `goldenData`, or from the calibration data where that is empty.
  int64_t goldenFrames = 4;
  std::string goldenData;
  ProgressFn progress;
};

/// What was compiled, proved and measured.
struct CompileReport {
  std::string model, recipe, cpu;
  int64_t nodes = 0, integerNodes = 0, floatNodes = 0, foldedNodes = 0;
  std::vector<std::string> floatNodeNames;
  bool integerOnly = false, accumulatorsProven = false;
  unsigned accumulatorWidth = 0;
  int64_t accumulators = 0;
  int64_t macs = 0, weightBytes = 0, arenaBytes = 0, modelBytes = 0, libraryBytes = 0;
  bool quantizedInFile = false; ///< ranges are the file's own: nothing was calibrated
  int64_t rescalings = 0;       ///< requantizations of sums
  int64_t onnxRescalings = 0;   ///< those of them by a float32 scale (onnx_rne)
  int64_t calibrationRuns = 0, checkedRuns = 0;
  double calibrationSeconds = 0, totalSeconds = 0;
  /// On the calibration tail, against float; absent without data. The SQNR is that of the worst
  /// output; agreement is that of the first output of rank 1 or 2 with several columns.
  std::optional<double> sqnrDb, top1Agreement;
  /// Every output in order.
  std::vector<std::pair<std::string, double>> outputSqnrDb;
  /// Of each run: the mean over its outputs.
  std::vector<double> runSqnrDb;
  /// Contractions whose bias was corrected; absent when the recipe asks for none.
  std::optional<int64_t> correctedBiases;
  /// Residual streams whose rotation was learned, and the seconds it took with its data.
  std::vector<LearnedStream> learnedRotations;
  double learningSeconds = 0;
  /// What rotations did; absent where none was asked for.
  std::optional<RotationReport> rotation;
  /// What outlier migration did; absent where none was asked for.
  std::optional<MigrationReport> migration;
  /// What GPTQ made of each weight, and the seconds it took with its second moments.
  std::vector<qnn::RoundedWeight> roundedWeights;
  double roundingSeconds = 0;
  /// Widths that bit allocation chose; absent where none was asked for.
  std::optional<AllocationResult> allocation;
  /// Where accuracy is lost (docs/Explain.md); absent where nobody asked.
  std::optional<llvm::json::Value> explanation;
  double explainSeconds = 0;
  std::string certificate; ///< the text that the library carries
  /// Why the library's self-test was not run on this machine; empty when it was.
  std::string selfTestSkipped;
  std::string dataflow; ///< folding, cycles and area of an FPGA design; empty for others

  llvm::json::Value toJSON() const;
  /// At most twenty lines.
  void print(llvm::raw_ostream &os) const;
};

/// Why emission failed, where that is not the model: a file that cannot be written, or code that
/// computes something else than the interpreter. Every other error says that the model or the data
/// is not supported.
class EmissionError : public llvm::ErrorInfo<EmissionError> {
public:
  enum Kind { CannotWrite, Differs };
  static char ID;
  EmissionError(Kind kind, std::string text) : kind(kind), text(std::move(text)) {}
  /// The same text with a kind; success stays success.
  static llvm::Error wrap(Kind kind, llvm::Error error);
  void log(llvm::raw_ostream &os) const override { os << text; }
  std::error_code convertToErrorCode() const override { return llvm::inconvertibleErrorCode(); }
  Kind kind;
  std::string text;
};

/// What `Compiler::verify` found.
struct Verification {
  std::string subject; ///< what was run beside the interpreter
  std::string notRun;  ///< why nothing was run; empty when it was
  int64_t values = 0, differing = 0;
  /// Float outputs of float ops may differ by this part of their largest magnitude; 0: exact.
  float tolerance = 0;
};

class Compiler {
public:
  /// Loads every dialect into `context`.
  Compiler(mlir::MLIRContext &context, CompileOptions options);
  ~Compiler();

  /// Reads an ONNX file; symbolic dimensions take `dims`, then the calibration data's shapes.
  mlir::LogicalResult import(llvm::StringRef path);
  /// Takes a module of any stage instead (not verified to be of that stage). One of stage
  /// integer or later brings no data, so its library has no test vectors.
  void adopt(mlir::OwningOpRef<mlir::ModuleOp> module, Stage stage, llvm::StringRef name);

  /// Runs stages until `stage` is reached. Calibrates on the way when there is data.
  mlir::LogicalResult advance(Stage stage);

  /// Emits the lowered module as a shared library; `path` plus ".h" receives the header, with the
  /// suffix replaced. Verifies the self-test vectors by running them when this machine can.
  llvm::Error writeLibrary(llvm::StringRef path);
  /// PTX text of a model for a GPU.
  llvm::Error writePTX(llvm::StringRef path);
  /// The exported module as an ONNX file.
  llvm::Error writeONNX(llvm::StringRef path);
  /// Emits the dataflow module as a project for high-level synthesis in folder `path`.
  llvm::Error writeProject(llvm::StringRef path);
  /// LLVM IR text, or an ELF object.
  llvm::Error writeLLVM(llvm::StringRef path);
  llvm::Error writeObject(llvm::StringRef path);

  /// Compares compiled integer code with float on the calibration tail; fills the report.
  llvm::Error measureAccuracy();
  /// Explains what quantization costs, by the float module that it started from; fills the report.
  /// Needs `explainRuns`, data, and a stage from Quantized on.
  llvm::Error explain();
  /// Compares the interpreter with the library that was written, or else with code compiled for the
  /// recipe's target, on `runs` runs of the data (all when negative) and on extreme inputs.
  /// Integers, and floats that come straight from them, must be equal bit for bit. Where this
  /// machine cannot run the code (a CPU level or a GPU that it lacks), nothing was run; nor is
  /// anything for an FPGA, whose projects hold golden vectors of the interpreter's.
  llvm::Expected<Verification> verify(int64_t runs = -1);

  mlir::ModuleOp module() const;
  Stage stage() const { return current; }
  const CompileReport &report() const { return result; }
  DataSet *data() const { return dataSet.get(); }
  /// With what bit allocation decided: a run with it repeats this one.
  const Recipe &recipe() const { return options.recipe; }
  /// Why `advance` failed: no allocation is within the budgets or the goal.
  bool missedGoal() const { return goalWasMissed; }

private:
  mlir::LogicalResult runStage(Stage stage);
  mlir::LogicalResult prepare(Stage next);
  /// The recipe that stages run with: learned rotations have a file.
  Recipe stageRecipe() const;
  mlir::LogicalResult beginRotation();
  mlir::LogicalResult requireNoDecisions();
  mlir::LogicalResult finishFloat(Stage target);
  mlir::LogicalResult finishInteger();
  void reportSchedule();
  mlir::LogicalResult calibrate();
  mlir::LogicalResult openCheckpoint();
  /// Before weights change: the float module for `explain`.
  void keepFloat();
  mlir::LogicalResult requireStaticInputs();
  mlir::LogicalResult requireNoNodes();
  mlir::LogicalResult migrate();
  llvm::Expected<ChannelSampleTable> sampleChannels(mlir::ModuleOp raised);
  llvm::Expected<qnn::MigrateOptions> migrateOptions() const;
  llvm::Expected<std::vector<double>> migratedScores(mlir::ModuleOp lowered);
  llvm::Error openFloatCode();
  llvm::Expected<std::vector<std::string>> dropUseless(mlir::ModuleOp raised,
                                                       const ChannelSampleTable &samples,
                                                       const qnn::MigrateOptions &chosen,
                                                       MigrationReport &report);
  mlir::LogicalResult roundWeights();
  mlir::LogicalResult roundCodes();
  mlir::LogicalResult learnRotations();
  llvm::Expected<nn::RotationTable> findRotations();
  llvm::Expected<nn::RotationTable> keptRotations();
  llvm::Expected<MomentTable> momentsOfInputs();
  llvm::Expected<CrossMomentTable> collectCrossMoments(const MomentTable &moments,
                                                       qnn::RoundOptions roundOptions);
  llvm::Expected<CrossMomentTable> findCrossMoments(const qnn::RoundOptions &roundOptions);
  llvm::Expected<MomentTable> findMoments();
  mlir::LogicalResult findStatistics();
  /// Channel summaries of all observers of `module` over `runs`, on compiled code.
  mlir::FailureOr<qnn::ChannelSummaries> summarize(llvm::StringRef step, mlir::ModuleOp module,
                                                   llvm::ArrayRef<int64_t> runs);
  mlir::LogicalResult equalize();
  mlir::LogicalResult collectFloatMeans();
  mlir::LogicalResult readBiases();
  mlir::LogicalResult correctBiases();
  mlir::LogicalResult allocateBits();
  llvm::Expected<AllocationResult> decideWidths();
  WidthProbes probesOf(llvm::StringRef loss) const;
  llvm::Error roundProbes(WidthProbes &probes);
  llvm::Expected<SensitivityTable> readSensitivities(const WidthProbes &probes);
  llvm::Expected<SensitivityTable> findSensitivities(WidthProbes &probes);
  llvm::Expected<AllocationSearch> searchWidths(const AllocationResult &allocation,
                                                WidthProbes &probes);
  llvm::Error refineWidths(AllocationResult &allocation, WidthProbes &probes);
  llvm::Expected<std::optional<LatencyTable>> findLatencies(const SensitivityTable &table);
  llvm::Error measureArea(const SensitivityTable &table, unsigned bits, const std::string &part,
                          AreaTable &areas);
  llvm::Expected<AreaTable> measureAreas(const SensitivityTable &table);
  llvm::Expected<std::optional<AreaTable>> findAreas(const SensitivityTable &table);
  llvm::Expected<LatencyTable> measureLatencies(const SensitivityTable &table);
  llvm::Expected<std::unique_ptr<CompiledModel>> openLibrary(llvm::ArrayRef<std::string> nodeBits,
                                                             bool profile);
  llvm::Error openTimed(const SensitivityTable &table, unsigned bits, TimedModel &timed);
  llvm::Expected<std::vector<TimedModel>> openWidths(const SensitivityTable &table);
  llvm::Error searchGoal(AllocationResult &allocation);
  llvm::Error tryAllocations(AllocationResult &allocation, const SensitivityTable &table);
  llvm::Expected<std::unique_ptr<CompiledModel>> openTrial(const AllocationResult &allocation,
                                                           const alloc::Assignment &assignment);
  llvm::Error timeTrials(AllocationResult &allocation,
                         llvm::ArrayRef<alloc::Assignment> assignments,
                         llvm::MutableArrayRef<TimedModel> trials, const SensitivityTable &table);
  llvm::Expected<double> findDrop(llvm::ArrayRef<std::string> nodeBits);
  llvm::Expected<double> measureDrop(llvm::ArrayRef<std::string> nodeBits);
  llvm::Error withTrial(llvm::ArrayRef<std::string> nodeBits,
                        llvm::function_ref<llvm::Error(Compiler &)> body);
  mlir::LogicalResult certify();
  void recordNodes();
  void recordCoverage();
  llvm::Error emit(llvm::StringRef path, int kind);
  /// writeLibrary without running the test vectors.
  llvm::Error writeUntested(llvm::StringRef path);
  llvm::Error runSelfTest(llvm::StringRef path);
  llvm::Expected<std::unique_ptr<CompiledModel>> openForVerification(Verification &verification);
  llvm::Expected<std::unique_ptr<CompiledModel>> compileForVerification(Verification &verification);
  /// How far float outputs may be from the interpreter's: 0 when no float op makes them.
  float floatTolerance() const;

  mlir::MLIRContext &context;
  CompileOptions options;
  mlir::OwningOpRef<mlir::ModuleOp> ir;
  mlir::OwningOpRef<mlir::ModuleOp> floatModule, integerModule;
  std::shared_ptr<CompiledModel> floatCode; ///< of `floatModule`, shared by trials; may be null
  /// For `explain`: before and after quantization.
  mlir::OwningOpRef<mlir::ModuleOp> explainedFloat, explainedModule;
  Stage current = Stage::Imported;
  bool adopted = false;                             ///< at stage integer or later
  std::unique_ptr<llvm::FileRemover> rotationsFile; ///< a temporary one of learned rotations
  std::string rotationsPath;                        ///< its path
  bool isTrial = false;                             ///< compiles what another one calibrated
  bool goalWasMissed = false;
  std::unique_ptr<DataSet> dataSet;
  std::unique_ptr<Checkpoint> checkpoint; ///< null without `resume`
  std::vector<std::string> nodeNames;
  int64_t equalized = 0; ///< tensors and components that equalization rewrote
  /// For bias correction: means of the float results, scales of the accumulators.
  qnn::ChannelSummaries floatMeans;
  qnn::AccumulatorScales accumulatorScales;
  CompileReport result;
  std::string libraryPath; ///< written last
  bool hasFloatOps = false;
  double startTime = 0;
};

/// The report as a page that needs no other file and no network: what `toJSON` holds, drawn.
void writePage(const CompileReport &report, const Recipe &recipe, llvm::raw_ostream &os);

/// Writes a file through `write`, or standard output for "-"; an EmissionError where that fails.
llvm::Error writeOutput(llvm::StringRef path, llvm::function_ref<void(llvm::raw_ostream &)> write);

/// The input signature of `@main` at stages before `Scheduled`.
std::vector<InputSpec> inputSpecs(mlir::ModuleOp module);

} // namespace quantc

#endif // QUANTC_PIPELINES_COMPILER_H
