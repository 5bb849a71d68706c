//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Builds the constant that the runtime reads. The struct types mirror
// Runtime/ModelDescriptor.h; the assertions below tie the two together.
//
//===----------------------------------------------------------------------===//

#include "quantc/Runtime/ModelDescriptor.h"
#include "quantc/Support/DType.h"
#include "quantc/Support/Errors.h"
#include "quantc/Target/CPU/ModelInfo.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/IR/Function.h"
#include "llvm/IR/Module.h"

#include <cmath>
#include <cstddef>

using namespace llvm;

namespace quantc::cpu {

// The fields, in order, that DescriptorBuilder writes.
static_assert(offsetof(qrt_tensor_info, scale) == 24 && sizeof(qrt_tensor_info) == 32);
static_assert(offsetof(qrt_step, name) == 16 && sizeof(qrt_step) == 32);
static_assert(offsetof(qrt_self_test, dims) == 16 && sizeof(qrt_self_test) == 24);
static_assert(offsetof(qrt_model_desc, self_test_tolerance) == 24);
static_assert(offsetof(qrt_model_desc, arena_bytes) == 32);
static_assert(offsetof(qrt_model_desc, name) == 48);
static_assert(offsetof(qrt_model_desc, inputs) == 80);
static_assert(offsetof(qrt_model_desc, arena_bytes_fn) == 120);
static_assert(offsetof(qrt_model_desc, device_program) == 144);
static_assert(offsetof(qrt_model_desc, messages) == 152);
static_assert(sizeof(qrt_model_desc) == 160);

uint32_t requiredCpuFeatures(kernels::Level level) {
  switch (level) {
  case kernels::Level::Portable:
    return QRT_CPU_LEVEL_V1;
  case kernels::Level::V2:
    return QRT_CPU_LEVEL_V2;
  case kernels::Level::V3:
    return QRT_CPU_LEVEL_V3;
  case kernels::Level::V3Vnni:
    return QRT_CPU_LEVEL_V3_VNNI;
  case kernels::Level::V4:
    return QRT_CPU_LEVEL_V4;
  case kernels::Level::V4Vnni:
    return QRT_CPU_LEVEL_V4_VNNI;
  }
  llvm_unreachable("all levels are handled");
}

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

static bool isBorderType(int32_t dtype) {
  static const int32_t types[] = {QRT_FLOAT32, QRT_UINT8,  QRT_INT8,    QRT_UINT16,  QRT_INT16,
                                  QRT_INT32,   QRT_INT64,  QRT_BOOL,    QRT_FLOAT16, QRT_FLOAT64,
                                  QRT_UINT32,  QRT_UINT64, QRT_BFLOAT16};
  return is_contained(types, dtype);
}

static Error checkTensor(const TensorInfo &tensor, const ModelInfo &info) {
  if (!isBorderType(tensor.dtype))
    return makeError("'" + Twine(tensor.name) + "': type " + Twine(tensor.dtype) +
                     " cannot be the type of an input or output");
  if (tensor.shape.size() > QRT_MAX_RANK)
    return makeError("'" + Twine(tensor.name) + "': expected a rank of at most " +
                     Twine(QRT_MAX_RANK) + ", but found " + Twine(tensor.shape.size()));
  const auto numDims = static_cast<int64_t>(info.dimNames.size());
  for (int64_t extent : tensor.shape)
    if (extent < -numDims)
      return makeError("'" + Twine(tensor.name) + "': expected a dynamic dimension of the " +
                       Twine(numDims) + " that the model has, but found number " +
                       Twine(-1 - extent));
  if (!std::isfinite(tensor.scale) || tensor.scale < 0)
    return makeError("'" + Twine(tensor.name) + "': expected a finite, non-negative scale");
  return Error::success();
}

/// Bytes of a tensor at the given dynamic dimensions.
static int64_t tensorBytes(const TensorInfo &tensor, ArrayRef<int64_t> dims) {
  SmallVector<int64_t> shape(tensor.shape.begin(), tensor.shape.end());
  for (int64_t &extent : shape)
    if (extent < 0)
      extent = dims[-1 - extent];
  return storageBytes(static_cast<DType>(tensor.dtype), shape).value_or(-1);
}

static Error checkVectors(ArrayRef<TensorInfo> tensors, ArrayRef<std::string> vectors,
                          ArrayRef<int64_t> dims) {
  if (tensors.size() != vectors.size())
    return makeError("self-test: expected " + Twine(tensors.size()) + " tensors, but found " +
                     Twine(vectors.size()));
  for (auto [tensor, bytes] : zip_equal(tensors, vectors)) {
    int64_t expected = tensorBytes(tensor, dims);
    if (expected < 0 || static_cast<uint64_t>(expected) != bytes.size())
      return makeError("self-test of '" + Twine(tensor.name) + "': expected " + Twine(expected) +
                       " bytes, but found " + Twine(bytes.size()));
  }
  return Error::success();
}

static Error checkSelfTest(const SelfTest &test, const ModelInfo &info) {
  if (test.dims.size() != info.dimNames.size() ||
      any_of(test.dims, [](int64_t extent) { return extent < 1; }))
    return makeError("self-test: expected " + Twine(info.dimNames.size()) + " positive dimensions");
  if (Error error = checkVectors(info.inputs, test.inputs, test.dims))
    return error;
  return checkVectors(info.outputs, test.outputs, test.dims);
}

static Error checkArena(const ModelInfo &info) {
  if (info.arenaAlignment < 64 || (info.arenaAlignment & (info.arenaAlignment - 1)) != 0)
    return makeError("expected an arena alignment that is a power of two and at least 64, but "
                     "found " +
                     Twine(info.arenaAlignment));
  if (info.arenaBytes < 0)
    return makeError("expected a non-negative arena size, but found " + Twine(info.arenaBytes));
  return Error::success();
}

static Error checkInfo(const ModelInfo &info) {
  if (Error error = checkArena(info))
    return error;
  for (const TensorInfo &tensor : concat<const TensorInfo>(info.inputs, info.outputs))
    if (Error error = checkTensor(tensor, info))
      return error;
  for (const StepInfo &step : info.steps)
    if (step.maxWorkers < 1)
      return makeError("step '" + Twine(step.name) + "': expected at least one worker, but found " +
                       Twine(step.maxWorkers));
  for (const SelfTest &test : info.selfTests)
    if (Error error = checkSelfTest(test, info))
      return error;
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Building
//===----------------------------------------------------------------------===//

namespace {
/// Writes one descriptor. An unknown function makes `failure` an error.
class DescriptorBuilder {
public:
  DescriptorBuilder(Module &module, const ModelInfo &info)
      : module(module), context(module.getContext()), info(info),
        pointer(PointerType::getUnqual(context)) {}

  Error build();

private:
  Constant *int32(int64_t value) {
    return ConstantInt::get(Type::getInt32Ty(context), value, true);
  }
  Constant *int64(int64_t value) {
    return ConstantInt::get(Type::getInt64Ty(context), value, true);
  }
  Constant *float32(float value) { return ConstantFP::get(Type::getFloatTy(context), value); }
  Constant *null() { return ConstantPointerNull::get(pointer); }

  /// A private constant with this value.
  Constant *global(Constant *value, StringRef name, uint64_t alignment);
  Constant *string(StringRef text);
  /// Data of a tensor, aligned for any element type.
  Constant *bytes(StringRef data);
  /// An array of structs or pointers; null when empty.
  Constant *array(ArrayRef<Constant *> elements, StringRef name);
  Constant *int64Array(ArrayRef<int64_t> values);

  /// The function `name`, or null for an empty name.
  Constant *function(StringRef name, FunctionType *type);
  /// The global `name`, or null for an empty name.
  Constant *named(StringRef name);

  Constant *tensors(ArrayRef<TensorInfo> tensors, StringRef name);
  Constant *dimNames();
  Constant *messages();
  Constant *steps();
  Constant *blobs(ArrayRef<std::string> tensors);
  Constant *selfTests();

  Module &module;
  LLVMContext &context;
  const ModelInfo &info;
  PointerType *pointer;
  std::string failure;
};
} // namespace

Constant *DescriptorBuilder::global(Constant *value, StringRef name, uint64_t alignment) {
  auto *variable = new GlobalVariable(module, value->getType(), /*isConstant=*/true,
                                      GlobalValue::PrivateLinkage, value, name);
  variable->setUnnamedAddr(GlobalValue::UnnamedAddr::Global);
  variable->setAlignment(Align(alignment));
  return variable;
}

Constant *DescriptorBuilder::string(StringRef text) {
  return global(ConstantDataArray::getString(context, text), "qrt.text", 1);
}

Constant *DescriptorBuilder::bytes(StringRef data) {
  return global(ConstantDataArray::getString(context, data, /*AddNull=*/false), "qrt.data", 16);
}

Constant *DescriptorBuilder::array(ArrayRef<Constant *> elements, StringRef name) {
  if (elements.empty())
    return null();
  auto *type = ArrayType::get(elements.front()->getType(), elements.size());
  return global(ConstantArray::get(type, elements), name, 8);
}

Constant *DescriptorBuilder::int64Array(ArrayRef<int64_t> values) {
  SmallVector<uint64_t> words(values.begin(), values.end());
  return words.empty() ? null() : global(ConstantDataArray::get(context, words), "qrt.shape", 8);
}

Constant *DescriptorBuilder::function(StringRef name, FunctionType *type) {
  if (name.empty())
    return null();
  Function *found = module.getFunction(name);
  if (found && found->getFunctionType() == type)
    return found;
  if (failure.empty())
    failure = ("expected a function '" + name + "' of type " +
               (type->getNumParams() == 4   ? "qrt_step_fn"
                : type->getNumParams() == 2 ? "qrt_init_fn"
                                            : "qrt_arena_bytes_fn") +
               ", but found " + (found ? "one of another type" : "none"))
                  .str();
  return null();
}

Constant *DescriptorBuilder::named(StringRef name) {
  if (name.empty())
    return null();
  if (GlobalVariable *found = module.getNamedGlobal(name))
    return found;
  if (failure.empty())
    failure = ("expected a global '" + name + "', but found none").str();
  return null();
}

Constant *DescriptorBuilder::tensors(ArrayRef<TensorInfo> tensors, StringRef name) {
  SmallVector<Constant *> elements;
  for (const TensorInfo &tensor : tensors)
    elements.push_back(ConstantStruct::getAnon(
        {string(tensor.name), int32(tensor.dtype), int32(tensor.shape.size()),
         int64Array(tensor.shape), float32(tensor.scale), int32(tensor.zeroPoint)}));
  return array(elements, name);
}

Constant *DescriptorBuilder::dimNames() {
  SmallVector<Constant *> elements;
  for (const std::string &name : info.dimNames)
    elements.push_back(string(name));
  return array(elements, "qrt.dims");
}

/// Ends with a null pointer, so that a model whose nodes check nothing has some, too.
Constant *DescriptorBuilder::messages() {
  if (!info.messages)
    return null();
  SmallVector<Constant *> elements;
  for (const std::string &message : *info.messages)
    elements.push_back(string(message));
  elements.push_back(null());
  return array(elements, "qrt.messages");
}

Constant *DescriptorBuilder::steps() {
  Type *word = Type::getInt64Ty(context);
  auto *type = FunctionType::get(Type::getVoidTy(context), {pointer, pointer, word, word}, false);
  SmallVector<Constant *> elements;
  for (const StepInfo &step : info.steps)
    elements.push_back(ConstantStruct::getAnon(
        {function(step.function, type), int32(step.maxWorkers),
         int32(step.serial ? QRT_STEP_SERIAL : 0), string(step.name), string(step.kind)}));
  return array(elements, "qrt.steps");
}

Constant *DescriptorBuilder::blobs(ArrayRef<std::string> tensors) {
  SmallVector<Constant *> elements;
  for (const std::string &tensor : tensors)
    elements.push_back(bytes(tensor));
  return array(elements, "qrt.tensors");
}

Constant *DescriptorBuilder::selfTests() {
  SmallVector<Constant *> elements;
  for (const SelfTest &test : info.selfTests)
    elements.push_back(
        ConstantStruct::getAnon({blobs(test.inputs), blobs(test.outputs), int64Array(test.dims)}));
  return array(elements, "qrt.tests");
}

Error DescriptorBuilder::build() {
  if (module.getNamedValue("qrt_model_descriptor"))
    return makeError("the module already has a qrt_model_descriptor");
  Type *word = Type::getInt64Ty(context), *none = Type::getVoidTy(context);
  Constant *arenaFunction =
      function(info.arenaBytesFunction, FunctionType::get(word, {pointer}, false));
  Constant *initFunction =
      function(info.initFunction, FunctionType::get(none, {pointer, pointer}, false));
  Constant *fields[] = {
      int32(QUANTC_MODEL_ABI_VERSION),
      int32(info.inputs.size()),
      int32(info.outputs.size()),
      int32(info.dimNames.size()),
      int32(info.steps.size()),
      int32(info.selfTests.size()),
      float32(info.selfTestTolerance),
      int32(requiredCpuFeatures(info.level)),
      int64(info.arenaBytes),
      int64(info.arenaAlignment),
      string(info.name),
      string(info.version),
      string(info.device.empty() ? StringRef(kernels::levelInfo(info.level).name)
                                 : StringRef(info.device)),
      string(info.certificate),
      tensors(info.inputs, "qrt.inputs"),
      tensors(info.outputs, "qrt.outputs"),
      dimNames(),
      steps(),
      selfTests(),
      arenaFunction,
      initFunction,
      named(info.deviceGlobal),
      named(info.programGlobal),
      messages(),
  };
  if (!failure.empty())
    return makeError(failure);
  Constant *value = ConstantStruct::getAnon(fields);
  auto *descriptor =
      new GlobalVariable(module, value->getType(), /*isConstant=*/true,
                         GlobalValue::ExternalLinkage, value, "qrt_model_descriptor");
  descriptor->setVisibility(GlobalValue::HiddenVisibility);
  descriptor->setDSOLocal(true);
  descriptor->setAlignment(Align(8));
  return Error::success();
}

Error emitModelDescriptor(Module &module, const ModelInfo &info) {
  if (Error error = checkInfo(info))
    return addContext("model '" + Twine(info.name) + "'", std::move(error));
  if (Error error = DescriptorBuilder(module, info).build())
    return addContext("model '" + Twine(info.name) + "'", std::move(error));
  return Error::success();
}

} // namespace quantc::cpu
