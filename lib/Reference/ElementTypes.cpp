//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// Element types of the IR and element types of host tensors; see ElementTypes.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Reference/ElementTypes.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace quantc {

static std::optional<DType> hostInteger(IntegerType type) {
  bool isUnsigned = type.isUnsigned();
  switch (type.getWidth()) {
  case 1:
    return DType::Bool;
  case 2:
    return isUnsigned ? DType::U2 : DType::I2;
  case 4:
    return isUnsigned ? DType::U4 : DType::I4;
  case 8:
    return isUnsigned ? DType::U8 : DType::I8;
  case 16:
    return isUnsigned ? DType::U16 : DType::I16;
  case 32:
    return isUnsigned ? DType::U32 : DType::I32;
  case 64:
    return isUnsigned ? DType::U64 : DType::I64;
  default:
    return std::nullopt;
  }
}

std::optional<DType> hostType(Type elementType) {
  if (auto integer = dyn_cast<IntegerType>(elementType))
    return hostInteger(integer);
  if (elementType.isF32())
    return DType::F32;
  if (elementType.isF64())
    return DType::F64;
  if (elementType.isF16())
    return DType::F16;
  if (elementType.isBF16())
    return DType::BF16;
  return std::nullopt;
}

std::string describeType(Type type) {
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    if (std::optional<DType> element = hostType(tensor.getElementType()))
      return (dtypeName(*element) + " " + shapeToString(tensor.getShape())).str();
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

} // namespace quantc
