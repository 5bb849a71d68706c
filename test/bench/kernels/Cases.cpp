//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// See Cases.h.
//
//===----------------------------------------------------------------------===//

#include "Cases.h"

#include "quantc/Kernels/Packing.h"
#include "quantc/Numerics/Hadamard.h"

#include <cmath>
#include <cstring>
#include <random>

using namespace quantc::bench;
using namespace quantc::kernels;
namespace numerics = quantc::numerics;

namespace {

int64_t roundUp(int64_t a, int64_t b) { return (a + b - 1) / b * b; }
int64_t outSize(const Layer &l) { return (l.size + 2 * l.pad - l.kernel) / l.stride + 1; }

std::mt19937 &generator() {
  static std::mt19937 engine(1);
  return engine;
}

const void *ptr(const Buffer &b) { return b.as<>(); }

/// `count` random elements.
template <typename T> Buffer randomBuffer(int64_t count) {
  Buffer b(static_cast<size_t>(count) * sizeof(T));
  for (int64_t i = 0; i < count; ++i) {
    if constexpr (std::is_floating_point_v<T>)
      b.as<T>()[i] = std::uniform_real_distribution<T>(-1, 1)(generator());
    else
      b.as<T>()[i] = static_cast<T>(generator()());
  }
  return b;
}

/// Per-channel multipliers of the form that an epilogue reads, for accumulators over
/// `depth` products.
void addMultipliers(Case &c, int64_t channels, int64_t epilogue, double depth) {
  Buffer mult(static_cast<size_t>(channels) * 8), shift(static_cast<size_t>(channels) * 4);
  // Standard deviation of a sum of products of full-range bytes -> about 64.
  double scale = 64 / (std::sqrt(depth) * 147 * 74);
  for (int64_t i = 0; i < channels; ++i) {
    int exponent;
    double fraction = std::frexp(scale * (1 + 0.01 * (i % 7)), &exponent);
    int32_t m = static_cast<int32_t>(fraction * (1 << 24)) | 1, s = 24 - exponent;
    shift.as<int32_t>()[i] = s;
    if (epilogue == 1)
      mult.as<int32_t>()[i] = m;
    else if (epilogue == 3)
      mult.as<double>()[i] = std::ldexp(m, -s);
    else
      mult.as<float>()[i] = static_cast<float>(std::ldexp(m, -s));
  }
  c.args.push_back(ptr(mult));
  c.args.push_back(ptr(shift));
  c.buffers.push_back(std::move(mult));
  c.buffers.push_back(std::move(shift));
}

void pushInts(Case &c, std::initializer_list<int64_t> values) {
  c.args.insert(c.args.end(), values.begin(), values.end());
}

/// The parameters `epilogue, zp, lo, hi, accLo, accHi`.
void pushEpilogue(Case &c, int64_t epilogue) {
  pushInts(c, {epilogue, 3, 0, 255, INT32_MIN, INT32_MAX});
}

/// The last operand is bias for integers, weights for ConvShape.
ConvShape shapeOf(const Layer &l) {
  ConvShape s;
  s.kernelH = s.kernelW = l.kernel;
  s.strideH = s.strideW = l.stride;
  s.groupC = l.inC;
  s.groupN = l.outC;
  s.inPixelStride = l.inC;
  s.inRowStride = (l.size + 2 * l.pad) * l.inC;
  return s;
}

/// Arguments that conv_u8s8 and conv_f32 share, from rowBegin to outPixelStride. 1x1
/// layers on small images become one row.
void pushConvSteps(Case &c, const Layer &l) {
  ConvPlan plan = planConv(shapeOf(l));
  int64_t side = outSize(l), outH = side, outW = side;
  if (l.kernel == 1 && l.stride == 1 && side < 14) {
    outW = side * side;
    outH = 1;
  }
  c.args.push_back(RunTime{0});
  c.args.push_back(RunTime{outH});
  c.args.push_back(RunTime{0});
  c.args.push_back(RunTime{convPanelsPerGroup(l.outC)});
  pushInts(c, {outH, outW, 0, plan.inRowStep, plan.inPixelStep, plan.segH, plan.segW, plan.segLen,
               plan.segStrideH, plan.segStrideW, 1, l.outC, plan.inGroupStride, 0, outW * l.outC,
               l.outC});
}

template <typename T> int64_t inputElements(const Layer &l) {
  return (l.size + 2 * l.pad) * (l.size + 2 * l.pad) * l.inC;
}

Case convCase(const Layer &l, bool isFloat) {
  Case c;
  c.name = l.name;
  int64_t side = outSize(l);
  c.macs = double(side * side) * l.outC * l.inC * l.kernel * l.kernel;
  int64_t taps = l.outC * l.inC * l.kernel * l.kernel;
  ConvShape shape = shapeOf(l);
  Buffer out(static_cast<size_t>(side * side * l.outC) * (isFloat ? 4 : 1));
  Buffer in, weights, bias;
  if (isFloat) {
    in = randomBuffer<float>(inputElements<float>(l));
    weights = Buffer(packedConvF32Size(shape) * 4);
    packConvF32(shape, randomBuffer<float>(taps).as<float>(), weights.as<float>());
    bias = randomBuffer<float>(convChannels(1, l.outC));
  } else {
    in = randomBuffer<uint8_t>(inputElements<uint8_t>(l));
    weights = Buffer(packedConvU8S8Size(shape));
    packConvU8S8(shape, randomBuffer<int8_t>(taps).as<int8_t>(), weights.as<int8_t>());
    bias = Buffer(static_cast<size_t>(convChannels(1, l.outC)) * 4);
  }
  for (Buffer *b : {&out, &in, &weights, &bias}) {
    c.args.push_back(ptr(*b));
    c.buffers.push_back(std::move(*b));
  }
  return c;
}

} // namespace

