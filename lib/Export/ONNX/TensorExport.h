//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Elements attributes as TensorProtos.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_EXPORT_ONNX_TENSOREXPORT_H
#define QUANTC_LIB_EXPORT_ONNX_TENSOREXPORT_H

#include "quantc/Dialect/ONNX/Proto/Skeleton.h"
#include "quantc/Dialect/ONNX/Proto/TypeProtos.h"
#include <deque>

namespace quantc::onnx {

class TensorExporter {
public:
  /// Fills `proto` as `info` (of `#onnx.tensor`) says; raw elements become a payload, typed ones go
  /// into their field. Fails on types that ONNX does not have and on missing blobs.
  llvm::Error exportTensor(mlir::ElementsAttr value, mlir::DictionaryAttr info,
                           ::onnx::TensorProto &proto);

  llvm::ArrayRef<PayloadBytes> getPayloads() const { return payloads; }

  /// Moves the elements of `proto`, which must be a payload, out of the model; returns them.
  PayloadBytes detach(::onnx::TensorProto &proto);

private:
  std::vector<PayloadBytes> payloads;
  std::deque<std::vector<char>> owned; ///< For elements that had to be made.
};

} // namespace quantc::onnx

#endif // QUANTC_LIB_EXPORT_ONNX_TENSOREXPORT_H
