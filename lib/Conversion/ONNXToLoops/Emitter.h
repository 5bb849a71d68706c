//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loops over tensors in memory, written as C++ expressions.
//
// Three kinds of values: Index (sizes and positions; folded when known), Scalar (an element in a
// register, in one of five compute types) and Tensor (a contiguous row-major buffer of an ONNX
// element type). Loading converts from the element type to its compute type, storing converts
// back, so the lowering of an op never mentions float8 or int4.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_CONVERSION_ONNXTOLOOPS_EMITTER_H
#define QUANTC_LIB_CONVERSION_ONNXTOLOOPS_EMITTER_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "quantc/Support/DType.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <optional>
#include <type_traits>

namespace quantc::toloops {

class Emitter;

/// A size or a position: a number known now, or an index computed at run time.
class Index {
public:
  Index(int64_t constant = 0) : number(constant) {}
  Index(Emitter &emitter, mlir::Value value);

  std::optional<int64_t> constant() const;
  bool is(int64_t n) const { return !run && number == n; }
  /// Whether both are one number, or one value.
  bool same(const Index &o) const { return run == o.run && (run || number == o.number); }
  /// The value; a constant is materialized where the emitter stands.
  mlir::Value value(Emitter &emitter) const;
  Emitter *emitter() const { return owner; }

private:
  Emitter *owner = nullptr;
  mlir::Value run;
  int64_t number = 0;
};

// Signed 64-bit arithmetic; folded when both are known. / and % truncate (floorDiv does not).
Index operator+(Index a, Index b);
Index operator-(Index a, Index b);
Index operator*(Index a, Index b);
Index operator/(Index a, Index b);
Index operator%(Index a, Index b);
Index floorDiv(Index a, Index b);
Index ceilDiv(Index a, Index b); ///< b > 0
Index min(Index a, Index b);
Index max(Index a, Index b);
using Indices = llvm::SmallVector<Index, 6>;
using IndexRef = llvm::ArrayRef<Index>;
Index product(IndexRef sizes);

/// What an element is computed in. F32 serves every float of at most 32 bits, I64 and U64 integers
/// of any width, Bool is a condition.
enum class Compute { F32, F64, I64, U64, Bool };
Compute computeOf(DType type);
inline bool isFloat(Compute kind) { return kind == Compute::F32 || kind == Compute::F64; }

/// An element in a register.
struct Scalar {
  Emitter *emitter = nullptr;
  mlir::Value value;
  Compute kind = Compute::F32;
};
using Scalars = llvm::SmallVector<Scalar, 4>;

// Arithmetic on equal kinds. Integers wrap; division truncates towards zero and gives 0 for a
// divisor of 0 (U64: unsigned). Floats are IEEE, never contracted. & | ^ also on conditions.
Scalar operator+(Scalar a, Scalar b);
Scalar operator-(Scalar a, Scalar b);
Scalar operator*(Scalar a, Scalar b);
Scalar operator/(Scalar a, Scalar b);
Scalar operator%(Scalar a, Scalar b); ///< integers: sign of the dividend; floats: fmod
Scalar operator-(Scalar a);
Scalar operator&(Scalar a, Scalar b);
Scalar operator|(Scalar a, Scalar b);
Scalar operator^(Scalar a, Scalar b);
Scalar operator!(Scalar a);            ///< condition: not; integers: complement
Scalar shiftLeft(Scalar a, Scalar b);  ///< 0 where b is 64 or more
Scalar shiftRight(Scalar a, Scalar b); ///< arithmetic for I64, logical for U64
// Comparisons give conditions; with a NaN all but != are false.
Scalar operator<(Scalar a, Scalar b);
Scalar operator<=(Scalar a, Scalar b);
Scalar operator>(Scalar a, Scalar b);
Scalar operator>=(Scalar a, Scalar b);
Scalar operator==(Scalar a, Scalar b);
Scalar operator!=(Scalar a, Scalar b);

/// A number as a constant of the kind of `like`.
Scalar number(double value, Scalar like);
#define QUANTC_SCALAR_WITH_NUMBER(OP)                                                              \
  template <typename T, typename = std::enable_if_t<std::is_arithmetic_v<T>>>                      \
  Scalar operator OP(Scalar a, T b) {                                                              \
    return a OP number(double(b), a);                                                              \
  }                                                                                                \
  template <typename T, typename = std::enable_if_t<std::is_arithmetic_v<T>>>                      \
  Scalar operator OP(T a, Scalar b) {                                                              \
    return number(double(a), b) OP b;                                                              \
  }
QUANTC_SCALAR_WITH_NUMBER(+)
QUANTC_SCALAR_WITH_NUMBER(-)
QUANTC_SCALAR_WITH_NUMBER(*)
QUANTC_SCALAR_WITH_NUMBER(/)
QUANTC_SCALAR_WITH_NUMBER(%)
QUANTC_SCALAR_WITH_NUMBER(<)
QUANTC_SCALAR_WITH_NUMBER(<=)
QUANTC_SCALAR_WITH_NUMBER(>)
QUANTC_SCALAR_WITH_NUMBER(>=)
QUANTC_SCALAR_WITH_NUMBER(==)
QUANTC_SCALAR_WITH_NUMBER(!=)
#undef QUANTC_SCALAR_WITH_NUMBER

Scalar select(Scalar condition, Scalar a, Scalar b);
Scalar min(Scalar a, Scalar b); ///< floats: a NaN operand gives NaN
Scalar max(Scalar a, Scalar b);
Scalar abs(Scalar a);
Scalar isNaN(Scalar a);
/// A function of floats from lib/Kernels/Native/Scalar.cpp, which has one form for F32 and one for
/// F64: "exp", "log", "sin", "erf", "floor", "roundEven", "pow", "fmod", ...
Scalar math(llvm::StringRef name, llvm::ArrayRef<Scalar> arguments);
inline Scalar math(llvm::StringRef name, Scalar a) { return math(name, llvm::ArrayRef(a)); }
inline Scalar math(llvm::StringRef name, Scalar a, Scalar b) { return math(name, {a, b}); }
/// Conversion between kinds. Float to integer truncates, saturates, and takes NaN to 0; anything
/// but 0 (NaN too) is true.
Scalar convert(Scalar a, Compute kind);
/// The nearest value of a float type, in its compute type.
Scalar roundTo(Scalar value, DType type);

/// A contiguous row-major buffer. Elements narrower than a byte take a byte each.
class Tensor {
public:
  Tensor() = default;
  Tensor(Emitter &emitter, mlir::Value memref, DType type);
  /// With sizes that are known better than the memref's type says.
  Tensor(Emitter &emitter, mlir::Value memref, DType type, IndexRef sizes)
      : owner(&emitter), buffer(memref), elementType(type), sizes(sizes) {}

