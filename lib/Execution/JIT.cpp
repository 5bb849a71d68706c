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

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "quantc/Execution/CompiledModel.h"
#include "quantc/Interfaces/WeightScope.h"
#include "quantc/Target/CPU/Codegen.h"
#include "quantc/Target/LLVM/TranslateModel.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Target/TargetMachine.h"

using namespace quantc;

/// Data that code reads in place, and the symbols that mean it, by index.
struct Constants {
  std::vector<mlir::AsmResourceBlob> blobs;
  std::vector<std::pair<std::string, size_t>> symbols;
};

namespace {
class JITModel : public CompiledModel {
public:
  JITModel(std::unique_ptr<llvm::orc::LLJIT> jit, Constants constants)
      : jit(std::move(jit)), constants(std::move(constants)) {}
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
  Constants constants;
};
} // namespace

/// Makes large constants declarations: inside of generated code each would be copied by every step
/// on the way to memory, and no step looks into it.
static Constants takeConstants(mlir::ModuleOp module, WeightScope &scope) {
  constexpr size_t least = 4096, alignment = 64;
  Constants constants;
  llvm::StringMap<size_t> taken; // several symbols may share a blob
  for (auto global : module.getOps<mlir::LLVM::GlobalOp>()) {
    auto value = llvm::dyn_cast_or_null<mlir::DenseResourceElementsAttr>(global.getValueOrNull());
    if (!value)
      continue;
    llvm::StringRef key = value.getRawHandle().getKey();
    mlir::AsmResourceBlob *blob = value.getRawHandle().getBlob();
    if (!taken.contains(key)) {
      if (!blob || blob->getData().size() < least)
        continue;
      taken[key] = constants.blobs.size();
      constants.blobs.push_back(scope.take(value, alignment));
    }
    constants.symbols.emplace_back(global.getSymName().str(), taken[key]);
    global.removeValueAttr();
    global.setLinkage(mlir::LLVM::Linkage::External);
  }
  return constants;
}

static llvm::Error defineConstants(llvm::orc::LLJIT &jit, const Constants &constants) {
  llvm::orc::SymbolMap symbols;
  for (const auto &[name, index] : constants.symbols)
    symbols[jit.mangleAndIntern(name)] = {
        llvm::orc::ExecutorAddr::fromPtr(constants.blobs[index].getData().data()),
        llvm::JITSymbolFlags::Exported};
  return jit.getMainJITDylib().define(llvm::orc::absoluteSymbols(std::move(symbols)));
}

llvm::Expected<std::unique_ptr<CompiledModel>> CompiledModel::jit(mlir::ModuleOp module,
                                                                  WeightScope &scope, int threads) {
  Constants constants = takeConstants(module, scope);
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
  if (llvm::Error error = defineConstants(**jit, constants))
    return std::move(error);
  auto buffer = std::make_unique<llvm::SmallVectorMemoryBuffer>(std::move(*object), "model",
                                                                /*RequiresNullTerminator=*/false);
  if (llvm::Error error = (*jit)->addObjectFile(std::move(buffer)))
    return std::move(error);
  auto model = std::make_unique<JITModel>(std::move(*jit), std::move(constants));
  if (llvm::Error error = model->initialize(threads, /*profile=*/false))
    return std::move(error);
  return model;
}
