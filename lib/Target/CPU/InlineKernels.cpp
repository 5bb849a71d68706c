//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels hold a variant per tile shape and epilogue behind switches over their
// arguments. LLVM's own inliner works bottom up, and would first flatten all
// variants into one another. Here the caller comes first: InlineFunction clones
// a callee while folding the constant arguments, so dead variants are never
// copied, and the calls inside the surviving one are next.
//
// Inlining is the contract, not a heuristic: if the features of a kernel do not
// fit into its caller's, that is an error with both names.
//
//===----------------------------------------------------------------------===//

#include "Marks.h"

#include "quantc/Support/Errors.h"
#include "quantc/Target/CPU/Codegen.h"

#include "llvm/Analysis/TargetTransformInfo.h"
#include "llvm/IR/Attributes.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/Utils/Cloning.h"

using namespace llvm;

namespace quantc::cpu {

static bool isInlinableKernel(const Function *function) {
  return function && !function->isDeclaration() && function->hasFnAttribute(kernelMark) &&
         !function->hasFnAttribute(Attribute::NoInline);
}

namespace {
/// Inlines kernels into one function.
class KernelInliner {
public:
  KernelInliner(Function &caller, const TargetMachine &machine)
      : caller(caller), machine(machine) {}

  Error run() {
    for (Instruction &instruction : instructions(caller))
      if (auto *call = dyn_cast<CallBase>(&instruction))
        push(call, -1);
    while (!worklist.empty()) {
      auto [call, origin] = worklist.pop_back_val();
      if (Error error = inlineCall(*call, origin))
        return error;
    }
    return Error::success();
  }

private:
  /// The callee that an inlined call came from, and the entry of its caller.
  struct Origin {
    const Function *function;
    int parent;
  };

  void push(CallBase *call, int origin) {
    if (isInlinableKernel(call->getCalledFunction()))
      worklist.push_back({call, origin});
  }

  bool isRecursive(const Function *callee, int origin) const {
    for (; origin >= 0; origin = origins[origin].parent)
      if (origins[origin].function == callee)
        return true;
    return false;
  }

  Error inlineCall(CallBase &call, int origin) {
    Function *callee = call.getCalledFunction();
    if (isRecursive(callee, origin))
      return Error::success();
    TargetTransformInfo info = machine.getTargetTransformInfo(caller);
    if (!info.areInlineCompatible(&caller, callee) ||
        !AttributeFuncs::areInlineCompatible(caller, *callee))
      return makeError("cannot inline kernel '" + callee->getName() + "' into '" +
                       caller.getName() + "': expected target features within '" +
                       features(caller) + "', but found '" + features(*callee) + "'");
    InlineFunctionInfo inlined;
    InlineResult result = InlineFunction(call, inlined, /*MergeAttributes=*/true);
    if (!result.isSuccess())
      return makeError("cannot inline kernel '" + callee->getName() + "' into '" +
                       caller.getName() + "': " + result.getFailureReason());
    int self = static_cast<int>(origins.size());
    origins.push_back({callee, origin});
    for (CallBase *next : inlined.InlinedCallSites)
      push(next, self);
    return Error::success();
  }

  static std::string features(const Function &function) {
    return (function.getFnAttribute("target-cpu").getValueAsString() + " " +
            function.getFnAttribute("target-features").getValueAsString())
        .str();
  }

  Function &caller;
  const TargetMachine &machine;
  SmallVector<std::pair<CallBase *, int>> worklist;
  SmallVector<Origin> origins;
};
} // namespace

/// Erases kernels that nothing uses any more.
static void eraseUnusedKernels(Module &module) {
  for (bool changed = true; changed;) {
    changed = false;
    for (Function &function : make_early_inc_range(module)) {
      if (!function.hasLocalLinkage() || !function.use_empty() ||
          !function.hasFnAttribute(kernelMark))
        continue;
      function.eraseFromParent();
      changed = true;
    }
  }
}

Error inlineKernels(Module &module, const CodegenOptions &options) {
  Expected<std::unique_ptr<TargetMachine>> machine = createTargetMachine(options);
  if (!machine)
    return machine.takeError();
  for (Function &function : module) {
    if (function.isDeclaration() || function.hasFnAttribute(kernelMark))
      continue;
    if (Error error = KernelInliner(function, **machine).run())
      return error;
  }
  eraseUnusedKernels(module);
  return Error::success();
}

} // namespace quantc::cpu
