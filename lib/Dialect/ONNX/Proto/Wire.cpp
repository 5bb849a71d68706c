//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reading fields of the wire format; see Wire.h.
//
//===----------------------------------------------------------------------===//

#include "Wire.h"
#include "quantc/Support/Errors.h"
#include <algorithm>
#include <google/protobuf/io/coded_stream.h>

using namespace llvm;
using namespace quantc;
using namespace quantc::onnx;
using google::protobuf::io::CodedInputStream;

std::optional<Message> quantc::onnx::childMessage(Message parent, uint32_t number) {
  switch (parent) {
  case Message::Model:
    if (number == 7)
      return Message::Graph;
    if (number == 25)
      return Message::Function;
    break;
  case Message::Graph:
    if (number == 1)
      return Message::Node;
    if (number == 5)
      return Message::Tensor;
    break;
  case Message::Node:
    if (number == 5)
      return Message::Attribute;
    break;
  case Message::Attribute:
    if (number == 5 || number == 10)
      return Message::Tensor;
    if (number == 6 || number == 11)
      return Message::Graph;
    break;
  case Message::Function:
    if (number == 7)
      return Message::Node;
    if (number == 11)
      return Message::Attribute;
    break;
  case Message::Tensor:
    break;
  }
  return std::nullopt;
}

bool quantc::onnx::isTypedDataField(uint32_t number) {
  return number == 4 || number == 5 || number == 7 || number == 10 || number == 11;
}

static Error truncated(uint64_t offset) {
  return makeError("the file is truncated or damaged: the field at byte " + Twine(offset) +
                   " ends early");
}

Expected<WireField> quantc::onnx::readField(ArrayRef<uint8_t> bytes, uint64_t offset,
                                            uint64_t end) {
  constexpr uint64_t longestHead = 20; // tag of 5 or 10 bytes, varint of 10
  CodedInputStream head(bytes.data() + offset, int(std::min(longestHead, end - offset)));
  uint32_t tag = 0;
  if (!head.ReadVarint32(&tag))
    return truncated(offset);
  WireField field{tag >> 3, static_cast<WireType>(tag & 7), offset, offset + head.CurrentPosition(),
                  0};
  if (field.number == 0)
    return makeError("expected a field of a message at byte " + Twine(offset) + ", but found tag " +
                     Twine(tag));

  uint64_t length = 0;
  switch (field.type) {
  case WireType::Varint: {
    uint64_t ignored = 0;
    if (!head.ReadVarint64(&ignored))
      return truncated(offset);
    length = offset + head.CurrentPosition() - field.value;
    break;
  }
  case WireType::Fixed64:
    length = 8;
    break;
  case WireType::Fixed32:
    length = 4;
    break;
  case WireType::Bytes:
    if (!head.ReadVarint64(&length))
      return truncated(offset);
    field.value = offset + head.CurrentPosition();
    break;
  default:
    return makeError("expected a field of a message at byte " + Twine(offset) +
                     ", but found wire type " + Twine(tag & 7));
  }
  if (length > end - field.value)
    return makeError("the file is truncated or damaged: the field at byte " + Twine(offset) +
                     " declares " + Twine(length) + " bytes, but " + Twine(end - field.value) +
                     " are left");
  field.end = field.value + length;
  return field;
}