Buffer::Buffer(size_t bytes) {
  size_t size = static_cast<size_t>(roundUp(static_cast<int64_t>(bytes), 64)) + 128;
  memory.reset(static_cast<char *>(std::aligned_alloc(64, size)));
  std::memset(memory.get(), 0, size);
}

Case quantc::bench::convU8S8(const Layer &l, int64_t epilogue) {
  Case c = convCase(l, false);
  c.kernel = KernelId::conv_u8s8;
  addMultipliers(c, convChannels(1, l.outC), epilogue, double(l.inC * l.kernel * l.kernel));
  pushConvSteps(c, l);
  pushEpilogue(c, epilogue);
  return c;
}

Case quantc::bench::convF32(const Layer &l) {
  Case c = convCase(l, true);
  c.kernel = KernelId::conv_f32;
  pushConvSteps(c, l);
  pushInts(c, {0});
  c.args.insert(c.args.end(), {0.0f, 0.0f});
  return c;
}

Case quantc::bench::gemmU8S8(const std::string &name, int64_t m, int64_t k, int64_t n,
                             int64_t epilogue) {
  Case c = convU8S8({name, 1, k, n, 1, 1, 0}, epilogue);
  // The buffers of a one-pixel layer, enlarged to m rows.
  c.buffers[0] = Buffer(static_cast<size_t>(m * n));
  c.buffers[1] = randomBuffer<uint8_t>(m * k);
  c.args[0] = ptr(c.buffers[0]);
  c.args[1] = ptr(c.buffers[1]);
  c.args[11] = m; // outW
  c.macs = double(m) * k * n;
  return c;
}

Case quantc::bench::gemmF32(const std::string &name, int64_t m, int64_t k, int64_t n) {
  Case c = convF32({name, 1, k, n, 1, 1, 0});
  c.buffers[0] = Buffer(static_cast<size_t>(m * n) * 4);
  c.buffers[1] = randomBuffer<float>(m * k);
  c.args[0] = ptr(c.buffers[0]);
  c.args[1] = ptr(c.buffers[1]);
  c.args[9] = m; // outW
  c.macs = double(m) * k * n;
  c.bytes = 4.0 * k * n;
  return c;
}

