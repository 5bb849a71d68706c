//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels from bitcode: linked on demand, inlined top down with dead variants
// pruned, and refused where their features do not fit.
//
//===----------------------------------------------------------------------===//

#include "TestModule.h"

#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

#include "gtest/gtest.h"

using namespace llvm;
using namespace quantc;
using namespace quantc::test;
using kernels::Level;

namespace {

/// A kernel with two variants behind a switch, both with a helper in common,
/// and a kernel that nobody asks for.
const char kernelText[] = R"(
target triple = "x86_64-unknown-linux-gnu"
@table = internal constant [2 x i32] [i32 7, i32 9]
define void @qk_scale_portable(ptr %p, i64 %variant) #0 {
  switch i64 %variant, label %other [ i64 1, label %one
                                      i64 2, label %two ]
one:
  call void @variant(ptr %p, i64 1)
  ret void
two:
  call void @variant(ptr %p, i64 2)
  ret void
other:
  call void @fallback(ptr %p)
  ret void
}
define internal void @variant(ptr %p, i64 %which) #0 {
  %is.one = icmp eq i64 %which, 1
  br i1 %is.one, label %one, label %two
one:
  %first = load i32, ptr @table
  store i32 %first, ptr %p
  ret void
two:
  call void @second(ptr %p)
  ret void
}
define internal void @second(ptr %p) #0 {
  store i32 22, ptr %p
  ret void
}
define internal void @fallback(ptr %p) noinline #0 {
  store i32 33, ptr %p
  ret void
}
define void @qk_unused_portable() #0 {
  ret void
}
define void @qk_recursive_portable(i64 %n) #0 {
  %done = icmp eq i64 %n, 0
  br i1 %done, label %exit, label %again
again:
  %less = sub i64 %n, 1
  call void @qk_recursive_portable(i64 %less)
  ret void
exit:
  ret void
}
define void @qk_wide_portable(ptr %p) #1 {
  %v = load <16 x i32>, ptr %p
  store <16 x i32> %v, ptr %p
  ret void
}
attributes #0 = { "target-cpu"="x86-64" }
attributes #1 = { "target-cpu"="x86-64-v4" "target-features"="+avx512vnni" }
)";

class InlineKernels : public ::testing::Test {
protected:
  LLVMContext context;
  cpu::CodegenOptions options;
  std::unique_ptr<Module> module;

  /// The kernels as bitcode, for the data layout of the target.
  std::string bitcode() {
    std::unique_ptr<Module> kernels = parseIR(context, kernelText);
    kernels->setDataLayout(cantFail(cpu::createTargetMachine(options))->createDataLayout());
    std::string result;
    raw_string_ostream stream(result);
    WriteBitcodeToFile(*kernels, stream);
    return result;
  }

  /// Links and inlines into a module with this body of a step; returns the error.
  std::string run(const std::string &body) {
    module = parseIR(context, "declare void @qk_scale_portable(ptr, i64)\n"
                              "declare void @qk_recursive_portable(i64)\n"
                              "declare void @qk_wide_portable(ptr)\n"
                              "define void @step(ptr %p, i64 %n) {\n" +
                                  body + "\n  ret void\n}\n");
    std::string error = text(cpu::setTarget(*module, options));
    if (error.empty())
      error = text(cpu::linkKernelBitcode(*module, bitcode()));
    return error.empty() ? text(cpu::inlineKernels(*module, options)) : error;
  }

  int calls() {
    int count = 0;
    for (Instruction &instruction : instructions(*module->getFunction("step")))
      count += isa<CallBase>(instruction);
    return count;
  }

  std::string step() {
    std::string result;
    raw_string_ostream stream(result);
    module->getFunction("step")->print(stream);
    return result;
  }
};

TEST_F(InlineKernels, PrunesDeadVariants) {
  ASSERT_EQ(run("  call void @qk_scale_portable(ptr %p, i64 1)"), "");
  EXPECT_EQ(calls(), 0);
  std::string body = step();
  // The load of a constant that the variant selects is folded on the way.
  EXPECT_NE(body.find("store i32 7"), std::string::npos) << body;
  EXPECT_EQ(body.find("store i32 22"), std::string::npos) << body;
  EXPECT_EQ(body.find("switch"), std::string::npos) << body;
  // Nothing of the kernels is left beside it.
  for (const char *name : {"qk_scale_portable", "variant", "second", "fallback"})
    EXPECT_EQ(module->getFunction(name), nullptr) << name;
}

