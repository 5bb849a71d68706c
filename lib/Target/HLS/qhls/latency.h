//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Assumed depths of the units' pipelines in cycles: from the first iteration to its result. The
// simulation delays results by them and adds one drain a frame; the cost model reads the same
// numbers. Tools decide the true ones, which shift latency by as little and the frame interval
// hardly.
//
//===----------------------------------------------------------------------===//

#ifndef QHLS_LATENCY_H
#define QHLS_LATENCY_H

namespace qhls {

struct latency {
  static const int move =
      1; ///< width converter, duplicate, concat, pad, repeat, spread, constant, discard
  static const int window = 2;      ///< window, parallel window, transpose: a memory is read
  static const int contraction = 8; ///< mvau, depthwise: multiply, adder tree, accumulate, epilogue
  static const int pointwise = 5;   ///< pointwise, sums: an epilogue
  static const int add = 5;
  static const int mul = 7; ///< a product, then an epilogue
  static const int maximum = 2;
};

} // namespace qhls

#endif // QHLS_LATENCY_H
