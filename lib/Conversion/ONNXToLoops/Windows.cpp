//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sliding windows; see Windows.h.
//
//===----------------------------------------------------------------------===//

#include "Windows.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

/// Padding that gives ceil(size / stride) places; the odd element goes to the end, or the start.
static void padSame(Window &w, IndexRef spatial, bool upper) {
  for (size_t i = 0; i < w.axes(); ++i) {
    w.out[i] = ceilDiv(spatial[i], w.strides[i]);
    Index extent = (w.kernel[i] - 1) * w.dilations[i] + 1;
    Index total = max((w.out[i] - 1) * w.strides[i] + extent - spatial[i], 0);
    w.before[i] = upper ? total / 2 : total - total / 2;
    w.after[i] = total - w.before[i];
  }
}

FailureOr<Window> quantc::toloops::readWindow(NodeLowering &n, IndexRef spatial, Indices kernel) {
  Window w;
  w.kernel = kernel;
  if (auto given = n.intsAttr("kernel_shape"))
    w.kernel.assign(given->begin(), given->end());
  size_t axes = spatial.size();
  w.strides = n.intsAttr("strides").value_or(SmallVector<int64_t>(axes, 1));
  w.dilations = n.intsAttr("dilations").value_or(SmallVector<int64_t>(axes, 1));
  SmallVector<int64_t> pads = n.intsAttr("pads").value_or(SmallVector<int64_t>(2 * axes, 0));
  std::string autoPad = n.attr("auto_pad", "NOTSET");
  bool ceilMode = n.attr("ceil_mode", int64_t(0)) != 0;
  auto positive = [](ArrayRef<int64_t> list) {
    return llvm::all_of(list, [](int64_t x) { return x > 0; });
  };
  if (n.failed() || w.kernel.size() != axes || w.strides.size() != axes ||
      w.dilations.size() != axes || pads.size() != 2 * axes || !positive(w.strides) ||
      !positive(w.dilations))
    return n.refuse(Refusal::AttributeValue,
                    "expected kernel_shape, strides, dilations and pads for each spatial axis");
  w.before.assign(axes, Index(0));
  w.after.assign(axes, Index(0));
  w.out.assign(axes, Index(0));
  if (autoPad == "SAME_UPPER" || autoPad == "SAME_LOWER") {
    padSame(w, spatial, autoPad == "SAME_UPPER");
    return w;
  }
  for (size_t i = 0; i < axes; ++i) {
    if (autoPad == "NOTSET") {
      w.before[i] = pads[i];
      w.after[i] = pads[axes + i];
    }
    Index extent = (w.kernel[i] - 1) * w.dilations[i] + 1;
    Index room = spatial[i] + w.before[i] + w.after[i] - extent;
    if (!ceilMode) {
      w.out[i] = max(floorDiv(room, w.strides[i]) + 1, 0);
      continue;
    }
    // A window that would start in the padding behind is dropped.
    Index places = ceilDiv(room, w.strides[i]) + 1;
    Scalar starts = n.e.less((places - 1) * w.strides[i], spatial[i] + w.before[i]);
    w.out[i] = max(n.e.select(starts, places, places - 1), 0);
  }
  return w;
}

/// Whether all windows are known to lie inside along this axis.
static bool isInside(const Window &w, size_t axis, Index size) {
  Index last = (w.out[axis] - 1) * w.strides[axis] + (w.kernel[axis] - 1) * w.dilations[axis];
  auto reach = (last - w.before[axis]).constant(), known = size.constant();
  return w.before[axis].is(0) && reach && known && *reach < *known;
}

Scalars quantc::toloops::foldWindow(
    Emitter &e, const Window &window, IndexRef spatial, IndexRef place, ArrayRef<Scalar> initial,
    llvm::function_ref<Scalars(IndexRef, IndexRef, ArrayRef<Scalar>)> body) {
  SmallVector<Compute> kinds = llvm::map_to_vector(initial, [](const Scalar &s) { return s.kind; });
  return e.foldOver(window.kernel, initial, [&](IndexRef tap, ArrayRef<Scalar> so) -> Scalars {
    Indices at;
    Scalar inside;
    for (size_t i = 0; i < window.axes(); ++i) {
      at.push_back(place[i] * window.strides[i] + tap[i] * window.dilations[i] - window.before[i]);
      if (isInside(window, i, spatial[i]))
        continue;
      Scalar here = !e.less(at[i], 0) & e.less(at[i], spatial[i]);
      inside = inside.emitter ? inside & here : here;
    }
    if (!inside.emitter)
      return body(tap, at, so);
    return e.ifElse(inside, kinds, [&] { return body(tap, at, so); }, [&] { return Scalars(so); });
  });
}
