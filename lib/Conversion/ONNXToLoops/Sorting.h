//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//
// Sorting in memory, for results that are ordered by data.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_CONVERSION_ONNXTOLOOPS_SORTING_H
#define QUANTC_LIB_CONVERSION_ONNXTOLOOPS_SORTING_H

#include "Emitter.h"

namespace quantc::toloops {

/// Whether one item comes before another; no two items are equal.
using Before = llvm::function_ref<Scalar(Index, Index)>;

/// Whether a comes before b: the greater, or the less; NaN comes last.
Scalar precedes(Scalar a, Scalar b, bool largest);

/// Fills `places` (int64, one axis, no longer than `count`) with those of 0 .. count - 1 that come
/// first, in order. Takes count * log(size of places) steps at most.
void sortFirst(Emitter &e, Index count, const Tensor &places, Before before);

} // namespace quantc::toloops

#endif // QUANTC_LIB_CONVERSION_ONNXTOLOOPS_SORTING_H
