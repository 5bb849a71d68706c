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

static ExplainOptions explainOptionsFor(const Recipe &recipe) {
  ExplainOptions options;
  options.widestCodes = recipe.isFPGA() ? 16 : 8;
  options.floatNodes = !recipe.isFPGA();
  options.isStatic = recipe.hasStaticActivations();
  options.keepsSums = !recipe.quantize.quantizeOutputs && !recipe.integerIO;
  options.roundsByData = recipe.weightRounding != "nearest" && recipe.weightRounding != "mse";
  // Static scales that clip belong to a way of rounding, and "nearest" is another one.
  options.clipsWeights =
      options.isStatic ? recipe.weightRounding == "mse" : recipe.weightSearch != "none";
  options.clipsInputs = recipe.quantize.observer != ObserverKind::MinMax;
  return options;
}

llvm::Error Compiler::explain() {
  if (!dataSet || !explainedFloat || !explainedModule)
    return llvm::Error::success(); // the file's own quantization, or one without data
  double start = now();
  // As text in both cases, so that a run that went on has the same numbers.
  llvm::Expected<std::string> text = resumed<std::string>(
      checkpoint.get(), "explanation-" + std::to_string(options.explainRuns), readText,
      [](llvm::StringRef path, llvm::StringRef text) { return writeText(path, text); },
      [&]() -> llvm::Expected<std::string> {
        ExplainOptions explainOptions = explainOptionsFor(options.recipe);
        explainOptions.runs = options.explainRuns;
        explainOptions.threads = options.threads;
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
