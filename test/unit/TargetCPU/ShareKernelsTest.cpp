//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestModule.h"
#include "quantc/Target/CPU/Codegen.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Verifier.h"
#include "gtest/gtest.h"

using namespace llvm;
using namespace quantc;
using quantc::test::parseIR;

namespace {

/// Steps that call a kernel, and one that calls a function which is none.
const char *steps = R"(
@weights = internal constant [2 x i32] [i32 1, i32 2]
define internal i32 @qk_add(ptr %x, ptr %bias, i64 %n) "quantc-kernel" "target-cpu"="x86-64" {
  %v = load i32, ptr %x
  ret i32 %v
}
define internal i32 @other(ptr %x, ptr %bias, i64 %n) {
  ret i32 0
}
define void @step_0(ptr %p) "target-cpu"="x86-64" {
  %r = call i32 @qk_add(ptr %p, ptr null, i64 4)
  store i32 %r, ptr %p
  ret void
}
define void @step_1(ptr %p) "target-cpu"="x86-64" {
  %r = call i32 @qk_add(ptr @weights, ptr null, i64 4)
  store i32 %r, ptr %p
  ret void
}
define void @step_2(ptr %p) "target-cpu"="x86-64" {
  %r = call i32 @qk_add(ptr %p, ptr null, i64 8)
  ret void
}
define void @step_3(ptr %p) "target-cpu"="x86-64" {
  %r = call i32 @qk_add(ptr %p, ptr @weights, i64 4)
  ret void
}
define void @step_4(ptr %p) {
  %r = call i32 @other(ptr %p, ptr null, i64 4)
  %s = call i32 @other(ptr %p, ptr null, i64 4)
  ret void
}
)";

std::string calleeOf(Module &module, const char *step) {
  for (Instruction &instruction : instructions(*module.getFunction(step)))
    if (auto *call = dyn_cast<CallInst>(&instruction))
      return call->getCalledFunction()->getName().str();
  return "";
}

TEST(ShareKernels, CallsThatDifferInAddressesGoToOneFunction) {
  LLVMContext context;
  std::unique_ptr<Module> module = parseIR(context, steps);
  cpu::shareKernels(*module);
  EXPECT_FALSE(verifyModule(*module, &errs()));
  EXPECT_EQ(calleeOf(*module, "step_0"), "qk_add.shared.0");
  EXPECT_EQ(calleeOf(*module, "step_1"), "qk_add.shared.0");
  // The address is handed on, numbers and the absent operand are constants of the function.
  Function *shared = module->getFunction("qk_add.shared.0");
  ASSERT_NE(shared, nullptr);
  ASSERT_EQ(shared->arg_size(), 1u);
  auto &call = cast<CallInst>(*shared->getEntryBlock().begin());
  EXPECT_EQ(call.getArgOperand(0), shared->getArg(0));
  EXPECT_TRUE(isa<ConstantPointerNull>(call.getArgOperand(1)));
  EXPECT_EQ(cast<ConstantInt>(call.getArgOperand(2))->getZExtValue(), 4u);
  EXPECT_TRUE(shared->hasFnAttribute(Attribute::NoInline));
  EXPECT_EQ(shared->getFnAttribute("target-cpu").getValueAsString(), "x86-64");
  // The result comes back.
  EXPECT_EQ(cast<ReturnInst>(*std::next(shared->getEntryBlock().begin())).getReturnValue(), &call);
}

TEST(ShareKernels, OtherSizesAbsentOperandsAndFunctionsStay) {
  LLVMContext context;
  std::unique_ptr<Module> module = parseIR(context, steps);
  cpu::shareKernels(*module);
  EXPECT_EQ(calleeOf(*module, "step_2"), "qk_add"); // a size that no other call has
  EXPECT_EQ(calleeOf(*module, "step_3"), "qk_add"); // the operand is there
  EXPECT_EQ(calleeOf(*module, "step_4"), "other");  // no kernel
}

} // namespace
