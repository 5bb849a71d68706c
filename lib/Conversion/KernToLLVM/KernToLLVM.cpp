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
  Step beginStep(Location loc, unsigned index);
  void endStep(Step &step, StringRef kind, int64_t workers);
  LogicalResult convertKernel(kern::KernelOpInterface op, unsigned index);
  LogicalResult convertCall(kern::CallOp op, unsigned index, unsigned numArguments);
  LogicalResult adoptNodes();
  LogicalResult adoptFunction(LLVM::LLVMFuncOp function);
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

/// The same bytes as a list of i8, in the same blob where there is one.
static ElementsAttr asBytes(ElementsAttr value, StringRef name) {
  std::optional<std::vector<char>> bytes = readBytes(value);
  if (!bytes)
    return {};
  auto type =
      RankedTensorType::get({int64_t(bytes->size())}, IntegerType::get(value.getContext(), 8));
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value))
    return DenseResourceElementsAttr::get(type, resource.getRawHandle());
  return makeWeights(type, *bytes, name);
}

LLVM::GlobalOp Converter::globalFor(kern::ConstantOp constant) {
  LLVM::GlobalOp &global = globals[constant];
  if (global)
    return global;
  std::string name = "qc_constant_" + std::to_string(globals.size() - 1);
  ElementsAttr bytes = asBytes(constant.getValue(), name);
  if (!bytes) {
    constant.emitError("expected the constant's data, but its blob is missing");
    return {};
  }
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(module.getBody());
  auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), bytes.getNumElements());
  return global = LLVM::GlobalOp::create(builder, constant.getLoc(), type, /*isConstant=*/true,
                                         LLVM::Linkage::Internal, name, bytes, 64);
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

Step Converter::beginStep(Location loc, unsigned index) {
  builder.setInsertionPointToEnd(module.getBody());
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(module.getContext()),
                                          {pointer, pointer, i64, i64});
  Step step{LLVM::LLVMFuncOp::create(builder, loc, "qc_step_" + std::to_string(index), type)};
  builder.setInsertionPointToStart(step.function.addEntryBlock(builder));
  return step;
}

void Converter::endStep(Step &step, StringRef kind, int64_t workers) {
  Location loc = step.function.getLoc();
  LLVM::ReturnOp::create(builder, loc, ValueRange());
  step.function->setAttr("quantc.step_name", builder.getStringAttr(getLocationNames(loc)));
  step.function->setAttr("quantc.step_kind", builder.getStringAttr(kind));
  step.function->setAttr("quantc.max_workers", builder.getI64IntegerAttr(workers));
}

LogicalResult Converter::convertKernel(kern::KernelOpInterface op, unsigned index) {
  LLVM::LLVMFuncOp kernel = declareKernel(op.getKernelId());
  Step step = beginStep(op.getLoc(), index);

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
  endStep(step, kernels::kernelName(op.getKernelId()), workers);
  return success();
}

//===----------------------------------------------------------------------===//
// Nodes in loops
//===----------------------------------------------------------------------===//

/// Functions of the nodes get the run's state (qrt_nodes) as a last argument; it lies behind the
/// other pointers of a run.
LogicalResult Converter::convertCall(kern::CallOp op, unsigned index, unsigned numArguments) {
  auto callee = module.lookupSymbol<LLVM::LLVMFuncOp>(op.getCallee());
  if (!callee)
    return op->emitError("expected a function '")
           << op.getCallee() << "' lowered to the LLVM dialect in the module '"
           << kern::CallOp::nodesModule << "'";
  Step step = beginStep(op.getLoc(), index);
  SmallVector<Value> values;
  SmallVector<Value> buffers(op.getIns());
  llvm::append_range(buffers, op.getOuts());
  for (Value buffer : buffers) {
    FailureOr<Value> value = address(step, buffer);
    if (failed(value))
      return failure();
    values.push_back(*value);
  }
  Value slot = LLVM::GEPOp::create(builder, op.getLoc(), pointer, pointer, step.io(),
                                   ArrayRef<LLVM::GEPArg>{int32_t(numArguments + 1)});
  values.push_back(LLVM::LoadOp::create(builder, op.getLoc(), pointer, slot, 8));
  if (values.size() != callee.getFunctionType().getNumParams())
    return op->emitError("expected ") << callee.getFunctionType().getNumParams() - 1
                                      << " buffers, but found " << values.size() - 1;
  LLVM::CallOp::create(builder, op.getLoc(), callee, values);
  endStep(step, "node", 1);
  return success();
}

