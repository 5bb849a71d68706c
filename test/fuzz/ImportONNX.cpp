//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The ONNX importer on a model in memory, functions inlined, then shape inference
// and folding. External data is looked for in the working folder.
//
//===----------------------------------------------------------------------===//

#include "quantc/Import/ONNX/ImportONNX.h"
#include "FuzzContext.h"
#include "FuzzFile.h"
#include "mlir/Pass/PassManager.h"
#include "quantc/Dialect/ONNX/Transforms/Passes.h"
#include <optional>

using namespace mlir;
using namespace quantc;

/// Imports, and runs the passes on what was imported. A module that verified stays valid.
static void importModel(MLIRContext &context, PassManager &passes, ArrayRef<uint8_t> bytes,
                        bool inlineFunctions) {
  ImportOptions options;
  options.inlineFunctions = inlineFunctions;
  OwningOpRef<ModuleOp> module =
      importONNX(MappedFile::copyOf("model.onnx", bytes), &context, options);
  if (module)
    fuzz::check(succeeded(passes.run(*module)),
                "shape inference or folding made an invalid module");
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static fuzz::FuzzContext contexts(loadImportDialects);
  static std::optional<PassManager> passes;
  bool isNew = false;
  MLIRContext &context = contexts.next(isNew);
  if (isNew) {
    passes.emplace(&context);
    passes->addPass(onnx::createOnnxInferShapes());
    passes->addPass(onnx::createOnnxFoldConstants());
  }
  importModel(context, *passes, ArrayRef(data, size), size % 2 == 0);
  return 0;
}
