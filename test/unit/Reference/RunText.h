//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// Running IR text in the interpreter, and oracles to compare with: plain loops over indices,
// written without any code of the project.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_TEST_UNIT_REFERENCE_RUNTEXT_H
#define QUANTC_TEST_UNIT_REFERENCE_RUNTEXT_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "quantc/Dialect/Dyad/IR/Dyad.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Reference/Interpreter.h"
#include "gtest/gtest.h"
#include <random>
#include <sstream>

namespace quantc::test {

using Sizes = std::vector<int64_t>;

class RunText : public ::testing::Test {
protected:
  RunText() {
    context
        .loadDialect<mlir::func::FuncDialect, nn::NNDialect, qnn::QNNDialect, dyad::DyadDialect>();
  }

  mlir::OwningOpRef<mlir::ModuleOp> parse(const std::string &text) {
    return mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  }

  /// Results of @main for the inputs; a test failure and no results where something goes wrong.
  std::vector<HostTensor> run(const std::string &text, const std::vector<HostTensor> &inputs) {
    auto module = parse(text);
    if (!module) {
      ADD_FAILURE() << "does not parse:\n" << text;
      return {};
    }
    llvm::Expected<Interpreter> interpreter = Interpreter::create(*module);
    if (!interpreter) {
      ADD_FAILURE() << llvm::toString(interpreter.takeError());
      return {};
    }
    llvm::Expected<std::vector<HostTensor>> results = interpreter->run(inputs);
    if (!results) {
      ADD_FAILURE() << llvm::toString(results.takeError()) << "\n" << text;
      return {};
    }
    return std::move(*results);
  }

  /// The message with which creating or running the interpreter fails.
  std::string errorOf(const std::string &text, const std::vector<HostTensor> &inputs = {}) {
    auto module = parse(text);
    if (!module)
      return "does not parse";
    llvm::Expected<Interpreter> interpreter = Interpreter::create(*module);
    if (!interpreter)
      return llvm::toString(interpreter.takeError());
    llvm::Expected<std::vector<HostTensor>> results = interpreter->run(inputs);
    return results ? "no error" : llvm::toString(results.takeError());
  }

  mlir::MLIRContext context;
};

/// One op between arguments and return: "func.func @main(%0: T0, %1: T1) -> R { %r = OP : ... }".
/// `op` holds everything up to the colon, with operands %0, %1, ...
inline std::string oneOp(const std::string &op, const std::vector<std::string> &operands,
                         const std::string &result) {
  std::ostringstream text;
  text << "func.func @main(";
  for (size_t i = 0; i < operands.size(); ++i)
    text << (i ? ", " : "") << "%a" << i << ": " << operands[i];
  text << ") -> " << result << " {\n  %r = " << op << " : (";
  for (size_t i = 0; i < operands.size(); ++i)
    text << (i ? ", " : "") << operands[i];
  text << ") -> " << result << "\n  return %r : " << result << "\n}\n";
  return text.str();
}

/// "%a0, %a1, ..., %a(n-1)".
inline std::string operandList(size_t n) {
  std::string text;
  for (size_t i = 0; i < n; ++i)
    text += (i ? ", %a" : "%a") + std::to_string(i);
  return text;
}

/// "tensor<2x3xsi8>".
inline std::string tensorType(const Sizes &shape, const std::string &element) {
  std::string text = "tensor<";
  for (int64_t size : shape)
    text += (size < 0 ? "?" : std::to_string(size)) + "x";
  return text + element + ">";
}

/// "array<i64: 1, 2>".
inline std::string arrayAttr(const Sizes &values) {
  std::string text = "array<i64";
  for (size_t i = 0; i < values.size(); ++i)
    text += (i ? ", " : ": ") + std::to_string(values[i]);
  return text + ">";
}

inline int64_t countOf(const Sizes &shape) {
  int64_t n = 1;
  for (int64_t size : shape)
    n *= size;
  return n;
}

template <typename T> HostTensor tensor(const Sizes &shape, std::vector<T> values) {
  return HostTensor::from<T>(shape, llvm::ArrayRef<T>(values));
}
template <typename T> HostTensor scalar(T value) { return tensor<T>({}, {value}); }

template <typename T> std::vector<T> valuesOf(const HostTensor &tensor) {
  return tensor.values<T>().vec();
}

/// Every value of T with equal weight, the extremes more often.
template <typename T> std::vector<T> randomIntegers(std::mt19937 &rng, int64_t n, int lo, int hi) {
  std::uniform_int_distribution<int> value(lo, hi), extreme(0, 9);
  std::vector<T> values(static_cast<size_t>(n));
  for (T &v : values) {
    int pick = extreme(rng);
    v = static_cast<T>(pick == 0 ? lo : pick == 1 ? hi : value(rng));
  }
  return values;
}

inline std::vector<float> randomFloats(std::mt19937 &rng, int64_t n) {
  std::normal_distribution<float> value(0.0f, 1.0f);
  std::vector<float> values(static_cast<size_t>(n));
  for (float &v : values)
    v = value(rng);
  return values;
}

/// A random sliding window over `rank` axes that fits its input.
struct RandomWindow {
  Sizes input, kernel, strides, dilations, pads, output;

  RandomWindow(std::mt19937 &rng, int rank, bool poolPads = false) {
    auto pick = [&](int lo, int hi) { return std::uniform_int_distribution<int64_t>(lo, hi)(rng); };
    pads.resize(2 * rank);
    for (int i = 0; i < rank; ++i) {
      kernel.push_back(pick(1, 3));
      strides.push_back(pick(1, 3));
      dilations.push_back(pick(1, 2));
      int64_t extent = (kernel[i] - 1) * dilations[i] + 1;
      // A pool must see an element of the input in every window.
      int limit = poolPads ? static_cast<int>(std::min<int64_t>(
                                 extent - 1, kernel[i] > 1 && dilations[i] == 1 ? 2 : 0))
                           : 3;
      pads[i] = pick(0, limit);
      pads[rank + i] = pick(0, limit);
      input.push_back(pick(static_cast<int>(extent), 9));
      output.push_back((input[i] + pads[i] + pads[rank + i] - extent) / strides[i] + 1);
    }
  }

  std::string attributes() const {
    return "strides = " + arrayAttr(strides) + ", dilations = " + arrayAttr(dilations) +
           ", pads = " + arrayAttr(pads);
  }

  /// Calls fn(input offset or -1) for each tap of output position `out`, in row-major order of
  /// taps.
  template <typename Fn> void forEachTap(int64_t out, Fn fn) const {
    size_t rank = input.size();
    Sizes at(rank), tap(rank, 0);
    for (size_t i = rank; i-- > 0; out /= output[i])
      at[i] = out % output[i];
    for (int64_t t = 0; t < countOf(kernel); ++t) {
      int64_t rest = t, offset = 0;
      for (size_t i = rank; i-- > 0; rest /= kernel[i])
        tap[i] = rest % kernel[i];
      for (size_t i = 0; i < rank && offset >= 0; ++i) {
        int64_t x = at[i] * strides[i] + tap[i] * dilations[i] - pads[i];
        offset = x < 0 || x >= input[i] ? -1 : offset * input[i] + x;
      }
      fn(t, offset);
    }
  }
};

inline Sizes joined(Sizes a, const Sizes &b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

} // namespace quantc::test

#endif // QUANTC_TEST_UNIT_REFERENCE_RUNTEXT_H
