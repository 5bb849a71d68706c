//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Networks in the interpreter, and how far apart two of one meaning may be.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_TEST_UNIT_ANALYSIS_NETWORKTEST_H
#define QUANTC_TEST_UNIT_ANALYSIS_NETWORKTEST_H

#include "Networks.h"
#include "ParseModule.h"
#include "quantc/Reference/Interpreter.h"
#include <cmath>

namespace quantc::test {

class NetworkTest : public ParseModule {
protected:
  static std::vector<float> run(mlir::ModuleOp module, const Network &network) {
    llvm::Expected<Interpreter> interpreter = Interpreter::create(module);
    if (!interpreter) {
      ADD_FAILURE() << llvm::toString(interpreter.takeError());
      return {};
    }
    llvm::Expected<std::vector<HostTensor>> results = interpreter->run(network.inputs);
    if (!results) {
      ADD_FAILURE() << llvm::toString(results.takeError());
      return {};
    }
    return results->front().values<float>().vec();
  }

  /// The norm of the difference over the norm of `b`.
  static double relativeError(const std::vector<float> &a, const std::vector<float> &b) {
    double error = 0, size = 0;
    EXPECT_EQ(a.size(), b.size());
    for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
      error += (double(a[i]) - b[i]) * (double(a[i]) - b[i]);
      size += double(b[i]) * b[i];
    }
    return std::sqrt(error / size);
  }

  /// Of the relative error that roundings make: a sum of K products rounds to sqrt(K) units of
  /// 2^-24 when errors are independent, in either network, and the weights of one of them are
  /// rounded once more for each transform.
  static double errorBound(const Network &network, double transforms) {
    return (2 * network.roots + transforms * network.depth) * 0x1p-24;
  }
};

} // namespace quantc::test

#endif // QUANTC_TEST_UNIT_ANALYSIS_NETWORKTEST_H
