//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// quant-opt: reads a module, runs any of quantc's passes on it, writes the result.
//
//===----------------------------------------------------------------------===//

#include "mlir/Support/FileUtilities.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "quantc/InitAll.h"
#include "quantc/Pipelines/ModelFile.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;

/// MLIR's own main but for the place where bytecode lies.
static LogicalResult run(llvm::StringRef input, llvm::StringRef output, DialectRegistry &registry,
                         const MlirOptMainConfig &config) {
  std::string problem;
  std::unique_ptr<llvm::MemoryBuffer> file = openInputFile(input, &problem);
  std::unique_ptr<llvm::ToolOutputFile> out = file ? openOutputFile(output, &problem) : nullptr;
  if (!out) {
    llvm::errs() << problem << "\n";
    return failure();
  }
  if (failed(MlirOptMain(out->os(), quantc::alignForBytecode(std::move(file)), registry, config)))
    return failure();
  out->keep();
  return success();
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  DialectRegistry registry;
  quantc::registerAllDialects(registry);
  quantc::registerAllPasses();
  auto [input, output] =
      registerAndParseCLIOptions(argc, argv, "quantc optimizer driver\n", registry);
  MlirOptMainConfig config = MlirOptMainConfig::createFromCLOptions();
  if (config.shouldShowDialects() || config.shouldListPasses())
    return asMainReturnCode(MlirOptMain(argc, argv, input, output, registry));
  return asMainReturnCode(run(input, output, registry, config));
}
