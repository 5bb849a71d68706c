//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The shape rules of the `nn` ops; see NNShapes.h.
//
// Attributes of windows are limited to 31 bits, and sums with dimensions are checked, so that no
// input can overflow the arithmetic below.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/NN/IR/NNShapes.h"
#include "mlir/IR/BuiltinTypeInterfaces.h"
#include "llvm/Support/MathExtras.h"
#include <limits>

using mlir::ShapedType;

namespace quantc::nn {

bool isDynamicDim(int64_t dim) { return dim < 0; }

constexpr int64_t maxWindowValue = std::numeric_limits<int32_t>::max();
constexpr int64_t maxWindowedDim = int64_t(1) << 60;

std::string shapeText(ShapeRef shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    text += i ? ", " : "";
    text += isDynamicDim(shape[i]) ? "?" : std::to_string(shape[i]);
  }
  return text + "]";
}

std::optional<int64_t> staticProduct(ShapeRef shape) {
  int64_t product = 1;
  for (int64_t dim : shape)
    if (!isDynamicDim(dim) && llvm::MulOverflow(product, dim, product))
      return std::nullopt;
  return product;
}

int64_t windowExtent(int64_t kernel, int64_t dilation) { return (kernel - 1) * dilation + 1; }

/// Whether `values` has `count` elements between `least` and 2^31 - 1.
static bool checkValues(llvm::StringRef what, ShapeRef values, size_t count, int64_t least,
                        ReasonFn reason) {
  if (values.size() != count) {
    reason("expected " + llvm::Twine(count) + " " + what + ", but found " +
           llvm::Twine(values.size()));
    return false;
  }
  for (int64_t value : values)
    if (value < least || value > maxWindowValue) {
      reason("expected " + what + " between " + llvm::Twine(least) + " and " +
             llvm::Twine(maxWindowValue) + ", but found " + llvm::Twine(value));
      return false;
    }
  return true;
}

static bool checkWindow(size_t spatialRank, const Window &window, ReasonFn reason) {
  return checkValues("kernel sizes", window.kernel, spatialRank, 1, reason) &&
         checkValues("strides", window.strides, spatialRank, 1, reason) &&
         checkValues("dilations", window.dilations, spatialRank, 1, reason) &&
         checkValues("pads", window.pads, 2 * spatialRank, 0, reason);
}

/// Output size along one axis of static size `size`.
static std::optional<int64_t> windowDim(int64_t size, size_t axis, const Window &window,
                                        ReasonFn reason) {
  if (size > maxWindowedDim) {
    reason("expected a spatial size of at most 2^60, but found " + llvm::Twine(size));
    return std::nullopt;
  }
  int64_t before = window.pads[axis];
  int64_t after = window.pads[axis + window.kernel.size()];
  int64_t stride = window.strides[axis];
  int64_t extent = windowExtent(window.kernel[axis], window.dilations[axis]);
  int64_t room = size + before + after - extent;
  if (room < 0) {
    reason("expected a window that fits into the padded input, but spatial axis " +
           llvm::Twine(axis) + " has " + llvm::Twine(size + before + after) +
           " elements and the window covers " + llvm::Twine(extent));
    return std::nullopt;
  }
  if (!window.ceilMode)
    return room / stride + 1;
  int64_t out = (room + stride - 1) / stride + 1;
  return (out - 1) * stride >= size + before ? out - 1 : out;
}

/// Whether the output has as many elements along the axis as the input, whatever their number.
static bool keepsSize(size_t axis, const Window &window) {
  int64_t padding = window.pads[axis] + window.pads[axis + window.kernel.size()];
  return window.strides[axis] == 1 &&
         padding == windowExtent(window.kernel[axis], window.dilations[axis]) - 1;
}

std::optional<Shape> windowShape(ShapeRef spatial, const Window &window, ReasonFn reason) {
  if (!checkWindow(spatial.size(), window, reason))
    return std::nullopt;
  Shape result;
  for (auto [axis, size] : llvm::enumerate(spatial)) {
    if (isDynamicDim(size)) {
      result.push_back(keepsSize(axis, window) ? size : ShapedType::kDynamic);
      continue;
    }
    std::optional<int64_t> out = windowDim(size, axis, window, reason);
    if (!out)
      return std::nullopt;
    result.push_back(*out);
  }
  return result;
}

static bool checkSpatialRank(ShapeRef input, ReasonFn reason) {
  if (input.size() >= 3 && input.size() <= 5)
    return true;
  reason("expected an input with 1 to 3 spatial axes, but found rank " + llvm::Twine(input.size()));
  return false;
}

static bool checkStaticWeight(ShapeRef weight, ReasonFn reason) {
  auto bad = [](int64_t dim) { return isDynamicDim(dim) || dim == 0; };
  if (llvm::none_of(weight, bad) && staticProduct(weight))
    return true;
  reason("expected a weight with static sizes of at least 1, but found " + shapeText(weight));
  return false;
}

static bool checkBias(std::optional<ShapeRef> bias, int64_t channels, ReasonFn reason) {
  if (!bias || *bias == ShapeRef{channels})
    return true;
  reason("expected a bias of shape [" + llvm::Twine(channels) + "], but found " + shapeText(*bias));
  return false;
}