namespace {

/// `in` holds what stands for the rows, in the order of parameters.
Case groupedCase(const std::string &name, KernelId kernel, std::vector<Buffer> in, int64_t m,
                 int64_t k, int64_t n, int64_t group) {
  Case c;
  c.name = name;
  c.kernel = kernel;
  const int64_t panels = groupedPanels(n), groups = (k + group - 1) / group;
  c.buffers.emplace_back(static_cast<size_t>(m * n) * 4);
  for (Buffer &b : in)
    c.buffers.push_back(std::move(b));
  c.buffers.push_back(randomBuffer<uint8_t>(static_cast<int64_t>(packedNibblesSize(n, k))));
  c.buffers.push_back(randomBuffer<float>(panels * groups * 32));
  c.buffers.emplace_back(1);
  *c.buffers.back().as<uint8_t>() = 8;
  c.buffers.push_back(randomBuffer<float>(panels * 32));
  for (Buffer &b : c.buffers)
    c.args.push_back(ptr(b));
  for (int64_t v : {int64_t(0), m, int64_t(0), panels})
    c.args.push_back(RunTime{v});
  pushInts(c, {n, k, group, k, n, 0});
  c.macs = double(m) * k * n;
  c.bytes = double(packedNibblesSize(n, k)) + 4.0 * panels * groups * 32;
  return c;
}

} // namespace

Case quantc::bench::groupedF32(const std::string &name, int64_t m, int64_t k, int64_t n,
                               int64_t group) {
  std::vector<Buffer> in;
  in.push_back(randomBuffer<float>(m * k));
  return groupedCase(name, KernelId::grouped_linear_f32, std::move(in), m, k, n, group);
}

/// k is a multiple of 8.
Case quantc::bench::groupedS8(const std::string &name, int64_t m, int64_t k, int64_t n,
                              int64_t group) {
  std::vector<Buffer> in;
  in.push_back(randomBuffer<int8_t>(m * k));
  in.push_back(randomBuffer<float>(m));
  in.push_back(randomBuffer<int32_t>(m * ((k + group - 1) / group)));
  Case c = groupedCase(name, KernelId::grouped_linear_s8, std::move(in), m, k, n, group);
  pushInts(c, {0}); // a scale a row
  return c;
}

Case quantc::bench::depthwiseU8S8(const Layer &l, Level level, int64_t epilogue) {
  Case c;
  c.name = l.name;
  c.kernel = KernelId::dwconv_u8s8;
  int64_t side = outSize(l), lanes = levelInfo(level).depthwiseLanes;
  c.macs = double(side * side) * l.inC * l.kernel * l.kernel;
  Buffer out(static_cast<size_t>(side * side * l.inC));
  Buffer in = randomBuffer<uint8_t>(inputElements<uint8_t>(l));
  Buffer weights(packedDepthwiseU8S8Size(lanes, l.inC, l.kernel, l.kernel));
  packDepthwiseU8S8(lanes, l.inC, l.kernel, l.kernel,
                    randomBuffer<int8_t>(l.inC * l.kernel * l.kernel).as<int8_t>(),
                    weights.as<int8_t>());
  Buffer bias(static_cast<size_t>(depthwiseChannels(lanes, l.inC)) * 4);
  for (Buffer *b : {&out, &in, &weights, &bias}) {
    c.args.push_back(ptr(*b));
    c.buffers.push_back(std::move(*b));
  }
  addMultipliers(c, depthwiseChannels(lanes, l.inC), epilogue, double(l.kernel * l.kernel));
  c.args.push_back(RunTime{0});
  c.args.push_back(RunTime{side});
  c.args.push_back(RunTime{0});
  c.args.push_back(RunTime{(l.inC + 63) / 64});
  pushInts(c, {side, side, l.inC, 0, (l.size + 2 * l.pad) * l.inC, l.inC, l.kernel, l.kernel,
               l.stride, l.stride, 1, 1, 0, side * l.inC, l.inC});
  pushEpilogue(c, epilogue);
  return c;
}

