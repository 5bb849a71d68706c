//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One table of element types; every property is a column of it.
//
//===----------------------------------------------------------------------===//

#include "quantc/Support/DType.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/CheckedArithmetic.h"

using namespace llvm;
using namespace quantc;

namespace {
enum class Kind : uint8_t { None, Bool, Signed, Unsigned, Float, Complex };

struct Row {
  DType type;
  StringLiteral name;
  StringLiteral shortName;
  StringLiteral numpy;
  uint8_t bits;
  Kind kind;
};

// Indexed by ONNX code.
constexpr Row kTypes[] = {
    {DType::Undefined, "undefined", "undefined", "", 0, Kind::None},
    {DType::F32, "float32", "f32", "<f4", 32, Kind::Float},
    {DType::U8, "uint8", "u8", "|u1", 8, Kind::Unsigned},
    {DType::I8, "int8", "i8", "|i1", 8, Kind::Signed},
    {DType::U16, "uint16", "u16", "<u2", 16, Kind::Unsigned},
    {DType::I16, "int16", "i16", "<i2", 16, Kind::Signed},
    {DType::I32, "int32", "i32", "<i4", 32, Kind::Signed},
    {DType::I64, "int64", "i64", "<i8", 64, Kind::Signed},
    {DType::String, "string", "string", "", 0, Kind::None},
    {DType::Bool, "bool", "bool", "|b1", 8, Kind::Bool},
    {DType::F16, "float16", "f16", "<f2", 16, Kind::Float},
    {DType::F64, "float64", "f64", "<f8", 64, Kind::Float},
    {DType::U32, "uint32", "u32", "<u4", 32, Kind::Unsigned},
    {DType::U64, "uint64", "u64", "<u8", 64, Kind::Unsigned},
    {DType::Complex64, "complex64", "c64", "<c8", 64, Kind::Complex},
    {DType::Complex128, "complex128", "c128", "<c16", 128, Kind::Complex},
    {DType::BF16, "bfloat16", "bf16", "", 16, Kind::Float},
    {DType::F8E4M3FN, "float8e4m3fn", "f8e4m3fn", "", 8, Kind::Float},
    {DType::F8E4M3FNUZ, "float8e4m3fnuz", "f8e4m3fnuz", "", 8, Kind::Float},
    {DType::F8E5M2, "float8e5m2", "f8e5m2", "", 8, Kind::Float},
    {DType::F8E5M2FNUZ, "float8e5m2fnuz", "f8e5m2fnuz", "", 8, Kind::Float},
    {DType::U4, "uint4", "u4", "", 4, Kind::Unsigned},
    {DType::I4, "int4", "i4", "", 4, Kind::Signed},
    {DType::F4E2M1, "float4e2m1", "f4e2m1", "", 4, Kind::Float},
    {DType::F8E8M0, "float8e8m0", "f8e8m0", "", 8, Kind::Float},
    {DType::U2, "uint2", "u2", "", 2, Kind::Unsigned},
    {DType::I2, "int2", "i2", "", 2, Kind::Signed},
};
} // namespace

static const Row &row(DType type) {
  size_t code = static_cast<size_t>(type);
  return kTypes[code < std::size(kTypes) ? code : 0];
}

std::optional<DType> quantc::dtypeFromOnnxCode(int64_t code) {
  if (code < 0 || code >= static_cast<int64_t>(std::size(kTypes)))
    return std::nullopt;
  return kTypes[code].type;
}

unsigned quantc::bitWidth(DType type) { return row(type).bits; }
unsigned quantc::elementBytes(DType type) { return row(type).bits / 8; }
bool quantc::isFloat(DType type) { return row(type).kind == Kind::Float; }
bool quantc::isSignedInteger(DType type) { return row(type).kind == Kind::Signed; }
bool quantc::isInteger(DType type) {
  return row(type).kind == Kind::Signed || row(type).kind == Kind::Unsigned;
}
StringRef quantc::dtypeName(DType type) { return row(type).name; }
StringRef quantc::numpyDescr(DType type) { return row(type).numpy; }

std::optional<DType> quantc::parseDType(StringRef name) {
  for (const Row &entry : kTypes)
    if (entry.type != DType::Undefined && (name == entry.name || name == entry.shortName))
      return entry.type;
  return std::nullopt;
}

std::optional<DType> quantc::dtypeFromNumpy(StringRef descr) {
  // NumPy writes '|' for one-byte types, and other writers '<'.
  for (const Row &entry : kTypes) {
    if (entry.numpy.empty())
      continue;
    if (descr == entry.numpy ||
        (entry.bits == 8 && descr.size() == 3 && StringRef("<>=|").contains(descr[0]) &&
         descr.drop_front() == entry.numpy.drop_front()))
      return entry.type;
  }
  return std::nullopt;
}

std::optional<int64_t> quantc::numElements(ArrayRef<int64_t> shape) {
  // A zero anywhere makes the product zero, but must not hide an overflow of
  // the others: a slice of such a tensor would be computed from them.
  int64_t product = 1;
  bool anyZero = false;
  for (int64_t dim : shape) {
    if (dim < 0)
      return std::nullopt;
    if (dim == 0) {
      anyZero = true;
      continue;
    }
    std::optional<int64_t> next = checkedMul(product, dim);
    if (!next)
      return std::nullopt;
    product = *next;
  }
  return anyZero ? 0 : product;
}

std::optional<int64_t> quantc::storageBytes(DType type, ArrayRef<int64_t> shape) {
  int64_t bits = bitWidth(type);
  std::optional<int64_t> count = numElements(shape);
  if (bits == 0 || !count)
    return std::nullopt;
  if (bits >= 8)
    return checkedMul(*count, bits / 8);
  int64_t perByte = 8 / bits;
  return *count / perByte + (*count % perByte != 0);
}

std::string quantc::shapeToString(ArrayRef<int64_t> shape) {
  std::string text = "[";
  for (int64_t dim : shape) {
    if (text.size() > 1)
      text += ", ";
    text += dim < 0 ? "?" : std::to_string(dim);
  }
  return text + "]";
}
