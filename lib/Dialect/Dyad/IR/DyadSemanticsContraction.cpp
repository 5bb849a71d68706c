//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// Meaning of conv, linear and matmul: exact sums of products. Rules [NUM-ACC-1] and [NUM-ACC-2].
//
// Sums run modulo 2^32, which is exact whenever the bound on every partial sum, taken over the
// values at hand, stays within 32 bits. Where it does not, they run in 64 bits and a sum outside 32
// bits is an error: evaluation never wraps silently.
//
//===----------------------------------------------------------------------===//

#include "Support.h"
#include "quantc/Numerics/Accumulator.h"
#include "quantc/Support/Convolution.h"

using namespace mlir;

namespace quantc::dyad {

using numerics::IntRange;

QUANTC_HOST_LEVELS static void productU32(const ProductArgs<uint32_t> &args) {
  runProduct<uint32_t>(args);
}

namespace {
/// What conv and linear have in common: a linear layer is a convolution with a 1x1 window, whose
/// images are one matrix.
struct Contraction {
  Operation *op;
  Window window;
  int64_t batch = 1, groups = 1, channels = 1, outputs = 1; ///< channels, outputs: of one group
  const IntTensor &weight, &bias;

  int64_t depth() const { return channels * window.kernelSize(); }
  int64_t imageSize() const { return groups * channels * window.inputSize(); }
  int64_t resultSize() const { return groups * outputs * window.outputSize(); }
};
} // namespace

/// Smallest and greatest x - zeroPoint, and 0 because of padding.
static IntRange centredRange(ArrayRef<int32_t> values, int32_t zeroPoint) {
  IntRange range;
  for (int32_t value : values) {
    int64_t centred = int64_t(value) - zeroPoint;
    range = range.unionWith(IntRange::point(centred));
  }
  return range;
}

/// The greatest bound on a partial sum of any output channel. [NUM-ACC-2]
static int64_t largestPrefix(const Contraction &c, IntRange x) {
  int64_t largest = 0;
  for (int64_t o = 0; o < c.groups * c.outputs; ++o)
    largest = std::max(largest, numerics::prefixBound(c.weight.data.data() + o * c.depth(),
                                                      c.depth(), c.bias.data[o], x));
  return largest;
}

/// One image in 64 bits, scalar.
static LogicalResult evaluateWide(const Contraction &c, const uint32_t *image, int32_t *out) {
  int64_t positions = c.window.outputSize(), taps = c.window.kernelSize();
  std::vector<int64_t> sums(static_cast<size_t>(positions));
  for (int64_t o = 0; o < c.groups * c.outputs; ++o, out += positions) {
    const uint32_t *input = image + o / c.outputs * c.channels * c.window.inputSize();
    const int32_t *weights = c.weight.data.data() + o * c.depth();
    std::fill(sums.begin(), sums.end(), c.bias.data[o]);
    forEachTapRun(c.window, 0, positions, [&](int64_t tap, int64_t at, int64_t count, int64_t in) {
      for (int64_t ch = 0; ch < c.channels && in >= 0; ++ch)
        for (int64_t i = 0; i < count; ++i)
          sums[at + i] +=
              int64_t(weights[ch * taps + tap]) *
              int32_t(input[ch * c.window.inputSize() + in + i * c.window.axes[2].stride]);
    });
    for (int64_t i = 0; i < positions; ++i) {
      if (sums[i] < INT32_MIN || sums[i] > INT32_MAX)
        return c.op->emitOpError("expected accumulators of 32 bits, but found the sum ")
               << sums[i] << " in output channel " << o << " [NUM-ACC-1]";
      out[i] = static_cast<int32_t>(sums[i]);
    }
  }
  return success();
}

/// Images [batch][channels][positions] to results [batch][outputs][positions].
static LogicalResult evaluateContraction(const Contraction &c, ArrayRef<int32_t> input,
                                         int32_t zeroPoint, MutableArrayRef<int32_t> out) {
  int64_t largest = largestPrefix(c, centredRange(input, zeroPoint));
  if (largest == INT64_MAX)
    return c.op->emitOpError("expected partial sums of 64 bits, but found none that is certain to "
                             "fit [NUM-ACC-2]");
  bool narrow = largest <= INT32_MAX;
  std::vector<uint32_t> image(static_cast<size_t>(c.imageSize() + kTileColumns));
  std::vector<uint32_t> packed, bias(c.bias.data.begin(), c.bias.data.end());
  if (narrow)
    packed = packConvolution<uint32_t>(c.weight.data.data(), c.groups, c.outputs, c.channels,
                                       c.window.kernelSize());
  for (int64_t n = 0; n < c.batch; ++n) {
    const int32_t *source = input.data() + n * c.imageSize();
    for (int64_t i = 0; i < c.imageSize(); ++i)
      image[i] = uint32_t(source[i]) - uint32_t(zeroPoint);
    int32_t *target = out.data() + n * c.resultSize();
    if (!narrow) {
      if (failed(evaluateWide(c, image.data(), target)))
        return failure();
      continue;
    }
    convolve<uint32_t>({c.window, c.groups, c.channels, c.outputs, image.data(), packed.data(),
                        bias.data(), reinterpret_cast<uint32_t *>(target)},
                       productU32);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Ranges
//===----------------------------------------------------------------------===//

namespace {
/// Operand ranges of a contraction, with its shape as far as it is static.
struct RangeQuery {
  int64_t groups, channels, outputs, taps; ///< channels, outputs: of one group
  bool padded;
  const OperandRange &input, &weight, &bias, &zeroPoint;

  /// Range of x - zero_point for one input channel.
  IntRange inputChannel(int64_t axis, int64_t channel) const {
    IntRange range = input.range;
    if (input.channelAxis == axis && channel < int64_t(input.channels.size()))
      range = input.channels[channel];
    range = numerics::sub(range, zeroPoint.range);
    return padded ? range.unionWith(IntRange::point(0)) : range;
  }
};
} // namespace

/// Sums the ranges of an output channel over its input channels. [NUM-ACC-1] [NUM-ACC-2]
static void addChannel(const RangeQuery &q, int64_t inputAxis, int64_t output,
                       ResultRange &result) {
  IntRange bias = q.bias.constant ? IntRange::point(q.bias.constant->data[output]) : q.bias.range;
  IntRange sum = bias;
  int64_t prefix = numerics::saturateToInt64(numerics::int128_t(bias.maxAbs()));
  for (int64_t c = 0; c < q.channels; ++c) {
    IntRange x = q.inputChannel(inputAxis, output / q.outputs * q.channels + c);
    IntRange term;
    int64_t bound;
    if (q.weight.constant) {
      const int32_t *w = q.weight.constant->data.data() + (output * q.channels + c) * q.taps;
      term = numerics::accumulatorRange(w, q.taps, 0, x);
      bound = numerics::prefixBound(w, q.taps, 0, x);
    } else {
      term = numerics::mul(numerics::mul(q.weight.range, x), q.taps);
      bound = numerics::saturateToInt64(numerics::int128_t(term.maxAbs()));
    }
    sum = numerics::add(sum, term);
    prefix = numerics::add(IntRange::point(prefix), bound).hi;
  }
  result.channels.push_back(sum);
  result.accumulator.push_back({-prefix, prefix});
}

static ResultRange inferContraction(const RangeQuery &q, int64_t inputAxis, int64_t resultAxis) {
  ResultRange result;
  result.channelAxis = resultAxis;
  for (int64_t o = 0; o < q.groups * q.outputs; ++o)
    addChannel(q, inputAxis, o, result);
  result.range = result.channels.front();
  for (IntRange channel : result.channels)
    result.range = result.range.unionWith(channel);
  return result;
}

static OpCost contractionCost(Operation *op, int64_t depth) {
  OpCost cost;
  cost.operations = nominalElements(op->getResult(0).getType());
  cost.macs = cost.operations * depth;
  cost.constantBytes = constantBytes(op);
  return cost;
}

//===----------------------------------------------------------------------===//
// conv
//===----------------------------------------------------------------------===//

bool ConvOp::accumulates() { return true; }
ChannelBias ConvOp::getChannelBias() { return {&getBiasMutable(), 1}; }

FailureOr<SmallVector<IntTensor>> ConvOp::evaluate(ArrayRef<const IntTensor *> operands) {
  if (failed(checkOperands(*this, operands)))
    return failure();
  const IntTensor &input = *operands[0], &weight = *operands[1];
  Contraction c{*this, {}, 1, 1, 1, 1, weight, *operands[2]};
  c.groups = getGroups();
  c.batch = input.shape[0];
  c.channels = weight.shape[1];
  c.outputs = weight.shape[0] / c.groups;
  c.window = makeWindow(ArrayRef(input.shape).drop_front(2), ArrayRef(weight.shape).drop_front(2),
                        getStrides(), getDilations(), getPads());
  std::vector<int64_t> shape = {c.batch, weight.shape[0]};
  for (size_t i = 5 - input.shape.size(); i < 3; ++i)
    shape.push_back(c.window.axes[i].output);
  if (failed(checkResultShape(*this, shape)))
    return failure();
  IntTensor result(shape);
  if (failed(evaluateContraction(c, input.data, operands[3]->data[0], result.data)))
    return failure();
  return single(std::move(result));
}

ResultRange ConvOp::inferRange(ArrayRef<OperandRange> operands) {
  RankedTensorType weight = getWeight().getType();
  int64_t taps = 1;
  for (int64_t size : weight.getShape().drop_front(2))
    taps *= size;
  bool padded = llvm::any_of(getPads(), [](int64_t pad) { return pad != 0; });
  RangeQuery query{static_cast<int64_t>(getGroups()),
                   weight.getDimSize(1),
                   weight.getDimSize(0) / static_cast<int64_t>(getGroups()),
                   taps,
                   padded,
                   operands[0],
                   operands[1],
                   operands[2],
                   operands[3]};
  return inferContraction(query, /*inputAxis=*/1, /*resultAxis=*/1);
}

OpCost ConvOp::getCost() {
  RankedTensorType weight = getWeight().getType();
  return contractionCost(*this, weight.getNumElements() / weight.getDimSize(0));
}

//===----------------------------------------------------------------------===//
// linear
//===----------------------------------------------------------------------===//

bool LinearOp::accumulates() { return true; }
ChannelBias LinearOp::getChannelBias() {
  return {&getBiasMutable(), getResult().getType().getRank() - 1};
}

FailureOr<SmallVector<IntTensor>> LinearOp::evaluate(ArrayRef<const IntTensor *> operands) {
  if (failed(checkOperands(*this, operands)))
    return failure();
  const IntTensor &input = *operands[0], &weight = *operands[1];
  std::vector<int64_t> shape = input.shape;
  shape.back() = weight.shape[0];
  if (failed(checkResultShape(*this, shape)))
    return failure();
  IntTensor result(shape);
  int64_t depth = weight.shape[1], outputs = weight.shape[0];
  int64_t rows = depth == 0 ? 0 : static_cast<int64_t>(input.size()) / depth;
  Contraction c{*this, {}, 1, 1, depth, outputs, weight, *operands[2]};
  c.window.axes[2].input = c.window.axes[2].output = rows;
  std::vector<int32_t> columns(input.size()), sums(result.size());
  gather(columns.data(), input.data.data(), {depth, rows}, Dims{1, depth});
  if (failed(evaluateContraction(c, columns, operands[3]->data[0], sums)))
    return failure();
  gather(result.data.data(), sums.data(), {rows, outputs}, Dims{1, rows});
  return single(std::move(result));
}

ResultRange LinearOp::inferRange(ArrayRef<OperandRange> operands) {
  RankedTensorType weight = getWeight().getType();
  RangeQuery query{/*groups=*/1,     weight.getDimSize(1), weight.getDimSize(0),
                   /*taps=*/1,
                   /*padded=*/false, operands[0],          operands[1],
                   operands[2],      operands[3]};
  int64_t axis = getInput().getType().getRank() - 1;
  return inferContraction(query, axis, axis);
}

OpCost LinearOp::getCost() { return contractionCost(*this, getWeight().getType().getDimSize(1)); }

//===----------------------------------------------------------------------===//
// matmul
//===----------------------------------------------------------------------===//

bool MatMulOp::accumulates() { return true; }

namespace {
/// Where the matrices of an operand lie for each one of the result, which it broadcasts to.
class Matrices {
public:
  explicit Matrices(ArrayRef<int64_t> shape) : shape(shape) {
    size = shape[shape.size() - 2] * shape.back();
  }
  /// Offset of the matrix for matrix `index` of a result with these leading axes.
  int64_t offset(int64_t index, ArrayRef<int64_t> leading) const {
    int64_t result = 0, stride = size;
    size_t own = shape.size() - 2;
    for (size_t i = 0; i < leading.size(); ++i) {
      int64_t extent = leading[leading.size() - 1 - i], place = index % extent;
      index /= extent;
      if (i >= own)
        break;
      int64_t mine = shape[own - 1 - i];
      result += (mine == 1 ? 0 : place) * stride;
      stride *= mine;
    }
    return result;
  }

private:
  ArrayRef<int64_t> shape;
  int64_t size;
};
} // namespace

FailureOr<SmallVector<IntTensor>> MatMulOp::evaluate(ArrayRef<const IntTensor *> operands) {
  if (failed(checkOperands(*this, operands)))
    return failure();
  const IntTensor &a = *operands[0], &b = *operands[1];
  std::optional<Dims> leading =
      broadcastShapes(ArrayRef(a.shape).drop_back(2), ArrayRef(b.shape).drop_back(2));
  int64_t rows = a.shape[a.shape.size() - 2], depth = a.shape.back(), columns = b.shape.back();
  if (!leading || b.shape[b.shape.size() - 2] != depth)
    return emitOpError("expected matrices that fit [DYAD-MM-1]");
  std::vector<int64_t> shape(leading->begin(), leading->end());
  shape.push_back(rows);
  shape.push_back(columns);
  if (failed(checkResultShape(*this, shape)))
    return failure();
  IntTensor result(shape);
  int32_t za = operands[2]->data[0], zb = operands[3]->data[0];
  int64_t count = rows * columns == 0 ? 0 : static_cast<int64_t>(result.size()) / (rows * columns);
  std::vector<int64_t> sums(static_cast<size_t>(columns));
  for (int64_t i = 0; i < count * rows; ++i) {
    const int32_t *x = &a.data[Matrices(a.shape).offset(i / rows, *leading) + i % rows * depth];
    const int32_t *y = b.data.data() + Matrices(b.shape).offset(i / rows, *leading);
    std::fill(sums.begin(), sums.end(), 0);
    for (int64_t k = 0; k < depth; ++k)
      for (int64_t n = 0; n < columns; ++n) {
        int64_t &sum = sums[n];
        sum += int64_t(x[k] - za) * (y[k * columns + n] - zb);
        if (sum < INT32_MIN || sum > INT32_MAX)
          return emitOpError("expected sums of 32 bits, but found ") << sum << " [NUM-ACC-1]";
      }
    std::copy(sums.begin(), sums.end(), &result.data[i * columns]);
  }
  return single(std::move(result));
}

ResultRange MatMulOp::inferRange(ArrayRef<OperandRange> operands) {
  int64_t depth = getLhs().getType().getShape().back();
  ResultRange result;
  if (ShapedType::isDynamic(depth)) {
    result.range = typeRange(getResult().getType());
    return result;
  }
  IntRange product = numerics::mul(numerics::sub(operands[0].range, operands[2].range),
                                   numerics::sub(operands[1].range, operands[3].range));
  result.range = numerics::mul(product, depth);
  // Any prefix of the sum, in any order.
  int64_t bound = numerics::mul(IntRange{0, static_cast<int64_t>(product.maxAbs())}, depth).hi;
  result.accumulator.push_back({-bound, bound});
  return result;
}

OpCost MatMulOp::getCost() {
  int64_t depth = getLhs().getType().getShape().back();
  return contractionCost(*this, ShapedType::isDynamic(depth) ? 1 : depth);
}

} // namespace quantc::dyad