Case quantc::bench::depthwiseF32(const Layer &l) {
  Case c;
  c.name = l.name;
  c.kernel = KernelId::dwconv_f32;
  int64_t side = outSize(l);
  c.macs = double(side * side) * l.inC * l.kernel * l.kernel;
  c.buffers.emplace_back(static_cast<size_t>(side * side * l.inC) * 4);
  c.buffers.push_back(randomBuffer<float>(inputElements<float>(l)));
  c.buffers.push_back(randomBuffer<float>(l.inC * l.kernel * l.kernel));
  c.buffers.push_back(randomBuffer<float>(l.inC));
  for (Buffer &b : c.buffers)
    c.args.push_back(ptr(b));
  c.args.push_back(RunTime{0});
  c.args.push_back(RunTime{side});
  c.args.push_back(RunTime{0});
  c.args.push_back(RunTime{(l.inC + 63) / 64});
  pushInts(c, {side, side, l.inC, 0, (l.size + 2 * l.pad) * l.inC, l.inC, l.kernel, l.kernel,
               l.stride, l.stride, 1, 1, 0, side * l.inC, l.inC, 0});
  c.args.insert(c.args.end(), {0.0f, 0.0f});
  return c;
}

Case quantc::bench::addU8(const std::string &name, int64_t count) {
  Case c;
  c.name = name;
  c.kernel = KernelId::add_u8;
  for (int i = 0; i < 3; ++i)
    c.buffers.push_back(randomBuffer<uint8_t>(count));
  for (Buffer &b : c.buffers)
    c.args.push_back(ptr(b));
  c.args.push_back(RunTime{0});
  c.args.push_back(RunTime{count});
  pushInts(c, {1234567, 987655, 21, 120, 130, 125, 0, 255});
  c.bytes = 3.0 * count;
  return c;
}

Case quantc::bench::globalAveragePoolU8(const std::string &name, int64_t side, int64_t channels,
                                        int64_t epilogue) {
  Case c;
  c.name = name;
  c.kernel = KernelId::avg_pool_u8;
  c.buffers.emplace_back(static_cast<size_t>(channels));
  c.buffers.push_back(randomBuffer<uint8_t>(side * side * channels));
  c.args = {ptr(c.buffers[0]), ptr(c.buffers[1])};
  addMultipliers(c, 1, epilogue, double(side * side));
  c.args.push_back(RunTime{0});
  c.args.push_back(RunTime{1});
  c.args.push_back(RunTime{0});
  c.args.push_back(RunTime{channels});
  pushInts(c, {1, 1, side, side, 0, side * channels, channels, side, side,     1, 1, 1,
               1, 0, 0,    0,    0, channels,        0,        3,    epilogue, 3, 0, 255});
  c.bytes = double(side * side + 1) * channels;
  return c;
}

Case quantc::bench::quantizeNchw(const std::string &name, int64_t size, int64_t channels) {
  Case c;
  c.name = name;
  c.kernel = KernelId::quantize_f32;
  int64_t padded = size + 2;
  c.buffers.emplace_back(static_cast<size_t>(padded * padded * channels));
  c.buffers.push_back(randomBuffer<float>(size * size * channels));
  c.args = {ptr(c.buffers[0]), ptr(c.buffers[1]), RunTime{0}, RunTime{size}};
  pushInts(c, {size, size, channels, 0, size, 1, size * size, 0, padded * channels, channels});
  c.args.push_back(0.0078f);
  pushInts(c, {128, 0, 255});
  c.bytes = 5.0 * size * size * channels;
  return c;
}

Case quantc::bench::matmulF32(const std::string &name, int64_t m, int64_t k, int64_t n) {
  Case c;
  c.name = name;
  c.kernel = KernelId::matmul_f32;
  c.buffers.emplace_back(static_cast<size_t>(m * n) * 4);
  c.buffers.push_back(randomBuffer<float>(m * k));
  c.buffers.push_back(randomBuffer<float>(k * n));
  for (Buffer &b : c.buffers)
    c.args.push_back(ptr(b));
  for (int64_t v : {int64_t(0), m, int64_t(0), (n + 31) / 32})
    c.args.push_back(RunTime{v});
  pushInts(c, {m, n, k, k, n, n, 0, 0, 0});
  c.macs = double(m) * k * n;
  return c;
}

