//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What all kernel property tests share: guarded memory, the levels of this machine,
// random data, and comparison of every level with a reference.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_TEST_PROPERTY_KERNELS_KERNELTESTING_H
#define QUANTC_TEST_PROPERTY_KERNELS_KERNELTESTING_H

#include "quantc/Kernels/Kernels.h"
#include "quantc/Kernels/Packing.h"
#include "quantc/Numerics/Dyadic.h"
#include "quantc/Numerics/Epilogue.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <random>
#include <vector>

namespace quantc::test {

using kernels::Epilogue;
using kernels::KernelTable;
using kernels::Level;
using kernels::LevelInfo;

/// Memory whose last byte, plus `slack`, is followed by a page that may not be touched:
/// reading further than a kernel's contract allows crashes the test.
class Guarded {
public:
  /// Activations may be over-read by less than 64 bytes, constants not at all.
  enum Kind { Activation, Constant };
  Guarded(size_t bytes, Kind kind);
  ~Guarded();
  Guarded(const Guarded &) = delete;
  Guarded &operator=(const Guarded &) = delete;

  template <typename T> T *as() { return reinterpret_cast<T *>(data); }

private:
  char *mapping = nullptr, *data = nullptr;
  size_t mappingBytes = 0;
};

template <typename T> class GuardedArray {
public:
  GuardedArray(const std::vector<T> &v, Guarded::Kind kind)
      : memory(v.size() * sizeof(T), kind), count(v.size()) {
    if (!v.empty())
      std::memcpy(memory.as<char>(), v.data(), v.size() * sizeof(T));
  }
  T *get() { return memory.as<T>(); }
  std::vector<T> values() { return std::vector<T>(get(), get() + count); }

private:
  Guarded memory;
  size_t count;
};

/// Calls fn for every level of this machine. Missing ones are reported once per test
/// program by KernelLevels.AllAreTested.
void forEachLevel(const std::function<void(const LevelInfo &, const KernelTable &)> &fn);

/// A source of reproducible data, seeded by RapidCheck.
class Data {
public:
  explicit Data(uint32_t seed) : engine(seed) {}

  int64_t in(int64_t lo, int64_t hi) {
    return std::uniform_int_distribution<int64_t>(lo, hi)(engine);
  }
  double real(double lo, double hi) {
    return std::uniform_real_distribution<double>(lo, hi)(engine);
  }
  /// Bytes of a mode drawn per array: uniform, all lowest, all highest, extremes mixed.
  template <typename T> std::vector<T> bytes(size_t count);
  std::vector<float> floats(size_t count, float lo = -2, float hi = 2);

  std::mt19937 engine;
};

/// Requantization of one channel as all epilogues see it.
struct Requantization {
  std::vector<numerics::Dyadic> dyadic; ///< per channel
  std::vector<float> onnxScale;         ///< per channel
  int32_t zp = 0, lo = 0, hi = 255;

  /// Random multipliers for accumulators of about `magnitude`.
  static Requantization random(Data &data, size_t channels, double magnitude);

  /// What an epilogue makes of an accumulator.
  int32_t apply(Epilogue epilogue, int64_t acc, size_t channel) const;

  /// Whether the level may use the epilogue for accumulators of [accLo, accHi] on all
  /// channels; on success *clamp is the accumulator clamp it needs.
  bool allows(Epilogue epilogue, const LevelInfo &level, numerics::IntRange acc,
              numerics::IntRange *clamp) const;

  /// The constant arrays, with `order` listing the channel at each position (-1: none).
  std::vector<char> multiplierArray(Epilogue epilogue, const std::vector<int64_t> &order) const;
  std::vector<int32_t> shiftArray(const std::vector<int64_t> &order) const;
};

inline constexpr Epilogue allEpilogues[] = {Epilogue::Fma32, Epilogue::Integer, Epilogue::Raw,
                                            Epilogue::Fma64, Epilogue::Onnx};

/// 0, 1, ..., channels-1, then -1 up to `padded`.
std::vector<int64_t> naturalOrder(int64_t channels, int64_t padded);

/// Cuts [0, end) at a random place into one or two ranges.
std::vector<std::pair<int64_t, int64_t>> randomSplit(Data &data, int64_t end);

/// Distance in units of the last place; 0 for equal values and for two NaNs.
int64_t ulpDistance(float a, float b);

/// EXPECTs that two arrays are bitwise equal (NaNs of any payload are equal), naming
/// the first difference.
template <typename T>
void expectEqual(const std::vector<T> &expected, const std::vector<T> &actual, const char *what) {
  RC_ASSERT(expected.size() == actual.size());
  for (size_t i = 0; i < expected.size(); ++i)
    if (std::memcmp(&expected[i], &actual[i], sizeof(T)) != 0 &&
        (expected[i] == expected[i] || actual[i] == actual[i])) {
      RC_LOG() << what << ": element " << i << " is " << +actual[i] << ", expected " << +expected[i]
               << "\n";
      RC_FAIL("kernel differs from the reference");
    }
}

} // namespace quantc::test

#endif // QUANTC_TEST_PROPERTY_KERNELS_KERNELTESTING_H
