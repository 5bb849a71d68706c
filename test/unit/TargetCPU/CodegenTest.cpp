//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The pipeline: attributes, arithmetic left as written, errors instead of exits.
//
//===----------------------------------------------------------------------===//

#include "TestModule.h"

#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Target/TargetMachine.h"

#include "gtest/gtest.h"

using namespace llvm;
using namespace quantc;
using namespace quantc::test;
using kernels::Level;

namespace {

/// Optimises and emits one function; the bytes of the object's .text.
std::string machineCode(StringRef ir, const cpu::CodegenOptions &options) {
  LLVMContext context;
  std::unique_ptr<Module> module = parseIR(context, ir);
  EXPECT_EQ(text(cpu::setTarget(*module, options)), "");
  EXPECT_EQ(text(cpu::optimize(*module, options)), "");
  Expected<SmallVector<char, 0>> bytes = cpu::emitObject(*module, options);
  if (!bytes) {
    ADD_FAILURE() << text(bytes.takeError());
    return "";
  }
  auto object = object::ObjectFile::createELFObjectFile(
      MemoryBufferRef(StringRef(bytes->data(), bytes->size()), "object"));
  if (!object) {
    ADD_FAILURE() << text(object.takeError());
    return "";
  }
  for (const object::SectionRef &section : (*object)->sections())
    if (cantFail(section.getName()) == ".text")
      return cantFail(section.getContents()).str();
  ADD_FAILURE() << "no .text";
  return "";
}

TEST(Codegen, SetsTheLevelsAttributes) {
  LLVMContext context;
  std::unique_ptr<Module> module =
      parseIR(context, "declare void @outside()\n"
                       "define void @f() #0 { ret void }\n"
                       "attributes #0 = { \"target-cpu\"=\"generic\" \"tune-cpu\"=\"znver4\" "
                       "\"target-features\"=\"+sse\" }\n");
  cpu::CodegenOptions options;
  options.level = Level::V4Vnni;
  ASSERT_EQ(text(cpu::setTarget(*module, options)), "");
  const Function &f = *module->getFunction("f");
  EXPECT_EQ(f.getFnAttribute("target-cpu").getValueAsString(), "x86-64-v4");
  EXPECT_EQ(f.getFnAttribute("target-features").getValueAsString(), "+avx512vnni");
  EXPECT_FALSE(f.hasFnAttribute("tune-cpu"));
  EXPECT_TRUE(f.doesNotThrow());
  EXPECT_FALSE(module->getFunction("outside")->hasFnAttribute("target-cpu"));
  EXPECT_EQ(module->getPICLevel(), PICLevel::BigPIC);
}

TEST(Codegen, NeverContractsAMultiplicationAndAnAddition) {
  // 0.1f * 10 - 1 is 0 with two roundings, and not with one.
  const char ir[] = "define float @f(float %a, float %b, float %c) {\n"
                    "  %product = fmul float %a, %b\n"
                    "  %sum = fadd float %product, %c\n"
                    "  ret float %sum\n}\n";
  cpu::CodegenOptions options;
  options.level = Level::V3;
  std::string code = machineCode(ir, options);
  // vmulss xmm0, xmm0, xmm1; vaddss xmm0, xmm0, xmm2; ret
  EXPECT_EQ(code.substr(0, 9), std::string("\xc5\xfa\x59\xc1\xc5\xfa\x58\xc2\xc3"));
  options.level = Level::Portable;
  EXPECT_EQ(machineCode(ir, options).substr(0, 9),
            std::string("\xf3\x0f\x59\xc1\xf3\x0f\x58\xc2\xc3"));
}

TEST(Codegen, IsIndependentOfTheOrderOfCalls) {
  cpu::CodegenOptions options;
  options.level = Level::V3;
  std::string first = machineCode(stepText(), options);
  cpu::CodegenOptions other;
  other.level = Level::Portable;
  EXPECT_NE(machineCode(stepText(), other), first);
  EXPECT_EQ(machineCode(stepText(), options), first);
}

TEST(Codegen, EveryOptimisationLevelGivesAWorkingLibrary) {
  for (unsigned level = 0; level <= 3; ++level) {
    LLVMContext context;
    std::unique_ptr<Module> module = parseIR(context, stepText());
    cpu::CodegenOptions options;
    options.optLevel = level;
    ASSERT_EQ(text(cpu::emitModelDescriptor(*module, modelInfo())), "");
    ASSERT_EQ(text(cpu::completeModule(*module, options)), "");
    ASSERT_EQ(text(cpu::optimize(*module, options)), "");
    Expected<SmallVector<char, 0>> object = cpu::emitObject(*module, options);
    ASSERT_TRUE(static_cast<bool>(object)) << text(object.takeError());
    TemporaryFolder folder;
    ASSERT_EQ(text(cpu::linkSharedLibrary(*object, folder.file("x.so"), "x.so")), "");
    Library library(folder.file("x.so"));
    ASSERT_TRUE(library);
    EXPECT_EQ(LIBRARY_CALL(library, quantc_model_self_test)(nullptr, nullptr, 0), QRT_OK);
  }
}

TEST(Codegen, MakesEverythingInternalButTheInterface) {
  LLVMContext context;
  std::unique_ptr<Module> module = parseIR(context, stepText());
  ASSERT_EQ(text(cpu::emitModelDescriptor(*module, modelInfo())), "");
  ASSERT_EQ(text(cpu::completeModule(*module, {})), "");
  size_t exported = 0;
  for (const Function &function : *module) {
    if (function.isDeclaration() || function.hasLocalLinkage())
      continue;
    ++exported;
    EXPECT_TRUE(function.getName().starts_with("quantc_model_")) << function.getName().str();
  }
  EXPECT_EQ(exported, cpu::exportedSymbols().size());
  EXPECT_TRUE(module->getFunction("step")->hasLocalLinkage());
}

TEST(Codegen, RuntimeStaysAtTheBaseline) {
  LLVMContext context;
  std::unique_ptr<Module> module = parseIR(context, stepText());
  cpu::CodegenOptions options;
  options.level = Level::V4;
  ASSERT_EQ(text(cpu::emitModelDescriptor(*module, modelInfo(Level::V4))), "");
  ASSERT_EQ(text(cpu::completeModule(*module, options)), "");
  EXPECT_EQ(module->getFunction("qrt_create")->getFnAttribute("target-cpu").getValueAsString(),
            "x86-64");
  EXPECT_EQ(module->getFunction("step")->getFnAttribute("target-cpu").getValueAsString(),
            "x86-64-v4");
}

TEST(Codegen, WantsADescriptor) {
  LLVMContext context;
  std::unique_ptr<Module> module = parseIR(context, stepText());
  EXPECT_EQ(text(cpu::completeModule(*module, {})),
            "expected a definition of qrt_model_descriptor in the module");
}

TEST(Codegen, RefusesAnInvalidModule) {
  LLVMContext context;
  std::unique_ptr<Module> module = parseIR(context, "define void @f() { ret void }");
  ASSERT_EQ(text(cpu::setTarget(*module, {})), "");
  module->getFunction("f")->front().getTerminator()->eraseFromParent();
  std::string error = text(cpu::optimize(*module, {}));
  EXPECT_EQ(error.rfind("invalid LLVM module before optimisation: ", 0), 0u) << error;
  error = text(cpu::emitObject(*module, {}).takeError());
  EXPECT_EQ(error.rfind("invalid LLVM module before code generation: ", 0), 0u) << error;
}

TEST(Codegen, ReportsABackendErrorInsteadOfExiting) {
  LLVMContext context;
  std::unique_ptr<Module> module =
      parseIR(context, "define void @f() {\n"
                       "  call void asm sideeffect \"no_such_instruction\", \"\"()\n"
                       "  ret void\n}\n");
  ASSERT_EQ(text(cpu::setTarget(*module, {})), "");
  ASSERT_EQ(text(cpu::optimize(*module, {})), "");
  std::string error = text(cpu::emitObject(*module, {}).takeError());
  EXPECT_EQ(error.rfind("code generation: ", 0), 0u) << error;
  EXPECT_NE(error.find("no_such_instruction"), std::string::npos) << error;
}

} // namespace