static bool checkChannels(ShapeRef input, ShapeRef weight, int64_t groups, ReasonFn reason) {
  if (groups < 1 || weight[0] % groups != 0) {
    reason("expected groups that divide the " + llvm::Twine(weight[0]) +
           " output channels, but found " + llvm::Twine(groups));
    return false;
  }
  int64_t channels = 0;
  bool overflow = llvm::MulOverflow(weight[1], groups, channels);
  if (overflow || (!isDynamicDim(input[1]) && input[1] != channels)) {
    reason("expected " + llvm::Twine(weight[1]) + " input channels in each of " +
           llvm::Twine(groups) + " groups, but found input " + shapeText(input));
    return false;
  }
  return true;
}

std::optional<Shape> convShape(ShapeRef input, ShapeRef weight, std::optional<ShapeRef> bias,
                               const Window &window, int64_t groups, ReasonFn reason) {
  if (!checkSpatialRank(input, reason))
    return std::nullopt;
  if (weight.size() != input.size()) {
    reason("expected a weight of rank " + llvm::Twine(input.size()) + ", but found " +
           llvm::Twine(weight.size()));
    return std::nullopt;
  }
  if (!checkStaticWeight(weight, reason) || !checkChannels(input, weight, groups, reason) ||
      !checkBias(bias, weight[0], reason))
    return std::nullopt;
  Window full = window;
  full.kernel = weight.drop_front(2);
  std::optional<Shape> spatial = windowShape(input.drop_front(2), full, reason);
  if (!spatial)
    return std::nullopt;
  Shape result{input[0], weight[0]};
  result.append(*spatial);
  return result;
}

std::optional<Shape> poolShape(ShapeRef input, const Window &window, ReasonFn reason) {
  if (!checkSpatialRank(input, reason))
    return std::nullopt;
  std::optional<Shape> spatial = windowShape(input.drop_front(2), window, reason);
  if (!spatial)
    return std::nullopt;
  size_t rank = window.kernel.size();
  for (auto [i, pad] : llvm::enumerate(window.pads)) {
    int64_t extent = windowExtent(window.kernel[i % rank], window.dilations[i % rank]);
    if (pad >= extent) {
      reason("expected a padding smaller than the window, but found " + llvm::Twine(pad) +
             " for a window of " + llvm::Twine(extent));
      return std::nullopt;
    }
  }
  Shape result{input[0], input[1]};
  result.append(*spatial);
  return result;
}

std::optional<Shape> linearShape(ShapeRef input, ShapeRef weight, std::optional<ShapeRef> bias,
                                 ReasonFn reason) {
  if (input.empty()) {
    reason("expected an input of rank 1 or more, but found rank 0");
    return std::nullopt;
  }
  if (weight.size() != 2) {
    reason("expected a weight of rank 2, but found " + llvm::Twine(weight.size()));
    return std::nullopt;
  }
  if (!checkStaticWeight(weight, reason) || !checkBias(bias, weight[0], reason))
    return std::nullopt;
  if (!isDynamicDim(input.back()) && input.back() != weight[1]) {
    reason("expected " + llvm::Twine(weight[1]) + " elements along the last axis, but found " +
           llvm::Twine(input.back()));
    return std::nullopt;
  }
  Shape result(input);
  result.back() = weight[0];
  return result;
}

static std::optional<int64_t> broadcastDim(int64_t lhs, int64_t rhs) {
  if (lhs == rhs || rhs == 1)
    return lhs;
  if (lhs == 1)
    return rhs;
  if (isDynamicDim(lhs) && isDynamicDim(rhs))
    return ShapedType::kDynamic;
  if (isDynamicDim(lhs))
    return rhs;
  if (isDynamicDim(rhs))
    return lhs;
  return std::nullopt;
}

std::optional<Shape> broadcastShape(ShapeRef lhs, ShapeRef rhs, ReasonFn reason) {
  size_t rank = std::max(lhs.size(), rhs.size());
  Shape result(rank);
  for (size_t i = 0; i < rank; ++i) {
    int64_t left = i < lhs.size() ? lhs[lhs.size() - 1 - i] : 1;
    int64_t right = i < rhs.size() ? rhs[rhs.size() - 1 - i] : 1;
    std::optional<int64_t> dim = broadcastDim(left, right);
    if (!dim) {
      reason("expected shapes that broadcast, but found " + shapeText(lhs) + " and " +
             shapeText(rhs));
      return std::nullopt;
    }
    result[rank - 1 - i] = *dim;
  }
  return result;
}

std::optional<Shape> matmulShape(ShapeRef lhs, ShapeRef rhs, ReasonFn reason) {
  if (lhs.size() < 2 || rhs.size() < 2) {
    reason("expected operands of rank 2 or more, but found ranks " + llvm::Twine(lhs.size()) +
           " and " + llvm::Twine(rhs.size()));
    return std::nullopt;
  }
  int64_t left = lhs.back(), right = rhs[rhs.size() - 2];
  if (!isDynamicDim(left) && !isDynamicDim(right) && left != right) {
    reason("expected equal inner sizes, but found " + llvm::Twine(left) + " and " +
           llvm::Twine(right));
    return std::nullopt;
  }
  std::optional<Shape> result = broadcastShape(lhs.drop_back(2), rhs.drop_back(2), reason);
  if (result)
    result->append({lhs[lhs.size() - 2], rhs.back()});
  return result;
}

