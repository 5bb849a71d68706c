//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Derivatives of Einsum and ConvTranspose against finite differences. They had none.
//
//===----------------------------------------------------------------------===//

#include "OpGradients.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::test;

namespace {

using NodeContractions = OpGradients;

Case einsum(StringRef equation, std::vector<Shape> operands, Shape shape) {
  return {std::move(operands),
          [equation = equation.str(), shape](OpBuilder &b, Location loc, ValueRange v) -> Value {
            return node(b, loc, "Einsum", v, RankedTensorType::get(shape, b.getF64Type()),
                        b.getNamedAttr("equation", b.getStringAttr(equation)));
          }};
}

TEST_F(NodeContractions, EinsumOfProducts) {
  checkAll(2, [](Random &r) {
    int64_t i = r.integer(1, 3), j = r.integer(1, 3), k = r.integer(1, 3);
    return einsum("ij,jk->ik", {{i, j}, {j, k}}, {i, k});
  });
  checkAll(2, [](Random &r) {
    int64_t b = 2, h = r.integer(1, 2), q = r.integer(1, 3), k = r.integer(1, 3), d = 2;
    return einsum("bhqd, bhkd -> bhqk", {{b, h, q, d}, {b, h, k, d}}, {b, h, q, k});
  });
  checkAll(1, [](Random &) { return einsum("i,j,ijk", {{2}, {3}, {2, 3, 2}}, {2}); });
  checkAll(1, [](Random &) { return einsum("zA,Ab->bz", {{2, 3}, {3, 4}}, {4, 2}); });
  checkAll(1, [](Random &) { return einsum("ij->ji", {{2, 3}}, {3, 2}); });
  checkAll(1, [](Random &) { return einsum(",ij->ij", {{}, {2, 3}}, {2, 3}); });
}

/// The sum over what one operand alone has.
TEST_F(NodeContractions, EinsumSumsAlone) {
  checkAll(1, [](Random &) { return einsum("ij->i", {{2, 3}}, {2}); });
  checkAll(1, [](Random &) { return einsum("ij->", {{2, 3}}, {}); });
  checkAll(1, [](Random &) { return einsum("aib,ci->ic", {{2, 3, 2}, {4, 3}}, {3, 4}); });
}

/// Diagonals and traces.
TEST_F(NodeContractions, EinsumOfRepeatedLabels) {
  checkAll(1, [](Random &) { return einsum("ii->i", {{3, 3}}, {3}); });
  checkAll(1, [](Random &) { return einsum("ii", {{3, 3}}, {}); });
  checkAll(1, [](Random &) { return einsum("iii,ij->j", {{2, 2, 2}, {2, 3}}, {3}); });
  checkAll(1, [](Random &) { return einsum("ijij,kk->jk", {{2, 3, 2, 3}, {2, 2}}, {3, 2}); });
}

/// Axes without a name, which broadcast, and axes of size 1 with one.
TEST_F(NodeContractions, EinsumOfEllipses) {
  checkAll(1, [](Random &) {
    return einsum("...ij,...jk->...ik", {{2, 3, 2, 3}, {3, 3, 2}}, {2, 3, 2, 2});
  });
  checkAll(1, [](Random &) { return einsum("...i,i...->...", {{2, 1, 3}, {3, 4}}, {2, 4}); });
  checkAll(1, [](Random &) { return einsum("...i->i", {{2, 3, 4}}, {4}); });
  checkAll(1, [](Random &) { return einsum("ij,j->i", {{2, 3}, {1}}, {2}); });
  checkAll(1, [](Random &) { return einsum("ii,i->", {{1, 3}, {3}}, {}); });
}

//===----------------------------------------------------------------------===//
// ConvTranspose
//===----------------------------------------------------------------------===//

struct Transposed {
  int64_t groups = 1, inputs = 1, outputs = 1; ///< channels of a group
  bool bias = false;
  Shape input, kernel, strides, dilations;
  Shape pads, more, shape; ///< empty: no such attribute
  std::string mode;

