//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Random numbers of ONNX's random operators. The standard names no generator; this is the one of
// NumPy's RandomState, in which ONNX's reference implementation and the answers of its node tests
// are made: the same seed gives the same numbers on every machine.
//
// Source: Matsumoto and Nishimura, "Mersenne Twister", ACM TOMACS 8 (1998); Marsaglia's polar
// method for normal numbers.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_NUMERICS_RANDOM_H
#define QUANTC_NUMERICS_RANDOM_H

#include <cmath>
#include <cstdint>
#include <optional>
#include <random>

namespace quantc::numerics {

/// MT19937 seeded with the low 32 bits of `seed`. [NUM-RAND-1]
class RandomState {
public:
  explicit RandomState(int64_t seed) : engine(static_cast<uint32_t>(seed)) {}

  /// A multiple of 2^-53 in [0, 1), from two outputs of the engine.
  double uniform() {
    uint32_t high = static_cast<uint32_t>(engine()) >> 5;
    uint32_t low = static_cast<uint32_t>(engine()) >> 6;
    return (high * 67108864.0 + low) / 9007199254740992.0;
  }

  /// Mean 0, variance 1. Numbers come in pairs; the second one waits for the next call.
  double normal() {
    if (second) {
      double kept = *second;
      second.reset();
      return kept;
    }
    double x, y, square;
    do {
      x = 2.0 * uniform() - 1.0;
      y = 2.0 * uniform() - 1.0;
      square = x * x + y * y;
    } while (square >= 1.0 || square == 0.0);
    double factor = std::sqrt(-2.0 * std::log(square) / square);
    second = factor * x;
    return factor * y;
  }

private:
  std::mt19937 engine;
  std::optional<double> second;
};

} // namespace quantc::numerics

#endif // QUANTC_NUMERICS_RANDOM_H