std::optional<Shape> reduceShape(ShapeRef input, ShapeRef axes, bool keepDims, ReasonFn reason) {
  int64_t rank = input.size();
  for (size_t i = 0; i < axes.size(); ++i)
    if (axes[i] < 0 || axes[i] >= rank || (i > 0 && axes[i] <= axes[i - 1])) {
      reason("expected sorted axes below rank " + llvm::Twine(rank) +
             " without repeats, but found " + shapeText(axes));
      return std::nullopt;
    }
  Shape result;
  for (int64_t axis = 0; axis < rank; ++axis)
    if (!llvm::is_contained(axes, axis))
      result.push_back(input[axis]);
    else if (keepDims)
      result.push_back(1);
  return result;
}

std::optional<Shape> transposeShape(ShapeRef input, ShapeRef permutation, ReasonFn reason) {
  Shape sorted(permutation);
  llvm::sort(sorted);
  bool valid = sorted.size() == input.size();
  for (size_t i = 0; valid && i < sorted.size(); ++i)
    valid = sorted[i] == static_cast<int64_t>(i);
  if (!valid) {
    reason("expected a permutation of " + llvm::Twine(input.size()) + " axes, but found " +
           shapeText(permutation));
    return std::nullopt;
  }
  Shape result;
  for (int64_t axis : permutation)
    result.push_back(input[axis]);
  return result;
}

/// Joins one more input into `result`.
static bool joinConcat(Shape &result, ShapeRef input, int64_t axis) {
  if (input.size() != result.size())
    return false;
  for (size_t i = 0; i < result.size(); ++i) {
    bool dynamic = isDynamicDim(result[i]) || isDynamicDim(input[i]);
    if (static_cast<int64_t>(i) == axis) {
      if (dynamic)
        result[i] = ShapedType::kDynamic;
      else if (llvm::AddOverflow(result[i], input[i], result[i]))
        return false;
    } else if (isDynamicDim(result[i])) {
      result[i] = input[i];
    } else if (!dynamic && result[i] != input[i]) {
      return false;
    }
  }
  return true;
}

std::optional<Shape> concatShape(llvm::ArrayRef<ShapeRef> inputs, int64_t axis, ReasonFn reason) {
  if (inputs.empty()) {
    reason("expected at least 1 input, but found 0");
    return std::nullopt;
  }
  int64_t rank = inputs[0].size();
  if (axis < 0 || axis >= rank) {
    reason("expected an axis below rank " + llvm::Twine(rank) + ", but found " + llvm::Twine(axis));
    return std::nullopt;
  }
  Shape result(inputs[0]);
  for (ShapeRef input : inputs.drop_front())
    if (!joinConcat(result, input, axis)) {
      reason("expected inputs that agree outside axis " + llvm::Twine(axis) + ", but found " +
             shapeText(inputs[0]) + " and " + shapeText(input));
      return std::nullopt;
    }
  return result;
}

std::optional<Shape> padShape(ShapeRef input, ShapeRef pads, ReasonFn reason) {
  size_t rank = input.size();
  if (!checkValues("pads", pads, 2 * rank, 0, reason))
    return std::nullopt;
  Shape result(input);
  for (size_t i = 0; i < rank; ++i) {
    int64_t padding = pads[i] + pads[i + rank];
    if (isDynamicDim(input[i])) {
      result[i] = padding == 0 ? input[i] : ShapedType::kDynamic;
      continue;
    }
    if (llvm::AddOverflow(input[i], padding, result[i])) {
      reason("expected a padded size that fits into 64 bits, but found input " + shapeText(input));
      return std::nullopt;
    }
  }
  return result;
}

bool checkReshape(ShapeRef input, ShapeRef result, ReasonFn reason) {
  if (llvm::count_if(result, isDynamicDim) > 1) {
    reason("expected at most one dynamic dimension in the result, but found " + shapeText(result));
    return false;
  }
  std::optional<int64_t> from = staticProduct(input), to = staticProduct(result);
  if (!from || !to) {
    reason("expected element counts that fit into 64 bits, but found " + shapeText(input) +
           " and " + shapeText(result));
    return false;
  }
  bool fromStatic = llvm::none_of(input, isDynamicDim);
  bool toStatic = llvm::none_of(result, isDynamicDim);
  bool fits = fromStatic && toStatic ? *from == *to
              : fromStatic           ? (*to == 0 ? *from == 0 : *from % *to == 0)
              : toStatic             ? (*from == 0 ? *to == 0 : *to % *from == 0)
                                     : true;
  if (!fits)
    reason("expected equal element counts, but found " + shapeText(input) + " and " +
           shapeText(result));
  return fits;
}

} // namespace quantc::nn
