//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tensors of a model as elements attributes.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_IMPORT_ONNX_TENSORIMPORT_H
#define QUANTC_LIB_IMPORT_ONNX_TENSORIMPORT_H

#include "ExternalFiles.h"
#include "quantc/Dialect/ONNX/Proto/Skeleton.h"
#include "quantc/Dialect/ONNX/Proto/TypeProtos.h"

namespace quantc::onnx {

struct ImportedTensor {
  mlir::ElementsAttr value;
  mlir::DictionaryAttr info; ///< As in `#onnx.tensor`; null when there is nothing to say.
};

class TensorImporter {
public:
  /// `payloads` belongs to the skeleton that the messages come from, and refers to `file`.
  TensorImporter(mlir::MLIRContext *context, std::shared_ptr<const MappedFile> file,
                 llvm::ArrayRef<Payload> payloads, ExternalFiles &externals)
      : context(context), file(std::move(file)), payloads(payloads), externals(externals) {}

  /// The tensor; `withName` puts its name into `info`. `label` names a resource blob. Fails on bad
  /// shapes and types, and on elements that are not what shape and type need.
  llvm::Expected<ImportedTensor> import(const ::onnx::TensorProto &proto, llvm::StringRef label,
                                        bool withName);

private:
  struct Elements;
  llvm::Expected<Elements> locate(const ::onnx::TensorProto &proto, const Payload &payload,
                                  DType dtype, uint64_t size);
  llvm::Expected<mlir::ElementsAttr> importStrings(const ::onnx::TensorProto &proto,
                                                   mlir::RankedTensorType type);
  mlir::DictionaryAttr importInfo(const ::onnx::TensorProto &proto, llvm::StringRef storage,
                                  bool withName);

  mlir::MLIRContext *context;
  std::shared_ptr<const MappedFile> file;
  llvm::ArrayRef<Payload> payloads;
  ExternalFiles &externals;
};

} // namespace quantc::onnx

#endif // QUANTC_LIB_IMPORT_ONNX_TENSORIMPORT_H
