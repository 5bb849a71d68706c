//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// convert-kern-to-llvm. All decisions are in the IR already: this prints calls.
//
//===----------------------------------------------------------------------===//

#include "quantc/Conversion/KernToLLVM/KernToLLVM.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "quantc/Dialect/Kern/IR/Kern.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Interfaces/Weights.h"

using namespace mlir;
using namespace quantc;

namespace quantc {
#define GEN_PASS_DEF_CONVERTKERNTOLLVM
#include "quantc/Conversion/KernToLLVM/Passes.h.inc"
} // namespace quantc

namespace {

/// The function being built for one step.
struct Step {
  LLVM::LLVMFuncOp function;
  Value arena() { return function.getArgument(0); }
  Value io() { return function.getArgument(1); }
  Value worker() { return function.getArgument(2); }
  Value workers() { return function.getArgument(3); }
};

class Converter {
public:
  Converter(ModuleOp module, kernels::Level level)
      : module(module), level(level), builder(module.getContext()) {
    pointer = LLVM::LLVMPointerType::get(module.getContext());
    i64 = builder.getI64Type();
  }

  LogicalResult run(func::FuncOp main);

private:
  LogicalResult convertCall(kern::KernelOpInterface op, unsigned index);
  FailureOr<Value> address(Step &step, Value memref);
  LLVM::LLVMFuncOp declareKernel(kernels::KernelId kernel);
  LLVM::GlobalOp globalFor(kern::ConstantOp constant);
  std::pair<Value, Value> unitRange(Step &step, int64_t units, kern::PartitionAttr partition);
  Value integer(Location loc, int64_t value) {
    return LLVM::ConstantOp::create(builder, loc, i64, builder.getI64IntegerAttr(value));
  }
  ArrayAttr describe(func::FuncOp main, unsigned begin, unsigned end);

  ModuleOp module;
  kernels::Level level;
  OpBuilder builder;
  Type pointer, i64;
  DenseMap<Operation *, LLVM::GlobalOp> globals;
  llvm::StringMap<LLVM::LLVMFuncOp> declared;
};

LLVM::LLVMFuncOp Converter::declareKernel(kernels::KernelId kernel) {
  std::string symbol = kernels::kernelSymbol(kernel, level);
  LLVM::LLVMFuncOp &function = declared[symbol];
  if (function)
    return function;
  SmallVector<Type> types;
  for (const kernels::KernelParam &parameter : kernels::kernelParams(kernel)) {
    if (parameter.kind == kernels::KernelParam::Pointer)
      types.push_back(pointer);
    else
      types.push_back(parameter.kind == kernels::KernelParam::Int64 ? i64
                                                                    : Type(builder.getF32Type()));
  }
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(module.getBody());
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(module.getContext()), types);
  return function = LLVM::LLVMFuncOp::create(builder, module.getLoc(), symbol, type);
}

LLVM::GlobalOp Converter::globalFor(kern::ConstantOp constant) {
  LLVM::GlobalOp &global = globals[constant];
  if (global)
    return global;
  std::optional<std::vector<char>> bytes = readBytes(constant.getValue());
  if (!bytes) {
    constant.emitError("expected the constant's data, but its blob is missing");
    return {};
  }
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(module.getBody());
  auto tensor = RankedTensorType::get({int64_t(bytes->size())}, builder.getI8Type());
  std::string name = "qc_constant_" + std::to_string(globals.size() - 1);
  global = LLVM::GlobalOp::create(
      builder, constant.getLoc(), LLVM::LLVMArrayType::get(builder.getI8Type(), bytes->size()),
      /*isConstant=*/true, LLVM::Linkage::Internal, name, makeWeights(tensor, *bytes, name), 64);
  return global;
}

FailureOr<Value> Converter::address(Step &step, Value memref) {
  Location loc = step.function.getLoc();
  int64_t bytes = 0;
  while (auto view = memref.getDefiningOp<kern::ViewOp>()) {
    bytes += kern::getOffset(view.getType()) * (view.getType().getElementTypeBitWidth() / 8);
    memref = view.getSource();
  }
  Value base;
  if (auto argument = dyn_cast<BlockArgument>(memref)) {
    Value slot = LLVM::GEPOp::create(builder, loc, pointer, pointer, step.io(),
                                     ArrayRef<LLVM::GEPArg>{int32_t(argument.getArgNumber())});
    base = LLVM::LoadOp::create(builder, loc, pointer, slot, 8);
  } else if (auto buffer = memref.getDefiningOp<kern::BufferOp>()) {
    if (!buffer.getOffset())
      return buffer.emitError("expected an arena offset; run kern-plan-memory first");
    bytes += *buffer.getOffset();
    base = step.arena();
  } else if (auto constant = memref.getDefiningOp<kern::ConstantOp>()) {
    LLVM::GlobalOp global = globalFor(constant);
    if (!global)
      return failure();
    base = LLVM::AddressOfOp::create(builder, loc, global);
  } else {
    return emitError(memref.getLoc(),
                     "expected a buffer, a constant or an argument of the function");
  }
  if (bytes == 0)
    return base;
  return Value(LLVM::GEPOp::create(builder, loc, pointer, builder.getI8Type(), base,
                                   ValueRange{integer(loc, bytes)}));
}

