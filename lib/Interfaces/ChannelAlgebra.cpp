//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Slots of channels, and transforms of constants; see ChannelAlgebra.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Interfaces/ChannelAlgebra.h"
#include "mlir/IR/BuiltinTypes.h"
#include "quantc/Interfaces/Weights.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <cmath>

using namespace mlir;

namespace quantc {

//===----------------------------------------------------------------------===//
// Slots
//===----------------------------------------------------------------------===//

int64_t ChannelSlot::size() const {
  int64_t total = 1;
  for (const ChannelDigit &digit : digits)
    total *= digit.size;
  return total;
}

bool ChannelSlot::uses(int64_t axis) const {
  return llvm::any_of(digits, [&](const ChannelDigit &digit) { return digit.axis == axis; });
}

std::optional<int64_t> ChannelSlot::singleAxis() const {
  if (digits.empty() ||
      llvm::any_of(digits, [&](const ChannelDigit &d) { return d.axis != digits.front().axis; }))
    return std::nullopt;
  return digits.front().axis;
}

std::optional<ChannelSlot> ChannelSlot::mapAxes(ArrayRef<int64_t> map) const {
  ChannelSlot result = *this;
  for (ChannelDigit &digit : result.digits) {
    if (digit.axis >= static_cast<int64_t>(map.size()) || map[digit.axis] < 0)
      return std::nullopt;
    digit.axis = map[digit.axis];
  }
  return result;
}

std::vector<int64_t> ChannelSlot::channelsOf(int64_t axis, int64_t length) const {
  std::vector<int64_t> channels(static_cast<size_t>(length), 0);
  for (int64_t position = 0; position < length; ++position)
    for (const ChannelDigit &digit : digits)
      channels[position] = channels[position] * digit.size +
                           (digit.axis == axis ? position / digit.inner % digit.size : 0);
  return channels;
}

std::string ChannelSlot::text() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleave(
      digits, os,
      [&](const ChannelDigit &digit) {
        os << digit.size << " along axis " << digit.axis;
        if (digit.inner != 1)
          os << " in steps of " << digit.inner;
      },
      " by ");
  return text;
}

/// Elements between neighbours of each axis; 0 for axes in front of which a size is unknown.
static SmallVector<int64_t> stridesOf(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 0);
  int64_t stride = 1;
  for (int64_t axis = static_cast<int64_t>(shape.size()) - 1; axis >= 0 && stride > 0; --axis) {
    strides[axis] = stride;
    stride = shape[axis] < 0 ? 0 : stride * shape[axis];
  }
  return strides;
}

/// Writes the digit (linear / step) % size along the axes of `shape`, fastest part first.
static bool placeDigit(int64_t step, int64_t size, ArrayRef<int64_t> shape,
                       ArrayRef<int64_t> strides, SmallVectorImpl<ChannelDigit> &parts) {
  for (int64_t axis = static_cast<int64_t>(shape.size()) - 1; axis >= 0 && size > 1; --axis) {
    if (strides[axis] == 0)
      return false;
    int64_t end = shape[axis] < 0 ? 0 : strides[axis] * shape[axis];
    if (end != 0 && end <= step)
      continue;
    if (step % strides[axis] != 0)
      return false;
    // Rows of unknown length may begin at any digit: there must be one.
    if (end == 0 && llvm::any_of(shape.take_front(axis), [](int64_t size) { return size != 1; }))
      return false;
    int64_t room = end == 0 ? size : end / step;
    int64_t part = std::min(size, room);
    if ((end != 0 && end % (step * part) != 0) || size % part != 0)
      return false;
    parts.push_back({axis, part, step / strides[axis]});
    size /= part;
    step *= part;
  }
  return size == 1;
}

