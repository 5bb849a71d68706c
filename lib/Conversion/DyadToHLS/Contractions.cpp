//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops that accumulate: convolution, linear, pools, reductions.
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"
#include <numeric>

using namespace mlir;
using namespace quantc;
using namespace quantc::tohls;

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

namespace {
/// Rows in the order in which inputs arrive, and the bias with the zero point's share.
struct Weights {
  std::vector<int64_t> values;
  std::vector<int64_t> bias;
  int64_t zeroPoint = 0, rows = 0, columns = 0;
  unsigned bits = 1;
};
} // namespace

/// `column(k)` is the place of the k-th arriving input in a row of the op's weight.
template <typename Op>
static FailureOr<Weights> readWeights(Lowering &lowering, Op op,
                                      llvm::function_ref<int64_t(int64_t)> column) {
  FailureOr<std::vector<int64_t>> values = lowering.integers(op, op.getWeight());
  FailureOr<std::vector<int64_t>> bias = lowering.integers(op, op.getBias());
  FailureOr<int64_t> zeroPoint = lowering.scalar(op, op.getZeroPoint());
  if (failed(values) || failed(bias) || failed(zeroPoint))
    return failure();
  Weights w;
  w.bias = std::move(*bias);
  w.zeroPoint = *zeroPoint;
  w.rows = int64_t(w.bias.size());
  w.columns = int64_t(values->size()) / std::max<int64_t>(w.rows, 1);
  numerics::IntRange range;
  w.values.reserve(values->size());
  for (int64_t row = 0; row < w.rows; ++row) {
    int64_t sum = 0;
    for (int64_t k = 0; k < w.columns; ++k) {
      int64_t v = (*values)[size_t(row * w.columns + column(k))];
      w.values.push_back(v);
      range = range.unionWith(numerics::IntRange::point(v));
      sum += v;
    }
    w.bias[size_t(row)] -= w.zeroPoint * sum;
  }
  w.bits = range.bitsNeeded();
  if (w.bits > 16)
    return lowering.reject(op, "expected weights of at most 16 bits, but found " + Twine(w.bits));
  return w;
}

static ElementsAttr weightRom(Lowering &lowering, const Weights &w) {
  return lowering.rom({w.rows, w.columns}, w.values, w.bits <= 8 ? 8 : 16);
}

static void buildMvau(Lowering &lowering, Location loc, Value in, const Weights &w,
                      const Destination &to, Image out, int64_t groups) {
  Value result = hls::MvauOp::create(
      lowering.builder, loc, lowering.streamType(to.element, out.elements()), in, out.pixels(),
      groups, w.columns, w.rows / groups, 1, 1, to.accBits, w.bits, hls::Multiplier::Auto,
      weightRom(lowering, w), to.epilogue, DenseI64ArrayAttr());
  lowering.set(to.tensor, result, out);
}

//===----------------------------------------------------------------------===//
// Convolution and linear
//===----------------------------------------------------------------------===//

static LogicalResult lowerConv(Lowering &lowering, Operation *operation) {
  auto op = cast<dyad::ConvOp>(operation);
  FailureOr<Place> in = lowering.ordered(op, op.getInput());
  if (failed(in))
    return failure();
  Image out = *imageOf(op.getType().getShape());
  ArrayRef<int64_t> weightShape = cast<RankedTensorType>(op.getWeight().getType()).getShape();
  int64_t taps = 1, groups = op.getGroups(), groupInputs = weightShape[1];
  for (int64_t k : weightShape.drop_front(2))
    taps *= k;
  // Arrival: taps, then channels; the weight: channels, then taps.
  FailureOr<Weights> w = readWeights(
      lowering, op, [&](int64_t k) { return (k % groupInputs) * taps + k / groupInputs; });
  if (failed(w))
    return failure();
  FailureOr<Destination> to = lowering.destination(op, w->bias, out);
  if (failed(to))
    return failure();
  bool depthwise = groups > 1 && groups == out.channels && groupInputs == 1;
  Lowering::WindowShape shape = lowering.windowShape(weightShape.drop_front(2), op.getStrides(),
                                                     op.getDilations(), op.getPads(), out);
  Value stream = in->stream;
  if (!shape.isIdentity(in->image))
    stream = lowering.window(op.getLoc(), *in, shape, depthwise ? 0 : groups, w->zeroPoint);
  if (!depthwise) {
    buildMvau(lowering, op.getLoc(), stream, *w, *to, out, groups);
    return success();
  }
  Value result = hls::DepthwiseOp::create(
      lowering.builder, op.getLoc(), lowering.streamType(to->element, out.elements()), stream,
      out.pixels(), out.channels, 1, taps, to->accBits, w->bits, hls::Multiplier::Auto,
      weightRom(lowering, *w), to->epilogue, DenseI64ArrayAttr());
  lowering.set(to->tensor, result, out);
  return success();
}

static LogicalResult lowerLinear(Lowering &lowering, Operation *operation) {
  auto op = cast<dyad::LinearOp>(operation);
  if (op.getInput().getType().getRank() > 2)
    return lowering.reject(op, "expected an input of rank 1 or 2, but found rank " +
                                   Twine(op.getInput().getType().getRank()));
  FailureOr<Place> in = lowering.place(op.getInput());
  if (failed(in))
    return failure();
  Image image = in->image, out = *imageOf(op.getType().getShape());
  FailureOr<Weights> w = readWeights(lowering, op, [&](int64_t k) {
    int64_t c = k % image.channels, pixel = k / image.channels;
    return c * image.pixels() + pixel;
  });
  if (failed(w))
    return failure();
  FailureOr<Destination> to = lowering.destination(op, w->bias, out);
  if (failed(to))
    return failure();
  buildMvau(lowering, op.getLoc(), in->stream, *w, *to, out, 1);
  return success();
}

