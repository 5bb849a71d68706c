//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Transforms of a tensor's channels that leave a network's function as it is, and where its ops let
// them through (docs/ChannelAlgebra.md). A value x of C channels is stored as x~:
//
//   Scale        x~_c = x_c / s_c          s_c > 0
//   Shift        x~_c = x_c - z_c
//   Rotation     x~ = x R                  row vector, R R^T = I
//   Permutation  x~_c = x_p(c)
//   Centering    x~ = x - mean_c(x)        a projection: it has no inverse
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_INTERFACES_CHANNELALGEBRA_H
#define QUANTC_INTERFACES_CHANNELALGEBRA_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/OpDefinition.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace quantc {

/// One digit of a channel's index, and where it lies: position p of axis `axis` has the digit
/// (p / inner) % size. The axis has outer * size * inner positions.
struct ChannelDigit {
  int64_t axis;
  int64_t size;
  int64_t inner;
  bool operator==(const ChannelDigit &o) const {
    return axis == o.axis && size == o.size && inner == o.inner;
  }
};

/// Where the channels of a tensor lie: the channel's index is a number of mixed radix whose digits,
/// most significant first, are found along axes. Positions that differ elsewhere only are of one
/// channel: all rows of a matrix, or all heads that share one transform.
struct ChannelSlot {
  llvm::SmallVector<ChannelDigit, 3> digits;

  /// All positions of one axis.
  static ChannelSlot axis(int64_t axis, int64_t size) { return {{ChannelDigit{axis, size, 1}}}; }
  /// Number of channels.
  int64_t size() const;
  bool operator==(const ChannelSlot &other) const { return digits == other.digits; }
  /// Whether a digit lies along `axis`.
  bool uses(int64_t axis) const;
  /// The axis of all digits, or nullopt when they lie along several.
  std::optional<int64_t> singleAxis() const;
  /// The slot with axis a of it at `map[a]`; nullopt when `map` is negative there.
  std::optional<ChannelSlot> mapAxes(llvm::ArrayRef<int64_t> map) const;
  /// For an axis of `length` positions that all digits lie along: the channel of each position.
  std::vector<int64_t> channelsOf(int64_t axis, int64_t length) const;
  /// "axis 2: 9 x 64 of 576", for messages.
  std::string text() const;
};

/// The slot behind a reshape from `from` to `to`, both static; nullopt when a digit is cut
/// otherwise than at whole factors, or sizes do not fit.
std::optional<ChannelSlot> reshapeSlot(const ChannelSlot &slot, llvm::ArrayRef<int64_t> from,
                                       llvm::ArrayRef<int64_t> to);

enum class TransformKind { Scale, Shift, Rotation, Permutation, Centering };

/// "scale", "shift", "rotation", "permutation", "centering".
llvm::StringRef transformName(TransformKind kind);

/// A transform of `channels` channels. The field of its kind is filled, the others are empty.
struct ChannelTransform {
  TransformKind kind;
  int64_t channels;
  std::vector<double> scale;    ///< s, positive
  std::vector<double> shift;    ///< z
  std::vector<double> rotation; ///< R, row-major [channels, channels]
  std::vector<int64_t> permutation;

  /// Whether the fields fit and are finite; the reason goes to `reason`.
  bool check(std::string &reason) const;
};

/// An operand or a result of an op.
struct Port {
  bool isResult;
  unsigned index;
  static Port operand(unsigned index) { return {false, index}; }
  static Port result(unsigned index) { return {true, index}; }
  bool operator==(const Port &o) const { return isResult == o.isResult && index == o.index; }
};

/// What an op says when the value at one of its ports is to be stored transformed.
struct Carry {
  /// A port that must carry the same transform; `inverse` where it is to carry the inverse one
  /// (of a scale: multiplied by s).
  struct Other {
    Port port;
    ChannelSlot slot;
    bool inverse = false;
  };
  /// Absorb: parameters of the op take it up, nothing else changes. Pass: the ports in `others`
  /// carry it as well (parameters may change, too). Refuse: neither is possible, for `reason`.
  enum Verdict { Absorb, Pass, Refuse } verdict;
  llvm::SmallVector<Other, 2> others;
  std::string reason;

  static Carry absorb() { return {Absorb, {}, {}}; }
  static Carry refuse(const llvm::Twine &reason) { return {Refuse, {}, reason.str()}; }
  static Carry pass(llvm::SmallVector<Other, 2> others) { return {Pass, std::move(others), {}}; }
};

/// Applies `transform` to a constant whose channels lie in `slot`, in float64, rounded once. `dual`
/// applies the inverse transposed: what a weight's input channels need so that the product with
/// transformed activations stays (x~ W~^T = x W^T); of a shift and of a centering nothing then.
/// `inverse` applies the inverse transform. Null when the bytes are not there.
mlir::ElementsAttr transformConstant(mlir::ElementsAttr value, const ChannelSlot &slot,
                                     const ChannelTransform &transform, bool dual, bool inverse,
                                     llvm::StringRef name);

} // namespace quantc

#include "quantc/Interfaces/ChannelAlgebra.h.inc"

#endif // QUANTC_INTERFACES_CHANNELALGEBRA_H
