//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rewrites within the float graph that every later stage is simpler for.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_NN_TRANSFORMS_PASSES_TD
#define QUANTC_DIALECT_NN_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def NNFoldBatchNorm : Pass<"nn-fold-batch-norm", "::mlir::func::FuncOp"> {
  let summary = "fold batch normalisation and other constants per channel into linear maps";
  let description = [{
    A batch normalisation with constant parameters is `x * s + t` for each channel,
    with `s = scale / sqrt(variance + epsilon)` and `t = bias - mean * s`. Behind a
    linear map (LinearMapOpInterface) without other users it becomes a part of
    weight and bias: `w * s` and `b * s + t`. The same happens to `nn.mul`, `nn.add`
    and `nn.sub` with a constant that holds one number per channel, which is how
    some exporters write biases and normalisation. Everything is computed in double
    precision and rounded once.

    A batch normalisation that cannot be folded becomes `nn.mul` and `nn.add` with
    constants of shape [channels, 1, ...], so that none with f32 constants is left.
    One with parameters computed at run time, or of another float type, stays. A
    factor that is not finite (variance + epsilon not above 0, or overflow) is an
    error that names the node.

    Source: Jacob et al., Quantization and Training of Neural Networks for Efficient
    Integer-Arithmetic-Only Inference, CVPR 2018, section 3.2.

    Example: see test/Dialect/NN/fold-batch-norm-doctest.mlir.
  }];
  let dependentDialects = ["::quantc::nn::NNDialect"];
}

def NNSimplify : Pass<"nn-simplify", "::mlir::func::FuncOp"> {
  let summary = "remove float ops that say nothing new";
  let description = [{
    * Clamps of clamps (relu, clip) become one; a clamp without bounds goes.
    * Transposes of transposes become one; a transpose that only moves axes of size 1
      becomes a reshape. Identities and reshapes of reshapes fold.
    * A padding with zeros becomes padding of the convolution behind it, and of an
      average pool that then counts it (floor mode). Padding in front of a max pool
      is absorbed when it cannot win: its value is minus infinity, or it is 0 and the
      padded tensor comes out of a clamp to non-negative values.
    * An average pool over the whole image becomes `nn.reduce_mean`.
    * `x * hard_sigmoid(x)` with slope 1/6 and offset 1/2 becomes `nn.hard_swish`.

    * The product of x, 1/2 and `1 + erf(x / sqrt(2))`, in any order, becomes `nn.gelu`.

    Results are the same numbers, except that `nn.reduce_mean`, `nn.hard_swish` and `nn.gelu` may
    round differently from the forms they replace.

    Example: see test/Dialect/NN/simplify-doctest.mlir.
  }];
  let dependentDialects = ["::quantc::nn::NNDialect"];
}

#endif // QUANTC_DIALECT_NN_TRANSFORMS_PASSES_TD
