//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Depthwise convolution. A thread makes a few neighbouring pixels of a row for four adjacent
// channels: a pixel is one word, and pixels that two windows share are loaded once. Windows of up
// to four columns turn four pixels into a word a channel, so that one dp4a takes a window row.
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
  bool usesDots() const { return channelsAtOnce == 4 && dilW == 1 && kernelW <= 4; }
  int64_t threads() const { return out.batch * out.height * groupsAcross() * chunks(); }
};

class DepthwiseKernel {
public:
  DepthwiseKernel(KernelBuilder &k, const Depthwise &d) : k(k), d(d) {}
  void build();

private:
  enum { OutArg, InArg, WeightArg, BiasArg, MultiplierArg, ShiftArg };
  using Accumulators = SmallVector<SmallVector<Val>>; ///< [pixel][channel]
  SmallVector<Val> perChannel(unsigned argument, Type type);
  Val pixelAddress(Val row, int64_t x);
  void accumulateRow(int64_t ky, Val row, Accumulators &accumulators);
  void accumulateDots(int64_t ky, Val row, Accumulators &accumulators);
  SmallVector<SmallVector<Val>> transposedRow(Val row);
  void store(ArrayRef<SmallVector<Val>> accumulators, Val batch, Val y, Val firstX);

  KernelBuilder &k;
  const Depthwise &d;
  Val channel, firstX;
};

SmallVector<Val> DepthwiseKernel::perChannel(unsigned argument, Type type) {
  if (argument != BiasArg && d.oneMultiplier)
    return SmallVector<Val>(d.channelsAtOnce, k.load(type, k.argument(argument)));
  return k.loadWords(k.address(k.argument(argument), channel * 4), unsigned(d.channelsAtOnce),
                     type);
}

/// Pixel x of the thread's windows; a row of windows that reaches past the image repeats its last
/// pixel, for outputs that are not stored.
Val DepthwiseKernel::pixelAddress(Val row, int64_t x) {
  if (d.out.width % d.pixelsAtOnce == 0)
    return k.address(row, x * d.in.pixelStride);
  Val inside = min(firstX * d.strideW + x, k.i32(d.in.width - 1));
  return k.address(row, (inside - firstX * d.strideW) * d.in.pixelStride);
}

/// Adds window row `ky`; `row` is the address of its first pixel.
void DepthwiseKernel::accumulateRow(int64_t ky, Val row, Accumulators &accumulators) {
  // Which of the row's pixels are needed, each loaded once.
  llvm::DenseMap<int64_t, SmallVector<Val>> pixels;
  for (int64_t kx = 0; kx < d.kernelW; ++kx) {
    Val address =
        k.address(k.argument(WeightArg), channel + (ky * d.kernelW + kx) * d.out.channels);
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
        pixel = k.loadBytes(pixelAddress(row, x), unsigned(d.channelsAtOnce));
      for (int64_t i = 0; i < d.channelsAtOnce; ++i)
        accumulators[p][i] = accumulators[p][i] + pixel[i] * weights[i];
    }
  }
}

/// The row's pixels in groups of four: [group][channel], a word with a byte of each pixel.
SmallVector<SmallVector<Val>> DepthwiseKernel::transposedRow(Val row) {
  int64_t count = (d.pixelsAtOnce - 1) * d.strideW + d.kernelW;
  SmallVector<SmallVector<Val>> groups;
  for (int64_t first = 0; first < count; first += 4) {
    SmallVector<Val> px;
    for (int64_t x = first; x < first + 4; ++x)
      px.push_back(x < count ? k.loadWords(pixelAddress(row, x), 1).front() : k.i32(0));
    Val low01 = k.permute(px[0], px[1], 0x5140), low23 = k.permute(px[2], px[3], 0x5140);
    Val high01 = k.permute(px[0], px[1], 0x7362), high23 = k.permute(px[2], px[3], 0x7362);
    groups.push_back({k.permute(low01, low23, 0x5410), k.permute(low01, low23, 0x7632),
                      k.permute(high01, high23, 0x5410), k.permute(high01, high23, 0x7632)});
  }
  return groups;
}

