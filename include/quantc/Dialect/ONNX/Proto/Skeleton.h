//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A serialised ModelProto without the elements of its tensors.
//
// Protobuf parses into memory of its own and refuses messages of 2 GiB, so the
// elements are kept away from it: `stripPayloads` walks the wire format of a
// mapped file and copies the message tree with, in place of each tensor's
// elements, the index of an entry that says where they lie. The generated
// classes then read a small message. `fillPayloads` is the way back: it streams
// a skeleton with the elements put in, of any size.
// Source of field numbers: onnx.proto, IR version 13.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_ONNX_PROTO_SKELETON_H
#define QUANTC_DIALECT_ONNX_PROTO_SKELETON_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace quantc::onnx {

/// Messages may nest this deep: a graph attribute adds three levels.
inline constexpr unsigned maxNesting = 200;

/// Consecutive occurrences of one typed data field (float_data, int32_data, ...): either the
/// contents of one packed field, or a run of single elements with their tags.
struct ElementRun {
  uint32_t field;
  bool packed;
  uint64_t offset; ///< In the file.
  uint64_t length; ///< Bytes.
};

/// Where the elements of one TensorProto lie.
struct Payload {
  bool hasRaw = false; ///< raw_data is present, perhaps empty.
  uint64_t rawOffset = 0;
  uint64_t rawLength = 0;
  llvm::SmallVector<ElementRun, 1> runs;
};

struct Skeleton {
  std::string message;
  std::vector<Payload> payloads;
};

/// The skeleton of a serialised ModelProto. Fails, with the byte offset, on truncated fields,
/// declared lengths beyond the enclosing message, invalid tags, and nesting beyond `maxNesting`.
llvm::Expected<Skeleton> stripPayloads(llvm::ArrayRef<uint8_t> model);

/// What raw_data of a TensorProto in a skeleton holds, and its reading.
std::string payloadKey(uint64_t index);
std::optional<uint64_t> payloadIndex(llvm::StringRef key);

/// Elements to put into a skeleton; they must outlive the call.
using PayloadBytes = llvm::ArrayRef<char>;

/// Bytes of the serialised model.
llvm::Expected<uint64_t> filledSize(llvm::StringRef skeleton,
                                    llvm::ArrayRef<PayloadBytes> payloads);

/// Writes the model: each TensorProto whose raw_data is a key gets the payload instead.
llvm::Error fillPayloads(llvm::StringRef skeleton, llvm::ArrayRef<PayloadBytes> payloads,
                         llvm::raw_ostream &os);

} // namespace quantc::onnx

#endif // QUANTC_DIALECT_ONNX_PROTO_SKELETON_H
