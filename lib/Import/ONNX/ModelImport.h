//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the parts of the importer share about models as a whole.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_IMPORT_ONNX_MODELIMPORT_H
#define QUANTC_LIB_IMPORT_ONNX_MODELIMPORT_H

#include "GraphImport.h"
#include "llvm/ADT/StringRef.h"

namespace quantc::onnx {

using OpsetList = google::protobuf::RepeatedPtrField<::onnx::OperatorSetIdProto>;

/// Versions by domain; domains with two versions and default-domain versions outside of what is
/// read are reported, with `context` in front.
Opsets importOpsets(const OpsetList &list, llvm::StringRef context, mlir::Location loc,
                    Reporter &reporter);

/// The imports as they stand.
mlir::ArrayAttr opsetAttrs(mlir::Builder &builder, const OpsetList &list);

/// Parses with a nesting limit that fits `maxNesting`. False when the message is damaged.
bool parseMessage(llvm::StringRef bytes, google::protobuf::Message &message);

} // namespace quantc::onnx

#endif // QUANTC_LIB_IMPORT_ONNX_MODELIMPORT_H
