//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// Conversions between storage types and 32-bit integers; see RuntimeValue.h.
//
//===----------------------------------------------------------------------===//

#include "RuntimeValue.h"

namespace quantc {

template <typename T> static void widen(const HostTensor &tensor, std::vector<int32_t> &out) {
  llvm::ArrayRef<T> values = tensor.values<T>();
  out.assign(values.begin(), values.end());
}

template <typename T> static void narrow(const std::vector<int32_t> &values, HostTensor &tensor) {
  std::copy(values.begin(), values.end(), tensor.mutableValues<T>().begin());
}

/// Elements of 2 or 4 bits share bytes, the first one in the low bits.
static void pack(const std::vector<int32_t> &values, unsigned bits, HostTensor &tensor) {
  llvm::MutableArrayRef<uint8_t> bytes = tensor.mutableBytes();
  unsigned perByte = 8 / bits, mask = (1u << bits) - 1;
  for (size_t i = 0; i < values.size(); ++i)
    bytes[i / perByte] |=
        static_cast<uint8_t>((static_cast<unsigned>(values[i]) & mask) << (i % perByte * bits));
}

const HostTensor &RuntimeValue::host() const {
  if (tensor.isDefined() || !values)
    return tensor;
  tensor = HostTensor::zeros(type, values->shape);
  switch (type) {
  case DType::I8:
  case DType::U8:
    narrow<uint8_t>(values->data, tensor);
    break;
  case DType::I16:
  case DType::U16:
    narrow<uint16_t>(values->data, tensor);
    break;
  case DType::I32:
  case DType::U32:
    narrow<uint32_t>(values->data, tensor);
    break;
  default:
    pack(values->data, bitWidth(type), tensor);
  }
  return tensor;
}

const IntTensor &RuntimeValue::integers() const {
  if (values)
    return *values;
  IntTensor result;
  result.shape = tensor.shape().vec();
  switch (type) {
  case DType::I8:
    widen<int8_t>(tensor, result.data);
    break;
  case DType::U8:
    widen<uint8_t>(tensor, result.data);
    break;
  case DType::I16:
    widen<int16_t>(tensor, result.data);
    break;
  case DType::U16:
    widen<uint16_t>(tensor, result.data);
    break;
  case DType::I32:
    widen<int32_t>(tensor, result.data);
    break;
  default:
    result.data.resize(static_cast<size_t>(tensor.numElements()));
    for (size_t i = 0; i < result.data.size(); ++i)
      result.data[i] = static_cast<int32_t>(tensor.asInt(static_cast<int64_t>(i)));
  }
  values = std::make_shared<const IntTensor>(std::move(result));
  return *values;
}

} // namespace quantc
