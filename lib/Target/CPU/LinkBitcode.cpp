//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Brings kernels and runtime, both embedded as bitcode, into a model's module.
// Functions that come from kernel bitcode are marked, so that the inliner knows
// them after linking has renamed and internalised them.
//
//===----------------------------------------------------------------------===//

#include "Blobs.h"
#include "Diagnostics.h"
#include "Marks.h"

#include "quantc/Support/Errors.h"
#include "quantc/Target/CPU/Codegen.h"

#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/Module.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Transforms/IPO/Internalize.h"

using namespace llvm;

namespace quantc::cpu {

/// `lazily`: bodies are read when something links to them; `bitcode` must outlive the result.
static Expected<std::unique_ptr<Module>> parseFor(Module &module, StringRef bitcode, StringRef name,
                                                  bool lazily = false) {
  MemoryBufferRef buffer(bitcode, name);
  Expected<std::unique_ptr<Module>> parsed = lazily
                                                 ? getLazyBitcodeModule(buffer, module.getContext())
                                                 : parseBitcodeFile(buffer, module.getContext());
  if (!parsed)
    return addContext("cannot read the bitcode of " + name, parsed.takeError());
  const Triple &from = (*parsed)->getTargetTriple(), &to = module.getTargetTriple();
  if (from.getArch() != to.getArch() || from.getOS() != to.getOS() ||
      (*parsed)->getDataLayout() != module.getDataLayout())
    return makeError("expected the bitcode of " + name + " for " + to.str() + ", but found " +
                     from.str());
  // The vendor ("pc", "unknown") is of no consequence, but would be a warning.
  (*parsed)->setTargetTriple(to);
  return parsed;
}

static Error linkInto(Module &module, std::unique_ptr<Module> from, unsigned flags,
                      const Twine &what) {
  DiagnosticScope scope(module.getContext());
  bool failed = Linker::linkModules(module, std::move(from), flags);
  if (Error error = scope.takeError(what))
    return error;
  return failed ? makeError(what + " failed") : Error::success();
}

Error linkKernelBitcode(Module &module, StringRef bitcode) {
  Expected<std::unique_ptr<Module>> kernels =
      parseFor(module, bitcode, "the kernels", /*lazily=*/true);
  if (!kernels)
    return kernels.takeError();
  SmallVector<std::string> exported;
  for (Function &function : **kernels) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr(kernelMark);
    if (!function.hasLocalLinkage())
      exported.push_back(function.getName().str());
  }
  if (Error error =
          linkInto(module, std::move(*kernels), Linker::LinkOnlyNeeded, "linking the kernels"))
    return error;
  for (const std::string &name : exported) {
    Function *function = module.getFunction(name);
    if (function && !function->isDeclaration() && function->hasFnAttribute(kernelMark))
      function->setLinkage(GlobalValue::InternalLinkage);
  }
  return Error::success();
}

Error linkKernels(Module &module, const CodegenOptions &options) {
  kernels::Blob blob = kernels::kernelBitcode(options.level);
  if (Error error = linkKernelBitcode(module, StringRef(blob.data, blob.size)))
    return error;
  // A kernel that exists at another level only would else be found by the
  // linker, far from its cause.
  for (const Function &function : module)
    if (function.isDeclaration() && function.getName().starts_with("qk_") && !function.use_empty())
      return makeError("level " + Twine(kernels::levelInfo(options.level).name) +
                       " has no kernel '" + function.getName() + "'");
  return Error::success();
}

Error linkRuntime(Module &module) {
  if (GlobalVariable *descriptor = module.getNamedGlobal("qrt_model_descriptor");
      !descriptor || descriptor->isDeclaration())
    return makeError("expected a definition of qrt_model_descriptor in the module");
  Expected<std::unique_ptr<Module>> runtime = parseFor(module, runtimeBitcode(), "the runtime");
  if (!runtime)
    return runtime.takeError();
  if (Error error =
          linkInto(module, std::move(*runtime), Linker::Flags::None, "linking the runtime"))
    return error;
  if (module.getNamedGlobal("qrt_gpu_device")) {
    Expected<std::unique_ptr<Module>> gpu =
        parseFor(module, gpuRuntimeBitcode(), "the GPU runtime");
    if (!gpu)
      return gpu.takeError();
    if (Error error =
            linkInto(module, std::move(*gpu), Linker::Flags::None, "linking the GPU runtime"))
      return error;
  }
  ArrayRef<StringRef> exported = exportedSymbols();
  internalizeModule(
      module, [&](const GlobalValue &value) { return is_contained(exported, value.getName()); });
  return Error::success();
}

} // namespace quantc::cpu
