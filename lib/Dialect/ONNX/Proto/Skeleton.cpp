//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Taking tensor elements out of a serialised model, and putting them in.
//
// Both ways keep the open messages on a stack of their own: the depth of a file
// is the file's choice, and must not be ours to recurse.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/ONNX/Proto/Skeleton.h"
#include "Wire.h"
#include "quantc/Support/Errors.h"
#include "llvm/Support/Endian.h"
#include <limits>

using namespace llvm;
using namespace quantc;
using namespace quantc::onnx;

//===----------------------------------------------------------------------===//
// Keys and varints
//===----------------------------------------------------------------------===//

std::string quantc::onnx::payloadKey(uint64_t index) {
  std::string key(8, '\0');
  support::endian::write64le(key.data(), index);
  return key;
}

std::optional<uint64_t> quantc::onnx::payloadIndex(StringRef key) {
  if (key.size() != 8)
    return std::nullopt;
  return support::endian::read64le(key.data());
}

static void appendVarint(std::string &out, uint64_t value) {
  for (; value >= 128; value >>= 7)
    out.push_back(static_cast<char>(value | 128));
  out.push_back(static_cast<char>(value));
}

static unsigned varintSize(uint64_t value) {
  unsigned size = 1;
  for (; value >= 128; value >>= 7)
    ++size;
  return size;
}

static uint64_t bytesTag(uint32_t field) { return uint64_t(field) << 3 | 2; }

//===----------------------------------------------------------------------===//
// Out
//===----------------------------------------------------------------------===//

namespace {

/// A message that is being copied.
struct OpenMessage {
  Message kind;
  uint32_t field; ///< In its parent.
  uint64_t end;
  std::string copy;
  Payload payload; ///< For tensors.
};

class Stripper {
public:
  explicit Stripper(ArrayRef<uint8_t> bytes) : bytes(bytes) {}

  Expected<Skeleton> run() {
    open.push_back({Message::Model, 0, bytes.size(), {}, {}});
    uint64_t offset = 0;
    while (true) {
      if (offset == open.back().end) {
        if (open.size() == 1)
          break;
        close();
        continue;
      }
      Expected<WireField> field = readField(bytes, offset, open.back().end);
      if (!field)
        return field.takeError();
      std::optional<Message> child = field->type == WireType::Bytes
                                         ? childMessage(open.back().kind, field->number)
                                         : std::nullopt;
      if (!child) {
        copy(*field);
        offset = field->end;
      } else if (open.size() < maxNesting) {
        open.push_back({*child, field->number, field->end, {}, {}});
        offset = field->value;
      } else {
        return makeError("expected at most " + Twine(maxNesting) +
                         " nested messages, but found more at byte " + Twine(offset));
      }
    }
    skeleton.message = std::move(open.back().copy);
    if (skeleton.message.size() > size_t(std::numeric_limits<int32_t>::max()))
      return makeError("expected less than 2 GiB beside the elements of tensors, but found " +
                       Twine(skeleton.message.size()) + " bytes");
    return std::move(skeleton);
  }

private:
  void copy(const WireField &field) {
    OpenMessage &message = open.back();
    if (message.kind == Message::Tensor && keepAway(message.payload, field))
      return;
    message.copy.append(reinterpret_cast<const char *>(bytes.data()) + field.begin,
                        field.end - field.begin);
  }

  /// Notes the place of elements; false for other fields.
  static bool keepAway(Payload &payload, const WireField &field) {
    if (field.number == rawDataField && field.type == WireType::Bytes) {
      payload.hasRaw = true;
      payload.rawOffset = field.value;
      payload.rawLength = field.end - field.value;
      return true;
    }
    if (!isTypedDataField(field.number))
      return false;
    if (field.type == WireType::Bytes) {
      payload.runs.push_back({field.number, true, field.value, field.end - field.value});
      return true;
    }
    if (!payload.runs.empty()) {
      ElementRun &last = payload.runs.back();
      if (!last.packed && last.field == field.number && last.offset + last.length == field.begin) {
        last.length += field.end - field.begin;
        return true;
      }
    }
    payload.runs.push_back({field.number, false, field.begin, field.end - field.begin});
    return true;
  }

  void close() {
    OpenMessage message = std::move(open.back());
    open.pop_back();
    if (message.kind == Message::Tensor) {
      appendVarint(message.copy, bytesTag(rawDataField));
      appendVarint(message.copy, 8);
      message.copy += payloadKey(skeleton.payloads.size());
      skeleton.payloads.push_back(std::move(message.payload));
    }
    std::string &parent = open.back().copy;
    appendVarint(parent, bytesTag(message.field));
    appendVarint(parent, message.copy.size());
    parent += message.copy;
  }

  ArrayRef<uint8_t> bytes;
  std::vector<OpenMessage> open;
  Skeleton skeleton;
};

} // namespace

