//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Files that can be run; see ModelFile.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Pipelines/ModelFile.h"
#include "Feeds.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "quantc/Execution/CompileNode.h"
#include "quantc/Execution/CompiledModel.h"
#include "quantc/Execution/JITExecutor.h"
#include "quantc/Interfaces/WeightScope.h"
#include "quantc/Pipelines/Compiler.h"
#include "quantc/Reference/Interpreter.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace quantc;

std::unique_ptr<llvm::MemoryBuffer>
quantc::alignForBytecode(std::unique_ptr<llvm::MemoryBuffer> buffer) {
  const llvm::Align cacheLine(64);
  if (llvm::isAddrAligned(cacheLine, buffer->getBufferStart()))
    return buffer;
  auto copy = llvm::WritableMemoryBuffer::getNewUninitMemBuffer(
      buffer->getBufferSize(), buffer->getBufferIdentifier(), cacheLine);
  if (!copy)
    return buffer;
  llvm::copy(buffer->getBuffer(), copy->getBufferStart());
  return copy;
}

OwningOpRef<ModuleOp> quantc::readModule(llvm::StringRef path, MLIRContext &context) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer) {
    emitError(UnknownLoc::get(&context))
        << "cannot read '" << path << "': " << buffer.getError().message();
    return nullptr;
  }
  auto sources = std::make_shared<llvm::SourceMgr>();
  sources->AddNewSourceBuffer(alignForBytecode(std::move(*buffer)), llvm::SMLoc());
  return parseSourceFile<ModuleOp>(sources, &context);
}

ModelFile::~ModelFile() = default;

namespace {

std::vector<InputSpec> specsOf(llvm::ArrayRef<ModelTensor> tensors) {
  std::vector<InputSpec> specs;
  for (const ModelTensor &tensor : tensors)
    specs.push_back({tensor.name, tensor.dtype, tensor.shape, {}});
  return specs;
}

/// Compiled code, in process or from a library. Float data for integer inputs is quantized with the
/// model's own scales.
class Compiled : public ModelFile {
public:
  Compiled(std::unique_ptr<CompiledModel> compiled, bool profiles)
      : model(std::move(compiled)), profiles(profiles), specs(specsOf(model->inputs())) {}

  llvm::ArrayRef<InputSpec> inputs() const override { return specs; }

  llvm::Expected<std::vector<NamedTensor>> run(const Feed &feed) override {
    auto outputs = model->run(quantizeFeed(model->inputs(), feedTensors(feed)));
    if (!outputs)
      return outputs.takeError();
    std::vector<NamedTensor> named;
    for (auto [info, tensor] : llvm::zip_equal(model->outputs(), *outputs))
      named.push_back({info.name, tensor});
    return named;
  }

  std::string profile() override {
    if (!profiles)
      return "";
    auto steps = model->profile();
    if (!steps)
      return llvm::toString(steps.takeError());
    std::string text;
    for (auto &step : *steps)
      text += llvm::formatv("{0,10:F1} us  {1,-16} {2}\n", step.nanoseconds / 1e3, step.kind,
                            step.name);
    return text;
  }

private:
  std::unique_ptr<CompiledModel> model;
  bool profiles;
  std::vector<InputSpec> specs;
};

class Interpreted : public ModelFile {
public:
  static llvm::Expected<std::unique_ptr<ModelFile>> create(OwningOpRef<ModuleOp> module) {
    auto result = std::make_unique<Interpreted>();
    result->module = std::move(module);
    auto interpreter = Interpreter::create(*result->module, "main", nodeCompiler());
    if (!interpreter)
      return interpreter.takeError();
    result->interpreter = std::make_unique<Interpreter>(std::move(*interpreter));
    result->specs = inputSpecs(*result->module);
    auto main = result->module->lookupSymbol<func::FuncOp>("main");
    for (unsigned i = 0; i < main.getNumArguments(); ++i) {
      ModelTensor info{result->specs[i].name, result->specs[i].dtype, {}, 0, 0};
      if (auto scale = main.getArgAttrOfType<FloatAttr>(i, "quantc.scale"))
        info.scale = float(scale.getValueAsDouble());
      if (auto zeroPoint = main.getArgAttrOfType<IntegerAttr>(i, "quantc.zero_point"))
        info.zeroPoint = int32_t(zeroPoint.getInt());
      result->infos.push_back(info);
    }
    for (unsigned i = 0; i < main.getNumResults(); ++i) {
      auto name = main.getResultAttrOfType<StringAttr>(i, "onnx.name");
      result->outputNames.push_back(name ? name.getValue().str()
                                         : ("output_" + llvm::Twine(i)).str());
    }
    return result;
  }

