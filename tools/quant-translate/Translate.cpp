//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Import and export between files; see Translate.h.
//
//===----------------------------------------------------------------------===//

#include "Translate.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Support/FileUtilities.h"
#include "quantc/InitAll.h"
#include "quantc/Support/OutputFile.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/WithColor.h"

using namespace mlir;
using namespace quantc;

namespace {
enum ExitCode { exitDone = 0, exitUsage = 1, exitModel = 2 };
} // namespace

static int reportWriteError(llvm::Error error) {
  if (!error)
    return exitDone;
  llvm::WithColor::error(llvm::errs(), "quant-translate")
      << llvm::toString(std::move(error)) << '\n';
  return exitUsage;
}

/// Prints "file: error: message", with the place in the file where there is one; names of nodes
/// stand in the messages.
static void printDiagnostics(MLIRContext &context, const std::string &file) {
  context.getDiagEngine().registerHandler([file](Diagnostic &diagnostic) {
    std::string place = file;
    if (auto loc = diagnostic.getLocation()->findInstanceOf<FileLineColLoc>())
      place = llvm::formatv("{0}:{1}:{2}", file, loc.getLine(), loc.getColumn());
    bool isError = diagnostic.getSeverity() == DiagnosticSeverity::Error;
    bool isWarning = diagnostic.getSeverity() == DiagnosticSeverity::Warning;
    raw_ostream &os = isError     ? llvm::WithColor::error(llvm::errs(), place)
                      : isWarning ? llvm::WithColor::warning(llvm::errs(), place)
                                  : llvm::WithColor::note(llvm::errs(), place);
    os << diagnostic.str() << '\n';
    return success();
  });
}

static int importModel(const TranslateOptions &options, MLIRContext &context) {
  printDiagnostics(context, options.input);
  OwningOpRef<ModuleOp> module = importONNX(options.input, &context, options.importing);
  if (!module)
    return exitModel;
  return reportWriteError(writeWhole(options.output, [&](raw_ostream &os) -> llvm::Error {
    if (options.emitBytecode) {
      if (failed(writeBytecodeToFile(*module, os)))
        return llvm::createStringError("cannot write bytecode");
      return llvm::Error::success();
    }
    OpPrintingFlags flags;
    flags.enableDebugInfo(options.locations, /*prettyForm=*/false);
    module->print(os, flags);
    os << '\n';
    return llvm::Error::success();
  }));
}

static int exportModel(const TranslateOptions &options, MLIRContext &context) {
  std::string message;
  // Blobs in bytecode may want the alignment of a cache line.
  std::unique_ptr<llvm::MemoryBuffer> buffer =
      openInputFile(options.input, llvm::Align(64), &message);
  if (!buffer) {
    llvm::WithColor::error(llvm::errs(), "quant-translate") << message << '\n';
    return exitModel;
  }
  printDiagnostics(context, options.input);
  auto sources = std::make_shared<llvm::SourceMgr>();
  sources->AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  // The shared form lets resources stay in the mapped file.
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(sources, &context);
  if (!module || failed(exportONNX(*module, options.output, options.exporting)))
    return exitModel;
  return exitDone;
}

int quantc::translate(const std::optional<TranslateOptions> &options) {
  if (!options)
    return exitUsage;
  // Modules of later stages are parsed as well, so that what cannot be exported is named.
  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  return options->direction == Direction::Import ? importModel(*options, context)
                                                 : exportModel(*options, context);
}
