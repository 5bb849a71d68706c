//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The derivative of one op against finite differences, for random shapes and values.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_TEST_UNIT_GRADIENT_OPGRADIENTS_H
#define QUANTC_TEST_UNIT_GRADIENT_OPGRADIENTS_H

#include "GradientTest.h"
#include "quantc/Dialect/ONNX/Utils/NodeBuilder.h"
#include <functional>

namespace quantc::test {

using Shape = std::vector<int64_t>;

/// One op with its operands as arguments. Values lie in [lo, hi].
struct Case {
  std::vector<Shape> operands;
  std::function<mlir::Value(mlir::OpBuilder &, mlir::Location, mlir::ValueRange)> make;
  double lo = -2, hi = 2;
};

class OpGradients : public GradientTest {
protected:
  /// The loss sum(y * c) for a random c.
  void check(const Case &c, Random &random) {
    auto module = build(c.operands, c.make);
    ASSERT_TRUE(mlir::succeeded(mlir::verify(*module)));
    nn::GradientOptions options;
    options.loss = nn::Loss::Cotangent;
    for (size_t i = 0; i < c.operands.size(); ++i)
      options.wrt.push_back("a" + std::to_string(i));
    mlir::FailureOr<nn::GradientSignature> signature = nn::buildGradient(*module, options);
    ASSERT_TRUE(mlir::succeeded(signature));
    ASSERT_TRUE(mlir::succeeded(mlir::verify(*module)));
    Loops loops = compile(*module);
    ASSERT_TRUE(loops.model);
    Tensors point = randomPoint(*module, c, random);
    Tensors results = loops.run(point);
    ASSERT_EQ(results.size(), c.operands.size() + 1);
    for (size_t i = 0; i < c.operands.size(); ++i)
      checkOperand(loops, point, results[i + 1], i);
  }

  static Tensors randomPoint(mlir::ModuleOp module, const Case &c, Random &random) {
    Tensors point;
    auto main = module.lookupSymbol<mlir::func::FuncOp>("main");
    for (auto [i, type] : llvm::enumerate(main.getArgumentTypes())) {
      Doubles values(sizeOf(type));
      bool cotangent = i == c.operands.size();
      for (double &value : values)
        value = cotangent ? random.real(-1, 1) : random.real(c.lo, c.hi);
      point.push_back(std::move(values));
    }
    return point;
  }

  static void checkOperand(const Loops &loops, const Tensors &point, const Doubles &gradient,
                           size_t operand) {
    ASSERT_EQ(gradient.size(), point[operand].size());
    // f(t) is a sum of products; each is rounded to 2^-53 of itself, and functions of libm to a few
    // units: 2^-50 of the sum of magnitudes covers sums of up to eight in a row per element.
    double magnitude = 0;
    for (double c : point.back())
      magnitude += std::fabs(c) * 32;
    for (size_t j = 0; j < gradient.size(); ++j) {
      Tensors moved = point;
      auto f = [&](double t) {
        moved[operand][j] = point[operand][j] + t;
        return loops.run(moved)[0][0];
      };
      Difference d = difference(f, 0x1p-17, magnitude * 0x1p-50);
      EXPECT_NEAR(gradient[j], d.value, d.bound) << "operand " << operand << ", element " << j;
    }
  }

  /// `make` draws a case from random numbers.
  template <typename Make> void checkAll(int cases, Make make) {
    for (int i = 0; i < cases && !HasFailure(); ++i) {
      SCOPED_TRACE("case " + std::to_string(i));
      Random random(1000 + i);
      check(make(random), random);
    }
  }
};

inline Shape randomShape(Random &random, int64_t rank, int64_t largest = 4) {
  Shape shape;
  for (int64_t i = 0; i < rank; ++i)
    shape.push_back(random.integer(1, largest));
  return shape;
}

/// What broadcasts to `shape`: axes left out in front, sizes of 1.
inline Shape broadcastable(Random &random, const Shape &shape) {
  Shape part(shape.begin() + random.integer(0, static_cast<int64_t>(shape.size())), shape.end());
  for (int64_t &size : part)
    if (random.integer(0, 2) == 0)
      size = 1;
  return part;
}

inline mlir::Value node(mlir::OpBuilder &b, mlir::Location loc, llvm::StringRef type,
                        mlir::ValueRange operands, mlir::Type result,
                        llvm::ArrayRef<mlir::NamedAttribute> attributes = {}) {
  mlir::OperationState state(loc, onnx::NodeOp::getOperationName());
  state.addOperands(operands);
  state.addTypes(result);
  state.addAttribute("op_type", b.getStringAttr(type));
  state.addAttribute("opset", b.getI64IntegerAttr(17));
  if (!attributes.empty())
    state.addAttribute("onnx_attrs", b.getDictionaryAttr(attributes));
  return b.create(state)->getResult(0);
}

/// Constant integers of a shape; without one, a list.
inline mlir::Value integers(mlir::OpBuilder &b, mlir::Location loc, const Shape &list,
                            const Shape &shape) {
  auto type = mlir::RankedTensorType::get(shape, b.getIntegerType(64, true));
  return nn::ConstantOp::create(
      b, loc, type,
      llvm::cast<mlir::ElementsAttr>(mlir::DenseElementsAttr::get(type, llvm::ArrayRef(list))));
}
inline mlir::Value integers(mlir::OpBuilder &b, mlir::Location loc, const Shape &list) {
  return integers(b, loc, list, {static_cast<int64_t>(list.size())});
}

} // namespace quantc::test

#endif // QUANTC_TEST_UNIT_GRADIENT_OPGRADIENTS_H
