//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pooling of integers and floats: a thread makes one pixel of a few adjacent channels.
//
//===----------------------------------------------------------------------===//

#include "Program.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::togpu;

namespace {

struct Window {
  Image in, out;
  int64_t kernelH, kernelW, strideH, strideW, dilH, dilW, padTop, padLeft;
  int64_t elementBytes = 1, channelsAtOnce = 1;

  template <typename Op>
  explicit Window(Op op)
      : in(op.getInput()), out(op.getOut()), kernelH(op.getKernel()[0]), kernelW(op.getKernel()[1]),
        strideH(op.getStrides()[0]), strideW(op.getStrides()[1]), dilH(op.getDilations()[0]),
        dilW(op.getDilations()[1]), padTop(op.getPads()[0]), padLeft(op.getPads()[1]),
        elementBytes(cast<MemRefType>(op.getInput().getType()).getElementTypeBitWidth() / 8) {}

  int64_t chunks() const { return out.channels / channelsAtOnce; }
  int64_t threads() const { return out.pixels() * chunks(); }
  /// Whether every tap of every window lies in the image.
  bool inside() const {
    return padTop == 0 && padLeft == 0 &&
           (out.height - 1) * strideH + (kernelH - 1) * dilH < in.height &&
           (out.width - 1) * strideW + (kernelW - 1) * dilW < in.width;
  }
  void chooseChannels(const Place &to, const Place &from) {
    int64_t steps[] = {to.offset,
                       from.offset,
                       out.channels * elementBytes,
                       in.batchStride * elementBytes,
                       in.rowStride * elementBytes,
                       in.pixelStride * elementBytes,
                       out.batchStride * elementBytes,
                       out.rowStride * elementBytes,
                       out.pixelStride * elementBytes};
    channelsAtOnce = commonPower(steps, 4 * elementBytes) / elementBytes;
    if (channelsAtOnce == 2)
      channelsAtOnce = 1;
  }
};

/// What a thread computes from its taps.
class PoolKernel {
public:
  PoolKernel(KernelBuilder &k, const Window &w) : k(k), w(w) {}

  /// Finds the thread's pixel and walks the window: `step` gets what it carried and a tap's values.
  SmallVector<Val>
  walk(ArrayRef<Val> initial,
       llvm::function_ref<SmallVector<Val>(ArrayRef<Val> carried, ArrayRef<Val> tap)> step);
  Val outAddress();

  KernelBuilder &k;
  const Window &w;
  Val channel, pixelIndex;
  Pixel pixel;
  void locate();

private:
  SmallVector<Val> load(Val address);
};

void PoolKernel::locate() {
  Val index = k.globalThread();
  channel = w.chunks() == 1 ? k.i32(0) : index % w.chunks() * w.channelsAtOnce;
  pixelIndex = w.chunks() == 1 ? index : index / w.chunks();
  pixel = splitPixel(pixelIndex, w.out.height, w.out.width);
}

SmallVector<Val> PoolKernel::load(Val address) {
  if (w.elementBytes == 1)
    return k.loadBytes(address, unsigned(w.channelsAtOnce));
  return k.loadWords(address, unsigned(w.channelsAtOnce), k.builder.getF32Type());
}

Val PoolKernel::outAddress() {
  Val offset = pixel.batch * w.out.batchStride + pixel.y * w.out.rowStride +
               pixel.x * w.out.pixelStride + channel;
  return k.address(k.argument(0), offset * w.elementBytes);
}

SmallVector<Val>
PoolKernel::walk(ArrayRef<Val> initial,
                 llvm::function_ref<SmallVector<Val>(ArrayRef<Val>, ArrayRef<Val>)> step) {
  Val firstY = pixel.y * w.strideH - w.padTop, firstX = pixel.x * w.strideW - w.padLeft;
  Val base = k.address(k.argument(1), (pixel.batch * w.in.batchStride + channel) * w.elementBytes);
  bool inside = w.inside();
  return k.loop(0, w.kernelH, 1, initial, [&](Val ky, ArrayRef<Val> outer) {
    return k.loop(0, w.kernelW, 1, outer, [&](Val kx, ArrayRef<Val> carried) {
      Val y = firstY + ky * w.dilH, x = firstX + kx * w.dilW;
      // Taps outside read the nearest pixel and change nothing.
      Val valid;
      if (!inside) {
        Val zero = k.i32(0), lastY = k.i32(w.in.height - 1), lastX = k.i32(w.in.width - 1);
        Val nearY = min(max(y, zero), lastY), nearX = min(max(x, zero), lastX);
        valid = k.emit<arith::AndIOp>(
            k.emit<arith::CmpIOp>(arith::CmpIPredicate::eq, nearY.value, y.value).value,
            k.emit<arith::CmpIOp>(arith::CmpIPredicate::eq, nearX.value, x.value).value);
        y = nearY;
        x = nearX;
      }
      Val address = k.address(base, (y * w.in.rowStride + x * w.in.pixelStride) * w.elementBytes);
      SmallVector<Val> next = step(carried, load(address));
      if (!inside)
        for (auto [value, before] : llvm::zip_equal(next, carried))
          value = select(valid, value, before);
      return next;
    });
  });
}

} // namespace

