//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Target machine, optimisation pipeline and object emission. Everything follows
// from the level: nothing asks what the machine at hand can do.
//
//===----------------------------------------------------------------------===//

#include "quantc/Target/CPU/Codegen.h"

#include "Diagnostics.h"

#include "quantc/Support/Errors.h"

#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"
#include "llvm/Transforms/IPO/GlobalDCE.h"
#include "llvm/Transforms/IPO/MergeFunctions.h"

using namespace llvm;

namespace quantc::cpu {

static const char tripleName[] = "x86_64-pc-linux-gnu";

ArrayRef<StringRef> exportedSymbols() {
  static const StringRef names[] = {
      "quantc_model_abi_version",  "quantc_model_name",         "quantc_model_version",
      "quantc_model_cpu_level",    "quantc_model_certificate",  "quantc_model_input_count",
      "quantc_model_output_count", "quantc_model_input",        "quantc_model_output",
      "quantc_model_dim_count",    "quantc_model_dim_name",     "quantc_model_arena_bytes",
      "quantc_model_create",       "quantc_model_run",          "quantc_model_destroy",
      "quantc_model_self_test",    "quantc_model_error_string", "quantc_model_last_error",
      "quantc_model_step_count",   "quantc_model_step_name",    "quantc_model_step_kind",
      "quantc_model_profile"};
  return names;
}

static void initializeX86() {
  static const bool once = [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    // The runtime has a line of inline assembly.
    LLVMInitializeX86AsmParser();
    return true;
  }();
  (void)once;
}

static CodeGenOptLevel codeGenLevel(unsigned optLevel) {
  switch (optLevel) {
  case 0:
    return CodeGenOptLevel::None;
  case 1:
    return CodeGenOptLevel::Less;
  case 2:
    return CodeGenOptLevel::Default;
  default:
    return CodeGenOptLevel::Aggressive;
  }
}

static OptimizationLevel pipelineLevel(unsigned optLevel) {
  switch (optLevel) {
  case 0:
    return OptimizationLevel::O0;
  case 1:
    return OptimizationLevel::O1;
  case 2:
    return OptimizationLevel::O2;
  default:
    return OptimizationLevel::O3;
  }
}

Expected<std::unique_ptr<TargetMachine>> createTargetMachine(const CodegenOptions &options) {
  initializeX86();
  const kernels::LevelInfo &level = kernels::levelInfo(options.level);
  Triple triple(tripleName);
  std::string error;
  const Target *target = TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return makeError("cannot find the X86 target: " + error);
  TargetOptions targetOptions;
  targetOptions.AllowFPOpFusion = FPOpFusion::Strict;
  std::unique_ptr<TargetMachine> machine(
      target->createTargetMachine(triple, level.cpu, level.features, targetOptions, Reloc::PIC_,
                                  CodeModel::Small, codeGenLevel(options.optLevel)));
  if (!machine)
    return makeError(Twine("cannot create a target machine for ") + level.name);
  return machine;
}

Error setTarget(Module &module, const CodegenOptions &options) {
  Expected<std::unique_ptr<TargetMachine>> machine = createTargetMachine(options);
  if (!machine)
    return machine.takeError();
  module.setTargetTriple((*machine)->getTargetTriple());
  module.setDataLayout((*machine)->createDataLayout());
  module.setPICLevel(PICLevel::BigPIC);
  const kernels::LevelInfo &level = kernels::levelInfo(options.level);
  for (Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.removeFnAttr("tune-cpu");
    function.addFnAttr("target-cpu", level.cpu);
    function.removeFnAttr("target-features");
    if (*level.features)
      function.addFnAttr("target-features", level.features);
    // Steps never throw, and need no unwind tables.
    function.setDoesNotThrow();
  }
  return Error::success();
}

Error completeModule(Module &module, const CodegenOptions &options) {
  if (Error error = setTarget(module, options))
    return error;
  if (Error error = linkKernels(module, options))
    return error;
  shareKernels(module);
  if (Error error = inlineKernels(module, options))
    return error;
  return linkRuntime(module);
}

static Error verify(const Module &module, const Twine &when) {
  std::string text;
  raw_string_ostream stream(text);
  if (verifyModule(module, &stream))
    return makeError("invalid LLVM module " + when + ": " + StringRef(text).rtrim());
  return Error::success();
}

/// The functions that optimisations may call on their own: those that model
/// libraries can link to. Nothing of libm is among them.
static TargetLibraryInfoImpl libraryFunctions(const Module &module) {
  TargetLibraryInfoImpl library(module.getTargetTriple());
  library.disableAllFunctions();
  for (LibFunc function :
       {LibFunc_memcpy, LibFunc_memmove, LibFunc_memset, LibFunc_memcmp, LibFunc_bcmp,
        LibFunc_strlen, LibFunc_malloc, LibFunc_calloc, LibFunc_free, LibFunc_aligned_alloc})
    library.setAvailable(function);
  return library;
}

/// Equal functions (loops of equal nodes) become one before any work goes into them.
static ModulePassManager buildPipeline(PassBuilder &builder, unsigned optLevel) {
  OptimizationLevel level = pipelineLevel(optLevel);
  ModulePassManager passes;
  passes.addPass(MergeFunctionsPass());
  passes.addPass(level == OptimizationLevel::O0 ? builder.buildO0DefaultPipeline(level)
                                                : builder.buildPerModuleDefaultPipeline(level));
  passes.addPass(GlobalDCEPass());
  return passes;
}

Error optimize(Module &module, const CodegenOptions &options) {
  if (Error error = verify(module, "before optimisation"))
    return error;
  Expected<std::unique_ptr<TargetMachine>> machine = createTargetMachine(options);
  if (!machine)
    return machine.takeError();
  DiagnosticScope scope(module.getContext());
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager components;
  ModuleAnalysisManager modules;
  PassBuilder builder(machine->get());
  TargetLibraryInfoImpl library = libraryFunctions(module);
  functions.registerPass([&] { return TargetLibraryAnalysis(library); });
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  buildPipeline(builder, options.optLevel).run(module, modules);
  return scope.takeError("optimisation");
}

Expected<SmallVector<char, 0>> emitObject(Module &module, const CodegenOptions &options) {
  if (Error error = verify(module, "before code generation"))
    return std::move(error);
  Expected<std::unique_ptr<TargetMachine>> machine = createTargetMachine(options);
  if (!machine)
    return machine.takeError();
  // The compilers of the bitcode are not the compiler of the model.
  if (NamedMDNode *ident = module.getNamedMetadata("llvm.ident"))
    ident->eraseFromParent();
  DiagnosticScope scope(module.getContext());
  SmallVector<char, 0> object;
  raw_svector_ostream stream(object);
  legacy::PassManager passes;
  if ((*machine)->addPassesToEmitFile(passes, stream, nullptr, CodeGenFileType::ObjectFile))
    return makeError("the X86 target cannot emit objects");
  passes.run(module);
  if (Error error = scope.takeError("code generation"))
    return std::move(error);
  return object;
}

} // namespace quantc::cpu
