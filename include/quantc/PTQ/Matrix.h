//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The matrices of the post-training methods: Eigen's, in fp64, rows one after the other as tensors
// are. A weight is [out, in], samples are [tokens, channels].
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PTQ_MATRIX_H
#define QUANTC_PTQ_MATRIX_H

#include <Eigen/Dense>

namespace quantc::ptq {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::VectorXd;

} // namespace quantc::ptq

#endif // QUANTC_PTQ_MATRIX_H
