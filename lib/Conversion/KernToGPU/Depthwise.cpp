//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Depthwise convolution. A thread makes a few neighbouring pixels of a row for four adjacent
// channels: the weights of a tap and the pixels of a window row are one word each, and pixels that
// two windows share are loaded once.
//
//===----------------------------------------------------------------------===//

#include "Program.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::togpu;

namespace {

struct Depthwise {
  Image in, out;
  int64_t kernelH, kernelW, strideH, strideW, dilH, dilW;
  Rescale rescale;
  bool oneMultiplier = false;
  int64_t channelsAtOnce = 1, pixelsAtOnce = 1;
  bool raw() const { return rescale.kind == kern::Epilogue::Raw; }
  int64_t groupsAcross() const { return ceilDiv(out.width, pixelsAtOnce); }
  int64_t chunks() const { return out.channels / channelsAtOnce; }
  int64_t threads() const { return out.batch * out.height * groupsAcross() * chunks(); }
};

class DepthwiseKernel {
public:
  DepthwiseKernel(KernelBuilder &k, const Depthwise &d) : k(k), d(d) {}
  void build();

private:
  enum { OutArg, InArg, WeightArg, BiasArg, MultiplierArg, ShiftArg };
  SmallVector<Val> perChannel(unsigned argument, Type type);
  void accumulateRow(int64_t ky, Val row, SmallVectorImpl<SmallVector<Val>> &accumulators);
  void store(ArrayRef<SmallVector<Val>> accumulators, Val batch, Val y, Val firstX);

  KernelBuilder &k;
  const Depthwise &d;
  Val channel;
};

SmallVector<Val> DepthwiseKernel::perChannel(unsigned argument, Type type) {
  if (argument != BiasArg && d.oneMultiplier)
    return SmallVector<Val>(d.channelsAtOnce, k.load(type, k.argument(argument)));
  return k.loadWords(k.address(k.argument(argument), channel * 4), unsigned(d.channelsAtOnce),
                     type);
}

/// Adds window row `ky`; `row` is the address of its first pixel.
void DepthwiseKernel::accumulateRow(int64_t ky, Val row,
                                    SmallVectorImpl<SmallVector<Val>> &accumulators) {
  // Which of the row's pixels are needed, each loaded once.
  llvm::DenseMap<int64_t, SmallVector<Val>> pixels;
  for (int64_t kx = 0; kx < d.kernelW; ++kx) {
    Val address = k.address(k.argument(WeightArg), channel + (ky * d.kernelW + kx) *
                                                                 d.out.channels);
    SmallVector<Val> weights;
    if (d.channelsAtOnce == 4) {
      Val word = k.loadWords(address, 1).front();
      for (unsigned i = 0; i < 4; ++i)
        weights.push_back(k.signedByteOf(word, i));
    } else {
      weights.push_back(k.signedByteOf(k.loadBytes(address, 1).front(), 0));
    }
    for (int64_t p = 0; p < d.pixelsAtOnce; ++p) {
      int64_t x = p * d.strideW + kx * d.dilW;
      SmallVector<Val> &pixel = pixels[x];
      if (pixel.empty())
        pixel = k.loadBytes(k.address(row, x * d.in.pixelStride), unsigned(d.channelsAtOnce));
      for (int64_t i = 0; i < d.channelsAtOnce; ++i)
        accumulators[p][i] = accumulators[p][i] + pixel[i] * weights[i];
    }
  }
}

void DepthwiseKernel::store(ArrayRef<SmallVector<Val>> accumulators, Val batch, Val y,
                            Val firstX) {
  bool integer = d.rescale.kind == kern::Epilogue::Integer;
  SmallVector<Val> multipliers, shifts;
  if (!d.raw())
    multipliers = perChannel(MultiplierArg, integer ? Type(k.builder.getI32Type())
                                                    : Type(k.builder.getF32Type()));
  if (integer)
    shifts = perChannel(ShiftArg, k.builder.getI32Type());
  int64_t width = d.raw() ? 4 : 1;
  Val first = k.address(k.argument(OutArg),
                        (batch * d.out.batchStride + y * d.out.rowStride +
                         firstX * d.out.pixelStride + channel) *
                            width);
  for (int64_t p = 0; p < d.pixelsAtOnce; ++p)
    k.guarded(
        d.out.width % d.pixelsAtOnce != 0 && p > 0,
        [&] { return firstX + p < d.out.width; },
        [&] {
          Val address = k.address(first, p * d.out.pixelStride * width);
          if (d.raw())
            return k.storeWords(accumulators[p], address);
          SmallVector<Val> codes;
          for (int64_t i = 0; i < d.channelsAtOnce; ++i)
            codes.push_back(requantize(accumulators[p][i], multipliers[i],
                                       integer ? shifts[i] : Val(), d.rescale));
          storeLimited(k, codes, address, d.rescale);
        });
}

void DepthwiseKernel::build() {
  Val index = k.globalThread();
  channel = index % d.chunks() * d.channelsAtOnce;
  Pixel group = splitPixel(index / d.chunks(), d.out.height, d.groupsAcross());
  Val firstX = group.x * d.pixelsAtOnce;
  Val input = k.address(k.argument(InArg), group.batch * d.in.batchStride +
                                               group.y * (d.strideH * d.in.rowStride) +
                                               firstX * (d.strideW * d.in.pixelStride) + channel);
  SmallVector<Val> bias = perChannel(BiasArg, k.builder.getI32Type());
  SmallVector<SmallVector<Val>> accumulators(d.pixelsAtOnce, bias);
  for (int64_t ky = 0; ky < d.kernelH; ++ky)
    accumulateRow(ky, k.address(input, ky * d.dilH * d.in.rowStride), accumulators);
  store(accumulators, group.batch, group.y, firstX);
}

} // namespace

