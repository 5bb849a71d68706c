//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// A value during a run: a tensor in its storage type, or as 32-bit integers for ops with
// IntegerSemantics. Each form is made from the other when somebody asks for it, and kept.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_REFERENCE_RUNTIMEVALUE_H
#define QUANTC_LIB_REFERENCE_RUNTIMEVALUE_H

#include "quantc/Numerics/IntTensor.h"
#include "quantc/Support/HostTensor.h"
#include <memory>

namespace quantc {

class RuntimeValue {
public:
  RuntimeValue() = default;
  RuntimeValue(HostTensor tensor) : type(tensor.dtype()), tensor(std::move(tensor)) {}
  /// `type` is an integer type of at most 32 bits that holds every element.
  RuntimeValue(IntTensor values, DType type)
      : type(type), values(std::make_shared<const IntTensor>(std::move(values))) {}

  DType dtype() const { return type; }
  llvm::ArrayRef<int64_t> shape() const {
    return values ? llvm::ArrayRef<int64_t>(values->shape) : tensor.shape();
  }
  int64_t numElements() const {
    return values ? static_cast<int64_t>(values->size()) : tensor.numElements();
  }
  /// In the storage type; elements below 8 bits are packed.
  const HostTensor &host() const;
  /// As 32-bit integers; requires isInteger(dtype()) and at most 32 bits.
  const IntTensor &integers() const;

private:
  DType type = DType::Undefined;
  mutable HostTensor tensor;
  mutable std::shared_ptr<const IntTensor> values;
};

} // namespace quantc

#endif // QUANTC_LIB_REFERENCE_RUNTIMEVALUE_H
