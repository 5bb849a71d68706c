//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// quantc from C++: example MODEL.onnx CALIBRATION.npz OUTPUT.so
// Quantizes a model, prints the certificate, writes the library.
//
//===----------------------------------------------------------------------===//

#include "quantc/Pipelines/Compiler.h"
#include "llvm/Support/raw_ostream.h"

using namespace quantc;

static int fail(const llvm::Twine &message) {
  llvm::errs() << "example: error: " << message << "\n";
  return 1;
}

int main(int argc, char **argv) {
  if (argc != 4)
    return fail("expected MODEL.onnx CALIBRATION.npz OUTPUT.so");
  llvm::Expected<Recipe> recipe = loadRecipe("w8a8-integer");
  if (!recipe)
    return fail(llvm::toString(recipe.takeError()));

  mlir::MLIRContext context;
  CompileOptions options;
  options.recipe = *recipe;
  options.calibration = argv[2];
  Compiler compiler(context, options);
  if (mlir::failed(compiler.import(argv[1])) || mlir::failed(compiler.advance(Stage::Integer)))
    return fail("the model cannot be quantized");
  llvm::outs() << compiler.report().certificate << "\n";
  if (!compiler.report().integerOnly || !compiler.report().accumulatorsProven)
    return fail("the certificate does not hold");

  if (mlir::failed(compiler.advance(Stage::Lowered)))
    return fail("the integer graph cannot be lowered");
  if (llvm::Error error = compiler.writeLibrary(argv[3]))
    return fail(llvm::toString(std::move(error)));
  llvm::outs() << "wrote " << argv[3] << "\n";
  return 0;
}
