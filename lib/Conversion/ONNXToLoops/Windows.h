//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sliding windows over any number of spatial axes, with sizes that only a run may know.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_CONVERSION_ONNXTOLOOPS_WINDOWS_H
#define QUANTC_LIB_CONVERSION_ONNXTOLOOPS_WINDOWS_H

#include "NodeLowering.h"

namespace quantc::toloops {

/// A window: its sizes, strides and dilations, what is padded before and after each spatial axis,
/// and how many places it has.
struct Window {
  Indices kernel;
  llvm::SmallVector<int64_t> strides, dilations;
  Indices before, after;
  Indices out;

  size_t axes() const { return kernel.size(); }
};

/// Reads kernel_shape (or takes `kernel`), strides, dilations, pads, auto_pad and ceil_mode for
/// an input with these spatial sizes.
mlir::FailureOr<Window> readWindow(NodeLowering &n, IndexRef spatial, Indices kernel = {});

/// Calls `body` for each element of the window at `place`, with the position in the input, for
/// those that lie inside; carries values.
Scalars
foldWindow(Emitter &e, const Window &window, IndexRef spatial, IndexRef place,
           llvm::ArrayRef<Scalar> initial,
           llvm::function_ref<Scalars(IndexRef tap, IndexRef at, llvm::ArrayRef<Scalar>)> body);

} // namespace quantc::toloops

#endif // QUANTC_LIB_CONVERSION_ONNXTOLOOPS_WINDOWS_H