  explicit operator bool() const { return static_cast<bool>(buffer); }
  mlir::Value memref() const { return buffer; }
  DType type() const { return elementType; }
  Compute kind() const { return computeOf(elementType); }
  int64_t rank() const { return int64_t(sizes.size()); }
  IndexRef dims() const { return sizes; }
  /// Negative axes count from the end.
  Index dim(int64_t axis) const { return sizes[axis < 0 ? axis + rank() : axis]; }
  Index count() const { return product(sizes); }
  Emitter &emitter() const { return *owner; }

  /// The element, in its compute type.
  Scalar load(IndexRef position) const;
  /// Converts to the compute type first, then to the element type: integers wrap, floats round to
  /// nearest even. `flags` are those of qk_encode_*: bit 0 lets float8 and below saturate, the
  /// bits above it are the rounding of float8e8m0 (numerics::E8M0Rounding).
  void store(Scalar value, IndexRef position, int flags = 1) const;
  /// The element as it lies in memory, and the reverse: for ops that only move elements.
  mlir::Value loadRaw(IndexRef position) const;
  void storeRaw(mlir::Value value, IndexRef position) const;
  /// The same memory with other sizes, whose product is the same.
  Tensor reshaped(IndexRef sizes) const;
  /// As one axis.
  Tensor flat() const { return reshaped({count()}); }

private:
  Emitter *owner = nullptr;
  mlir::Value buffer;
  DType elementType = DType::Undefined;
  Indices sizes;
};

/// Builds the body of one function.
class Emitter {
public:
  Emitter(mlir::ModuleOp module, mlir::OpBuilder builder, mlir::Location loc)
      : b(builder), loc(loc), module(module) {}

