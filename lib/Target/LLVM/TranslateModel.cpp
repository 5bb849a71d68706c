//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Translation of a lowered model to LLVM IR; see TranslateModel.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Target/LLVM/TranslateModel.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "quantc/Kernels/Levels.h"
#include "quantc/Support/DType.h"

using namespace mlir;
using namespace quantc;

llvm::StringRef quantc::quantcVersion() { return QUANTC_VERSION; }

static int32_t dtypeCode(Type element) {
  if (element.isF32())
    return int32_t(DType::F32);
  if (element.isF16())
    return int32_t(DType::F16);
  if (element.isBF16())
    return int32_t(DType::BF16);
  if (element.isF64())
    return int32_t(DType::F64);
  auto integer = dyn_cast<IntegerType>(element);
  if (!integer)
    return 0;
  bool isUnsigned = integer.isUnsigned();
  switch (integer.getWidth()) {
  case 1:
    return int32_t(DType::Bool);
  case 8:
    return int32_t(isUnsigned ? DType::U8 : DType::I8);
  case 16:
    return int32_t(isUnsigned ? DType::U16 : DType::I16);
  case 32:
    return int32_t(isUnsigned ? DType::U32 : DType::I32);
  case 64:
    return int32_t(isUnsigned ? DType::U64 : DType::I64);
  }
  return 0;
}

static llvm::Expected<std::vector<cpu::TensorInfo>>
readTensors(ModuleOp module, StringRef attribute, StringRef fallback) {
  auto list = module->getAttrOfType<ArrayAttr>(attribute);
  if (!list)
    return llvm::createStringError("expected the module attribute '" + attribute + "'");
  std::vector<cpu::TensorInfo> tensors;
  for (auto [i, entry] : llvm::enumerate(list)) {
    auto dictionary = dyn_cast<DictionaryAttr>(entry);
    auto typeAttr = dictionary ? dictionary.getAs<TypeAttr>("kern.type") : TypeAttr();
    auto type = typeAttr ? dyn_cast<RankedTensorType>(typeAttr.getValue()) : RankedTensorType();
    if (!type || !dtypeCode(type.getElementType()))
      return llvm::createStringError("expected 'kern.type' in entry " + llvm::Twine(i) + " of '" +
                                     attribute + "'");
    cpu::TensorInfo info;
    auto name = dictionary.getAs<StringAttr>("onnx.name");
    info.name = name ? name.getValue().str() : (fallback + llvm::Twine(i)).str();
    info.dtype = dtypeCode(type.getElementType());
    info.shape.assign(type.getShape().begin(), type.getShape().end());
    if (auto scale = dictionary.getAs<FloatAttr>("quantc.scale"))
      info.scale = float(scale.getValueAsDouble());
    if (auto zeroPoint = dictionary.getAs<IntegerAttr>("quantc.zero_point"))
      info.zeroPoint = int32_t(zeroPoint.getInt());
    tensors.push_back(std::move(info));
  }
  return tensors;
}

static std::vector<cpu::StepInfo> readSteps(ModuleOp module) {
  std::vector<cpu::StepInfo> steps;
  for (auto function : module.getOps<LLVM::LLVMFuncOp>()) {
    auto kind = function->getAttrOfType<StringAttr>("quantc.step_kind");
    if (!kind)
      continue;
    cpu::StepInfo step;
    step.function = function.getSymName().str();
    step.kind = kind.getValue().str();
    if (auto name = function->getAttrOfType<StringAttr>("quantc.step_name"))
      step.name = name.getValue().str();
    if (auto workers = function->getAttrOfType<IntegerAttr>("quantc.max_workers"))
      step.maxWorkers = int32_t(workers.getInt());
    step.serial = step.maxWorkers <= 1;
    steps.push_back(std::move(step));
  }
  return steps;
}

llvm::Expected<cpu::ModelInfo> quantc::readModelInfo(ModuleOp module, StringRef name) {
  cpu::ModelInfo info;
  info.name = name.str();
  info.version = quantcVersion().str();
  auto arena = module->getAttrOfType<IntegerAttr>("quantc.arena_bytes");
  if (!arena)
    return llvm::createStringError("expected a lowered module with 'quantc.arena_bytes'");
  info.arenaBytes = arena.getInt();
  if (auto certificate = module->getAttrOfType<StringAttr>("quantc.certificate"))
    info.certificate = certificate.getValue().str();
  auto inputs = readTensors(module, "quantc.inputs", "input_");
  if (!inputs)
    return inputs.takeError();
  auto outputs = readTensors(module, "quantc.outputs", "output_");
  if (!outputs)
    return outputs.takeError();
  if (auto texts = module->getAttrOfType<ArrayAttr>("quantc.messages")) {
    info.messages.emplace();
    for (auto text : texts.getAsRange<StringAttr>())
      info.messages->push_back(text.getValue().str());
  }
  info.inputs = std::move(*inputs);
  info.outputs = std::move(*outputs);
  return info;
}

llvm::Expected<TranslatedModel> quantc::translateModel(ModuleOp module, StringRef name,
                                                       llvm::LLVMContext &context) {
  auto level = module->getAttrOfType<StringAttr>("kern.level");
  std::optional<kernels::Level> parsed;
  if (level)
    parsed =
        kernels::parseLevel(std::string_view(level.getValue().data(), level.getValue().size()));
  if (!parsed || !module->hasAttr("quantc.arena_bytes"))
    return llvm::createStringError("expected a module lowered by convert-kern-to-llvm");
  auto info = readModelInfo(module, name);
  if (!info)
    return info.takeError();
  TranslatedModel result{nullptr, std::move(*info)};
  result.info.level = *parsed;
  result.info.steps = readSteps(module);

  registerBuiltinDialectTranslation(*module->getContext());
  registerLLVMDialectTranslation(*module->getContext());
  result.module = translateModuleToLLVMIR(module, context, name);
  if (!result.module)
    return llvm::createStringError("cannot translate the module to LLVM IR");
  result.module->setModuleIdentifier(name);
  result.module->setSourceFileName(name);
  return result;
}
