//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From an LLVM module that holds a model's steps to native code: kernels and
// runtime linked in as bitcode and inlined, optimised for one ISA level, emitted
// as an object, linked to a shared library. All in process and without reading
// the machine: the same module and options give the same bytes everywhere.
//
// The ahead-of-time path is
//   emitModelDescriptor (ModelInfo.h), completeModule, optimize, emitObject,
//   linkSharedLibrary;
// a JIT takes the module after `optimize` with createTargetMachine's machine.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_TARGET_CPU_CODEGEN_H
#define QUANTC_TARGET_CPU_CODEGEN_H

#include "quantc/Kernels/Levels.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <string>

namespace llvm {
class Module;
class TargetMachine;
} // namespace llvm

namespace quantc::cpu {

struct CodegenOptions {
  kernels::Level level = kernels::Level::Portable;
  /// 0..3, as clang's -O.
  unsigned optLevel = 3;
};

/// The functions that a model library exports, in the order of ModelABI.h.
llvm::ArrayRef<llvm::StringRef> exportedSymbols();

/// A machine for the options' level: position independent, no contraction of
/// floating-point operations, no fast-math. Initialises the X86 target.
llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createTargetMachine(const CodegenOptions &options);

/// Sets the triple and data layout, and gives every function defined in the
/// module the level's target-cpu and target-features. Without exactly these,
/// kernels would not be inlinable. Call it before anything is linked in.
llvm::Error setTarget(llvm::Module &module, const CodegenOptions &options);

/// Links in the definitions of the kernels (qk_*) that the module declares, and
/// nothing else of the kernel bitcode; they become internal.
llvm::Error linkKernels(llvm::Module &module, const CodegenOptions &options);

/// As linkKernels, with bitcode given by the caller.
llvm::Error linkKernelBitcode(llvm::Module &module, llvm::StringRef bitcode);

/// Sends calls of a linked kernel that differ in nothing but operands that are no constants to one
/// function each, before they are inlined: equal layers then share their code.
void shareKernels(llvm::Module &module);

/// Inlines every call to a linked kernel, then, top down, every call to a local
/// function of the kernel bitcode that this exposed: constant arguments prune
/// dead variants before they are copied. Fails if a kernel's target features are
/// not a subset of its caller's. Functions marked noinline stay calls.
llvm::Error inlineKernels(llvm::Module &module, const CodegenOptions &options);

/// Links in the runtime, which implements the model's C interface on top of
/// `qrt_model_descriptor`, and makes everything internal but that interface.
llvm::Error linkRuntime(llvm::Module &module);

/// setTarget, linkKernels, shareKernels, inlineKernels, linkRuntime.
llvm::Error completeModule(llvm::Module &module, const CodegenOptions &options);

/// Runs LLVM's standard pipeline for the options' level.
llvm::Error optimize(llvm::Module &module, const CodegenOptions &options);

/// The bytes of an ELF object.
llvm::Expected<llvm::SmallVector<char, 0>> emitObject(llvm::Module &module,
                                                      const CodegenOptions &options);

/// Links an object to a shared library with lld and writes it to `outputPath`
/// in one step (a failure leaves no partial file). The library exports
/// exportedSymbols() only, needs libc.so.6 only, has the soname `soname`, no
/// build id, no executable stack and full RELRO. A symbol that is neither in the
/// object nor in the list of libc functions is an error that names it.
/// Calls from several threads are serialised.
llvm::Error linkSharedLibrary(llvm::ArrayRef<char> object, llvm::StringRef outputPath,
                              llvm::StringRef soname);

} // namespace quantc::cpu

#endif // QUANTC_TARGET_CPU_CODEGEN_H