std::optional<ChannelSlot> reshapeSlot(const ChannelSlot &slot, ArrayRef<int64_t> from,
                                       ArrayRef<int64_t> to) {
  SmallVector<int64_t> fromStrides = stridesOf(from), toStrides = stridesOf(to);
  ChannelSlot result;
  for (const ChannelDigit &digit : slot.digits) {
    if (fromStrides[digit.axis] == 0)
      return std::nullopt;
    SmallVector<ChannelDigit> parts;
    if (!placeDigit(digit.inner * fromStrides[digit.axis], digit.size, to, toStrides, parts))
      return std::nullopt;
    for (const ChannelDigit &part : llvm::reverse(parts)) {
      ChannelDigit *last = result.digits.empty() ? nullptr : &result.digits.back();
      if (last && last->axis == part.axis && last->inner == part.inner * part.size) {
        last->size *= part.size; // neighbours along one axis are one digit
        last->inner = part.inner;
      } else {
        result.digits.push_back(part);
      }
    }
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Transforms
//===----------------------------------------------------------------------===//

StringRef transformName(TransformKind kind) {
  static const char *const names[] = {"scale", "shift", "rotation", "permutation", "centering"};
  return names[static_cast<int>(kind)];
}

static bool allFinite(ArrayRef<double> values) {
  return llvm::all_of(values, [](double value) { return std::isfinite(value); });
}

bool ChannelTransform::check(std::string &reason) const {
  auto refuse = [&](const Twine &text) {
    reason = (transformName(kind) + ": " + text).str();
    return false;
  };
  size_t n = static_cast<size_t>(channels);
  auto expect = [&](size_t wanted, size_t found) {
    return refuse("expected " + Twine(wanted) + " numbers, but found " + Twine(found));
  };
  switch (kind) {
  case TransformKind::Scale:
    if (scale.size() != n)
      return expect(n, scale.size());
    if (!allFinite(scale) || llvm::any_of(scale, [](double s) { return !(s > 0.0); }))
      return refuse("expected factors that are positive and finite");
    return true;
  case TransformKind::Shift:
    if (shift.size() != n)
      return expect(n, shift.size());
    return allFinite(shift) || refuse("expected finite numbers");
  case TransformKind::Rotation:
    if (rotation.size() != n * n)
      return expect(n * n, rotation.size());
    return allFinite(rotation) || refuse("expected finite numbers");
  case TransformKind::Permutation: {
    std::vector<int64_t> sorted = permutation;
    llvm::sort(sorted);
    for (size_t c = 0; c < sorted.size(); ++c)
      if (sorted[c] != static_cast<int64_t>(c))
        return refuse("expected every channel once");
    return sorted.size() == n || expect(n, sorted.size());
  }
  case TransformKind::Centering:
    return true;
  }
  return false;
}

/// out[rows, n] = in[rows, n] M for M row-major [n, n]; sums run over k in order. Wider vectors do
/// the same operations, so that every machine gets the same bits.
__attribute__((target_clones("avx512f", "avx2", "default"))) static void
multiplyRows(const double *in, double *out, int64_t rows, const double *matrix, int64_t n) {
  constexpr int64_t columnBlock = 64, rowBlock = 8;
  for (int64_t j0 = 0; j0 < n; j0 += columnBlock) {
    int64_t width = std::min(columnBlock, n - j0);
    for (int64_t r0 = 0; r0 < rows; r0 += rowBlock) {
      double sums[rowBlock][columnBlock] = {};
      int64_t height = std::min(rowBlock, rows - r0);
      for (int64_t k = 0; k < n; ++k)
        for (int64_t r = 0; r < height; ++r)
          for (int64_t j = 0; j < width; ++j)
            sums[r][j] += in[(r0 + r) * n + k] * matrix[k * n + j0 + j];
      for (int64_t r = 0; r < height; ++r)
        std::copy_n(sums[r], width, out + (r0 + r) * n + j0);
    }
  }
}

static std::vector<double> transposed(ArrayRef<double> matrix, int64_t n) {
  std::vector<double> result(matrix.size());
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < n; ++j)
      result[j * n + i] = matrix[i * n + j];
  return result;
}

/// Transforms one vector of channels; rotations are done for many at once.
static void transformVector(double *x, const ChannelTransform &t, bool multiply, bool inverse,
                            std::vector<double> &scratch) {
  int64_t n = t.channels;
  switch (t.kind) {
  case TransformKind::Scale:
    for (int64_t c = 0; c < n; ++c)
      x[c] = multiply ? x[c] * t.scale[c] : x[c] / t.scale[c];
    return;
  case TransformKind::Shift:
    for (int64_t c = 0; c < n; ++c)
      x[c] += inverse ? t.shift[c] : -t.shift[c];
    return;
  case TransformKind::Permutation:
    scratch.assign(x, x + n);
    for (int64_t c = 0; c < n; ++c)
      x[inverse ? t.permutation[c] : c] = scratch[inverse ? c : t.permutation[c]];
    return;
  case TransformKind::Centering: {
    double mean = 0.0;
    for (int64_t c = 0; c < n; ++c)
      mean += x[c];
    mean /= static_cast<double>(n);
    for (int64_t c = 0; c < n; ++c)
      x[c] -= mean;
    return;
  }
  case TransformKind::Rotation:
    return;
  }
}

namespace {
/// The offsets of a constant's elements: of the channels from the first one, and of the first one
/// for each combination of the other coordinates.
struct SlotOffsets {
  std::vector<int64_t> channels, bases;
  SlotOffsets(ArrayRef<int64_t> shape, const ChannelSlot &slot);
};
} // namespace

SlotOffsets::SlotOffsets(ArrayRef<int64_t> shape, const ChannelSlot &slot)
    : channels(1, 0), bases(1, 0) {
  SmallVector<int64_t> strides = stridesOf(shape);
  for (const ChannelDigit &digit : slot.digits) {
    std::vector<int64_t> longer;
    for (int64_t offset : channels)
      for (int64_t value = 0; value < digit.size; ++value)
        longer.push_back(offset + value * digit.inner * strides[digit.axis]);
    channels = std::move(longer);
  }
  for (auto [axis, size] : llvm::enumerate(shape)) {
    std::vector<int64_t> longer;
    for (int64_t offset : bases)
      for (int64_t position = 0; position < size; ++position)
        if (llvm::all_of(slot.digits, [&, axis = static_cast<int64_t>(axis)](const auto &digit) {
              return digit.axis != axis || position / digit.inner % digit.size == 0;
            }))
          longer.push_back(offset + position * strides[axis]);
    bases = std::move(longer);
  }
}

ElementsAttr transformConstant(ElementsAttr value, const ChannelSlot &slot,
                               const ChannelTransform &transform, bool dual, bool inverse,
                               StringRef name) {
  TransformKind kind = transform.kind;
  if (dual && (kind == TransformKind::Shift || kind == TransformKind::Centering))
    return value;
  std::optional<std::vector<float>> values = readFloats(value);
  if (!values || slot.size() != transform.channels || (inverse && kind == TransformKind::Centering))
    return {};
  SlotOffsets offsets(value.getShapedType().getShape(), slot);
  constexpr size_t block = 64;
  int64_t n = transform.channels;
  std::vector<double> rows(block * n), rotated(kind == TransformKind::Rotation ? block * n : 0);
  std::vector<double> scratch, matrix;
  if (kind == TransformKind::Rotation)
    matrix = inverse ? transposed(transform.rotation, n) : transform.rotation;
  for (size_t begin = 0; begin < offsets.bases.size(); begin += block) {
    size_t count = std::min(block, offsets.bases.size() - begin);
    for (size_t row = 0; row < count; ++row)
      for (int64_t c = 0; c < n; ++c)
        rows[row * n + c] = (*values)[offsets.bases[begin + row] + offsets.channels[c]];
    const double *result = rows.data();
    if (kind == TransformKind::Rotation) {
      multiplyRows(rows.data(), rotated.data(), count, matrix.data(), n);
      result = rotated.data();
    } else {
      for (size_t row = 0; row < count; ++row)
        transformVector(rows.data() + row * n, transform, dual != inverse, inverse, scratch);
    }
    for (size_t row = 0; row < count; ++row)
      for (int64_t c = 0; c < n; ++c)
        (*values)[offsets.bases[begin + row] + offsets.channels[c]] =
            static_cast<float>(result[row * n + c]);
  }
  return makeFloatWeights(cast<RankedTensorType>(value.getShapedType()), *values, name);
}

} // namespace quantc