  mlir::OpBuilder b;
  mlir::Location loc;
  /// Of the node at hand, for messages.
  std::string nodeName;
  /// What `check` may say, by number.
  std::vector<std::string> messages;

  // Constants.
  Scalar f32(double value) { return constant(value, Compute::F32); }
  Scalar i64(int64_t value);
  Scalar boolean(bool value);
  Scalar constant(double value, Compute kind);
  Scalar toScalar(Index index); ///< I64
  Index toIndex(Scalar integer);
  /// Conditions on sizes.
  Scalar less(Index a, Index b);
  Scalar equal(Index a, Index b);
  Index select(Scalar condition, Index a, Index b);

  // Memory.
  /// An uninitialised buffer; it lives until the run ends.
  Tensor allocate(IndexRef sizes, DType type);
  /// The first elements of a buffer with other sizes.
  Tensor view(Tensor buffer, IndexRef sizes);
  void copy(Tensor from, Tensor to); ///< equal types and counts
  void fill(Tensor tensor, Scalar value);

  // Control.
  void loop(Index count, llvm::function_ref<void(Index)> body);
  /// A nest over all positions of a box.
  void loops(IndexRef sizes, llvm::function_ref<void(IndexRef)> body);
  /// A loop that carries values.
  Scalars fold(Index count, llvm::ArrayRef<Scalar> initial,
               llvm::function_ref<Scalars(Index, llvm::ArrayRef<Scalar>)> body);
  /// A nest over a box that carries values.
  Scalars foldOver(IndexRef sizes, llvm::ArrayRef<Scalar> initial,
                   llvm::function_ref<Scalars(IndexRef, llvm::ArrayRef<Scalar>)> body);
  /// while (condition(values)) values = body(values).
  Scalars whileLoop(llvm::ArrayRef<Scalar> initial,
                    llvm::function_ref<Scalar(llvm::ArrayRef<Scalar>)> condition,
                    llvm::function_ref<Scalars(llvm::ArrayRef<Scalar>)> body);
  void ifThen(Scalar condition, llvm::function_ref<void()> body);
  /// `kinds` are those of the results.
  Scalars ifElse(Scalar condition, llvm::ArrayRef<Compute> kinds, llvm::function_ref<Scalars()> yes,
                 llvm::function_ref<Scalars()> no);
  /// Ends the run with a message, which begins with the node's name, where the condition is false.
  void check(Scalar condition, const llvm::Twine &message);

  /// The address of a tensor's first element, as an argument of `call`; null for no tensor.
  mlir::Value address(const Tensor &tensor);
  /// A size as a 64-bit argument of `call`.
  mlir::Value argument(Index index) { return toScalar(index).value; }
  /// A call of a function that is declared on first use.
  mlir::Value call(llvm::StringRef name, mlir::Type result, llvm::ArrayRef<mlir::Value> arguments);

private:
  mlir::ModuleOp module;
};

/// The type of a value of this kind in a register.
mlir::Type registerType(Compute kind, mlir::MLIRContext *context);

/// The type of a buffer's element: integers without sign; floats below 32 bits and everything
/// narrower than a byte as an integer of the same storage.
mlir::Type storageType(DType type, mlir::MLIRContext *context);

} // namespace quantc::toloops

#endif // QUANTC_LIB_CONVERSION_ONNXTOLOOPS_EMITTER_H
