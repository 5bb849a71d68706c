//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// See Specializer.h.
//
//===----------------------------------------------------------------------===//

#include "Specializer.h"

#include "quantc/Target/CPU/Codegen.h"

#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/ExecutionEngine/Orc/ThreadSafeModule.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

#include <chrono>

using namespace llvm;
using namespace quantc;
using namespace quantc::bench;
using namespace quantc::kernels;

namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// void run(const int64_t *args): one call of the kernel.
Function *buildCaller(Module &module, Level level, KernelId kernel,
                      const std::vector<KernelArg> &args) {
  LLVMContext &context = module.getContext();
  Type *ptr = PointerType::get(context, 0), *voidTy = Type::getVoidTy(context);
  std::vector<Type *> types;
  for (const KernelParam &p : kernelParams(kernel))
    types.push_back(p.kind == KernelParam::Pointer ? ptr
                    : p.kind == KernelParam::Int64 ? Type::getInt64Ty(context)
                                                   : Type::getFloatTy(context));
  FunctionCallee callee = module.getOrInsertFunction(kernelSymbol(kernel, level),
                                                     FunctionType::get(voidTy, types, false));
  auto *caller = Function::Create(FunctionType::get(voidTy, {ptr}, false),
                                  GlobalValue::ExternalLinkage, "run", module);
  IRBuilder<> builder(BasicBlock::Create(context, "entry", caller));
  std::vector<Value *> values;
  int index = 0;
  for (size_t i = 0; i < args.size(); ++i) {
    if (const auto *v = std::get_if<int64_t>(&args[i]))
      values.push_back(builder.getInt64(static_cast<uint64_t>(*v)));
    else if (const auto *f = std::get_if<float>(&args[i]))
      values.push_back(ConstantFP::get(Type::getFloatTy(context), *f));
    else
      values.push_back(builder.CreateLoad(
          types[i], builder.CreateConstGEP1_32(builder.getInt64Ty(), caller->getArg(0), index++)));
  }
  builder.CreateCall(callee, values);
  builder.CreateRetVoid();
  return caller;
}

/// Calls of local functions; memcpy and the like are declarations.
int countCalls(const Function &function) {
  int calls = 0;
  for (const Instruction &inst : instructions(function))
    if (const auto *call = dyn_cast<CallBase>(&inst))
      calls += !call->isInlineAsm() &&
               (!call->getCalledFunction() || !call->getCalledFunction()->isDeclaration());
  return calls;
}

} // namespace

Expected<SpecializedKernel> SpecializedKernel::create(Level level, KernelId kernel,
                                                      std::vector<KernelArg> args) {
  InitializeNativeTarget();
  InitializeNativeTargetAsmPrinter();
  cpu::CodegenOptions options;
  options.level = level;
  double start = now();
  auto context = std::make_unique<LLVMContext>();
  auto module = std::make_unique<Module>("specialized", *context);
  Function *caller = buildCaller(*module, level, kernel, args);
  for (auto step : {cpu::setTarget, cpu::linkKernels, cpu::inlineKernels})
    if (Error error = step(*module, options))
      return std::move(error);
  SpecializedKernel result;
  result.remainingCalls = countCalls(*caller);
  result.inlineSeconds = now() - start;

  start = now();
  if (Error error = cpu::optimize(*module, options))
    return std::move(error);
  if (getenv("QUANTC_BENCH_DUMP_IR"))
    module->print(errs(), nullptr);
  orc::JITTargetMachineBuilder builder(module->getTargetTriple());
  builder.setCPU(levelInfo(level).cpu);
  if (*levelInfo(level).features)
    builder.addFeatures({levelInfo(level).features});
  builder.setCodeGenOptLevel(CodeGenOptLevel::Aggressive);
  auto jit = orc::LLJITBuilder().setJITTargetMachineBuilder(std::move(builder)).create();
  if (!jit)
    return jit.takeError();
  if (Error e = (*jit)->addIRModule(orc::ThreadSafeModule(std::move(module), std::move(context))))
    return std::move(e);
  auto symbol = (*jit)->lookup("run");
  if (!symbol)
    return symbol.takeError();
  result.codegenSeconds = now() - start;
  result.entry = symbol->toPtr<void (*)(const int64_t *)>();
  result.jit = std::move(*jit);
  for (const KernelArg &arg : args)
    if (const auto *p = std::get_if<const void *>(&arg))
      result.runTimeArgs.push_back(reinterpret_cast<intptr_t>(*p));
    else if (const auto *r = std::get_if<RunTime>(&arg))
      result.runTimeArgs.push_back(r->value);
  return result;
}
