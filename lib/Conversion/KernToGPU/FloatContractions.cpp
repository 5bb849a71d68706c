//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Float contractions: one output a thread, one FMA for each product in the order of [NUM-FLT-2],
// neighbouring threads take neighbouring channels. They serve what stays float around an integer
// model; a float model as a whole is not what this target is for.
//
//===----------------------------------------------------------------------===//

#include "Program.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::togpu;

namespace {
struct FloatConv {
  Image in, out;
  int64_t kernelH, kernelW, strideH, strideW, dilH, dilW, groups;
  std::optional<APFloat> lo, hi;
  bool depthwise;
  int64_t groupC() const { return in.channels / groups; }
  int64_t groupN() const { return out.channels / groups; }
};
} // namespace

/// Weights [kernel row, kernel column, input channel of the group, output channel] of [O, H, W, I].
static std::vector<float> outputsLast(const std::vector<float> &weights, int64_t outputs) {
  int64_t depth = int64_t(weights.size()) / outputs;
  std::vector<float> result(weights.size());
  for (int64_t n = 0; n < outputs; ++n)
    for (int64_t i = 0; i < depth; ++i)
      result[i * outputs + n] = weights[n * depth + i];
  return result;
}

static void buildConv(KernelBuilder &k, const FloatConv &c) {
  Type f32 = k.builder.getF32Type();
  Val index = k.globalThread();
  Val channel = index % c.out.channels;
  Pixel pixel = splitPixel(index / c.out.channels, c.out.height, c.out.width);
  Val inChannel = c.depthwise     ? channel
                  : c.groups == 1 ? k.i32(0)
                                  : channel / c.groupN() * c.groupC();
  Val input = k.address(k.argument(1),
                        (pixel.batch * c.in.batchStride + pixel.y * (c.strideH * c.in.rowStride) +
                         pixel.x * (c.strideW * c.in.pixelStride) + inChannel) *
                            4);
  Val weight = k.address(k.argument(2), channel * 4);
  int64_t depth = c.depthwise ? 1 : c.groupC();
  Val sum = k.loop(0, c.kernelH, 1, {k.f32(0.0f)}, [&](Val ky, ArrayRef<Val> rows) {
    return k.loop(0, c.kernelW, 1, rows, [&](Val kx, ArrayRef<Val> columns) {
      Val from = ky * (c.dilH * c.in.rowStride) + kx * (c.dilW * c.in.pixelStride);
      Val tap = (ky * c.kernelW + kx) * depth;
      return k.loop(0, depth, 1, columns, [&](Val i, ArrayRef<Val> acc) {
        Val x = k.load(f32, k.address(input, (from + i) * 4));
        Val w = k.load(f32, k.address(weight, (tap + i) * (c.out.channels * 4)));
        return SmallVector<Val>{k.fma(x, w, acc[0])};
      });
    });
  })[0];
  Val v = sum + k.load(f32, k.address(k.argument(3), channel * 4));
  if (c.lo || c.hi) {
    Val lo = k.f32(c.lo ? c.lo->convertToFloat() : -INFINITY);
    Val hi = k.f32(c.hi ? c.hi->convertToFloat() : INFINITY);
    v = select(v < lo, lo, v);
    v = select(v > hi, hi, v);
  }
  Val offset = pixel.batch * c.out.batchStride + pixel.y * c.out.rowStride +
               pixel.x * c.out.pixelStride + channel;
  k.store(v, k.address(k.argument(0), offset * 4));
}

