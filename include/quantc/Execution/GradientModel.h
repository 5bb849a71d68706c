//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A loss and its gradient with respect to weights as compiled code, and second-order products by
// differences of gradients (docs/Autodiff.md, docs/Curvature.md).
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_EXECUTION_GRADIENTMODEL_H
#define QUANTC_EXECUTION_GRADIENTMODEL_H

#include "quantc/Dialect/NN/Transforms/Gradient.h"
#include "quantc/Execution/WeightedModel.h"
#include "quantc/PTQ/Curvature.h"

namespace quantc {

/// Makes a copy of `module`, of stage `float` with static shapes, ready for compileInProcess: nodes
/// are raised, `nn-gradient` applied, and ops without a kernel lowered again. On failure the first
/// errors are the message.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> gradientModule(mlir::ModuleOp module,
                                                                 const nn::GradientOptions &options,
                                                                 nn::GradientSignature &signature);

class GradientModel {
public:
  /// Weights of `weights` become inputs, and the gradient is that with respect to them in their
  /// order: `options.wrt` is ignored.
  static llvm::Expected<std::unique_ptr<GradientModel>>
  create(mlir::ModuleOp module, nn::GradientOptions options, kernels::Level level, int threads = 1,
         const nn::WeightInputOptions &weights = {});

  /// In program order; attributes live as long as the module's context.
  llvm::ArrayRef<nn::WeightInput> weights() const { return list; }
  /// Where a weight lies in vectors of all weights.
  ptq::Block block(size_t weight) const { return blocks[weight]; }
  int64_t size() const { return total; }
  /// All weights as they are now: those of the module at first.
  ptq::Vector point() const;
  /// Takes other weights for the runs that follow, rounded to float32; fails when the size differs.
  llvm::Error setPoint(const ptq::Vector &point);

  struct Result {
    double loss = 0;
    std::vector<HostTensor> outputs;   ///< the model's own, with `options.keepOutputs`
    std::vector<HostTensor> gradients; ///< one for each weight, of its shape
  };
  /// `feeds` are the model's own inputs, `argument` is what the loss reads (nn::Loss).
  llvm::Expected<Result> run(llvm::ArrayRef<HostTensor> feeds, const HostTensor &argument);
  /// The gradients of `run`, one behind the other.
  llvm::Expected<ptq::Vector> gradient(llvm::ArrayRef<HostTensor> feeds,
                                       const HostTensor &argument);
  /// H v, by a central difference of gradients at the current weights, which stay: two runs. About
  /// three digits (ptq::differenceProduct).
  llvm::Expected<ptq::Vector> hessianProduct(llvm::ArrayRef<HostTensor> feeds,
                                             const HostTensor &argument, const ptq::Vector &v);

private:
  GradientModel() = default;
  std::unique_ptr<CompiledModel> model;
  std::vector<nn::WeightInput> list;
  std::vector<ptq::Block> blocks;
  std::vector<HostTensor> current;
  nn::GradientSignature signature;
  int64_t total = 0;
};

/// J v for all outputs of f32 of `model`, one behind the other, with respect to its weights, those
/// of `v` one behind the other: a central difference of outputs at the current weights, which stay.
llvm::Expected<ptq::Vector> jacobianProduct(WeightedModel &model, llvm::ArrayRef<HostTensor> feeds,
                                            const ptq::Vector &v);

} // namespace quantc

#endif // QUANTC_EXECUTION_GRADIENTMODEL_H
