//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Copies, fills and the borders of padded images.
//
//===----------------------------------------------------------------------===//

#include "LoopNest.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::togpu;

static LogicalResult lowerCopy(Program &program, Operation *operation) {
  auto op = cast<kern::CopyOp>(operation);
  LoopNest nest(program, op.getOut(), {op.getInput()});
  if (!nest.isValid())
    return failure();
  nest.launchCopy(op, "copy");
  return success();
}

/// A byte in every byte of a word.
static int64_t splat(int64_t byte) { return (byte & 255) * 0x01010101; }

static LogicalResult lowerFill(Program &program, Operation *operation) {
  auto op = cast<kern::FillOp>(operation);
  FailureOr<Place> place = program.place(op.getOut());
  if (failed(place))
    return failure();
  int64_t bytes = kern::getExtentBytes(op.getOut().getType());
  int64_t width = commonPower({bytes, place->offset}, 16), threads = bytes / width;
  Grid grid = linearGrid(threads);
  program.launch(op, "fill", grid, {*place}, [&](KernelBuilder &k) {
    k.guarded(
        threads % grid.threads != 0, [&] { return k.globalThread() < threads; },
        [&] {
          Val address = k.address(k.argument(0), k.globalThread() * width);
          if (width >= 4)
            k.storeWords(SmallVector<Val>(width / 4, k.i32(splat(int64_t(op.getValue())))),
                         address);
          else
            k.storeBytes(SmallVector<Val>(width, k.i32(int64_t(op.getValue()) & 255)), address);
        });
  });
  return success();
}

/// The pixel of the border with this number: first the rows above and below, then the sides.
static Pixel borderPixel(Val index, const Image &image, ArrayRef<int64_t> border) {
  KernelBuilder &k = *index.kernel;
  int64_t top = border[0], left = border[1], bottom = border[2], right = border[3];
  int64_t height = image.height - top - bottom, width = image.width - left - right;
  int64_t inRows = (top + bottom) * image.width, inSides = height * (left + right);
  Val batch = index / (inRows + inSides), rest = index % (inRows + inSides);
  Val y = k.i32(0), x = k.i32(0);
  if (inRows > 0) {
    y = rest / image.width;
    x = rest % image.width;
    y = select(y < top, y, y + height);
  }
  if (inSides > 0) {
    Val side = rest - inRows;
    Val sideX = side % (left + right);
    Val isRow = rest < inRows;
    y = select(isRow, y, side / (left + right) + top);
    x = select(isRow, x, select(sideX < left, sideX, sideX + width));
  }
  return {batch, y, x};
}

static LogicalResult lowerFillBorder(Program &program, Operation *operation) {
  auto op = cast<kern::FillBorderOp>(operation);
  FailureOr<Place> place = program.place(op.getOut());
  if (failed(place))
    return failure();
  Image image(op.getOut());
  ArrayRef<int64_t> border = op.getBorder();
  int64_t size = cast<MemRefType>(op.getOut().getType()).getElementTypeBitWidth() / 8;
  int64_t interior = (image.height - border[0] - border[2]) * (image.width - border[1] - border[3]);
  int64_t pixels = image.batch * (image.height * image.width - interior);
  int64_t pixelBytes = image.channels * size;
  int64_t width = commonPower({place->offset, pixelBytes, image.pixelStride * size,
                               image.rowStride * size, image.batchStride * size},
                              16);
  int64_t chunks = pixelBytes / width, threads = pixels * chunks;
  if (threads == 0)
    return success();
  Grid grid = linearGrid(threads);
  program.launch(op, "fill_border", grid, {*place}, [&](KernelBuilder &k) {
    auto work = [&] {
      Val index = k.globalThread();
      Pixel pixel = borderPixel(chunks == 1 ? index : index / chunks, image, border);
      Val offset = pixel.batch * (image.batchStride * size) + pixel.y * (image.rowStride * size) +
                   pixel.x * (image.pixelStride * size);
      if (chunks > 1)
        offset = offset + index % chunks * width;
      Val address = k.address(k.argument(0), offset);
      if (width >= 4)
        k.storeWords(SmallVector<Val>(width / 4, k.i32(splat(int64_t(op.getValue())))), address);
      else
        k.storeBytes(SmallVector<Val>(width, k.i32(int64_t(op.getValue()) & 255)), address);
    };
    k.guarded(threads % grid.threads != 0, [&] { return k.globalThread() < threads; }, work);
  });
  return success();
}

void quantc::togpu::addMovement(HandlerMap &handlers) {
  handlers["kern.copy"] = lowerCopy;
  handlers["kern.fill"] = lowerFill;
  handlers["kern.fill_border"] = lowerFillBorder;
}