Expected<Skeleton> quantc::onnx::stripPayloads(ArrayRef<uint8_t> model) {
  return Stripper(model).run();
}

//===----------------------------------------------------------------------===//
// In
//===----------------------------------------------------------------------===//

namespace {

/// A piece of the output, in order: bytes of the skeleton, the head of a message (whose size is
/// known when it ends), or a payload.
struct Piece {
  enum Kind { Copy, Head, Elements } kind;
  uint64_t begin = 0; ///< Copy: first byte. Head: field number. Elements: index.
  uint64_t size = 0;  ///< Copy: bytes. Head: bytes of the contents.
};

class Filler {
public:
  Filler(StringRef skeleton, ArrayRef<PayloadBytes> payloads)
      : skeleton(skeleton), payloads(payloads) {}

  /// Splits the skeleton into pieces and computes all sizes.
  Error plan() {
    ArrayRef<uint8_t> bytes(reinterpret_cast<const uint8_t *>(skeleton.data()), skeleton.size());
    open.push_back({Message::Model, bytes.size(), 0, 0});
    uint64_t offset = 0;
    while (true) {
      if (offset == open.back().end) {
        if (open.size() == 1)
          break;
        close();
        continue;
      }
      Expected<WireField> field = readField(bytes, offset, open.back().end);
      if (!field)
        return field.takeError();
      std::optional<Message> child = field->type == WireType::Bytes
                                         ? childMessage(open.back().kind, field->number)
                                         : std::nullopt;
      if (child) {
        pieces.push_back({Piece::Head, field->number, 0});
        open.push_back({*child, field->end, 0, pieces.size() - 1});
        offset = field->value;
        continue;
      }
      if (Error error = add(*field))
        return error;
      offset = field->end;
    }
    total = open.back().size;
    return Error::success();
  }

  uint64_t size() const { return total; }

  void write(raw_ostream &os) const {
    for (const Piece &piece : pieces) {
      switch (piece.kind) {
      case Piece::Copy:
        os << skeleton.substr(piece.begin, piece.size);
        break;
      case Piece::Head:
        writeHead(os, static_cast<uint32_t>(piece.begin), piece.size);
        break;
      case Piece::Elements:
        writeHead(os, rawDataField, payloads[piece.begin].size());
        os.write(payloads[piece.begin].data(), payloads[piece.begin].size());
        break;
      }
    }
  }

private:
  struct Level {
    Message kind;
    uint64_t end;
    uint64_t size; ///< Bytes written into it so far.
    size_t head;   ///< Its piece.
  };

  static uint64_t headSize(uint32_t field, uint64_t size) {
    return varintSize(bytesTag(field)) + varintSize(size);
  }

  static void writeHead(raw_ostream &os, uint32_t field, uint64_t size) {
    std::string head;
    appendVarint(head, bytesTag(field));
    appendVarint(head, size);
    os << head;
  }

  Error add(const WireField &field) {
    Level &level = open.back();
    if (level.kind == Message::Tensor && field.number == rawDataField) {
      std::optional<uint64_t> index =
          payloadIndex(skeleton.substr(field.value, field.end - field.value));
      if (!index || *index >= payloads.size())
        return makeError("expected the index of a tensor's elements in the skeleton");
      pieces.push_back({Piece::Elements, *index, 0});
      uint64_t size = payloads[*index].size();
      level.size += headSize(rawDataField, size) + size;
      return Error::success();
    }
    uint64_t size = field.end - field.begin;
    level.size += size;
    if (!pieces.empty() && pieces.back().kind == Piece::Copy &&
        pieces.back().begin + pieces.back().size == field.begin)
      pieces.back().size += size;
    else
      pieces.push_back({Piece::Copy, field.begin, size});
    return Error::success();
  }

  void close() {
    Level level = open.back();
    open.pop_back();
    Piece &head = pieces[level.head];
    head.size = level.size;
    open.back().size += headSize(static_cast<uint32_t>(head.begin), level.size) + level.size;
  }

  StringRef skeleton;
  ArrayRef<PayloadBytes> payloads;
  std::vector<Level> open;
  std::vector<Piece> pieces;
  uint64_t total = 0;
};

} // namespace

Expected<uint64_t> quantc::onnx::filledSize(StringRef skeleton, ArrayRef<PayloadBytes> payloads) {
  Filler filler(skeleton, payloads);
  if (Error error = filler.plan())
    return std::move(error);
  return filler.size();
}

Error quantc::onnx::fillPayloads(StringRef skeleton, ArrayRef<PayloadBytes> payloads,
                                 raw_ostream &os) {
  Filler filler(skeleton, payloads);
  if (Error error = filler.plan())
    return error;
  filler.write(os);
  return Error::success();
}
