//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// quantc: from an ONNX model and calibration data to an integer library. The work is done by
// Pipelines; this file reads the command line and maps outcomes to exit codes.
//
//===----------------------------------------------------------------------===//

#include "Options.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/IR/Diagnostics.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Interfaces/WeightScope.h"
#include "quantc/Pipelines/CurvatureStatistics.h"
#include "quantc/Pipelines/Ledger.h"
#include "quantc/Pipelines/ModelFile.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"

using namespace quantc;

namespace {

/// Exit codes of quantc (docs/Pipelines.md).
enum Exit { Ok = 0, Usage = 1, Unsupported = 2, GoalMissed = 3, Mismatch = 4, FloatLeft = 5 };

/// What emission and runs of the model failed with.
int codeOf(const llvm::Error &error) {
  if (!error.isA<EmissionError>())
    return Unsupported;
  int code = Unsupported;
  llvm::visitErrors(error, [&](const llvm::ErrorInfoBase &info) {
    bool wrote = static_cast<const EmissionError &>(info).kind != EmissionError::CannotWrite;
    code = wrote ? Mismatch : Usage;
  });
  return code;
}

int fail(llvm::Error error, int code) {
  llvm::errs() << "quantc: error: " << llvm::toString(std::move(error)) << "\n";
  return code;
}

/// Prints diagnostics one a line: "quantc: error: <node>: message".
void printDiagnostic(mlir::Diagnostic &diagnostic) {
  llvm::StringRef severity = "note";
  switch (diagnostic.getSeverity()) {
  case mlir::DiagnosticSeverity::Error:
    severity = "error";
    break;
  case mlir::DiagnosticSeverity::Warning:
    severity = "warning";
    break;
  case mlir::DiagnosticSeverity::Remark:
    return;
  case mlir::DiagnosticSeverity::Note:
    break;
  }
  std::string where;
  if (llvm::StringRef name = getLocationName(diagnostic.getLocation()); !name.empty())
    where = name.str() + ": ";
  llvm::errs() << "quantc: " << severity << ": " << where << diagnostic.str() << "\n";
  for (mlir::Diagnostic &note : diagnostic.getNotes())
    llvm::errs() << "quantc: note: " << note.str() << "\n";
}

llvm::Error writeModule(mlir::ModuleOp module, llvm::StringRef path, bool bytecode) {
  bool written = true;
  llvm::Error error = writeOutput(path, [&](llvm::raw_ostream &os) {
    mlir::OpPrintingFlags flags;
    if (bytecode)
      written = succeeded(mlir::writeBytecodeToFile(module, os));
    else
      module.print(os, flags.enableDebugInfo(true, false));
  });
  if (error || written)
    return error;
  return llvm::createStringError("cannot write bytecode to '" + path + "'");
}

/// Steps that take data are printed as the passes that take its files.
void printPipeline(const CompileOptions &options, Stage last) {
  const Recipe &recipe = options.recipe;
  auto fileOf = [](const std::string &read, const std::string &written, const char *other) {
    return !read.empty() ? read : !written.empty() ? written : std::string(other);
  };
  std::vector<Stage> path;
  for (Stage at = last; at != Stage::Imported; at = stageBefore(at))
    path.insert(path.begin(), at);
  for (Stage stage : path) {
    llvm::StringRef name = stageName(stage);
    for (const std::string &step : stepsWithoutPass(stage, recipe))
      llvm::outs() << "# " << step << "\n";
    if (stage == Stage::Quantized) {
      const std::string &statistics = options.statistics;
      std::string calibration =
          calibrationPipeline(recipe, statistics.empty() ? "CHANNELS.json" : "",
                              statistics.empty() ? "STATISTICS.json" : statistics);
      if (!calibration.empty())
        llvm::outs() << "calibrated: --pass-pipeline='" << calibration << "'\n";
      std::string rounding =
          roundingPipeline(recipe, fileOf(options.moments, options.saveMoments, "MOMENTS.npz"),
                           fileOf(options.crossMoments, options.saveCrossMoments, "CROSS.npz"),
                           fileOf(options.codes, options.saveCodes, "CODES.npz"));
      if (!rounding.empty())
        llvm::outs() << "rounded: --pass-pipeline='" << rounding << "'\n";
    }
    std::string text = stagePipeline(stage, recipe);
    if (!text.empty())
      llvm::outs() << name << ": --pass-pipeline='" << text << "'\n";
    std::string correction =
        correctionPipeline(recipe, fileOf(options.biases, options.saveBiases, "BIASES.json"));
    if (stage == Stage::Integer && !correction.empty())
      llvm::outs() << "corrected: --pass-pipeline='" << correction << "'\n";
  }
}

/// Emission of what --emit asks for.
llvm::Error emit(Compiler &compiler, const DriverOptions &options) {
  if (options.emit == "mlir" || options.emit == "mlirbc")
    return writeModule(compiler.module(), options.output, options.emit == "mlirbc");
  if (options.emit == "llvm")
    return compiler.writeLLVM(options.output);
  if (options.emit == "ptx")
    return compiler.writePTX(options.output);
  if (options.emit == "obj")
    return compiler.writeObject(options.output);
  if (options.emit == "onnx")
    return compiler.writeONNX(options.output);
  if (options.emit == "project")
    return compiler.writeProject(options.output);
  return compiler.writeLibrary(options.output);
}

void printVerification(const Verification &outcome) {
  llvm::outs() << "verification  ";
  if (!outcome.notRun.empty()) {
    llvm::outs() << "skipped: " << outcome.notRun << "\n";
    return;
  }
  llvm::outs() << "interpreter and " << outcome.subject << ": " << outcome.differing << " of "
               << outcome.values << " values differ";
  if (outcome.tolerance > 0)
    llvm::outs() << llvm::formatv(" (float ops: by more than {0:P2} of the largest)",
                                  outcome.tolerance);
  llvm::outs() << "\n";
}

/// An ONNX model, or a module of stage `integer` or `lowered` as --emit mlir writes it. A module
/// brings no data, so its library has no test vectors.
int read(Compiler &compiler, mlir::MLIRContext &context, const DriverOptions &options) {
  llvm::StringRef path = options.input;
  if (!path.ends_with(".mlir") && !path.ends_with(".mlirbc"))
    return mlir::failed(compiler.import(path)) ? Unsupported : Ok;
  auto module = readModule(path, context);
  if (!module)
    return Unsupported;
  bool lowered = (*module)->hasAttr("quantc.arena_bytes");
  compiler.adopt(std::move(module), lowered ? Stage::Lowered : Stage::Integer,
                 llvm::sys::path::stem(path));
  return Ok;
}

/// The ledger of --check.
int check(const DriverOptions &options) {
  mlir::FailureOr<Ledger> ledger = makeLedger(options.input, options.compile, printDiagnostic);
  if (failed(ledger))
    return Unsupported;
  ledger->print(llvm::outs(), /*table=*/!options.quiet);
  if (!options.report.empty())
    if (llvm::Error error = writeOutput(options.report, [&](llvm::raw_ostream &os) {
          os << llvm::formatv("{0:2}\n", ledger->toJSON());
        }))
      return fail(std::move(error), Usage);
  LedgerTotals totals = ledger->totals();
  if (totals.unsupported)
    return fail(
        llvm::createStringError(llvm::formatv("{0} nodes are unsupported", totals.unsupported)),
        Unsupported);
  if (options.failOnFloat && totals.floating > totals.border)
    return fail(llvm::createStringError(
                    llvm::formatv("{0} float nodes are left", totals.floating - totals.border)),
                FloatLeft);
  return Ok;
}

/// The recipe of --save-config.
int saveRecipe(const DriverOptions &options, const Recipe &recipe) {
  if (options.saveConfig.empty())
    return Ok;
  llvm::Error error =
      writeOutput(options.saveConfig, [&](llvm::raw_ostream &os) { writeRecipe(recipe, os); });
  return error ? fail(std::move(error), Usage) : Ok;
}

/// --save-curvature, on the float graph.
int measure(const DriverOptions &options, mlir::MLIRContext &context, const ProgressFn &progress) {
  WeightScope scope(&context); // the graph is imported anew for the model
  CompileOptions importOptions;
  importOptions.dims = options.compile.dims;
  importOptions.calibration = options.compile.calibration;
  Compiler importer(context, importOptions);
  if (int code = read(importer, context, options))
    return code;
  if (mlir::failed(importer.advance(Stage::Float)))
    return Unsupported;
  if (!importer.data())
    return fail(llvm::createStringError("--save-curvature: expected an ONNX model"), Usage);
  CurvatureOptions curvatureOptions;
  curvatureOptions.runs = options.curvatureRuns;
  curvatureOptions.trace.maxProbes = static_cast<int>(options.curvatureProbes);
  curvatureOptions.eigenParts = static_cast<int>(options.curvatureParts);
  curvatureOptions.threads = options.compile.threads;
  curvatureOptions.progress = progress;
  auto measured = measureCurvature(importer.module(), *importer.data(), curvatureOptions);
  if (!measured)
    return fail(measured.takeError(), Unsupported);
  llvm::Error error = writeCurvature(options.saveCurvature, *measured);
  return error ? fail(std::move(error), Usage) : Ok;
}

/// --report.
int writeReport(Compiler &compiler, const DriverOptions &options) {
  if (options.report.empty())
    return Ok;
  llvm::Error error = writeOutput(options.report, [&](llvm::raw_ostream &os) {
    if (llvm::StringRef(options.report).ends_with(".html"))
      return writePage(compiler.report(), compiler.recipe(), os);
    os << llvm::formatv("{0:2}\n", compiler.report().toJSON());
  });
  return error ? fail(std::move(error), Usage) : Ok;
}

/// What the certificate misses. Float between integers may be of no node of the file's.
llvm::StringRef whyNotInteger(const CompileReport &report) {
  if (report.floatNodes)
    return "float ops are left; the report (--report) names them all";
  return report.integerNodes ? "float ops are left that are no nodes of the file; the certificate "
                               "in the report lists them"
                             : "nothing of the model computes with integers";
}

/// What was promised of the integer module: no float ops where there may be none, accumulators that
/// fit. The report is written where it does not hold, too: it says what is in the way.
int checkProofs(Compiler &compiler, const DriverOptions &options) {
  const CompileReport &report = compiler.report();
  if (options.requireInteger && options.compile.recipe.hasStaticActivations() &&
      !report.integerOnly) {
    report.print(llvm::errs());
    llvm::errs() << "quantc: error: " << whyNotInteger(report) << "\n";
    const int code = writeReport(compiler, options);
    return code ? code : FloatLeft;
  }
  if (!report.accumulatorsProven) {
    llvm::errs() << "quantc: error: an accumulator is not proved to fit 32 bits\n";
    const int code = writeReport(compiler, options);
    return code ? code : Mismatch;
  }
  return Ok;
}

/// The output and the report.
int writeFiles(Compiler &compiler, const DriverOptions &options) {
  if (!options.output.empty())
    if (llvm::Error error = emit(compiler, options)) {
      int code = codeOf(error);
      return fail(std::move(error), code);
    }
  return writeReport(compiler, options);
}

/// --verify.
int verify(Compiler &compiler, bool exported) {
  if (exported) {
    llvm::outs() << "verification  skipped: runtimes compute an ONNX file in float; compile it "
                    "with quantc to compare integers\n";
    return Ok;
  }
  auto outcome = compiler.verify();
  if (!outcome)
    return fail(outcome.takeError(), Unsupported);
  printVerification(*outcome);
  return outcome->differing ? Mismatch : Ok;
}

/// The goal of --max-drop.
int checkGoal(const CompileReport &report, double maxDrop, bool isSearched) {
  if (maxDrop < 0 || (isSearched && !report.top1Agreement)) // the search measured by itself
    return Ok;
  if (!report.top1Agreement) {
    llvm::errs() << "quantc: error: --max-drop: expected data and an output of classes to measure "
                    "top-1 agreement on, and code, but found none\n";
    return GoalMissed;
  }
  if (1 - *report.top1Agreement <= maxDrop)
    return Ok;
  llvm::errs() << llvm::formatv("quantc: error: top-1 agreement {0:F4} misses the goal of {1:F4}\n",
                                *report.top1Agreement, 1 - maxDrop);
  return GoalMissed;
}

int compile(const DriverOptions &options) {
  mlir::MLIRContext context;
  context.printOpOnDiagnostic(false);
  context.getDiagEngine().registerHandler([](mlir::Diagnostic &diagnostic) {
    printDiagnostic(diagnostic);
    return mlir::success();
  });
  ProgressBar bar(llvm::errs());
  CompileOptions compileOptions = options.compile;
  compileOptions.progress = bar.callback();
  if (!options.saveCurvature.empty())
    if (int code = measure(options, context, compileOptions.progress))
      return code;
  Compiler compiler(context, compileOptions);
  if (int code = read(compiler, context, options))
    return code;
  bool text = options.emit == "mlir" || options.emit == "mlirbc";
  Stage last = text ? options.to.value_or(Stage::Integer) : options.lastStage;
  bool exported = last == Stage::Exported; // on no way to integers
  if (mlir::failed(compiler.advance(exported ? last : std::min(last, Stage::Integer))))
    return compiler.missedGoal() ? GoalMissed : Unsupported;
  // What bit allocation decided is part of the recipe now, and nothing is left to search.
  Recipe decided = compiler.recipe();
  if (compiler.stage() >= Stage::Quantized)
    decided.allocation.minimize = "none";
  if (int code = saveRecipe(options, decided))
    return code;
  // A lowered module has its proofs behind it.
  bool integer = !exported && last >= Stage::Integer && compiler.stage() == Stage::Integer;
  if (integer)
    if (int code = checkProofs(compiler, options))
      return code;
  if (integer && compiler.data())
    if (llvm::Error error = compiler.measureAccuracy())
      return fail(std::move(error), Unsupported);
  if (options.compile.explainRuns > 0 && compiler.data())
    if (llvm::Error error = compiler.explain())
      return fail(std::move(error), Unsupported);
  if (mlir::failed(compiler.advance(last)))
    return Unsupported;
  if (int code = writeFiles(compiler, options))
    return code;
  if (integer && !options.quiet)
    compiler.report().print(llvm::outs());
  if (options.verify)
    if (int code = verify(compiler, exported))
      return code;
  return checkGoal(compiler.report(), options.maxDrop,
                   compiler.recipe().allocation.minimize != "none");
}

} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  llvm::Expected<DriverOptions> options = parseCommandLine(argc, argv);
  if (!options)
    return fail(options.takeError(), Usage);
  if (int code = saveRecipe(*options, options->compile.recipe))
    return code;
  if (options->printPipeline)
    printPipeline(options->compile, options->lastStage);
  if (options->input.empty() || !options->hasResult())
    return Ok;
  return options->check ? check(*options) : compile(*options);
}
