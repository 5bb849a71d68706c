//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// See KernelTesting.h.
//
//===----------------------------------------------------------------------===//

#include "KernelTesting.h"

#include <cmath>
#include <cstdlib>

#include <sys/mman.h>
#include <unistd.h>

using namespace quantc;
using namespace quantc::test;
using namespace quantc::kernels;

Guarded::Guarded(size_t bytes, Kind kind) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t slack = kind == Activation ? 64 : 0;
  size_t used = (64 + bytes + slack + page - 1) / page * page;
  mappingBytes = used + page;
  void *p = mmap(nullptr, mappingBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED)
    throw std::bad_alloc();
  mapping = static_cast<char *>(p);
  std::memset(mapping, 0x5a, used);
  mprotect(mapping + used, page, PROT_NONE);
  data = mapping + used - slack - bytes;
}

Guarded::~Guarded() { munmap(mapping, mappingBytes); }

void quantc::test::forEachLevel(
    const std::function<void(const LevelInfo &, const KernelTable &)> &fn) {
  for (Level level : allLevels)
    if (hostSupports(level))
      fn(levelInfo(level), kernelTable(level));
}

template <typename T> std::vector<T> Data::bytes(size_t count) {
  constexpr T lowest = std::numeric_limits<T>::min(), highest = std::numeric_limits<T>::max();
  int64_t mode = in(0, 5);
  std::vector<T> v(count);
  for (T &x : v)
    x = mode == 0   ? lowest
        : mode == 1 ? highest
        : mode == 2 ? (in(0, 1) ? lowest : highest)
                    : static_cast<T>(in(lowest, highest));
  return v;
}
template std::vector<uint8_t> Data::bytes<uint8_t>(size_t);
template std::vector<int8_t> Data::bytes<int8_t>(size_t);

std::vector<float> Data::floats(size_t count, float lo, float hi) {
  std::vector<float> v(count);
  for (float &x : v)
    x = static_cast<float>(real(lo, hi));
  return v;
}

Requantization Requantization::random(Data &data, size_t channels, double magnitude) {
  Requantization r;
  r.zp = static_cast<int32_t>(data.in(0, 3) == 0 ? data.in(0, 1) * 255 : data.in(0, 255));
  if (data.in(0, 1)) {
    r.lo = static_cast<int32_t>(data.in(0, 255));
    r.hi = static_cast<int32_t>(data.in(r.lo, 255));
  }
  const bool wild = data.in(0, 5) == 0;
  for (size_t c = 0; c < channels; ++c) {
    int32_t m = static_cast<int32_t>(data.in(1 << 22, (1 << 23) - 1)) * 2 + 1;
    // Outputs of about +-128, or any legal shift at all.
    int shift =
        wild ? static_cast<int>(data.in(1, 62))
             : static_cast<int>(std::lround(std::log2(m * magnitude / 128.0)) + data.in(-2, 1));
    r.dyadic.push_back({m, std::min(62, std::max(1, shift))});
    r.onnxScale.push_back(data.in(0, 1) ? std::ldexp(1.0f, -static_cast<int>(data.in(0, 20)))
                                        : static_cast<float>(data.real(1e-6, 1.0)));
  }
  return r;
}

int32_t Requantization::apply(Epilogue epilogue, int64_t acc, size_t channel) const {
  if (epilogue == Epilogue::Raw)
    return static_cast<int32_t>(acc);
  if (epilogue == Epilogue::Onnx)
    return numerics::requantizeOnnx(acc, onnxScale[channel], zp, lo, hi);
  return numerics::requantizeClamp(acc, dyadic[channel], zp, lo, hi);
}

bool Requantization::allows(Epilogue epilogue, const LevelInfo &level, numerics::IntRange acc,
                            numerics::IntRange *clamp) const {
  *clamp = {INT32_MIN, INT32_MAX};
  if (epilogue != Epilogue::Fma32 && epilogue != Epilogue::Fma64)
    return true;
  if (epilogue == Epilogue::Fma32 && !level.hasFma)
    return false;
  numerics::EpilogueForm form = epilogue == Epilogue::Fma32 ? numerics::EpilogueForm::FmaF32
                                : level.hasFma              ? numerics::EpilogueForm::FmaF64
                                                            : numerics::EpilogueForm::MulAddF64;
  for (const numerics::Dyadic &d : dyadic) {
    numerics::EpilogueProof proof = numerics::proveForm(form, acc, d, zp, lo, hi);
    if (!proof.exact)
      return false;
    if (proof.clampAcc)
      *clamp = {std::max(clamp->lo, proof.accClamp.lo), std::min(clamp->hi, proof.accClamp.hi)};
  }
  // One clamp must serve all channels: it does if each is still exact with it.
  for (size_t c = 0; c < dyadic.size(); ++c)
    for (int64_t a : {acc.lo, acc.hi})
      if (apply(epilogue, std::min(std::max(a, clamp->lo), clamp->hi), c) != apply(epilogue, a, c))
        return false;
  return true;
}

std::vector<char> Requantization::multiplierArray(Epilogue epilogue,
                                                  const std::vector<int64_t> &order) const {
  const size_t size = epilogue == Epilogue::Fma64 ? 8 : 4;
  std::vector<char> array(order.size() * size, 0);
  for (size_t p = 0; p < order.size(); ++p) {
    if (order[p] < 0)
      continue;
    const size_t c = static_cast<size_t>(order[p]);
    double d = numerics::scaleF64(dyadic[c]);
    float f = epilogue == Epilogue::Onnx ? onnxScale[c] : static_cast<float>(d);
    const void *from = epilogue == Epilogue::Fma64     ? static_cast<const void *>(&d)
                       : epilogue == Epilogue::Integer ? &dyadic[c].multiplier
                                                       : static_cast<const void *>(&f);
    std::memcpy(array.data() + p * size, from, size);
  }
  return array;
}

std::vector<int32_t> Requantization::shiftArray(const std::vector<int64_t> &order) const {
  std::vector<int32_t> array(order.size(), 1);
  for (size_t p = 0; p < order.size(); ++p)
    if (order[p] >= 0)
      array[p] = dyadic[static_cast<size_t>(order[p])].shift;
  return array;
}

std::vector<int64_t> quantc::test::naturalOrder(int64_t channels, int64_t padded) {
  std::vector<int64_t> order;
  for (int64_t p = 0; p < padded; ++p)
    order.push_back(p < channels ? p : -1);
  return order;
}

std::vector<std::pair<int64_t, int64_t>> quantc::test::randomSplit(Data &data, int64_t end) {
  int64_t cut = data.in(0, end);
  return {{0, cut}, {cut, end}};
}

int64_t quantc::test::ulpDistance(float a, float b) {
  if (a == b || (a != a && b != b))
    return 0;
  if (a != a || b != b)
    return INT64_MAX;
  auto ordered = [](float v) {
    int32_t bits;
    std::memcpy(&bits, &v, 4);
    return bits < 0 ? int64_t(INT32_MIN) - bits : int64_t(bits);
  };
  return std::abs(ordered(a) - ordered(b));
}

/// Says which levels this machine cannot check.
TEST(KernelLevels, AllAreTested) {
  std::string missing;
  for (Level level : allLevels)
    if (!hostSupports(level))
      missing += std::string(missing.empty() ? "" : ", ") + levelInfo(level).name;
  if (!missing.empty())
    GTEST_SKIP() << "levels not run, this CPU lacks them: " << missing;
}
