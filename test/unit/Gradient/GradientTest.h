//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Gradients as running code: float64 through loops (convert-onnx-to-loops), which knows every op in
// every element type, so that finite differences have digits enough to be a check.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_TEST_UNIT_GRADIENT_GRADIENTTEST_H
#define QUANTC_TEST_UNIT_GRADIENT_GRADIENTTEST_H

#include "../Analysis/ParseModule.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "quantc/Conversion/NNToONNX/NNToONNX.h"
#include "quantc/Conversion/ONNXToLoops/ONNXToLoops.h"
#include "quantc/Dialect/NN/Transforms/Gradient.h"
#include "quantc/Dialect/ONNX/IR/ONNX.h"
#include "quantc/Execution/LoopsModel.h"
#include "llvm/ADT/StringMap.h"
#include <cmath>
#include <random>

namespace quantc::test {

using Doubles = std::vector<double>;
using Tensors = std::vector<Doubles>;

/// Seeded, the same on every machine.
class Random {
public:
  explicit Random(uint64_t seed) : engine(seed) {}
  /// In [lo, hi].
  int64_t integer(int64_t lo, int64_t hi) {
    return lo + static_cast<int64_t>(engine() % static_cast<uint64_t>(hi - lo + 1));
  }
  double real(double lo, double hi) {
    return lo + (hi - lo) * static_cast<double>(engine() >> 11) * 0x1p-53;
  }
  bool coin() { return engine() & 1; }

private:
  std::mt19937_64 engine;
};

/// A module of f64 (but for integers), compiled.
class Loops {
public:
  mlir::OwningOpRef<mlir::ModuleOp> module; ///< owns the constants
  std::unique_ptr<LoopsModel> model;

  /// All results; integer inputs are given as doubles too.
  Tensors run(const Tensors &inputs) const {
    std::vector<LoopsBuffer> feeds;
    for (auto [input, tensor] : llvm::zip_equal(model->inputs(), inputs))
      feeds.push_back({input.dtype, input.shape, bytesOf(input.dtype, tensor)});
    auto results = model->run(feeds);
    if (!results) {
      ADD_FAILURE() << llvm::toString(results.takeError());
      return {};
    }
    Tensors all;
    for (const LoopsBuffer &buffer : *results) {
      EXPECT_TRUE(buffer.dtype == DType::F64);
      const auto *data = reinterpret_cast<const double *>(buffer.bytes.data());
      all.emplace_back(data, data + buffer.bytes.size() / sizeof(double));
    }
    return all;
  }

private:
  static std::vector<uint8_t> bytesOf(DType type, const Doubles &values) {
    std::vector<int64_t> integers(values.begin(), values.end());
    const void *data = type == DType::F64 ? static_cast<const void *>(values.data())
                                          : static_cast<const void *>(integers.data());
    EXPECT_TRUE(type == DType::F64 || type == DType::I64);
    const auto *bytes = static_cast<const uint8_t *>(data);
    return std::vector<uint8_t>(bytes, bytes + 8 * values.size());
  }
};

class GradientTest : public ParseModule {
protected:
  GradientTest() {
    context.loadDialect<mlir::arith::ArithDialect, mlir::memref::MemRefDialect,
                        mlir::scf::SCFDialect>();
  }

  /// Opsets of node types other than 17, that of the files that conversion writes: they count as 17
  /// there.
  llvm::StringMap<int64_t> opsets;

  void setOpsets(mlir::ModuleOp module, bool own) {
    module.walk([&](onnx::NodeOp op) {
      if (auto opset = opsets.find(op.getOpType()); opset != opsets.end())
        op.setOpset(own ? opset->second : 17);
    });
  }

  /// Compiles a copy.
  Loops compile(mlir::ModuleOp module) {
    Loops loops;
    loops.module = module.clone();
    setOpsets(*loops.module, /*own=*/false);
    mlir::PassManager passes(&context);
    passes.addPass(createLowerNNToNodes());
    passes.addPass(createConvertNNToONNX());
    EXPECT_TRUE(mlir::succeeded(passes.run(*loops.module)));
    setOpsets(*loops.module, /*own=*/true);
    EXPECT_TRUE(mlir::succeeded(convertONNXToLoops(*loops.module)));
    LoopsOptions options;
    options.optLevel = 0;
    auto model = LoopsModel::compile(*loops.module, options);
    if (!model)
      ADD_FAILURE() << llvm::toString(model.takeError());
    else
      loops.model = std::move(*model);
    return loops;
  }

  /// A module whose `main` has arguments "a0", "a1", ... of f64.
  template <typename Body>
  mlir::OwningOpRef<mlir::ModuleOp> build(llvm::ArrayRef<std::vector<int64_t>> shapes, Body body) {
    mlir::OpBuilder builder(&context);
    auto loc = mlir::NameLoc::get(builder.getStringAttr("node"));
    mlir::OwningOpRef<mlir::ModuleOp> module = mlir::ModuleOp::create(loc);
    builder.setInsertionPointToStart(module->getBody());
    std::vector<mlir::Type> types;
    for (const std::vector<int64_t> &shape : shapes)
      types.push_back(mlir::RankedTensorType::get(shape, builder.getF64Type()));
    auto main =
        mlir::func::FuncOp::create(builder, loc, "main", builder.getFunctionType(types, {}));
    mlir::Block *block = main.addEntryBlock();
    for (unsigned i = 0; i < types.size(); ++i)
      main.setArgAttr(i, "onnx.name", builder.getStringAttr("a" + std::to_string(i)));
    builder.setInsertionPointToStart(block);
    mlir::Value result = body(builder, loc, block->getArguments());
    mlir::func::ReturnOp::create(builder, loc, result);
    main.setFunctionType(builder.getFunctionType(types, result.getType()));
    setOpsets(*module, /*own=*/true);
    return module;
  }
};

inline size_t sizeOf(mlir::Type type) {
  return static_cast<size_t>(mlir::cast<mlir::ShapedType>(type).getNumElements());
}

inline double dot(const Doubles &a, const Doubles &b) {
  double sum = 0;
  for (auto [x, y] : llvm::zip_equal(a, b))
    sum += x * y;
  return sum;
}

/// A derivative by central differences, and how far it is from the true one at most.
struct Difference {
  double value, bound;
};

/// Of f at 0. `roundings`: of f(t), absolute. The error of the quotient of width h is
/// h^2 f'''(xi) / 6, which the quotients of widths h and 2h show: they differ by three times as
/// much, up to the change of f''' between xi's, for which the whole difference is taken. Roundings
/// add 2 roundings / (2h).
template <typename F> Difference difference(F f, double h, double roundings) {
  double narrow = (f(h) - f(-h)) / (2 * h), wide = (f(2 * h) - f(-2 * h)) / (4 * h);
  return {narrow, std::fabs(wide - narrow) + 2 * roundings / h};
}

} // namespace quantc::test

#endif // QUANTC_TEST_UNIT_GRADIENT_GRADIENTTEST_H