/// [kernel row, kernel column, channel] from [channel, kernel row, kernel column].
static std::vector<char> channelsLast(ArrayRef<char> weights, int64_t channels) {
  int64_t window = int64_t(weights.size()) / channels;
  std::vector<char> result(weights.size());
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t w = 0; w < window; ++w)
      result[w * channels + c] = weights[c * window + w];
  return result;
}

static LogicalResult lowerDepthwise(Program &program, Operation *operation) {
  auto op = cast<kern::DepthwiseConvOp>(operation);
  Image in(op.getInput()), out(op.getOut());
  Depthwise d{in, out, op.getKernel()[0], op.getKernel()[1], op.getStrides()[0],
              op.getStrides()[1], op.getDilations()[0], op.getDilations()[1],
              {op.getEpilogue(), int64_t(op.getZeroPoint()), int64_t(op.getClampLo()),
               int64_t(op.getClampHi()), int64_t(op.getAccLo()), int64_t(op.getAccHi())}};
  FailureOr<Place> to = program.place(op.getOut()), from = program.place(op.getInput());
  FailureOr<std::vector<char>> weight = program.bytes(op, op.getWeight());
  FailureOr<std::vector<char>> multiplier = program.bytes(op, op.getMultiplier());
  FailureOr<Place> bias = program.place(op.getBias()), shift = program.place(op.getShift());
  if (failed(to) || failed(from) || failed(weight) || failed(bias) || failed(multiplier) ||
      failed(shift))
    return failure();
  if (!op.getNatural() || d.rescale.kind == kern::Epilogue::Fma64)
    return op.emitError("expected constants in natural order and no epilogue in fp64: run "
                        "convert-to-kern with a GPU level");
  d.oneMultiplier = multiplier->size() == 4;
  int64_t steps[] = {to->offset,      from->offset,     out.channels,    in.batchStride,
                     in.rowStride,    in.pixelStride,   out.batchStride, out.rowStride,
                     out.pixelStride};
  d.channelsAtOnce = commonPower(steps, 4) == 4 ? 4 : 1;
  // Neighbouring pixels share their loads, as long as there are threads enough for the chip.
  constexpr int64_t enough = 1024; // threads a multiprocessor
  d.pixelsAtOnce = 4;
  while (d.pixelsAtOnce > 1 && (d.pixelsAtOnce > out.width ||
                                d.threads() < enough * program.chip.multiprocessors))
    d.pixelsAtOnce /= 2;
  int64_t need = d.kernelH * d.kernelW * d.out.channels;
  if (int64_t(weight->size()) < need)
    return op.emitError("expected ") << need << " weights in natural order";
  SmallVector<Place> arguments = {*to, *from,
                                  program.constant(channelsLast(*weight, out.channels)), *bias,
                                  program.constant(*multiplier), *shift};
  Grid grid = linearGrid(d.threads(), 128);
  program.launch(op, "depthwise", grid, arguments, [&](KernelBuilder &k) {
    k.guarded(
        d.threads() % grid.threads != 0, [&] { return k.globalThread() < d.threads(); },
        [&] { DepthwiseKernel(k, d).build(); });
  });
  return success();
}

void quantc::togpu::addDepthwise(HandlerMap &handlers) {
  handlers["kern.depthwise_conv"] = lowerDepthwise;
}
