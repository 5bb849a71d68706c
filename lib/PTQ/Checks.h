//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Checks that several methods make on their operands, with messages that say which operand failed.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_PTQ_CHECKS_H
#define QUANTC_LIB_PTQ_CHECKS_H

#include "quantc/PTQ/Matrix.h"
#include "quantc/Support/Errors.h"
#include "llvm/ADT/StringRef.h"
#include <cmath>
#include <cstdint>
#include <string>

namespace quantc::ptq {

/// "expected NAME to be finite, but found V at element I", in row-major order.
template <typename Derived>
llvm::Error checkFinite(llvm::StringRef name, const Eigen::DenseBase<Derived> &values) {
  for (Eigen::Index i = 0; i < values.rows(); ++i)
    for (Eigen::Index j = 0; j < values.cols(); ++j)
      if (!std::isfinite(values(i, j)))
        return makeError("expected " + name + " to be finite, but found " +
                         llvm::Twine(std::isnan(values(i, j)) ? "nan"
                                     : values(i, j) > 0       ? "inf"
                                                              : "-inf") +
                         " at element " + llvm::Twine(i * values.cols() + j));
  return llvm::Error::success();
}

/// "expected SIZE values of NAME, but found N", and finite ones.
template <typename Derived>
llvm::Error checkVector(llvm::StringRef name, const Eigen::DenseBase<Derived> &values,
                        int64_t size) {
  if (values.size() != size)
    return makeError("expected " + llvm::Twine(size) + " values of " + name + ", but found " +
                     llvm::Twine(values.size()));
  return checkFinite(name, values);
}

/// "expected NAME not to be negative, but found V at element I", and finite values.
template <typename Derived>
llvm::Error checkNotNegative(llvm::StringRef name, const Eigen::DenseBase<Derived> &values) {
  for (Eigen::Index i = 0; i < values.size(); ++i)
    if (values.derived()[i] < 0)
      return makeError("expected " + name + " not to be negative, but found " +
                       llvm::Twine(std::to_string(values.derived()[i])) + " at element " +
                       llvm::Twine(i));
  return checkFinite(name, values);
}

/// "expected NAME of shape RxC, but found RxC".
template <typename Derived>
llvm::Error checkShape(llvm::StringRef name, const Eigen::DenseBase<Derived> &values, int64_t rows,
                       int64_t cols) {
  if (values.rows() != rows || values.cols() != cols)
    return makeError("expected " + name + " of shape " + llvm::Twine(rows) + "x" +
                     llvm::Twine(cols) + ", but found " + llvm::Twine(values.rows()) + "x" +
                     llvm::Twine(values.cols()));
  return llvm::Error::success();
}

/// The same, and finite values.
template <typename Derived>
llvm::Error checkMatrix(llvm::StringRef name, const Eigen::DenseBase<Derived> &values, int64_t rows,
                        int64_t cols) {
  if (llvm::Error error = checkShape(name, values, rows, cols))
    return error;
  return checkFinite(name, values);
}

} // namespace quantc::ptq

#endif // QUANTC_LIB_PTQ_CHECKS_H
