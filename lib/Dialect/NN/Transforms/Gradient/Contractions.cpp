//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Derivatives of contractions: each is again a contraction. With y = x W^T, dx = dy W and
// dW = dy^T x; a convolution's are convolutions with the roles of strides and dilations, and of
// batches and channels, exchanged.
//
//===----------------------------------------------------------------------===//

#include "Model.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::nn;

//===----------------------------------------------------------------------===//
// Matrices
//===----------------------------------------------------------------------===//

static LogicalResult pullLinear(LinearOp op, Pullback &p) {
  Emitter &e = p.e;
  Value dy = e.matrix(p.cotangent);
  if (p.wants(0))
    p.gradients[0] = e.reshape(e.matmul(dy, op.getWeight()), shapeOf(op.getInput()));
  if (p.wants(1))
    p.gradients[1] = e.matmul(e.transposeLast(dy), e.matrix(op.getInput()));
  if (op.getBias() && p.wants(2))
    p.gradients[2] = e.sum(dy, {0}, /*keepDims=*/false);
  return success();
}

/// Whether the value is one matrix, perhaps under leading axes of size 1.
static bool isOneMatrix(Value value) {
  return llvm::all_of(shapeOf(value).drop_back(2), [](int64_t size) { return size == 1; });
}

static LogicalResult pullMatMul(MatMulOp op, Pullback &p) {
  Emitter &e = p.e;
  Value a = op.getLhs(), b = op.getRhs(), dy = p.cotangent;
  if (p.wants(0))
    p.gradients[0] = e.sumTo(e.matmul(dy, e.transposeLast(b)), shapeOf(a));
  if (!p.wants(1))
    return success();
  // One matrix for all: the sum over what it was repeated for is a part of the product.
  bool whole = shapeOf(a).drop_back(2) == shapeOf(dy).drop_back(2);
  if (isOneMatrix(b) && whole) {
    Value product = e.matmul(e.transposeLast(e.matrix(a)), e.matrix(dy));
    p.gradients[1] = e.reshape(product, shapeOf(b));
  } else {
    p.gradients[1] = e.sumTo(e.matmul(e.transposeLast(a), dy), shapeOf(b));
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Convolution
//===----------------------------------------------------------------------===//

Value quantc::nn::convolve(Emitter &e, Value input, Value weight, ArrayRef<int64_t> strides,
                           ArrayRef<int64_t> dilations, ArrayRef<int64_t> pads, int64_t groups) {
  OpBuilder &b = e.builder;
  if (strides.size() > 2) { // loops alone have more axes
    SmallVector<int64_t> shape = {shapeOf(input)[0], shapeOf(weight)[0]};
    for (size_t i = 0; i < strides.size(); ++i) {
      const int64_t reach = (shapeOf(weight)[2 + i] - 1) * dilations[i] + 1;
      const int64_t padded = shapeOf(input)[2 + i] + pads[i] + pads[strides.size() + i];
      shape.push_back((padded - reach) / strides[i] + 1);
    }
    return e
        .node("Conv", {input, weight}, tensorType(input).clone(shape),
              {e.ints("strides", strides), e.ints("dilations", dilations), e.ints("pads", pads),
               e.integer("group", groups)})
        .front();
  }
  return ConvOp::create(b, e.loc, input, weight, Value(), b.getDenseI64ArrayAttr(strides),
                        b.getDenseI64ArrayAttr(dilations), b.getDenseI64ArrayAttr(pads),
                        b.getI64IntegerAttr(groups));
}

/// stride - 1 zeros behind each position, along each spatial axis.
static Value spread(Emitter &e, Value x, ArrayRef<int64_t> strides) {
  if (llvm::all_of(strides, [](int64_t stride) { return stride == 1; }))
    return x;
  ArrayRef<int64_t> shape = shapeOf(x);
  SmallVector<int64_t> split = {shape[0] * shape[1]}, after = {0};
  SmallVector<int64_t> merged(shape.take_front(2));
  for (auto [size, stride] : llvm::zip_equal(shape.drop_front(2), strides)) {
    llvm::append_values(split, size, int64_t(1));
    llvm::append_values(after, int64_t(0), stride - 1);
    merged.push_back(size * stride);
  }
  SmallVector<int64_t> none(split.size(), 0);
  return e.reshape(e.pad(e.reshape(x, split), none, after), merged);
}

Value quantc::nn::pullConvInput(Emitter &e, Value cotangent, Value weight,
                                ArrayRef<int64_t> inputShape, ArrayRef<int64_t> strides,
                                ArrayRef<int64_t> dilations, ArrayRef<int64_t> pads,
                                int64_t groups) {
  Value dy = spread(e, cotangent, strides);
  size_t spatial = strides.size();
  ArrayRef<int64_t> shape = shapeOf(weight);
  SmallVector<int64_t> kernel(shape.drop_front(2));
  int64_t outputs = shape[0] / groups, inputs = shape[1];

  // [groups, outputs, inputs, kernel...] with outputs and inputs exchanged, taps reversed.
  SmallVector<int64_t> split = {groups, outputs, inputs}, merged = {groups * inputs, outputs};
  SmallVector<int64_t> order = {0, 2, 1}, axes;
  for (size_t i = 0; i < spatial; ++i) {
    order.push_back(static_cast<int64_t>(3 + i));
    axes.push_back(static_cast<int64_t>(2 + i));
  }
  llvm::append_range(split, kernel);
  llvm::append_range(merged, kernel);
  Value turned = e.reshape(e.transpose(e.reshape(weight, split), order), merged);
  turned = e.reverse(turned, axes);

  SmallVector<int64_t> before = {0, 0}, after = {0, 0}, borders(2 * spatial, 0);
  for (size_t i = 0; i < spatial; ++i) {
    int64_t reach = (kernel[i] - 1) * dilations[i];
    int64_t first = reach - pads[i];
    int64_t last = inputShape[2 + i] + reach - first - shapeOf(dy)[2 + i];
    borders[i] = std::max<int64_t>(first, 0);
    borders[spatial + i] = std::max<int64_t>(last, 0);
    before.push_back(std::min<int64_t>(first, 0));
    after.push_back(std::min<int64_t>(last, 0));
  }
  dy = e.pad(dy, before, after);
  return convolve(e, dy, turned, SmallVector<int64_t>(spatial, 1), dilations, borders, groups);
}

static SmallVector<int64_t> joined(ArrayRef<int64_t> head, ArrayRef<int64_t> tail) {
  SmallVector<int64_t> all(head);
  llvm::append_range(all, tail);
  return all;
}

/// `head`, and then the remaining axes up to `rank` in their order.
static SmallVector<int64_t> permutation(ArrayRef<int64_t> head, size_t rank) {
  return joined(head, llvm::to_vector(llvm::seq<int64_t>(head.size(), rank)));
}

/// A kernel of one tap that moves by one: a product of matrices.
static Value pullPointwiseWeight(Emitter &e, Value dy, Value input, ArrayRef<int64_t> shape) {
  size_t rank = shapeOf(dy).size();
  SmallVector<int64_t> pixels = {0};
  llvm::append_range(pixels, llvm::seq<int64_t>(2, rank));
  pixels.push_back(1);
  Value right = e.matrix(e.transpose(input, pixels));
  Value left =
      e.reshape(e.transpose(dy, permutation({1, 0}, rank)), {shapeOf(dy)[1], shapeOf(right)[0]});
  return e.reshape(e.matmul(left, right), shape);
}

Value quantc::nn::pullConvWeight(Emitter &e, Value dy, Value input, ArrayRef<int64_t> shape,
                                 ArrayRef<int64_t> strides, ArrayRef<int64_t> dilations,
                                 ArrayRef<int64_t> pads, int64_t groups) {
  const int64_t outputs = shape[0], inputs = shape[1], images = shapeOf(input)[0];
  ArrayRef<int64_t> kernel = shape.drop_front(2);
  size_t spatial = kernel.size();
  auto isOne = [](int64_t n) { return n == 1; };
  if (groups == 1 && llvm::all_of(kernel, isOne) && llvm::all_of(strides, isOne) &&
      llvm::all_of(pads, [](int64_t n) { return n == 0; }))
    return pullPointwiseWeight(e, dy, input, shape);

  // With one output a group, each image has its own groups, and images are summed behind the
  // convolution; else they are its channels. Batches are the channels of a group.
  bool apart = outputs == groups;
  SmallVector<int64_t> in(shapeOf(input).drop_front(2)), out(shapeOf(dy).drop_front(2));
  if (!apart || inputs > 1) {
    SmallVector<int64_t> head = {2, 1, 0};
    if (apart)
      head = {2, 0, 1};
    input = e.reshape(input, joined({images, groups, inputs}, in));
    input = e.transpose(input, permutation(head, 3 + spatial));
  }
  input = e.reshape(input, joined({inputs, groups * images}, in));
  Value taps = apart ? e.reshape(dy, joined({images * outputs, 1}, out))
                     : e.transpose(dy, permutation({1, 0}, 2 + spatial));
  taps = convolve(e, input, taps, dilations, strides, pads, apart ? groups * images : groups);
  // What the forward pass did not reach: [inputs, (images) outputs, kernel...].
  SmallVector<int64_t> zeros(2 + spatial, 0);
  taps = e.slice(taps, zeros, joined(shapeOf(taps).take_front(2), kernel));
  if (apart) {
    taps = e.reshape(taps, joined({inputs, images, outputs}, kernel));
    taps = e.sum(taps, {1}, /*keepDims=*/false);
  }
  return e.transpose(taps, permutation({1, 0}, 2 + spatial));
}

Value quantc::nn::pullChannelBias(Emitter &e, Value cotangent) {
  SmallVector<int64_t> axes = {0};
  llvm::append_range(axes, llvm::seq<int64_t>(2, tensorType(cotangent).getRank()));
  return e.sum(cotangent, axes, /*keepDims=*/false);
}

static LogicalResult pullConv(ConvOp op, Pullback &p) {
  Emitter &e = p.e;
  if (p.wants(0))
    p.gradients[0] =
        pullConvInput(e, p.cotangent, op.getWeight(), shapeOf(op.getInput()), op.getStrides(),
                      op.getDilations(), op.getPads(), static_cast<int64_t>(op.getGroups()));
  if (p.wants(1))
    p.gradients[1] =
        pullConvWeight(e, p.cotangent, op.getInput(), shapeOf(op.getWeight()), op.getStrides(),
                       op.getDilations(), op.getPads(), static_cast<int64_t>(op.getGroups()));
  if (op.getBias() && p.wants(2))
    p.gradients[2] = pullChannelBias(e, p.cotangent);
  return success();
}

void quantc::nn::attachContractionGradients(MLIRContext *context) {
  LinearOp::attachInterface<Model<LinearOp, pullLinear>>(*context);
  MatMulOp::attachInterface<Model<MatMulOp, pullMatMul>>(*context);
  ConvOp::attachInterface<Model<ConvOp, pullConv>>(*context);
}
