//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The real kernels of every level: each is inlined whole into a caller of its
// level, and no call to one survives optimisation. Without the right target
// attributes inlining silently does not happen; this test says so.
//
//===----------------------------------------------------------------------===//

#include "TestModule.h"

#include "quantc/Kernels/Kernels.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"

#include "gtest/gtest.h"

using namespace llvm;
using namespace quantc;
using namespace quantc::test;
using kernels::KernelId;
using kernels::Level;

namespace {

const KernelId allKernels[] = {
#define QK_ID(NAME, PARAMS) KernelId::NAME,
    QK_FOR_EACH_KERNEL(QK_ID)
#undef QK_ID
};

/// Adds a function that calls the kernel as generated code does: pointers and
/// the ends of unit ranges from memory, all other numbers as immediates (1).
void addCaller(Module &module, KernelId kernel, Level level) {
  IRBuilder<> builder(module.getContext());
  auto *type = FunctionType::get(builder.getVoidTy(), {builder.getPtrTy()}, false);
  auto *caller = Function::Create(type, GlobalValue::ExternalLinkage,
                                  Twine("call_") + kernels::kernelName(kernel), module);
  builder.SetInsertPoint(BasicBlock::Create(module.getContext(), "", caller));
  SmallVector<Type *> types;
  SmallVector<Value *> arguments;
  auto load = [&](Type *loaded) {
    Value *slot =
        builder.CreateConstGEP1_64(builder.getInt64Ty(), caller->getArg(0), arguments.size());
    return builder.CreateLoad(loaded, slot);
  };
  for (const kernels::KernelParam &param : kernels::kernelParams(kernel)) {
    StringRef name = param.name;
    if (param.kind == kernels::KernelParam::Pointer)
      arguments.push_back(load(builder.getPtrTy()));
    else if (name.ends_with_insensitive("begin") || name.ends_with_insensitive("end"))
      arguments.push_back(load(builder.getInt64Ty()));
    else if (param.kind == kernels::KernelParam::Int64)
      arguments.push_back(builder.getInt64(1));
    else
      arguments.push_back(ConstantFP::get(builder.getFloatTy(), 1));
    types.push_back(arguments.back()->getType());
  }
  FunctionCallee callee = module.getOrInsertFunction(
      kernels::kernelSymbol(kernel, level), FunctionType::get(builder.getVoidTy(), types, false));
  builder.CreateCall(callee, arguments);
  builder.CreateRetVoid();
}

/// The functions other than LLVM's and libc's that this one calls.
std::vector<std::string> calls(const Function &function) {
  std::vector<std::string> result;
  for (const Instruction &instruction : instructions(function)) {
    const auto *call = dyn_cast<CallBase>(&instruction);
    if (!call || isa<IntrinsicInst>(call))
      continue;
    std::string name = call->getCalledFunction() ? call->getCalledFunction()->getName().str() : "?";
    if (name != "memcpy" && name != "memset" && name != "memmove")
      result.push_back(name);
  }
  return result;
}

bool writesMemory(const Function &function) {
  return any_of(instructions(function),
                [](const Instruction &instruction) { return instruction.mayWriteToMemory(); });
}

class KernelBitcode : public ::testing::TestWithParam<Level> {};

TEST_P(KernelBitcode, EveryKernelIsInlined) {
  cpu::CodegenOptions options;
  options.level = GetParam();
  LLVMContext context;
  Module module("kernels", context);
  for (KernelId kernel : allKernels)
    addCaller(module, kernel, options.level);
  ASSERT_EQ(text(cpu::setTarget(module, options)), "");
  ASSERT_EQ(text(cpu::linkKernels(module, options)), "");
  ASSERT_EQ(text(cpu::inlineKernels(module, options)), "");
  ASSERT_EQ(text(cpu::optimize(module, options)), "");
  for (KernelId kernel : allKernels) {
    EXPECT_EQ(module.getFunction(kernels::kernelSymbol(kernel, options.level)), nullptr);
    const Function *caller = module.getFunction(std::string("call_") + kernels::kernelName(kernel));
    ASSERT_NE(caller, nullptr);
    EXPECT_EQ(calls(*caller), std::vector<std::string>()) << kernels::kernelName(kernel);
    // Nor was it dropped as dead.
    EXPECT_TRUE(writesMemory(*caller)) << kernels::kernelName(kernel);
  }
  EXPECT_EQ(text(cpu::emitObject(module, options).takeError()), "");
}

INSTANTIATE_TEST_SUITE_P(Levels, KernelBitcode, ::testing::ValuesIn(kernels::allLevels),
                         [](const ::testing::TestParamInfo<Level> &info) {
                           return std::string(kernels::levelInfo(info.param).suffix);
                         });

} // namespace
