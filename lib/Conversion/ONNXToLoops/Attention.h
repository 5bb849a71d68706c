//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the attention ops of the standard and of ONNX Runtime share: heads, wherever they lie in
// memory, the scaled product of query, key and value, and the rotation by position.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_CONVERSION_ONNXTOLOOPS_ATTENTION_H
#define QUANTC_LIB_CONVERSION_ONNXTOLOOPS_ATTENTION_H

#include "NodeLowering.h"
#include <functional>

namespace quantc::toloops {

/// [batch, heads, length, size], wherever it lies in a buffer; the elements of a head at one place
/// are neighbours.
struct Heads {
  Tensor data; ///< as one axis
  Index batch, heads, length, size;
  Index perBatch, perHead, perPlace; ///< strides
  Index start = 0;

  Indices at(Index b, Index h, Index s, Index i) const {
    return {start + b * perBatch + h * perHead + s * perPlace + i};
  }
  Scalar load(Index b, Index h, Index s, Index i) const { return data.load(at(b, h, s, i)); }
  Scalar load(IndexRef p) const { return load(p[0], p[1], p[2], p[3]); }
  void store(Scalar value, IndexRef p) const { data.store(value, at(p[0], p[1], p[2], p[3])); }
  Indices sizes() const { return {batch, heads, length, size}; }
};

/// Of a tensor [batch, heads, length, size].
Heads headsFirst(const Tensor &tensor);
/// Of columns of a tensor [batch, length, columns], from column `first` on.
Heads headsInside(const Tensor &tensor, Index heads, Index size, Index first = 0);

/// Copies the past, if any, and behind it the fresh heads.
void joinHeads(Emitter &e, std::optional<Heads> past, const Heads &fresh, const Heads &to);
/// The same as a new tensor; `past` may be absent.
Tensor appendHeads(Emitter &e, const Tensor &past, const Heads &fresh);

/// softmax(query @ key^T * scale, adjusted) @ value. Query heads share the heads of key and value
/// evenly.
struct AttentionProduct {
  Heads query, key, value;
  Compute kind;      ///< of scores
  Scalar scale = {}; ///< of that kind
  /// Whether both factors take the root of the scale, as the standard says.
  bool splitScale = false;
  std::optional<double> softcap = std::nullopt;
  /// Score of key j for the query at [batch, head, place], after masks and biases; -inf hides it.
  std::function<Scalar(IndexRef query, Index j, Scalar score)> adjust = {};
  /// The number of keys that a batch has; all of them when unset.
  std::function<Index(Index batch)> keys = {};
  /// One more score of a head, in the divisor only.
  std::function<Scalar(Index head)> sink = {};
  /// Where scores go: [batch, heads, queries, keys].
  Tensor scores = {};
  enum class Stage {
    Product,
    Adjusted,
    Visible /* 0 where hidden */,
    Softmax
  } stage = Stage::Product;
};

/// Checks that batches, heads and sizes of query, key and value fit each other.
void checkAttention(Emitter &e, const AttentionProduct &product);
/// A query that sees no key gives zeros.
void emitAttention(Emitter &e, const AttentionProduct &product, const Heads &out);
/// 1 / sqrt(size).
Scalar defaultScale(Emitter &e, Index size, Compute kind);

/// Checks that every size of `tensor` is 1 or that of `sizes`, which may have more axes in front;
/// the last may be `shorter`.
void checkSpreads(Emitter &e, const Tensor &tensor, IndexRef sizes, bool shorter = false);

/// Turns pairs of the first elements of a head by angles in caches; `angle` loads the cosine or
/// sine number i for a batch and place. The pairs are neighbours, or lie half of `turned` apart.
struct Rotation {
  Index turned; ///< how many elements of a head turn
  bool interleaved = false;
  Tensor cosines = {}, sines = {};
  /// Position in both caches.
  std::function<Indices(Index batch, Index place, Index i)> angle = {};
};
void emitRotation(Emitter &e, const Rotation &rotation, const Heads &in, const Heads &out);

} // namespace quantc::toloops

#endif // QUANTC_LIB_CONVERSION_ONNXTOLOOPS_ATTENTION_H
