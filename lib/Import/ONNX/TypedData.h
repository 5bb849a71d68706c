//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tensor elements in the typed fields of TensorProto (float_data, int32_data,
// ...), brought into the little-endian form that raw_data has.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_IMPORT_ONNX_TYPEDDATA_H
#define QUANTC_LIB_IMPORT_ONNX_TYPEDDATA_H

#include "quantc/Dialect/ONNX/Proto/Skeleton.h"
#include "quantc/Support/DType.h"

namespace quantc::onnx {

/// The one typed field that may hold elements of `dtype`; 0 for strings.
uint32_t typedFieldOf(DType dtype);

/// The run that can be used in place: one packed field of fixed-width elements in their own type.
/// `size` bytes are needed.
bool isPlainRun(DType dtype, const Payload &payload, uint64_t size);

/// `size` bytes as raw_data would hold them. `file` is what the runs refer to. Fails on a wrong
/// number of elements (before anything is allocated), on elements that the type cannot hold, and on
/// damaged fields.
llvm::Expected<std::vector<char>>
decodeTypedData(DType dtype, uint64_t size, const Payload &payload, llvm::ArrayRef<uint8_t> file);

} // namespace quantc::onnx

#endif // QUANTC_LIB_IMPORT_ONNX_TYPEDDATA_H
