//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The explanation as a step of the compiler; see Explain.h.
//
//===----------------------------------------------------------------------===//

#include "Clock.h"
#include "quantc/Pipelines/Compiler.h"
#include "quantc/Pipelines/Explain.h"
#include "quantc/Support/Checkpoint.h"
#include "quantc/Support/Errors.h"
#include "quantc/Support/Json.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace quantc;

llvm::Error Compiler::explain() {
  if (!dataSet || !explainedFloat || !explainedModule)
    return llvm::Error::success(); // the file's own quantization, or one without data
  double start = now();
  // As text in both cases, so that a run that went on has the same numbers.
  llvm::Expected<std::string> text = resumed<std::string>(
      checkpoint.get(), "explanation-" + std::to_string(options.explainRuns), readText,
      [](llvm::StringRef path, llvm::StringRef text) { return writeText(path, text); },
      [&]() -> llvm::Expected<std::string> {
        ExplainOptions explainOptions;
        explainOptions.runs = options.explainRuns;
        explainOptions.threads = options.threads;
        explainOptions.widestCodes = options.recipe.isFPGA() ? 16 : 8;
        explainOptions.floatNodes = !options.recipe.isFPGA();
        explainOptions.isStatic = options.recipe.hasStaticActivations();
        explainOptions.progress = options.progress;
        auto explanation =
            explainLosses(*explainedFloat, *explainedModule, *dataSet, explainOptions);
        if (!explanation)
          return explanation.takeError();
        return llvm::formatv("{0}", explanation->toJSON()).str();
      });
  if (!text)
    return addContext("explanation", text.takeError());
  llvm::Expected<llvm::json::Value> value = parseJSON(*text);
  if (!value)
    return value.takeError();
  result.explanation = std::move(*value);
  result.explainSeconds = now() - start;
  return llvm::Error::success();
}
