//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Writing a GPU kernel in C++: values with operators, loads and stores of whole words, loops and
// conditions. What it builds is gpu.func with arith, scf, LLVM pointers and nvvm.
//
// Integers are signed and 32 bits wide unless said otherwise: offsets of a tensor fit (the pass
// checks it), and 64-bit address arithmetic would cost registers.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_CONVERSION_KERNTOGPU_KERNELBUILDER_H
#define QUANTC_LIB_CONVERSION_KERNTOGPU_KERNELBUILDER_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace quantc::togpu {

class KernelBuilder;

/// A value together with the kernel it belongs to.
struct Val {
  KernelBuilder *kernel = nullptr;
  mlir::Value value;
  mlir::Type type() const { return value.getType(); }
};

// Arithmetic on equal types: integers wrap, floats round to nearest and are never contracted.
Val operator+(Val a, Val b);
Val operator-(Val a, Val b);
Val operator*(Val a, Val b);
Val operator/(Val a, Val b); ///< integers: both non-negative; floats: IEEE division
Val operator%(Val a, Val b); ///< both non-negative
Val operator&(Val a, Val b);
Val operator|(Val a, Val b);
Val operator^(Val a, Val b);
Val operator<<(Val a, Val b);
Val operator>>(Val a, Val b); ///< arithmetic
// With a constant of the first operand's integer type.
Val operator+(Val a, int64_t b);
Val operator-(Val a, int64_t b);
Val operator*(Val a, int64_t b);
Val operator/(Val a, int64_t b);
Val operator%(Val a, int64_t b);
Val operator&(Val a, int64_t b);
Val operator|(Val a, int64_t b);
Val operator^(Val a, int64_t b);
Val operator<<(Val a, int64_t b);
Val operator>>(Val a, int64_t b);
// Comparisons: signed; of floats ordered (false when an operand is NaN).
Val operator<(Val a, Val b);
Val operator<=(Val a, Val b);
Val operator>(Val a, Val b);
Val operator>=(Val a, Val b);
Val operator<(Val a, int64_t b);

Val min(Val a, Val b); ///< integers
Val max(Val a, Val b); ///< integers
Val select(Val condition, Val a, Val b);

/// Builds one kernel of a gpu.module.
class KernelBuilder {
public:
  /// A kernel of `threads` threads in one dimension whose arguments are `pointers` addresses in
  /// global memory; the bits of `readOnly` mark those that nothing in the kernel writes through
  /// or overlaps.
  KernelBuilder(mlir::gpu::GPUModuleOp module, mlir::Location loc, llvm::StringRef name,
                unsigned threads, unsigned pointers, uint32_t readOnly);

  /// Ends the function.
  mlir::gpu::GPUFuncOp finish();

  // Constants and special registers.
  Val i32(int64_t value);
  Val i64(int64_t value);
  Val f32(float value);
  Val constant(mlir::Type type, int64_t value);
  Val thread();             ///< [0, threads)
  Val block(unsigned axis); ///< block index along axis 0, 1, 2
  Val argument(unsigned index);
  /// Index over the whole first grid axis: block(0) * threads + thread().
  Val globalThread();

  // Memory.
  Val address(Val pointer, Val offset); ///< plus bytes
  Val address(Val pointer, int64_t offset);
  Val load(mlir::Type type, Val pointer, int64_t align = 0);
  void store(Val value, Val pointer, int64_t align = 0);
  /// 1, 2 or 4 words in one access, aligned to their size.
  llvm::SmallVector<Val> loadWords(Val pointer, unsigned words, mlir::Type type = {});
  void storeWords(llvm::ArrayRef<Val> words, Val pointer);
  /// `bytes` (1, 2, 4, 8, 16) adjacent bytes in one access, as non-negative words of one byte each.
  llvm::SmallVector<Val> loadBytes(Val pointer, unsigned bytes);
  /// The low bytes of values in [0, 255]; 1, 2, 4, 8 or 16 of them in one access.
  void storeBytes(llvm::ArrayRef<Val> bytes, Val pointer);
  /// Dynamic shared memory, 128-byte aligned.
  Val shared();

  // Bits and conversions.
  Val byteOf(Val word, unsigned index);       ///< zero-extended
  Val signedByteOf(Val word, unsigned index); ///< sign-extended
  Val pack(llvm::ArrayRef<Val> bytes);        ///< up to four values in [0, 255] into a word
  /// Four values into the bytes of a word, each limited to [0, 255].
  Val packSaturated(Val b0, Val b1, Val b2, Val b3);
  /// Bytes of the pair (lo, hi), numbered 0..7, by the nibbles of the selector, lowest byte first.
  Val permute(Val lo, Val hi, int64_t selector);
  /// The dot product of four unsigned and four signed bytes, added to acc (dp4a; exact, wraps).
  Val dotBytes(Val unsignedBytes, Val signedBytes, Val acc);
  Val toFloat(Val integer);
  Val widen(Val integer);  ///< i32 to i64
  Val narrow(Val integer); ///< i64 to i32
  Val bitsOf(Val real);
  Val floatOf(Val bits);
  Val fma(Val a, Val b, Val c);
  Val isNaN(Val real);

  // Control.
  void ifThen(Val condition, llvm::function_ref<void()> body);
  /// ifThen, or the body alone where the condition is known to hold.
  void guarded(bool needed, llvm::function_ref<Val()> condition, llvm::function_ref<void()> body);
  /// for (i = begin; i < end; i += step) carrying values; the loop is not unrolled.
  llvm::SmallVector<Val>
  loop(int64_t begin, int64_t end, int64_t step, llvm::ArrayRef<Val> initial,
       llvm::function_ref<llvm::SmallVector<Val>(Val, llvm::ArrayRef<Val>)> body);
  llvm::SmallVector<Val>
  loop(Val begin, Val end, Val step, llvm::ArrayRef<Val> initial,
       llvm::function_ref<llvm::SmallVector<Val>(Val, llvm::ArrayRef<Val>)> body);

  Val wrap(mlir::Value value) { return {this, value}; }
  template <typename Op, typename... Args> Val emit(Args &&...args) {
    return wrap(builder.createOrFold<Op>(loc, std::forward<Args>(args)...));
  }

  mlir::OpBuilder builder;
  mlir::Location loc;

private:
  mlir::gpu::GPUModuleOp module;
  mlir::gpu::GPUFuncOp function;
  unsigned threads;
  mlir::Value threadId, sharedBase;
  mlir::Value blockIds[3];
};

} // namespace quantc::togpu

#endif // QUANTC_LIB_CONVERSION_KERNTOGPU_KERNELBUILDER_H
