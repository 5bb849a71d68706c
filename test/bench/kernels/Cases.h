//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Buffers, packed constants and arguments of one kernel call, for benchmarks: random
// data over the full range, zero points and multipliers as a real layer has them.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_TEST_BENCH_KERNELS_CASES_H
#define QUANTC_TEST_BENCH_KERNELS_CASES_H

#include "Specializer.h"

#include <cstdlib>
#include <string>

namespace quantc::bench {

/// 64-byte aligned memory with 64 bytes of slack at both ends.
class Buffer {
public:
  explicit Buffer(size_t bytes = 0);
  template <typename T = void> T *as() const { return reinterpret_cast<T *>(memory.get() + 64); }

private:
  struct Free {
    void operator()(char *p) const { std::free(p); }
  };
  std::unique_ptr<char, Free> memory;
};

/// A kernel call that owns its buffers.
struct Case {
  std::string name;
  kernels::KernelId kernel;
  std::vector<KernelArg> args;
  std::vector<Buffer> buffers;
  double macs = 0;  ///< multiply-accumulates of the layer (0: not a contraction)
  double bytes = 0; ///< bytes read and written, or those of weights that each run streams
};

/// One layer on a square image, batch 1.
struct Layer {
  std::string name;
  int64_t size;   ///< input height and width
  int64_t inC;    ///< input channels
  int64_t outC;   ///< output channels
  int64_t kernel; ///< height and width
  int64_t stride; ///< both ways
  int64_t pad;    ///< all four sides
};

/// Integer kernels. `epilogue` as in Kernels.h.
Case convU8S8(const Layer &layer, int64_t epilogue);
Case depthwiseU8S8(const Layer &layer, kernels::Level level, int64_t epilogue);
Case gemmU8S8(const std::string &name, int64_t m, int64_t k, int64_t n, int64_t epilogue);
Case addU8(const std::string &name, int64_t count);
Case globalAveragePoolU8(const std::string &name, int64_t pixels, int64_t channels,
                         int64_t epilogue);
Case quantizeNchw(const std::string &name, int64_t size, int64_t channels);

/// Float kernels.
Case convF32(const Layer &layer);
Case depthwiseF32(const Layer &layer);
Case gemmF32(const std::string &name, int64_t m, int64_t k, int64_t n);
/// Weights of 4 bits, symmetric, in groups: on floats, and on rows in 8 bits.
Case groupedF32(const std::string &name, int64_t m, int64_t k, int64_t n, int64_t group);
Case groupedS8(const std::string &name, int64_t m, int64_t k, int64_t n, int64_t group);
Case matmulF32(const std::string &name, int64_t m, int64_t k, int64_t n);
Case unaryF32(const std::string &name, kernels::UnaryOp op, int64_t count);
Case softmaxF32(const std::string &name, int64_t rows, int64_t axis);
/// Walsh-Hadamard transforms of rows of `size` elements by their plan: floats, and bytes to sums.
Case hadamardF32(const std::string &name, int64_t rows, int64_t size);
Case hadamardU8(const std::string &name, int64_t rows, int64_t size);

/// MobileNetV2 1.0 at 224 x 224: its convolutions in order.
std::vector<Layer> mobileNetV2();

} // namespace quantc::bench

#endif // QUANTC_TEST_BENCH_KERNELS_CASES_H