  Case draw(Random &r) const {
    Shape x = {r.integer(1, 2), groups * inputs}, w = {groups * inputs, outputs};
    Shape y = {x[0], groups * outputs};
    const size_t axes = input.size();
    for (size_t i = 0; i < axes; ++i) {
      int64_t size = (input[i] - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1;
      size += more.empty() ? 0 : more[i];
      size -= pads.empty() ? 0 : pads[i] + pads[axes + i];
      if (StringRef(mode).starts_with("SAME"))
        size = input[i] * strides[i];
      y.push_back(shape.empty() ? size : shape[i]);
      x.push_back(input[i]);
      w.push_back(kernel[i]);
    }
    std::vector<Shape> operands = {x, w};
    if (bias)
      operands.push_back({y[1]});
    return {operands, [c = *this, y](OpBuilder &b, Location loc, ValueRange v) -> Value {
              SmallVector<NamedAttribute> attributes = {onnx::intAttribute(b, "group", c.groups)};
              auto list = [&](StringRef name, const Shape &values) {
                if (!values.empty())
                  attributes.push_back(b.getNamedAttr(name, b.getDenseI64ArrayAttr(values)));
              };
              list("strides", c.strides);
              list("dilations", c.dilations);
              list("pads", c.pads);
              list("output_padding", c.more);
              list("output_shape", c.shape);
              if (!c.mode.empty())
                attributes.push_back(b.getNamedAttr("auto_pad", b.getStringAttr(c.mode)));
              return node(b, loc, "ConvTranspose", v, RankedTensorType::get(y, b.getF64Type()),
                          attributes);
            }};
  }
};

Transposed randomTransposed(Random &r, size_t axes) {
  Transposed c;
  c.groups = r.integer(1, 2);
  c.inputs = r.integer(1, 2);
  c.outputs = r.integer(1, 2);
  c.bias = r.coin();
  for (size_t i = 0; i < axes; ++i) {
    c.input.push_back(r.integer(1, 3));
    c.kernel.push_back(r.integer(1, 3));
    c.strides.push_back(r.integer(1, 3));
    c.dilations.push_back(r.integer(1, 2));
  }
  return c;
}

/// Paddings leave one element or more.
TEST_F(NodeContractions, ConvTransposeWithPads) {
  for (size_t axes : {1, 2, 2, 2, 3})
    checkAll(2, [=](Random &r) {
      Transposed c = randomTransposed(r, axes);
      c.pads.assign(2 * axes, 0);
      for (size_t i = 0; i < axes; ++i) {
        c.more.push_back(r.integer(0, c.strides[i] - 1));
        int64_t size =
            (c.input[i] - 1) * c.strides[i] + (c.kernel[i] - 1) * c.dilations[i] + 1 + c.more[i];
        c.pads[i] = r.integer(0, std::min<int64_t>(size - 1, 2));
        c.pads[axes + i] = r.integer(0, std::min<int64_t>(size - 1 - c.pads[i], 2));
      }
      return c.draw(r);
    });
}

TEST_F(NodeContractions, ConvTransposeWithDerivedPads) {
  for (const char *mode : {"SAME_UPPER", "SAME_LOWER", "VALID"})
    checkAll(3, [=](Random &r) {
      Transposed c = randomTransposed(r, 2);
      c.mode = mode;
      return c.draw(r);
    });
}

/// Less than windows reach, and more.
TEST_F(NodeContractions, ConvTransposeToAShape) {
  for (int64_t surplus : {-1, 0, 2})
    checkAll(2, [=](Random &r) {
      Transposed c = randomTransposed(r, 2);
      c.mode = r.coin() ? "SAME_UPPER" : "NOTSET";
      for (size_t i = 0; i < 2; ++i)
        c.shape.push_back(std::max<int64_t>(
            (c.input[i] - 1) * c.strides[i] + (c.kernel[i] - 1) * c.dilations[i] + 1 + surplus, 1));
      return c.draw(r);
    });
}

} // namespace