static void launchPool(Program &program, Operation *op, StringRef kind, const Window &w,
                       ArrayRef<Place> arguments, llvm::function_ref<void(PoolKernel &)> body) {
  Grid grid = linearGrid(w.threads());
  program.launch(op, kind, grid, arguments, [&](KernelBuilder &k) {
    k.guarded(
        w.threads() % grid.threads != 0, [&] { return k.globalThread() < w.threads(); },
        [&] {
          PoolKernel kernel(k, w);
          kernel.locate();
          body(kernel);
        });
  });
}

static LogicalResult lowerMaxPool(Program &program, Operation *operation) {
  auto op = cast<kern::MaxPoolOp>(operation);
  FailureOr<Place> to = program.place(op.getOut()), from = program.place(op.getInput());
  if (failed(to) || failed(from))
    return failure();
  Window w(op);
  w.chooseChannels(*to, *from);
  bool isFloat = w.elementBytes == 4;
  launchPool(program, op, "max_pool", w, {*to, *from}, [&](PoolKernel &p) {
    KernelBuilder &k = p.k;
    // Every window keeps a pixel, so what it starts from never shows.
    SmallVector<Val> start(w.channelsAtOnce, isFloat ? k.f32(-INFINITY) : k.i32(0));
    // Of floats, the first maximum wins, and a NaN stays.
    SmallVector<Val> seen;
    SmallVector<Val> result = p.walk(start, [&](ArrayRef<Val> carried, ArrayRef<Val> tap) {
      SmallVector<Val> next;
      for (auto [best, x] : llvm::zip_equal(carried, tap)) {
        if (!isFloat) {
          next.push_back(max(best, x));
          continue;
        }
        Val takes = k.emit<arith::OrIOp>((best < x).value, k.isNaN(x).value);
        next.push_back(select(k.isNaN(best), best, select(takes, x, best)));
      }
      return next;
    });
    if (isFloat)
      return k.storeWords(result, p.outAddress());
    k.storeBytes(result, p.outAddress());
  });
  return success();
}