TEST_F(InlineKernels, InlinesThroughSeveralLevels) {
  ASSERT_EQ(run("  call void @qk_scale_portable(ptr %p, i64 2)\n"
                "  call void @qk_scale_portable(ptr %p, i64 1)"),
            "");
  EXPECT_EQ(calls(), 0);
  std::string body = step();
  EXPECT_NE(body.find("store i32 22"), std::string::npos) << body;
  EXPECT_NE(body.find("store i32 7"), std::string::npos) << body;
}

TEST_F(InlineKernels, KeepsNoInlineFunctionsAsCalls) {
  ASSERT_EQ(run("  call void @qk_scale_portable(ptr %p, i64 5)"), "");
  EXPECT_EQ(calls(), 1);
  Function *fallback = module->getFunction("fallback");
  ASSERT_NE(fallback, nullptr);
  EXPECT_TRUE(fallback->hasLocalLinkage());
}

TEST_F(InlineKernels, KeepsEveryVariantOfAnUnknownArgument) {
  ASSERT_EQ(run("  call void @qk_scale_portable(ptr %p, i64 %n)"), "");
  std::string body = step();
  EXPECT_NE(body.find("store i32 22"), std::string::npos) << body;
  EXPECT_NE(body.find("store i32 7"), std::string::npos) << body;
  EXPECT_EQ(calls(), 1); // the fallback
}

TEST_F(InlineKernels, LinksOnlyWhatIsDeclared) {
  ASSERT_EQ(run("  call void @qk_scale_portable(ptr %p, i64 1)"), "");
  EXPECT_EQ(module->getFunction("qk_unused_portable"), nullptr);
}

TEST_F(InlineKernels, EndsOnRecursion) {
  ASSERT_EQ(run("  call void @qk_recursive_portable(i64 %n)"), "");
  EXPECT_EQ(calls(), 1);
}

TEST_F(InlineKernels, RefusesAKernelOfAnotherLevel) {
  std::string error = run("  call void @qk_wide_portable(ptr %p)");
  EXPECT_EQ(error, "cannot inline kernel 'qk_wide_portable' into 'step': expected target features "
                   "within 'x86-64 ', but found 'x86-64-v4 +avx512vnni'");
  options.level = Level::V4Vnni;
  EXPECT_EQ(run("  call void @qk_wide_portable(ptr %p)"), "");
  EXPECT_EQ(calls(), 0);
}

TEST_F(InlineKernels, RefusesDamagedBitcode) {
  module = parseIR(context, "declare void @qk_scale_portable(ptr, i64)");
  ASSERT_EQ(text(cpu::setTarget(*module, options)), "");
  std::string good = bitcode();
  for (StringRef bad : {StringRef(""), StringRef("BC"), StringRef(good).take_front(40)}) {
    std::string error = text(cpu::linkKernelBitcode(*module, bad));
    EXPECT_EQ(error.rfind("cannot read the bitcode of the kernels: ", 0), 0u) << error;
  }
}

TEST_F(InlineKernels, RefusesBitcodeOfAnotherMachine) {
  module = parseIR(context, "declare void @qk_scale_portable(ptr, i64)");
  ASSERT_EQ(text(cpu::setTarget(*module, options)), "");
  module->setTargetTriple(Triple("aarch64-unknown-linux-gnu"));
  EXPECT_EQ(text(cpu::linkKernelBitcode(*module, bitcode())),
            "expected the bitcode of the kernels for aarch64-unknown-linux-gnu, but found "
            "x86_64-unknown-linux-gnu");
}

TEST_F(InlineKernels, NamesAKernelThatTheLevelLacks) {
  module = parseIR(context, "declare void @qk_no_such_kernel_portable()\n"
                            "define void @step() {\n"
                            "  call void @qk_no_such_kernel_portable()\n"
                            "  ret void\n}\n");
  ASSERT_EQ(text(cpu::setTarget(*module, options)), "");
  EXPECT_EQ(text(cpu::linkKernels(*module, options)),
            "level portable has no kernel 'qk_no_such_kernel_portable'");
}

} // namespace
