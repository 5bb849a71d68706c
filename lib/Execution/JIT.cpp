//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compilation of a lowered model in process, through the same back half that writes libraries.
//
//===----------------------------------------------------------------------===//

#include "quantc/Execution/CompiledModel.h"
#include "quantc/Target/CPU/Codegen.h"
#include "quantc/Target/LLVM/TranslateModel.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Target/TargetMachine.h"

using namespace quantc;

namespace {
class JITModel : public CompiledModel {
public:
  explicit JITModel(std::unique_ptr<llvm::orc::LLJIT> jit) : jit(std::move(jit)) {}
  ~JITModel() override { release(); }
  using CompiledModel::initialize;

protected:
  void *symbol(const char *name) override {
    auto address = jit->lookup(name);
    if (!address) {
      llvm::consumeError(address.takeError());
      return nullptr;
    }
    return address->toPtr<void *>();
  }

private:
  std::unique_ptr<llvm::orc::LLJIT> jit;
};
} // namespace

llvm::Expected<std::unique_ptr<CompiledModel>> CompiledModel::jit(mlir::ModuleOp module,
                                                                  int threads) {
  auto context = std::make_unique<llvm::LLVMContext>();
  auto translated = translateModel(module, "jit", *context);
  if (!translated)
    return translated.takeError();
  cpu::CodegenOptions options;
  options.level = translated->info.level;
  if (!kernels::hostSupports(options.level))
    return llvm::createStringError(std::string("this machine cannot run code for ") +
                                   kernels::levelInfo(options.level).name);
  if (llvm::Error error = cpu::emitModelDescriptor(*translated->module, translated->info))
    return std::move(error);
  if (llvm::Error error = cpu::completeModule(*translated->module, options))
    return std::move(error);
  if (llvm::Error error = cpu::optimize(*translated->module, options))
    return std::move(error);
  auto object = cpu::emitObject(*translated->module, options);
  if (!object)
    return object.takeError();
  auto jit = llvm::orc::LLJITBuilder().create();
  if (!jit)
    return jit.takeError();
  auto generator = llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(
      (*jit)->getDataLayout().getGlobalPrefix());
  if (!generator)
    return generator.takeError();
  (*jit)->getMainJITDylib().addGenerator(std::move(*generator));
  auto buffer = llvm::MemoryBuffer::getMemBufferCopy(
      llvm::StringRef(object->data(), object->size()), "model");
  if (llvm::Error error = (*jit)->addObjectFile(std::move(buffer)))
    return std::move(error);
  auto model = std::make_unique<JITModel>(std::move(*jit));
  if (llvm::Error error = model->initialize(threads, /*profile=*/false))
    return std::move(error);
  return model;
}