/// As accumulateRow, a dot product of four bytes for each pixel and channel.
void DepthwiseKernel::accumulateDots(int64_t ky, Val row, Accumulators &accumulators) {
  SmallVector<SmallVector<Val>> groups = transposedRow(row);
  SmallVector<Val> weights =
      k.loadWords(k.address(k.argument(WeightArg), (channel + ky * d.out.channels) * 4), 4);
  for (int64_t p = 0; p < d.pixelsAtOnce; ++p) {
    int64_t group = p * d.strideW / 4, shift = p * d.strideW % 4;
    bool inOne = shift + d.kernelW <= 4;
    for (int64_t i = 0; i < 4; ++i) {
      // Weights past the window are zero, so they may meet any pixel.
      Val pixels = groups[group][i], weight = weights[i];
      if (shift > 0 && inOne)
        weight = weight << (8 * shift);
      else if (shift > 0)
        pixels = k.permute(pixels, groups[group + 1][i], 0x3210 + 0x1111 * shift);
      accumulators[p][i] = k.dotBytes(pixels, weight, accumulators[p][i]);
    }
  }
}

void DepthwiseKernel::store(ArrayRef<SmallVector<Val>> accumulators, Val batch, Val y, Val firstX) {
  bool integer = d.rescale.kind == kern::Epilogue::Integer;
  SmallVector<Val> multipliers, shifts;
  if (!d.raw())
    multipliers = perChannel(MultiplierArg,
                             integer ? Type(k.builder.getI32Type()) : Type(k.builder.getF32Type()));
  if (integer)
    shifts = perChannel(ShiftArg, k.builder.getI32Type());
  int64_t width = d.raw() ? 4 : 1;
  Val first = k.address(k.argument(OutArg), (batch * d.out.batchStride + y * d.out.rowStride +
                                             firstX * d.out.pixelStride + channel) *
                                                width);
  for (int64_t p = 0; p < d.pixelsAtOnce; ++p)
    k.guarded(
        d.out.width % d.pixelsAtOnce != 0 && p > 0, [&] { return firstX + p < d.out.width; },
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
  firstX = group.x * d.pixelsAtOnce;
  Val input = k.address(k.argument(InArg), group.batch * d.in.batchStride +
                                               group.y * (d.strideH * d.in.rowStride) +
                                               firstX * (d.strideW * d.in.pixelStride) + channel);
  SmallVector<Val> bias = perChannel(BiasArg, k.builder.getI32Type());
  Accumulators accumulators(d.pixelsAtOnce, bias);
  for (int64_t ky = 0; ky < d.kernelH; ++ky) {
    Val row = k.address(input, ky * d.dilH * d.in.rowStride);
    if (d.usesDots())
      accumulateDots(ky, row, accumulators);
    else
      accumulateRow(ky, row, accumulators);
  }
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

/// [kernel row, channel, 4]: a window row in a word, padded with zeros.
static std::vector<char> rowWords(ArrayRef<char> weights, const Depthwise &d) {
  std::vector<char> result(d.kernelH * d.out.channels * 4, 0);
  for (int64_t c = 0; c < d.out.channels; ++c)
    for (int64_t y = 0; y < d.kernelH; ++y)
      for (int64_t x = 0; x < d.kernelW; ++x)
        result[(y * d.out.channels + c) * 4 + x] = weights[(c * d.kernelH + y) * d.kernelW + x];
  return result;
}

static LogicalResult lowerDepthwise(Program &program, Operation *operation) {
  auto op = cast<kern::DepthwiseConvOp>(operation);
  Image in(op.getInput()), out(op.getOut());
  Depthwise d{in,
              out,
              op.getKernel()[0],
              op.getKernel()[1],
              op.getStrides()[0],
              op.getStrides()[1],
              op.getDilations()[0],
              op.getDilations()[1],
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
  int64_t steps[] = {to->offset,     from->offset,    out.channels,  in.batchStride, in.rowStride,
                     in.pixelStride, out.batchStride, out.rowStride, out.pixelStride};
  d.channelsAtOnce = commonPower(steps, 4) == 4 ? 4 : 1;
  // Neighbouring pixels share their loads, as long as there are threads enough for the chip.
  constexpr int64_t enough = 1024; // threads a multiprocessor
  d.pixelsAtOnce = 4;
  while (d.pixelsAtOnce > 1 &&
         (d.pixelsAtOnce > out.width || d.threads() < enough * program.chip.multiprocessors))
    d.pixelsAtOnce /= 2;
  int64_t need = d.kernelH * d.kernelW * d.out.channels;
  if (int64_t(weight->size()) < need)
    return op.emitError("expected ") << need << " weights in natural order";
  Place packed =
      program.constant(d.usesDots() ? rowWords(*weight, d) : channelsLast(*weight, out.channels));
  SmallVector<Place> arguments = {*to, *from, packed, *bias, program.constant(*multiplier), *shift};
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
