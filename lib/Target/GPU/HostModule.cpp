//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The host side of a GPU model: the launch function read back into a table, and the table, the PTX
// and the constants as globals that lib/Runtime/Gpu.c reads.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/Matchers.h"
#include "quantc/Interfaces/Weights.h"
#include "quantc/Runtime/GpuProgram.h"
#include "quantc/Target/GPU/GPU.h"
#include "llvm/IR/Constants.h"
#include <cstddef>

using namespace mlir;
using namespace quantc;

// The globals below are laid out as C does on x86-64.
static_assert(sizeof(qrt_gpu_argument) == 16 && sizeof(qrt_gpu_launch) == 32);
static_assert(offsetof(qrt_gpu_program, offsets) == 40);
static_assert(offsetof(qrt_gpu_program, num_kernels) == 56);
static_assert(sizeof(qrt_gpu_program) == 72);

namespace {

struct Table {
  std::vector<std::string> kernels;
  std::vector<qrt_gpu_launch> launches;
  std::vector<qrt_gpu_argument> arguments;
  std::vector<cpu::StepInfo> steps;
};

std::optional<int64_t> integerOf(Value value) {
  APInt constant;
  if (value && matchPattern(value, m_ConstantInt(&constant)))
    return constant.getSExtValue();
  return std::nullopt;
}

/// An operand of a launch: an argument of the function, or one plus constant bytes.
llvm::Expected<qrt_gpu_argument> readArgument(Value value) {
  int64_t offset = 0;
  if (auto gep = value.getDefiningOp<LLVM::GEPOp>()) {
    auto indices = gep.getIndices();
    std::optional<int64_t> bytes;
    if (indices.size() == 1 && gep.getElemType().isInteger(8)) {
      if (auto attr = dyn_cast<IntegerAttr>(indices[0]))
        bytes = attr.getInt();
      else
        bytes = integerOf(cast<Value>(indices[0]));
    }
    if (!bytes)
      return llvm::createStringError("expected a constant number of bytes in a launch's operand");
    offset = *bytes;
    value = gep.getBase();
  }
  auto base = dyn_cast<BlockArgument>(value);
  if (!base || base.getArgNumber() > QRT_GPU_CONSTANTS)
    return llvm::createStringError("expected an address in the arena or the constants as a "
                                   "launch's operand");
  return qrt_gpu_argument{int64_t(base.getArgNumber()), offset};
}

llvm::Error addLaunch(Table &table, mlir::gpu::LaunchFuncOp op, llvm::StringMap<int32_t> &kernels) {
  mlir::gpu::KernelDim3 grid = op.getGridSizeOperandValues(),
                        block = op.getBlockSizeOperandValues();
  std::optional<int64_t> x = integerOf(grid.x), y = integerOf(grid.y), z = integerOf(grid.z);
  std::optional<int64_t> threads = integerOf(block.x), shared = 0;
  if (Value size = op.getDynamicSharedMemorySize())
    shared = integerOf(size);
  if (!x || !y || !z || !threads || !shared)
    return llvm::createStringError("expected a launch of constant extents");
  if (op.getKernelOperands().size() > QRT_GPU_MAX_ARGUMENTS)
    return llvm::createStringError("expected a kernel of at most " +
                                   llvm::Twine(QRT_GPU_MAX_ARGUMENTS) + " arguments");
  auto [entry, added] =
      kernels.try_emplace(op.getKernelName().getValue(), int32_t(table.kernels.size()));
  if (added)
    table.kernels.push_back(op.getKernelName().getValue().str());
  table.launches.push_back({entry->second, uint32_t(*x), uint32_t(*y), uint32_t(*z),
                            uint32_t(*threads), uint32_t(*shared), int32_t(table.arguments.size()),
                            int32_t(op.getKernelOperands().size())});
  for (Value operand : op.getKernelOperands()) {
    auto argument = readArgument(operand);
    if (!argument)
      return argument.takeError();
    table.arguments.push_back(*argument);
  }
  cpu::StepInfo step;
  step.serial = true;
  if (auto name = op->getAttrOfType<StringAttr>("quantc.step_name"))
    step.name = name.getValue().str();
  if (auto kind = op->getAttrOfType<StringAttr>("quantc.step_kind"))
    step.kind = kind.getValue().str();
  table.steps.push_back(std::move(step));
  return llvm::Error::success();
}

llvm::Expected<Table> readTable(ModuleOp module) {
  auto function = module.lookupSymbol<func::FuncOp>("launches");
  if (!function)
    return llvm::createStringError("expected a function '@launches'");
  Table table;
  llvm::StringMap<int32_t> kernels;
  for (auto op : function.getOps<mlir::gpu::LaunchFuncOp>())
    if (llvm::Error error = addLaunch(table, op, kernels))
      return std::move(error);
  return table;
}

/// Writes the globals.
class HostModule {
public:
  explicit HostModule(llvm::Module &module) : module(module), context(module.getContext()) {}

