//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// ONNX TensorProto messages in files (test_data_set_*/input_*.pb), read with
// Protobuf's CodedInputStream: raw_data is located, not copied, so the tensor
// can be a view of the mapped file. All numeric types are read, from raw_data
// or from the typed fields.
// Source: onnx.proto (TensorProto), IR version 13.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_CALIBRATION_TENSORPROTO_H
#define QUANTC_CALIBRATION_TENSORPROTO_H

#include "quantc/Support/HostTensor.h"

namespace quantc {

/// Parses one serialized TensorProto; the result shares `bytes`, which `owner`
/// keeps alive. Fails on truncation, strings, segments, external data, and a
/// number of elements other than that of its shape.
llvm::Expected<NamedTensor> parseTensorProto(llvm::ArrayRef<uint8_t> bytes,
                                             std::shared_ptr<const void> owner);

llvm::Expected<NamedTensor> readTensorProto(llvm::StringRef path);

/// Serializes with raw_data.
std::string serializeTensorProto(llvm::StringRef name, const HostTensor &tensor);

} // namespace quantc

#endif // QUANTC_CALIBRATION_TENSORPROTO_H
