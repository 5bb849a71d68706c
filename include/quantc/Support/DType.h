//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Element types of tensors outside the IR (files, feeds, buffers). The values
// are ONNX TensorProto.DataType codes, so that they can be written to and read
// from models, generated headers and reports without a table.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_SUPPORT_DTYPE_H
#define QUANTC_SUPPORT_DTYPE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>
#include <string>

namespace quantc {

enum class DType : int32_t {
  Undefined = 0,
  F32 = 1,
  U8 = 2,
  I8 = 3,
  U16 = 4,
  I16 = 5,
  I32 = 6,
  I64 = 7,
  String = 8,
  Bool = 9,
  F16 = 10,
  F64 = 11,
  U32 = 12,
  U64 = 13,
  Complex64 = 14,
  Complex128 = 15,
  BF16 = 16,
  F8E4M3FN = 17,
  F8E4M3FNUZ = 18,
  F8E5M2 = 19,
  F8E5M2FNUZ = 20,
  U4 = 21,
  I4 = 22,
  F4E2M1 = 23,
  F8E8M0 = 24,
  U2 = 25,
  I2 = 26,
};

/// The type with ONNX code `code`, or nullopt if there is none. Undefined and
/// String are accepted: they are codes of the standard.
std::optional<DType> dtypeFromOnnxCode(int64_t code);
inline int32_t onnxCode(DType type) { return static_cast<int32_t>(type); }

/// Bits of one element: 2, 4, 8, ..., 128; 0 for Undefined and String.
unsigned bitWidth(DType type);
/// Whole bytes of one element; 0 for sub-byte types, Undefined and String.
unsigned elementBytes(DType type);
/// Real floating-point types of any width (not complex).
bool isFloat(DType type);
/// Integers of any width, Bool not included.
bool isInteger(DType type);
bool isSignedInteger(DType type);

/// NumPy-like name: "float32", "uint8", "bool", "bfloat16", "int4", ...
llvm::StringRef dtypeName(DType type);
/// Inverse of dtypeName; also takes the short forms "f32", "u8", "i8", "bf16".
std::optional<DType> parseDType(llvm::StringRef name);

/// The descr string of a .npy header ("<f4", "|u1", "|b1"), or an empty string
/// where NumPy has no such type.
llvm::StringRef numpyDescr(DType type);
/// The type of a little-endian (or one-byte) descr; nullopt for others.
std::optional<DType> dtypeFromNumpy(llvm::StringRef descr);

/// Product of the dimensions; nullopt if one is negative or the product does
/// not fit into int64_t. The empty shape is a scalar: 1.
std::optional<int64_t> numElements(llvm::ArrayRef<int64_t> shape);
/// Bytes of a densely packed tensor (sub-byte elements share bytes, the last
/// byte is padded); nullopt as above, on overflow, or if the type has no width.
std::optional<int64_t> storageBytes(DType type, llvm::ArrayRef<int64_t> shape);

/// "[1, 3, 224, 224]"; a negative dimension is printed as "?".
std::string shapeToString(llvm::ArrayRef<int64_t> shape);

/// DTypeOf<float>::value == DType::F32 and so on, for the types C++ has. F16,
/// BF16, F8 and packed types are accessed as their storage integer.
template <typename T> struct DTypeOf;
#define QUANTC_DTYPE_OF(CPP, TYPE)                                                                 \
  template <> struct DTypeOf<CPP> {                                                                \
    static constexpr DType value = DType::TYPE;                                                    \
  };
QUANTC_DTYPE_OF(float, F32)
QUANTC_DTYPE_OF(double, F64)
QUANTC_DTYPE_OF(bool, Bool)
QUANTC_DTYPE_OF(int8_t, I8)
QUANTC_DTYPE_OF(uint8_t, U8)
QUANTC_DTYPE_OF(int16_t, I16)
QUANTC_DTYPE_OF(uint16_t, U16)
QUANTC_DTYPE_OF(int32_t, I32)
QUANTC_DTYPE_OF(uint32_t, U32)
QUANTC_DTYPE_OF(int64_t, I64)
QUANTC_DTYPE_OF(uint64_t, U64)
#undef QUANTC_DTYPE_OF

} // namespace quantc

#endif // QUANTC_SUPPORT_DTYPE_H