/// What loops call, by the name they call it (Emitter::call, memref's allocation), and the name in
/// the model: functions of the runtime take the run's state first, kernels are those of the level.
static std::optional<std::string> modelName(StringRef name, kernels::Level level) {
  if (name == "_mlir_memref_to_llvm_alloc")
    return "qrt_nodes_alloc";
  if (name == "_mlir_memref_to_llvm_free")
    return "qrt_nodes_free";
  if (name == "qrt_loops_fail")
    return "qrt_nodes_fail";
  if (!name.consume_front("qrt_loops_"))
    return std::nullopt;
#define QUANTC_KERNEL(NAME, PARAMS)                                                                \
  if (name == #NAME)                                                                               \
    return kernels::kernelSymbol(kernels::KernelId::NAME, level);
  QK_FOR_EACH_KERNEL(QUANTC_KERNEL)
#undef QUANTC_KERNEL
  return std::nullopt;
}

LogicalResult Converter::adoptFunction(LLVM::LLVMFuncOp function) {
  function->moveBefore(module.getBody(), module.getBody()->end());
  if (function.isExternal())
    return success();
  SmallVector<Type> types(function.getFunctionType().getParams());
  types.push_back(pointer);
  function.setType(LLVM::LLVMFunctionType::get(function.getFunctionType().getReturnType(), types));
  Value state = function.getBody().front().addArgument(pointer, function.getLoc());
  WalkResult walk = function.walk([&](LLVM::CallOp call) {
    StringRef callee = call.getCallee().value_or("");
    std::optional<std::string> name = modelName(callee, level);
    if (!name) {
      if (!callee.starts_with("qrt_"))
        return WalkResult::advance();
      call.emitError("libraries have no function '") << callee << "'";
      return WalkResult::interrupt();
    }
    builder.setInsertionPoint(call);
    SmallVector<Value> operands(call.getArgOperands());
    if (StringRef(*name).starts_with("qrt_nodes_"))
      operands.insert(operands.begin(), state);
    LLVM::LLVMFuncOp &target = declared[*name];
    if (!target) {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(module.getBody());
      Type result = call.getNumResults() ? call.getResult().getType()
                                         : Type(LLVM::LLVMVoidType::get(module.getContext()));
      target = LLVM::LLVMFuncOp::create(
          builder, module.getLoc(), *name,
          LLVM::LLVMFunctionType::get(result, SmallVector<Type>(ValueRange(operands).getTypes())));
    }
    auto replacement = LLVM::CallOp::create(builder, call.getLoc(), target, operands);
    call->replaceAllUsesWith(replacement->getResults());
    call.erase();
    return WalkResult::advance();
  });
  return failure(walk.wasInterrupted());
}

/// Moves everything out of the nested module.
LogicalResult Converter::adoptNodes() {
  auto nodes = module.lookupSymbol<ModuleOp>(kern::CallOp::nodesModule);
  if (!nodes)
    return success();
  if (Attribute messages = nodes->getAttr("quantc.messages"))
    module->setAttr("quantc.messages", messages);
  for (Operation &op : llvm::make_early_inc_range(*nodes.getBody())) {
    if (auto function = dyn_cast<LLVM::LLVMFuncOp>(op)) {
      if (failed(adoptFunction(function)))
        return failure();
    } else if (isa<LLVM::GlobalOp>(op)) {
      op.moveBefore(module.getBody(), module.getBody()->begin());
    } else {
      return op.emitError("expected functions lowered to the LLVM dialect (loops-to-llvm), but "
                          "found '")
             << op.getName() << "'";
    }
  }
  nodes.erase();
  for (auto function : llvm::make_early_inc_range(module.getOps<LLVM::LLVMFuncOp>()))
    if (function.isExternal() && modelName(function.getSymName(), level))
      function.erase(); // replaced at every call
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
  if (failed(adoptNodes()))
    return failure();
  unsigned index = 0;
  for (Operation &op : main.getBody().front()) {
    if (auto kernel = dyn_cast<kern::KernelOpInterface>(op)) {
      if (failed(convertKernel(kernel, index++)))
        return failure();
    } else if (auto call = dyn_cast<kern::CallOp>(op)) {
      if (failed(convertCall(call, index++, main.getNumArguments())))
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
