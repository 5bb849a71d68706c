//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Windows of Conv and of pooling: defaults, and auto_pad turned into explicit padding.
//
// SAME_UPPER and SAME_LOWER give ceil(size / stride) outputs; the padding this needs depends on the
// input's size unless the stride is 1. Source: ONNX Conv, AveragePool.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/ONNX/Utils/NodeForms.h"
#include "llvm/ADT/STLExtras.h"
#include <limits>

using namespace mlir;
using namespace quantc::onnx;

using OnnxShape = quantc::onnx::Shape;

/// Larger values make no sense and could overflow sums.
constexpr int64_t maxValue = std::numeric_limits<int32_t>::max();
constexpr int64_t maxSize = int64_t(1) << 60;

/// A list attribute with one value per spatial axis, all at least `least`.
static FailureOr<OnnxShape> readList(NodeReader &reader, StringRef name, size_t count,
                                     int64_t absent, int64_t least) {
  FailureOr<std::optional<ShapeRef>> values = reader.intsAttr(name);
  if (failed(values))
    return failure();
  if (!*values)
    return OnnxShape(count, absent);
  if ((*values)->size() != count)
    return reader.refuse(Refusal::AttributeValue, "expected " + Twine(count) + " values in '" +
                                                      name + "', but found " +
                                                      Twine((*values)->size()));
  for (int64_t value : **values)
    if (value < least || value > maxValue)
      return reader.refuse(Refusal::AttributeValue, "expected values of at least " + Twine(least) +
                                                        " in '" + name + "', but found " +
                                                        Twine(value));
  return OnnxShape(**values);
}

/// Padding of both sides for ceil(size / stride) outputs.
static FailureOr<int64_t> samePadding(NodeReader &reader, int64_t size, int64_t stride,
                                      int64_t extent) {
  if (stride == 1)
    return extent - 1;
  if (size < 0)
    return reader.refuse(Refusal::Shape,
                         "auto_pad with a stride above 1 needs a static spatial size");
  if (size > maxSize)
    return reader.refuse(Refusal::Shape,
                         "expected a spatial size of at most 2^60, but found " + Twine(size));
  int64_t outputs = (size + stride - 1) / stride;
  return std::max<int64_t>(0, (outputs - 1) * stride + extent - size);
}

/// Replaces the padding when auto_pad asks for it.
static LogicalResult resolveAutoPad(NodeReader &reader, ShapeRef spatial, WindowForm &window) {
  FailureOr<StringRef> mode = reader.stringAttr("auto_pad", "NOTSET");
  if (failed(mode))
    return failure();
  if (*mode == "NOTSET")
    return success();
  window.ceilMode = false;
  window.pads.assign(2 * spatial.size(), 0);
  if (*mode == "VALID")
    return success();
  if (*mode != "SAME_UPPER" && *mode != "SAME_LOWER")
    return reader.refuse(Refusal::AttributeValue,
                         "expected auto_pad NOTSET, SAME_UPPER, SAME_LOWER or VALID, but found '" +
                             *mode + "'");
  for (size_t axis = 0; axis < spatial.size(); ++axis) {
    int64_t extent = (window.kernel[axis] - 1) * window.dilations[axis] + 1;
    FailureOr<int64_t> total = samePadding(reader, spatial[axis], window.strides[axis], extent);
    if (failed(total))
      return failure();
    int64_t less = *total / 2, more = *total - less;
    bool upper = *mode == "SAME_UPPER";
    window.pads[axis] = upper ? less : more;
    window.pads[axis + spatial.size()] = upper ? more : less;
  }
  return success();
}

/// Everything of a window but its kernel, which `window` has already.
static LogicalResult readWindow(NodeReader &reader, ShapeRef spatial, WindowForm &window) {
  size_t rank = spatial.size();
  FailureOr<OnnxShape> strides = readList(reader, "strides", rank, 1, 1);
  FailureOr<OnnxShape> dilations = readList(reader, "dilations", rank, 1, 1);
  FailureOr<OnnxShape> pads = readList(reader, "pads", 2 * rank, 0, 0);
  if (failed(strides) || failed(dilations) || failed(pads))
    return failure();
  window.strides = *strides;
  window.dilations = *dilations;
  window.pads = *pads;
  return resolveAutoPad(reader, spatial, window);
}

static LogicalResult checkSpatialRank(NodeReader &reader, ShapeRef input) {
  if (input.size() >= 3 && input.size() <= 5)
    return success();
  return reader.refuse(Refusal::Rank, "expected 1 to 3 spatial axes, but found an input of rank " +
                                          Twine(input.size()));
}

FailureOr<ConvForm> quantc::onnx::readConv(NodeReader &reader, ShapeRef input, ShapeRef weight) {
  if (failed(checkSpatialRank(reader, input)))
    return failure();
  if (weight.size() != input.size())
    return reader.refuse(Refusal::Rank, "expected a weight of rank " + Twine(input.size()) +
                                            ", but found " + Twine(weight.size()));
  ConvForm form;
  size_t rank = input.size() - 2;
  for (int64_t size : weight.drop_front(2)) {
    if (size < 1 || size > maxValue)
      return reader.refuse(Refusal::Shape, "expected static kernel sizes of at least 1");
    form.window.kernel.push_back(size);
  }
  FailureOr<OnnxShape> kernel = readList(reader, "kernel_shape", rank, 0, 1);
  FailureOr<int64_t> groups = reader.intAttr("group", 1);
  if (failed(kernel) || failed(groups))
    return failure();
  if (reader.has("kernel_shape") && *kernel != form.window.kernel)
    return reader.refuse(Refusal::AttributeValue,
                         "expected a kernel_shape equal to the weight's last sizes");
  form.groups = *groups;
  if (failed(readWindow(reader, input.drop_front(2), form.window)))
    return failure();
  return form;
}

FailureOr<PoolForm> quantc::onnx::readPool(NodeReader &reader, ShapeRef input) {
  if (failed(checkSpatialRank(reader, input)))
    return failure();
  if (!reader.has("kernel_shape"))
    return reader.refuse(Refusal::AttributeValue,
                         "expected attribute 'kernel_shape', but it is absent");
  PoolForm form;
  FailureOr<OnnxShape> kernel = readList(reader, "kernel_shape", input.size() - 2, 1, 1);
  FailureOr<bool> ceilMode = reader.boolAttr("ceil_mode", false);
  FailureOr<bool> countIncludePad = reader.boolAttr("count_include_pad", false);
  if (failed(kernel) || failed(ceilMode) || failed(countIncludePad))
    return failure();
  form.window.kernel = *kernel;
  form.window.ceilMode = *ceilMode;
  form.countIncludePad = *countIncludePad;
  if (failed(readWindow(reader, input.drop_front(2), form.window)))
    return failure();
  return form;
}