template <typename Op>
static LogicalResult lowerConv(Program &program, Op op, int64_t groups, bool depthwise) {
  Image in(op.getInput()), out(op.getOut());
  FloatConv c{in,
              out,
              op.getKernel()[0],
              op.getKernel()[1],
              op.getStrides()[0],
              op.getStrides()[1],
              op.getDilations()[0],
              op.getDilations()[1],
              groups,
              op.getClampLo(),
              op.getClampHi(),
              depthwise};
  FailureOr<Place> to = program.place(op.getOut()), from = program.place(op.getInput());
  FailureOr<Place> bias = program.place(op.getBias());
  FailureOr<std::vector<float>> weight = program.values<float>(op, op.getWeight());
  if (failed(to) || failed(from) || failed(bias) || failed(weight))
    return failure();
  if (!op.getNatural())
    return op.emitError("expected constants in natural order: run convert-to-kern with a GPU "
                        "level");
  int64_t count = out.pixels() * out.channels;
  Grid grid = linearGrid(count, 128);
  SmallVector<Place> arguments = {*to, *from, program.constant(outputsLast(*weight, out.channels)),
                                  *bias};
  program.launch(op, depthwise ? "depthwise_f32" : "conv_f32", grid, arguments,
                 [&](KernelBuilder &k) {
                   k.guarded(
                       count % grid.threads != 0, [&] { return k.globalThread() < count; },
                       [&] { buildConv(k, c); });
                 });
  return success();
}

static LogicalResult lowerConvF32(Program &program, Operation *operation) {
  auto op = cast<kern::ConvF32Op>(operation);
  return lowerConv(program, op, int64_t(op.getGroups()), /*depthwise=*/false);
}
static LogicalResult lowerDepthwiseF32(Program &program, Operation *operation) {
  auto op = cast<kern::DepthwiseConvF32Op>(operation);
  return lowerConv(program, op, cast<MemRefType>(op.getOut().getType()).getDimSize(3),
                   /*depthwise=*/true);
}

static LogicalResult lowerMatMul(Program &program, Operation *operation) {
  auto op = cast<kern::MatMulF32Op>(operation);
  FailureOr<Place> to = program.place(op.getOut()), lhs = program.place(op.getLhs()),
                   rhs = program.place(op.getRhs());
  if (failed(to) || failed(lhs) || failed(rhs))
    return failure();
  auto out = cast<MemRefType>(op.getOut().getType());
  int64_t rows = out.getDimSize(1), columns = out.getDimSize(2);
  int64_t depth = cast<MemRefType>(op.getLhs().getType()).getDimSize(2);
  SmallVector<int64_t> a = kern::getStrides(op.getLhs().getType()),
                       b = kern::getStrides(op.getRhs().getType()),
                       c = kern::getStrides(op.getOut().getType());
  int64_t count = out.getNumElements();
  Grid grid = linearGrid(count, 128);
  program.launch(op, "matmul_f32", grid, {*to, *lhs, *rhs}, [&](KernelBuilder &k) {
    auto work = [&] {
      Type f32 = k.builder.getF32Type();
      Val index = k.globalThread();
      Pixel at = splitPixel(index, rows, columns); // batch, row, column
      Val left = k.address(k.argument(1), (at.batch * a[0] + at.y * a[1]) * 4);
      Val right = k.address(k.argument(2), (at.batch * b[0] + at.x) * 4);
      Val sum = k.loop(0, depth, 1, {k.f32(0.0f)}, [&](Val i, ArrayRef<Val> acc) {
        Val x = k.load(f32, k.address(left, i * 4));
        Val y = k.load(f32, k.address(right, i * (b[1] * 4)));
        return SmallVector<Val>{k.fma(x, y, acc[0])};
      })[0];
      k.store(sum, k.address(k.argument(0), (at.batch * c[0] + at.y * c[1] + at.x) * 4));
    };
    k.guarded(count % grid.threads != 0, [&] { return k.globalThread() < count; }, work);
  });
  return success();
}

void quantc::togpu::addFloatContractions(HandlerMap &handlers) {
  handlers["kern.conv_f32"] = lowerConvF32;
  handlers["kern.depthwise_conv_f32"] = lowerDepthwiseF32;
  handlers["kern.matmul_f32"] = lowerMatMul;
}