  llvm::ArrayRef<InputSpec> inputs() const override { return specs; }

  llvm::Expected<std::vector<NamedTensor>> run(const Feed &feed) override {
    auto outputs = interpreter->run(quantizeFeed(infos, feedTensors(feed)));
    if (!outputs)
      return outputs.takeError();
    std::vector<NamedTensor> named;
    for (auto [name, tensor] : llvm::zip_equal(outputNames, *outputs))
      named.push_back({name, tensor});
    return named;
  }

private:
  OwningOpRef<ModuleOp> module;
  std::unique_ptr<Interpreter> interpreter;
  std::vector<InputSpec> specs;
  std::vector<ModelTensor> infos;
  std::vector<std::string> outputNames;
};

llvm::Expected<kernels::Level> levelOf(llvm::StringRef name) {
  if (name == "native")
    return kernels::bestHostLevel();
  auto level = kernels::parseLevel(std::string_view(name.data(), name.size()));
  if (!level)
    return llvm::createStringError("unknown CPU level '" + name + "'");
  if (!kernels::hostSupports(*level))
    return llvm::createStringError("this machine lacks " + name + ": not run");
  return *level;
}

llvm::Expected<std::unique_ptr<ModelFile>> openModule(OwningOpRef<ModuleOp> module,
                                                      const RunOptions &options) {
  if (options.interpret)
    return Interpreted::create(std::move(module));
  auto level = levelOf(options.cpu);
  if (!level)
    return level.takeError();
  WeightScope scope(module->getContext());
  llvm::Expected<std::unique_ptr<CompiledModel>> compiled =
      (*module)->hasAttr("quantc.arena_bytes") ? CompiledModel::jit(*module, scope, options.threads)
                                               : compileInProcess(*module, *level, options.threads);
  if (!compiled)
    return compiled.takeError();
  return std::make_unique<Compiled>(std::move(*compiled), false);
}

} // namespace

llvm::Expected<std::unique_ptr<ModelFile>> ModelFile::open(llvm::StringRef path,
                                                           MLIRContext &context,
                                                           const RunOptions &options,
                                                           llvm::StringRef data) {
  if (!llvm::sys::fs::exists(path))
    return llvm::createStringError("cannot open '" + path + "': no such file");
  if (path.ends_with(".so")) {
    auto model = CompiledModel::load(path, options.threads, options.profile);
    if (!model)
      return model.takeError();
    return std::make_unique<Compiled>(std::move(*model), options.profile);
  }
  CompileOptions compile;
  compile.dims = options.dims;
  compile.calibration = data.str();
  compile.dataBatch = options.batch;
  Compiler importer(context, compile); // loads the dialects
  if (path.ends_with(".mlir") || path.ends_with(".mlirbc")) {
    auto module = readModule(path, context);
    if (!module)
      return llvm::createStringError("cannot parse '" + path + "'");
    return openModule(std::move(module), options);
  }
  if (failed(importer.import(path)) || failed(importer.advance(Stage::Float)))
    return llvm::createStringError("cannot compile '" + path + "'");
  return openModule(OwningOpRef<ModuleOp>(importer.module().clone()), options);
}

llvm::Expected<std::unique_ptr<DataSet>>
quantc::openData(const ModelFile &model, llvm::StringRef path, const DataSetOptions &options) {
  auto data = DataSet::open(path, model.inputs(), options);
  if (data)
    return data;
  std::vector<InputSpec> specs(model.inputs().begin(), model.inputs().end());
  bool changed = false;
  for (InputSpec &spec : specs)
    if (spec.dtype == DType::U8 || spec.dtype == DType::I8) {
      spec.dtype = DType::F32;
      changed = true;
    }
  if (!changed)
    return data;
  auto floats = DataSet::open(path, specs, options);
  if (!floats) {
    llvm::consumeError(floats.takeError());
    return data; // the first message is the right one
  }
  llvm::consumeError(data.takeError());
  return floats;
}