//===----------------------------------------------------------------------===//
// Pools and reductions
//===----------------------------------------------------------------------===//

static int64_t product(ArrayRef<int64_t> values) {
  return std::accumulate(values.begin(), values.end(), int64_t(1), std::multiplies<>());
}

static LogicalResult lowerMaxPool(Lowering &lowering, Operation *operation) {
  auto op = cast<dyad::MaxPoolOp>(operation);
  FailureOr<Place> in = lowering.ordered(op, op.getInput());
  if (failed(in))
    return failure();
  Image out = *imageOf(op.getType().getShape());
  auto element = cast<hls::StreamType>(in->stream.getType()).getElement();
  Lowering::WindowShape shape =
      lowering.windowShape(op.getKernel(), op.getStrides(), op.getDilations(), op.getPads(), out);
  int64_t least = element.isUnsigned() ? 0 : -(int64_t(1) << (element.getWidth() - 1));
  Value stream = lowering.window(op.getLoc(), *in, shape, 0, least);
  Value result = hls::ReduceMaxOp::create(
      lowering.builder, op.getLoc(), lowering.streamType(element, out.elements()), stream,
      out.pixels(), out.channels, 1, product(op.getKernel()), DenseI64ArrayAttr());
  lowering.set(op.getResult(), result, out);
  return success();
}

static LogicalResult lowerSumPool(Lowering &lowering, Operation *operation) {
  auto op = cast<dyad::SumPoolOp>(operation);
  FailureOr<Place> in = lowering.ordered(op, op.getInput());
  FailureOr<int64_t> zeroPoint = lowering.scalar(op, op.getZeroPoint());
  if (failed(in) || failed(zeroPoint))
    return failure();
  Image out = *imageOf(op.getType().getShape());
  int64_t taps = product(op.getKernel());
  FailureOr<Destination> to = lowering.destination(op, {-*zeroPoint * taps}, out);
  if (failed(to))
    return failure();
  Lowering::WindowShape shape =
      lowering.windowShape(op.getKernel(), op.getStrides(), op.getDilations(), op.getPads(), out);
  Value stream = lowering.window(op.getLoc(), *in, shape, 0, *zeroPoint);
  Value result = hls::ReduceSumOp::create(
      lowering.builder, op.getLoc(), lowering.streamType(to->element, out.elements()), stream,
      out.pixels(), out.channels, 1, taps, to->epilogue, DenseI64ArrayAttr());
  lowering.set(to->tensor, result, out);
  return success();
}

/// Which of channels, rows and columns are summed; axes of size 1 count as either.
static std::optional<bool> sumsChannels(ArrayRef<int64_t> shape, ArrayRef<int64_t> axes) {
  bool channels = true, spatial = true;
  for (auto [axis, size] : llvm::enumerate(shape)) {
    if (size == 1)
      continue;
    bool summed = llvm::is_contained(axes, int64_t(axis));
    bool isChannel = shape.size() < 2 || axis == 1;
    channels &= summed == isChannel;
    spatial &= summed == !isChannel;
  }
  if (spatial)
    return false;
  if (channels)
    return true;
  return std::nullopt;
}

static LogicalResult lowerReduceSum(Lowering &lowering, Operation *operation) {
  auto op = cast<dyad::ReduceSumOp>(operation);
  FailureOr<Place> in = lowering.ordered(op, op.getInput());
  FailureOr<int64_t> zeroPoint = lowering.scalar(op, op.getZeroPoint());
  if (failed(in) || failed(zeroPoint))
    return failure();
  std::optional<bool> overChannels = sumsChannels(op.getInput().getType().getShape(), op.getAxes());
  if (!overChannels)
    return lowering.reject(op, "expected a sum over all spatial axes or over all channels");
  Image image = in->image;
  Image out = *overChannels ? Image{1, image.height, image.width} : Image{image.channels, 1, 1};
  std::optional<Image> own = imageOf(op.getType().getShape());
  if (!own || own->elements() != out.elements())
    return lowering.reject(op, "expected a result of one batch");
  int64_t count = *overChannels ? image.channels : image.pixels();
  FailureOr<Destination> to = lowering.destination(op, {-*zeroPoint * count}, out);
  if (failed(to))
    return failure();
  if (*overChannels) {
    Weights ones;
    ones.values.assign(size_t(image.channels), 1);
    ones.rows = 1;
    ones.columns = image.channels;
    ones.bits = 2;
    buildMvau(lowering, op.getLoc(), in->stream, ones, *to, out, 1);
    return success();
  }
  Value result = hls::GlobalSumOp::create(
      lowering.builder, op.getLoc(), lowering.streamType(to->element, out.elements()), in->stream,
      image.pixels(), image.channels, 1, to->epilogue, DenseI64ArrayAttr());
  lowering.set(to->tensor, result, out);
  return success();
}

void tohls::addContractions(HandlerMap &handlers) {
  handlers["dyad.conv"] = lowerConv;
  handlers["dyad.linear"] = lowerLinear;
  handlers["dyad.max_pool"] = lowerMaxPool;
  handlers["dyad.sum_pool"] = lowerSumPool;
  handlers["dyad.reduce_sum"] = lowerReduceSum;
}