  llvm::Constant *global(llvm::Constant *value, StringRef name, uint64_t alignment) {
    auto *variable =
        new llvm::GlobalVariable(module, value->getType(), /*isConstant=*/true,
                                 llvm::GlobalValue::PrivateLinkage, value, "qrt.gpu." + name);
    variable->setAlignment(llvm::Align(alignment));
    return variable;
  }
  llvm::Constant *text(StringRef value, StringRef name) {
    return global(llvm::ConstantDataArray::getString(context, value), name, 1);
  }
  /// Structures of 32- and 64-bit integers, as their bytes.
  template <typename T> llvm::Constant *raw(const std::vector<T> &values, StringRef name) {
    StringRef bytes(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(T));
    return global(llvm::ConstantDataArray::getString(context, bytes, /*AddNull=*/false), name, 64);
  }
  llvm::Constant *names(ArrayRef<std::string> values) {
    SmallVector<llvm::Constant *> pointers;
    for (const std::string &value : values)
      pointers.push_back(text(value, "name"));
    auto *type = llvm::ArrayType::get(llvm::PointerType::getUnqual(context), pointers.size());
    return global(llvm::ConstantArray::get(type, pointers), "kernels", 8);
  }
  llvm::Constant *i64(int64_t value) {
    return llvm::ConstantInt::get(llvm::Type::getInt64Ty(context), uint64_t(value));
  }
  llvm::Constant *i32(int64_t value) {
    return llvm::ConstantInt::get(llvm::Type::getInt32Ty(context), uint64_t(value));
  }

  llvm::Module &module;
  llvm::LLVMContext &context;
};

std::vector<int64_t> arenaOffsets(ModuleOp module) {
  std::vector<int64_t> offsets;
  for (StringRef name : {"quantc.inputs", "quantc.outputs"})
    for (Attribute entry : module->getAttrOfType<ArrayAttr>(name))
      offsets.push_back(
          cast<DictionaryAttr>(entry).getAs<IntegerAttr>("quantc.arena_offset").getInt());
  return offsets;
}

} // namespace

bool quantc::gpu::isGPUModule(ModuleOp module) { return module->hasAttr("quantc.chip"); }

llvm::Expected<TranslatedModel> quantc::gpu::translateGPUModel(ModuleOp module, StringRef name,
                                                               llvm::LLVMContext &context) {
  auto chip = module->getAttrOfType<StringAttr>("quantc.chip");
  auto constants = module->getAttrOfType<ElementsAttr>("quantc.constants");
  std::optional<std::vector<char>> bytes = constants ? readBytes(constants) : std::nullopt;
  int capability = 0;
  if (!chip || !bytes || chip.getValue().drop_front(3).getAsInteger(10, capability))
    return llvm::createStringError("expected a module lowered by convert-kern-to-gpu");
  auto info = readModelInfo(module, name);
  if (!info)
    return info.takeError();
  auto table = readTable(module);
  if (!table)
    return table.takeError();
  auto ptx = emitPTX(module);
  if (!ptx)
    return ptx.takeError();

  TranslatedModel result{std::make_unique<llvm::Module>(name, context), std::move(*info)};
  result.info.steps = std::move(table->steps);
  result.info.device = ("cuda:" + chip.getValue()).str();
  result.info.deviceGlobal = "qrt_gpu_device";
  result.info.programGlobal = "qrt_gpu_program";
  HostModule host(*result.module);
  llvm::Constant *fields[] = {host.text(*ptx, "ptx"),
                              host.names(table->kernels),
                              host.raw(table->launches, "launches"),
                              host.raw(table->arguments, "arguments"),
                              host.raw(*bytes, "constants"),
                              host.raw(arenaOffsets(module), "offsets"),
                              host.i64(int64_t(bytes->size())),
                              host.i32(int64_t(table->kernels.size())),
                              host.i32(int64_t(table->launches.size())),
                              host.i32(capability)};
  llvm::Constant *program = llvm::ConstantStruct::getAnon(fields);
  new llvm::GlobalVariable(*result.module, program->getType(), /*isConstant=*/true,
                           llvm::GlobalValue::InternalLinkage, program, "qrt_gpu_program");
  // Defined by the runtime's part for GPUs.
  auto *device = new llvm::GlobalVariable(
      *result.module,
      llvm::ArrayType::get(llvm::PointerType::getUnqual(context), sizeof(qrt_device) / 8),
      /*isConstant=*/true, llvm::GlobalValue::ExternalLinkage, nullptr, "qrt_gpu_device");
  device->setVisibility(llvm::GlobalValue::HiddenVisibility);
  return result;
}