static LogicalResult lowerAvgPool(Program &program, Operation *operation) {
  auto op = cast<kern::AvgPoolOp>(operation);
  FailureOr<Place> to = program.place(op.getOut()), from = program.place(op.getInput());
  FailureOr<std::vector<char>> multiplier = program.bytes(op, op.getMultiplier());
  FailureOr<Place> shift = program.place(op.getShift());
  if (failed(to) || failed(from) || failed(multiplier) || failed(shift))
    return failure();
  Rescale rescale{op.getEpilogue(), int64_t(op.getZeroPoint()), int64_t(op.getClampLo()),
                  int64_t(op.getClampHi())};
  if (rescale.kind == kern::Epilogue::Fma64)
    return op.emitError("expected no epilogue in fp64: run convert-to-kern with a GPU level");
  Window w(op);
  w.chooseChannels(*to, *from);
  bool perPixel = multiplier->size() > 4, integer = rescale.kind == kern::Epilogue::Integer;
  launchPool(program, op, "avg_pool", w, {*to, *from, program.constant(*multiplier), *shift},
             [&](PoolKernel &p) {
               KernelBuilder &k = p.k;
               SmallVector<Val> start(w.channelsAtOnce, k.i32(0));
               SmallVector<Val> sum = p.walk(start, [&](ArrayRef<Val> carried, ArrayRef<Val> tap) {
                 SmallVector<Val> next;
                 for (auto [acc, x] : llvm::zip_equal(carried, tap))
                   next.push_back(acc + (x - int64_t(op.getInputZeroPoint())));
                 return next;
               });
               Val at = perPixel ? (p.pixel.y * w.out.width + p.pixel.x) * 4 : k.i32(0);
               Type type = integer ? Type(k.builder.getI32Type()) : Type(k.builder.getF32Type());
               Val m = k.load(type, k.address(k.argument(2), at));
               Val s =
                   integer ? k.load(k.builder.getI32Type(), k.address(k.argument(3), at)) : Val();
               SmallVector<Val> codes;
               for (Val acc : sum)
                 codes.push_back(requantize(acc, m, s, rescale));
               storeLimited(k, codes, p.outAddress(), rescale);
             });
  return success();
}

/// Positions of a window that lie in the image extended by its pads, along one axis.
static Val positionsInside(Val first, int64_t kernel, int64_t dilation, int64_t begin,
                           int64_t end) {
  KernelBuilder &k = *first.kernel;
  Val count = k.i32(0);
  for (int64_t i = 0; i < kernel; ++i) {
    Val at = first + i * dilation;
    Val valid = k.emit<arith::AndIOp>((k.i32(begin) <= at).value, (at < end).value);
    count = count + select(valid, k.i32(1), k.i32(0));
  }
  return count;
}

static LogicalResult lowerAvgPoolF32(Program &program, Operation *operation) {
  auto op = cast<kern::AvgPoolF32Op>(operation);
  FailureOr<Place> to = program.place(op.getOut()), from = program.place(op.getInput());
  if (failed(to) || failed(from))
    return failure();
  Window w(op);
  w.chooseChannels(*to, *from);
  bool padded = op.getCountIncludePad();
  int64_t top = padded ? op.getPads()[0] : 0, left = padded ? op.getPads()[1] : 0;
  int64_t bottom = padded ? op.getPads()[2] : 0, right = padded ? op.getPads()[3] : 0;
  launchPool(program, op, "avg_pool_f32", w, {*to, *from}, [&](PoolKernel &p) {
    KernelBuilder &k = p.k;
    SmallVector<Val> start(w.channelsAtOnce, k.f32(0));
    SmallVector<Val> sum = p.walk(start, [&](ArrayRef<Val> carried, ArrayRef<Val> tap) {
      SmallVector<Val> next;
      for (auto [acc, x] : llvm::zip_equal(carried, tap))
        next.push_back(acc + x);
      return next;
    });
    Val rows = positionsInside(p.pixel.y * w.strideH - w.padTop, w.kernelH, w.dilH, -top,
                               w.in.height + bottom);
    Val columns = positionsInside(p.pixel.x * w.strideW - w.padLeft, w.kernelW, w.dilW, -left,
                                  w.in.width + right);
    Val count = k.toFloat(rows * columns);
    SmallVector<Val> result;
    for (Val s : sum)
      result.push_back(s / count);
    k.storeWords(result, p.outAddress());
  });
  return success();
}

void quantc::togpu::addPools(HandlerMap &handlers) {
  handlers["kern.max_pool"] = lowerMaxPool;
  handlers["kern.avg_pool"] = lowerAvgPool;
  handlers["kern.avg_pool_f32"] = lowerAvgPoolF32;
}
