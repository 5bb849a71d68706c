//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Element types, types and value infos, between ONNX messages and the IR.
//
// Both directions stand together, because an exact import asks the way back:
// what does not return as it came is kept serialised beside its decoded form.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_ONNX_PROTO_TYPEPROTOS_H
#define QUANTC_DIALECT_ONNX_PROTO_TYPEPROTOS_H

#include "quantc/Dialect/ONNX/IR/ONNX.h"
#include "quantc/Support/DType.h"
#include "llvm/Support/Error.h"
#include <onnx/onnx_pb.h>

namespace quantc::onnx {

/// The element type of a tensor with this TensorProto.DataType code: builtin types with signedness,
/// i1 for bool, `!onnx.string`, complex; null for 0 and codes behind the newest one (INT2, 26).
mlir::Type elementTypeOf(int32_t code, mlir::MLIRContext *context);

/// The code of an element type. Signless integers of 8 to 64 bits count as signed. Undefined for
/// types without one.
DType dtypeOf(mlir::Type elementType);

/// A ranked tensor as a tensor_type, every other type as well as it can be. `dims` is null or holds
/// a symbol or "" for each dimension, used where the type is dynamic. False for types that ONNX
/// cannot express.
bool encodeType(mlir::Type type, mlir::ArrayAttr dims, ::onnx::TypeProto &proto);

/// The type of `proto`; `dims` becomes null when no dimension has a symbol. A dimension of -1
/// counts as unknown. Fails on other negative dimensions and on shapes whose number of elements
/// overflows 64 bits.
llvm::Expected<mlir::Type> decodeType(const ::onnx::TypeProto &proto, mlir::MLIRContext *context,
                                      mlir::ArrayAttr &dims);

/// Value infos. The decoded form holds the serialised one if encoding it anew would lose something.
llvm::Expected<ValueInfoAttr> decodeValueInfo(const ::onnx::ValueInfoProto &proto,
                                              mlir::MLIRContext *context);
bool encodeValueInfo(ValueInfoAttr info, ::onnx::ValueInfoProto &proto);

} // namespace quantc::onnx

#endif // QUANTC_DIALECT_ONNX_PROTO_TYPEPROTOS_H