Case quantc::bench::unaryF32(const std::string &name, UnaryOp op, int64_t count) {
  Case c;
  c.name = name;
  c.kernel = KernelId::unary_f32;
  c.buffers.emplace_back(static_cast<size_t>(count) * 4);
  c.buffers.push_back(randomBuffer<float>(count));
  c.args = {ptr(c.buffers[0]),
            ptr(c.buffers[1]),
            RunTime{0},
            RunTime{count},
            static_cast<int64_t>(op),
            0.2f,
            0.5f};
  c.bytes = 8.0 * count;
  return c;
}

Case quantc::bench::softmaxF32(const std::string &name, int64_t rows, int64_t axis) {
  Case c;
  c.name = name;
  c.kernel = KernelId::softmax_f32;
  c.buffers.emplace_back(static_cast<size_t>(rows * axis) * 4);
  c.buffers.push_back(randomBuffer<float>(rows * axis));
  c.args = {ptr(c.buffers[0]), ptr(c.buffers[1]), RunTime{0}, RunTime{rows}, axis, int64_t(1)};
  c.bytes = 8.0 * rows * axis;
  return c;
}

/// Pointers, the range of rows and the plan for `size`, which has at most one dense factor.
static Case hadamard(const std::string &name, KernelId kernel, Buffer in, int64_t rows,
                     int64_t size) {
  numerics::HadamardPlan plan = *numerics::planHadamard(size).plan;
  Case c;
  c.name = name;
  c.kernel = kernel;
  c.buffers.emplace_back(static_cast<size_t>(rows * size) * 4);
  c.buffers.push_back(std::move(in));
  std::vector<uint8_t> codes(1);
  int64_t order = 1;
  for (const numerics::HadamardFactor &factor : plan.factors) {
    order = factor.order;
    codes = numerics::packHadamardCodes(factor.matrix());
  }
  c.buffers.emplace_back(codes.size());
  std::memcpy(c.buffers[2].as<char>(), codes.data(), codes.size());
  c.args = {ptr(c.buffers[0]),
            ptr(c.buffers[1]),
            ptr(c.buffers[2]),
            RunTime{0},
            RunTime{rows},
            int64_t(1) << plan.log2,
            order,
            int64_t(1),
            int64_t(1),
            int64_t(1)};
  return c;
}

Case quantc::bench::hadamardF32(const std::string &name, int64_t rows, int64_t size) {
  Case c = hadamard(name, KernelId::hadamard_f32, randomBuffer<float>(rows * size), rows, size);
  c.args.push_back(static_cast<float>(1 / std::sqrt(static_cast<double>(size))));
  c.bytes = 8.0 * rows * size;
  return c;
}

Case quantc::bench::hadamardU8(const std::string &name, int64_t rows, int64_t size) {
  Case c = hadamard(name, KernelId::hadamard_u8, randomBuffer<uint8_t>(rows * size), rows, size);
  c.args.push_back(int64_t(128));
  c.bytes = 5.0 * rows * size;
  return c;
}

std::vector<Layer> quantc::bench::mobileNetV2() {
  struct Stage {
    int64_t expand, outC, repeat, stride;
  };
  const Stage stages[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                          {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
  std::vector<Layer> layers{{"stem", 224, 3, 32, 3, 2, 1}};
  int64_t size = 112, channels = 32, block = 0;
  for (const Stage &stage : stages)
    for (int64_t i = 0; i < stage.repeat; ++i, ++block) {
      int64_t stride = i == 0 ? stage.stride : 1, hidden = channels * stage.expand;
      std::string prefix = "block" + std::to_string(block);
      if (stage.expand != 1)
        layers.push_back({prefix + ".expand", size, channels, hidden, 1, 1, 0});
      layers.push_back({prefix + ".depthwise", size, hidden, hidden, 3, stride, 1});
      size /= stride;
      layers.push_back({prefix + ".project", size, hidden, stage.outC, 1, 1, 0});
      channels = stage.outC;
    }
  layers.push_back({"head", size, channels, 1280, 1, 1, 0});
  layers.push_back({"classifier", 1, 1280, 1000, 1, 1, 0});
  return layers;
}