/// [begin, end) of the worker's share; see #kern.partition.
std::pair<Value, Value> Converter::unitRange(Step &step, int64_t units,
                                             kern::PartitionAttr partition) {
  Location loc = step.function.getLoc();
  Value chunks = integer(loc, (units + partition.getAlign() - 1) / partition.getAlign());
  auto bound = [&](Value index) -> Value {
    Value share = LLVM::SDivOp::create(
        builder, loc, LLVM::MulOp::create(builder, loc, chunks, index), step.workers());
    Value unit = LLVM::MulOp::create(builder, loc, share, integer(loc, partition.getAlign()));
    return LLVM::SMinOp::create(builder, loc, unit, integer(loc, units));
  };
  Value next = LLVM::AddOp::create(builder, loc, step.worker(), integer(loc, 1));
  return {bound(step.worker()), bound(next)};
}

LogicalResult Converter::convertCall(kern::KernelOpInterface op, unsigned index) {
  LLVM::LLVMFuncOp kernel = declareKernel(op.getKernelId());
  builder.setInsertionPointToEnd(module.getBody());
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(module.getContext()),
                                          {pointer, pointer, i64, i64});
  Step step{
      LLVM::LLVMFuncOp::create(builder, op.getLoc(), "qc_step_" + std::to_string(index), type)};
  builder.setInsertionPointToStart(step.function.addEntryBlock(builder));

  auto partition = op->getAttrOfType<kern::PartitionAttr>("partition");
  int64_t workers = partition ? partition.getWorkers() : 1;
  SmallVector<int64_t> units = op.getUnits();
  SmallVector<std::pair<Value, Value>> ranges;
  for (auto [axis, size] : llvm::enumerate(units)) {
    if (workers > 1 && int64_t(axis) == partition.getAxis())
      ranges.push_back(unitRange(step, size, partition));
    else
      ranges.push_back({integer(op.getLoc(), 0), integer(op.getLoc(), size)});
  }
  SmallVector<kern::KernelArg> arguments;
  op.getArguments(arguments);
  SmallVector<Value> values;
  for (const kern::KernelArg &argument : arguments) {
    switch (argument.kind) {
    case kern::KernelArg::Pointer: {
      FailureOr<Value> value = address(step, argument.pointer);
      if (failed(value))
        return failure();
      values.push_back(*value);
      break;
    }
    case kern::KernelArg::Int:
      values.push_back(integer(op.getLoc(), argument.integer));
      break;
    case kern::KernelArg::Float:
      values.push_back(LLVM::ConstantOp::create(builder, op.getLoc(), builder.getF32Type(),
                                                builder.getF32FloatAttr(argument.real)));
      break;
    case kern::KernelArg::UnitBegin:
      values.push_back(ranges[argument.integer].first);
      break;
    case kern::KernelArg::UnitEnd:
      values.push_back(ranges[argument.integer].second);
      break;
    }
  }
  if (values.size() != kernel.getNumArguments() &&
      values.size() != kernel.getFunctionType().getNumParams())
    return op->emitError("expected ") << kernel.getFunctionType().getNumParams() << " arguments of "
                                      << kernel.getSymName() << ", but found " << values.size();
  LLVM::CallOp::create(builder, op.getLoc(), kernel, values);
  LLVM::ReturnOp::create(builder, op.getLoc(), ValueRange());
  std::string name = getNodeNames(op.getLoc());
  step.function->setAttr("quantc.step_name", builder.getStringAttr(name));
  step.function->setAttr("quantc.step_kind",
                         builder.getStringAttr(kernels::kernelName(op.getKernelId())));
  step.function->setAttr("quantc.max_workers", builder.getI64IntegerAttr(workers));
  return success();
}

ArrayAttr Converter::describe(func::FuncOp main, unsigned begin, unsigned end) {
  SmallVector<Attribute> all;
  for (unsigned i = begin; i < end; ++i) {
    DictionaryAttr attributes = main.getArgAttrDict(i);
    all.push_back(attributes ? attributes : builder.getDictionaryAttr({}));
  }
  return builder.getArrayAttr(all);
}

LogicalResult Converter::run(func::FuncOp main) {
  auto arena = main->getAttrOfType<IntegerAttr>("kern.arena_bytes");
  auto numInputs = main->getAttrOfType<IntegerAttr>("kern.num_inputs");
  if (!arena || !numInputs)
    return main.emitError("expected a function scheduled by convert-to-kern and kern-plan-memory");
  unsigned index = 0;
  for (Operation &op : main.getBody().front()) {
    if (auto call = dyn_cast<kern::KernelOpInterface>(op)) {
      if (failed(convertCall(call, index++)))
        return failure();
    } else if (!isa<kern::BufferOp, kern::ViewOp, kern::ConstantOp, func::ReturnOp>(op)) {
      return op.emitError("expected kernel calls only, but found '") << op.getName() << "'";
    }
  }
  unsigned inputs = numInputs.getInt();
  module->setAttr("quantc.inputs", describe(main, 0, inputs));
  module->setAttr("quantc.outputs", describe(main, inputs, main.getNumArguments()));
  module->setAttr("quantc.arena_bytes", arena);
  main.erase();
  return success();
}

struct ConvertKernToLLVM : quantc::impl::ConvertKernToLLVMBase<ConvertKernToLLVM> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto name = module->getAttrOfType<StringAttr>("kern.level");
    std::optional<kernels::Level> level;
    if (name)
      level = kernels::parseLevel(std::string_view(name.getValue().data(), name.getValue().size()));
    auto main = module.lookupSymbol<func::FuncOp>("main");
    if (!level || !main || main.isExternal()) {
      module.emitError(
          "expected a function '@main' and an attribute 'kern.level' that names an ISA level");
      return signalPassFailure();
    }
    if (failed(Converter(module, *level).run(main)))
      signalPassFailure();
  }
};

} // namespace
