//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Emission of a lowered model: LLVM IR, object file, shared library with header and self-test.
//
//===----------------------------------------------------------------------===//

#include "Feeds.h"
#include "quantc/Execution/CompileNode.h"
#include "quantc/Execution/CompiledModel.h"
#include "quantc/Export/ONNX/ExportONNX.h"
#include "quantc/Pipelines/Compiler.h"
#include "quantc/Reference/Interpreter.h"
#include "quantc/Target/CPU/Codegen.h"
#include "quantc/Target/CPU/ModelInfo.h"
#include "quantc/Target/GPU/GPU.h"
#include "quantc/Target/LLVM/TranslateModel.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;
using namespace quantc;

char EmissionError::ID = 0;

llvm::Error EmissionError::wrap(Kind kind, llvm::Error error) {
  if (!error)
    return error;
  return llvm::make_error<EmissionError>(kind, llvm::toString(std::move(error)));
}

llvm::Error quantc::writeOutput(llvm::StringRef path,
                                llvm::function_ref<void(llvm::raw_ostream &)> write) {
  auto problem = [&](std::error_code code) {
    return llvm::make_error<EmissionError>(
        EmissionError::CannotWrite, ("cannot write '" + path + "': " + code.message()).str());
  };
  std::error_code code;
  llvm::ToolOutputFile file(path, code, llvm::sys::fs::OF_None);
  if (code)
    return problem(code);
  write(file.os());
  file.os().flush();
  if (std::error_code late = file.os().error()) {
    file.os().clear_error();
    return problem(late);
  }
  file.keep();
  return llvm::Error::success();
}

static llvm::Error writeFile(llvm::StringRef path, llvm::StringRef bytes) {
  return writeOutput(path, [&](llvm::raw_ostream &os) { os << bytes; });
}

static std::string bytesOf(const HostTensor &tensor) {
  return std::string(reinterpret_cast<const char *>(tensor.bytes().data()), tensor.byteSize());
}

/// One test vector: the first run of the data (or a fixed pattern without data), with the
/// interpreter's answer.
static llvm::Expected<cpu::SelfTest> makeSelfTest(ModuleOp module, DataSet *data,
                                                  const cpu::ModelInfo &info) {
  auto interpreter = Interpreter::create(module, "main", nodeCompiler(info.level));
  if (!interpreter)
    return interpreter.takeError();
  std::vector<HostTensor> inputs;
  std::vector<ModelTensor> tensors;
  for (const cpu::TensorInfo &input : info.inputs) {
    ModelTensor tensor{input.name, static_cast<DType>(input.dtype), input.shape, input.scale,
                       input.zeroPoint};
    tensors.push_back(tensor);
  }
  if (data) {
    auto feed = data->feed(0);
    if (!feed)
      return feed.takeError();
    inputs = quantizeFeed(tensors, feedTensors(*feed));
  } else {
    inputs = extremeFeeds(tensors).back();
  }
  auto outputs = interpreter->run(inputs);
  if (!outputs)
    return outputs.takeError();
  cpu::SelfTest test;
  for (const HostTensor &input : inputs)
    test.inputs.push_back(bytesOf(input));
  for (const HostTensor &output : *outputs)
    test.outputs.push_back(bytesOf(output));
  return test;
}

enum EmitKind { EmitLLVM, EmitObject, EmitLibrary, EmitUntested };

llvm::Error Compiler::emit(llvm::StringRef path, int kind) {
  if (current != Stage::Lowered)
    return llvm::createStringError("expected a module of stage 'lowered', but found '" +
                                   stageName(current) + "'");
  llvm::LLVMContext llvmContext;
  auto model = options.recipe.isGPU() ? gpu::translateGPUModel(*ir, result.model, llvmContext)
                                      : translateModel(*ir, result.model, llvmContext);
  if (!model)
    return model.takeError();
  if (ModuleOp source = integerModule ? *integerModule : (floatModule ? *floatModule : ModuleOp());
      source && !adopted) {
    auto test = makeSelfTest(source, dataSet.get(), model->info);
    if (!test)
      return test.takeError();
    model->info.selfTests.push_back(std::move(*test));
    model->info.selfTestTolerance = floatTolerance();
  }
  cpu::CodegenOptions codegen;
  codegen.level = model->info.level;
  if (llvm::Error error = cpu::emitModelDescriptor(*model->module, model->info))
    return error;
  if (llvm::Error error = cpu::completeModule(*model->module, codegen))
    return error;
  if (llvm::Error error = cpu::optimize(*model->module, codegen))
    return error;
  if (kind == EmitLLVM) {
    std::string text;
    llvm::raw_string_ostream os(text);
    model->module->print(os, nullptr);
    return writeFile(path, text);
  }
  auto object = cpu::emitObject(*model->module, codegen);
  if (!object)
    return object.takeError();
  if (kind == EmitObject)
    return writeFile(path, llvm::StringRef(object->data(), object->size()));
  if (llvm::Error error = cpu::linkSharedLibrary(*object, path, llvm::sys::path::filename(path)))
    return EmissionError::wrap(EmissionError::CannotWrite, std::move(error));
  libraryPath = path.str();
  llvm::SmallString<256> header(path);
  llvm::sys::path::replace_extension(header, "h");
  if (llvm::Error error = writeFile(header, cpu::modelHeader(model->info)))
    return error;
  uint64_t bytes = 0;
  if (!llvm::sys::fs::file_size(path, bytes))
    result.libraryBytes = int64_t(bytes);
  if (kind == EmitUntested || model->info.selfTests.empty())
    return llvm::Error::success();
  return runSelfTest(path);
}

/// Runs the library's vectors where this machine can; otherwise the report says why not.
llvm::Error Compiler::runSelfTest(llvm::StringRef path) {
  auto loaded = CompiledModel::load(path, options.threads);
  if (!loaded)
    return llvm::handleErrors(loaded.takeError(), [&](const UnavailableError &error) {
      result.selfTestSkipped = error.reason;
    });
  auto outcome = (*loaded)->selfTest();
  return outcome ? llvm::Error::success()
                 : EmissionError::wrap(EmissionError::Differs, outcome.takeError());
}

float Compiler::floatTolerance() const {
  // Without FMA, and in its transcendental functions, float code may differ in the last bits.
  return integerModule && !hasFloatOps ? 0.0f : 1e-4f;
}

llvm::Error Compiler::writeONNX(llvm::StringRef path) {
  if (current != Stage::Exported)
    return llvm::createStringError("expected a module of stage 'exported', but found '" +
                                   stageName(current) + "'");
  if (failed(exportONNX(*ir, path)))
    return EmissionError::wrap(EmissionError::CannotWrite,
                               llvm::createStringError("cannot write '" + path + "'"));
  return llvm::Error::success();
}

llvm::Error Compiler::writePTX(llvm::StringRef path) {
  auto text = gpu::emitPTX(*ir);
  return text ? writeFile(path, *text) : text.takeError();
}

llvm::Error Compiler::writeLLVM(llvm::StringRef path) { return emit(path, EmitLLVM); }
llvm::Error Compiler::writeObject(llvm::StringRef path) { return emit(path, EmitObject); }
llvm::Error Compiler::writeLibrary(llvm::StringRef path) { return emit(path, EmitLibrary); }
llvm::Error Compiler::writeUntested(llvm::StringRef path) { return emit(path, EmitUntested); }
