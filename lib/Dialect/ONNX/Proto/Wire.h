//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Fields of Protobuf's wire format, one at a time, over any number of bytes.
//
// CodedInputStream counts in 32 bits; here each field gets one over the few
// bytes that hold its tag and length, so that files may be larger.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_DIALECT_ONNX_PROTO_WIRE_H
#define QUANTC_LIB_DIALECT_ONNX_PROTO_WIRE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <optional>

namespace quantc::onnx {

enum class WireType : uint32_t { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 };

struct WireField {
  uint32_t number;
  WireType type;
  uint64_t begin; ///< Offset of the tag.
  uint64_t value; ///< Offset of the contents.
  uint64_t end;   ///< Offset behind the field.
};

/// The messages whose insides matter; all others are copied whole.
enum class Message : uint8_t { Model, Graph, Node, Attribute, Tensor, Function };

/// The message in field `number` of `parent`, if it is one of those above.
std::optional<Message> childMessage(Message parent, uint32_t number);

inline constexpr uint32_t rawDataField = 9;

/// float_data, int32_data, int64_data, double_data, uint64_data.
bool isTypedDataField(uint32_t number);

/// The field at `offset` of a message that ends at `end`.
llvm::Expected<WireField> readField(llvm::ArrayRef<uint8_t> bytes, uint64_t offset, uint64_t end);

} // namespace quantc::onnx

#endif // QUANTC_LIB_DIALECT_ONNX_PROTO_WIRE_H
