//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops that move values: reshape, transpose, concat, pad.
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::tohls;

static IntegerType elementOf(Value stream) {
  return cast<hls::StreamType>(stream.getType()).getElement();
}

static LogicalResult lowerReshape(Lowering &lowering, Operation *operation) {
  auto op = cast<dyad::ReshapeOp>(operation);
  FailureOr<Place> in = lowering.place(op.getInput());
  std::optional<Image> out = imageOf(op.getType().getShape());
  if (failed(in))
    return failure();
  if (!out)
    return lowering.reject(op, "expected a result of one batch and at most two spatial axes");
  // Flattening: the order stays, the reader knows.
  if (in->image == *out || out->pixels() == 1) {
    lowering.set(op.getResult(), in->stream, in->image);
    return success();
  }
  FailureOr<Place> flat = lowering.ordered(op, op.getInput());
  if (failed(flat))
    return failure();
  Value stream = flat->stream;
  const Image &from = flat->image;
  if (from.pixels() > 1 && from.channels > 1)
    stream = lowering.transpose(op.getLoc(), stream, {from.height, from.width, from.channels},
                                {2, 0, 1});
  if (out->channels > 1)
    stream = lowering.transpose(op.getLoc(), stream, {out->channels, out->height, out->width},
                                {1, 2, 0});
  lowering.set(op.getResult(), stream, *out);
  return success();
}

static LogicalResult lowerTranspose(Lowering &lowering, Operation *operation) {
  auto op = cast<dyad::TransposeOp>(operation);
  FailureOr<Place> in = lowering.ordered(op, op.getInput());
  if (failed(in))
    return failure();
  ArrayRef<int64_t> permutation = op.getPermutation();
  std::optional<Image> out = imageOf(op.getType().getShape());
  if (!out || permutation.size() < 2 || permutation[0] != 0)
    return lowering.reject(op, "expected a transposition that leaves the batch in front");
  // Axes of the stream are rows, columns, channels.
  auto streamAxis = [&](int64_t axis) -> int64_t {
    if (axis == 1)
      return 2;
    return permutation.size() == 4 ? axis - 2 : 1;
  };
  SmallVector<int64_t> order;
  if (permutation.size() == 4)
    order.push_back(streamAxis(permutation[2]));
  else
    order.push_back(0);
  order.push_back(permutation.size() > 2 ? streamAxis(permutation.back()) : 1);
  order.push_back(streamAxis(permutation[1]));
  Value stream = in->stream;
  if (order != SmallVector<int64_t>{0, 1, 2})
    stream = lowering.transpose(op.getLoc(), stream,
                                {in->image.height, in->image.width, in->image.channels}, order);
  lowering.set(op.getResult(), stream, *out);
  return success();
}

static Value concat(Lowering &lowering, Location loc, Value lhs, Value rhs, int64_t outer,
                    int64_t lhsElements, int64_t rhsElements) {
  auto type = lowering.streamType(elementOf(lhs), outer * (lhsElements + rhsElements));
  return hls::ConcatOp::create(lowering.builder, loc, type, lhs, rhs, outer, lhsElements,
                               rhsElements, 1, DenseI64ArrayAttr());
}

static LogicalResult lowerConcat(Lowering &lowering, Operation *operation) {
  auto op = cast<dyad::ConcatOp>(operation);
  std::optional<Image> out = imageOf(op.getType().getShape());
  int64_t axis = op.getAxis(), rank = op.getType().getRank();
  if (!out || (rank >= 2 && axis == 0))
    return lowering.reject(op, "expected a concatenation inside one batch");
  Value stream;
  int64_t elements = 0, outer = 1;
  for (Value operand : op.getInputs()) {
    Image image = *imageOf(cast<RankedTensorType>(operand.getType()).getShape());
    FailureOr<Value> part = lowering.operand(op, operand, image);
    if (failed(part))
      return failure();
    int64_t own = image.elements();
    if (rank >= 2 && axis == 1) {
      outer = image.pixels();
      own = image.channels;
    } else if (rank == 4 && axis == 3) {
      outer = image.height;
      own = image.width * image.channels;
    }
    stream = stream ? concat(lowering, op.getLoc(), stream, *part, outer, elements, own) : *part;
    elements += own;
  }
  lowering.set(op.getResult(), stream, *out);
  return success();
}

/// `count` channels of `value` in front of or behind every pixel's own.
static void padChannels(Lowering &lowering, Location loc, Place &place, int64_t count,
                        int64_t value, bool before) {
  if (count == 0)
    return;
  Image &image = place.image;
  IntegerType element = elementOf(place.stream);
  std::vector<int64_t> values(size_t(count), value);
  Value padding = hls::ConstantOp::create(
      lowering.builder, loc, lowering.streamType(element, image.pixels() * count), image.pixels(),
      1, lowering.rom({count}, values, 32), DenseI64ArrayAttr());
  place.stream =
      before ? concat(lowering, loc, padding, place.stream, image.pixels(), count, image.channels)
             : concat(lowering, loc, place.stream, padding, image.pixels(), image.channels, count);
  image.channels += count;
}

static LogicalResult lowerPad(Lowering &lowering, Operation *operation) {
  auto op = cast<dyad::PadOp>(operation);
  FailureOr<Place> in = lowering.ordered(op, op.getInput());
  FailureOr<int64_t> value = lowering.scalar(op, op.getValue());
  std::optional<Image> out = imageOf(op.getType().getShape());
  if (failed(in) || failed(value))
    return failure();
  size_t rank = size_t(op.getType().getRank()), channels = rank >= 2 ? 1 : 0;
  ArrayRef<int64_t> before = op.getPads().take_front(rank), after = op.getPads().drop_front(rank);
  if (!out || (rank >= 2 && (before[0] != 0 || after[0] != 0)))
    return lowering.reject(op, "expected padding inside one batch");
  Place place = *in;
  SmallVector<int64_t> pads = {rank == 4 ? before[2] : 0, rank >= 3 ? before.back() : 0,
                               rank == 4 ? after[2] : 0, rank >= 3 ? after.back() : 0};
  if (llvm::any_of(pads, [](int64_t pad) { return pad != 0; })) {
    Image inner{place.image.channels, out->height, out->width};
    place.stream =
        hls::PadOp::create(lowering.builder, op.getLoc(),
                           lowering.streamType(elementOf(place.stream), inner.elements()),
                           place.stream, place.image.height, place.image.width,
                           place.image.channels, 1, pads, *value, DenseI64ArrayAttr());
    place.image = inner;
  }
  if (rank >= 1) {
    padChannels(lowering, op.getLoc(), place, before[channels], *value, /*before=*/true);
    padChannels(lowering, op.getLoc(), place, after[channels], *value, /*before=*/false);
  }
  lowering.set(op.getResult(), place.stream, *out);
  return success();
}

void tohls::addMovement(HandlerMap &handlers) {
  handlers["dyad.reshape"] = lowerReshape;
  handlers["dyad.transpose"] = lowerTranspose;
  handlers["dyad.concat"] = lowerConcat;
  handlers["dyad.pad"] = lowerPad;
}
