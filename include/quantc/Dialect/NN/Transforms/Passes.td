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

    With `keep-moments` the map carries what the batch normalisation says of its result:
    `quantc.channel_moments = array<f64: mean..., deviation...>`, the bias and the
    magnitude of the scale of each channel. High-bias absorption and the analytic
    correction of biases read it.

    Source: Jacob et al., Quantization and Training of Neural Networks for Efficient
    Integer-Arithmetic-Only Inference, CVPR 2018, section 3.2.

    Example: see test/Dialect/NN/fold-batch-norm-doctest.mlir.
  }];
  let options = [
    Option<"keepMoments", "keep-moments", "bool", "false",
      "maps keep mean and deviation of the channels of a folded batch normalisation; default false">
  ];
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

def NNRecognizeNorms : Pass<"nn-recognize-norms", "::mlir::func::FuncOp"> {
  let summary = "normalisations from the ops that exporters write";
  let description = [{
    `x / sqrt(mean(x * x) + epsilon)` along the last axis becomes `nn.rms_norm`, the same
    of `x - mean(x)` `nn.layer_norm`; quotients and products with a reciprocal are both
    known. A constant factor for each channel becomes the gain, a constant addend behind
    it the bias, when the norm has no other reader. Results may round differently.

    Example: see test/Dialect/NN/recognize-norms-doctest.mlir.
  }];
  let dependentDialects = ["::quantc::nn::NNDialect"];
}

def NNFoldNorms : Pass<"nn-fold-norms", "::mlir::func::FuncOp"> {
  let summary = "gains and biases of normalisations go into the linear maps that read them";
  let description = [{
    `W (g * n + b) + c` is `(W g) n + (c + W b)`: where linear maps alone read a norm, its
    bias and its gain become part of their weights and biases, in float64, rounded once. A
    norm with another reader (the residual of post-norm models) stays, and a remark says
    why. After it a rotation passes the norm.

    Example: see test/Dialect/NN/fold-norms-doctest.mlir.
  }];
  let dependentDialects = ["::quantc::nn::NNDialect"];
}

def NNLayerNormToRMS : Pass<"nn-layer-norm-to-rms", "::mlir::func::FuncOp"> {
  let summary = "take the mean out of what writes a stream, so that its layer norms are rms norms";
  let description = [{
    `layer_norm(x)` without bias is `rms_norm(x - mean(x))`. The mean is taken out of every
    weight, bias, table and constant that writes the stream (TransformRegion of kind
    centering), in float64; a producer without parameters gets the subtraction at run
    time. Where a reader other than a layer norm sees the mean, the stream stays and a
    remark names it. Run `nn-fold-norms` first.

    Source: Ashkboos et al., SliceGPT, arXiv:2401.15024, section 3.1.
    Example: see test/Dialect/NN/layer-norm-to-rms-doctest.mlir.
  }];
  let dependentDialects = ["::quantc::nn::NNDialect"];
}

def NNRotate : Pass<"nn-rotate", "::mlir::func::FuncOp"> {
  let summary = "rotate residual streams (R1) and attention heads (R2) within the weights";
  let description = [{
    R1: the stream that norms without gain read is multiplied with an orthogonal R by all
    that writes it, and by R^T by all that reads it: x R for every value, in weights,
    biases, tables and constants, in float64, rounded once. R2: the values of an attention
    are rotated along a head's channels by the map that makes them and the map that reads
    the heads. Both are found by structure (TransformRegion), not by names; what refuses is
    named in a remark, or, up to `max-explicit` of a stream, rotated at run time.

    R is a Hadamard matrix with random signs where there is one of the size, else, and
    with `kind=orthogonal`, the Q of a Gaussian matrix. Streams and heads with a matrix in the
    file `rotations` take that: learned ones, of `quantc --set rotate-learn=local`.

    Source: Ashkboos et al., QuaRot, arXiv:2404.00456; Liu et al., SpinQuant,
    arXiv:2405.16406. Example: see test/Dialect/NN/rotate-doctest.mlir.
  }];
  let options = [
    Option<"residual", "residual", "bool", "true", "rotate residual streams (R1); default true">,
    Option<"heads", "heads", "bool", "true", "rotate attention heads (R2); default true">,
    Option<"kind", "kind", "std::string", "\"hadamard\"", "hadamard or orthogonal; default hadamard">,
    Option<"seed", "seed", "int64_t", "0", "of the signs or the Gaussian matrix; default 0">,
    Option<"rotations", "rotations", "std::string", "\"\"",
      ".npz of matrices: stream0, stream1, ... in order of their first norms, and heads2, ... of products of "
      "activations, counted on; default none">,
    Option<"maxExplicit", "max-explicit", "unsigned", "1",
      "most places of a stream with a rotation at run time; default 1">
  ];
  let dependentDialects = ["::quantc::nn::NNDialect"];
}

def NNScaleRotated : Pass<"nn-scale-rotated", "::mlir::func::FuncOp"> {
  let summary = "scale channels of what linear maps read of rotated streams and heads";
  let description = [{
    `stream0.scales2` in the file `rotations` divides what is read of stream 0 at its input 2, in
    the rotated basis: the norm in front gets a gain of the inverse, and its readers take the
    scales up in the columns of their weights. `heads5.scales0` does so for heads, alike for all
    heads of a layer, where the values' map takes the inverse up. Numbers are those of nn-rotate,
    inputs are counted in program order. It runs behind all rotations, which a gain would refuse, and
    marks the function with `quantc.rotated_scales`: a function that has it is left as it is.

    Source: Hu et al., OSTQuant, arXiv:2501.13987. Example: see
    test/Dialect/NN/scale-rotated-doctest.mlir.
  }];
  let options = [
    Option<"rotations", "rotations", "std::string", "\"\"", "the .npz that nn-rotate reads">
  ];
  let statistics = [Statistic<"scaled", "scaled", "Number of scaled tensors">];
}

def NNWeightsToInputs : Pass<"nn-weights-to-inputs", "::mlir::ModuleOp"> {
  let summary = "constants of linear maps become arguments of @main";
  let description = [{
    The constant f32 weight (with `biases` the bias too) of each linear map
    (LinearMapOpInterface) becomes an argument of `@main`, named after the node with
    ":weight" or ":bias" behind it. Arguments follow the model's own in program order, one
    for each use, so that nodes which share a constant can still be told apart. One
    compilation then runs with any weights: sensitivities, searches, gradients with
    respect to weights. Compiled code packs such weights at each run and computes the same
    floats as with constants, bit for bit.

    A weight that is no f32 constant stays, with a remark. A name in `nodes` that no linear
    map has is an error.

    Example: see test/Dialect/NN/weights-to-inputs-doctest.mlir.
  }];
  let options = [
    ListOption<"nodes", "nodes", "std::string", "names of the nodes; default all linear maps">,
    Option<"biases", "biases", "bool", "false", "constant biases too; default false">
  ];
  let dependentDialects = ["::quantc::nn::NNDialect"];
}

def NNGradient : Pass<"nn-gradient", "::mlir::ModuleOp"> {
  let summary = "a loss of @main and its gradients, as ops";
  let description = [{
    `@main` gets one argument more (a target, labels or a cotangent, docs/Autodiff.md), and
    returns the loss as a tensor of one element and the gradients that `wrt` asks for, in
    reverse mode: ops on the way from what is asked for to the chosen output write their
    vector-Jacobian products (DifferentiableOpInterface), all others stay as they are.
    Static shapes. An op on the way that has no derivative, and a name that means nothing or
    several things, are errors; what the loss does not depend on gets zeros and a remark.

    `recompute=blocks` keeps tensors between blocks alone and computes the inside of each
    again when its turn comes: the same bits in less memory, for one forward pass more. The
    ops that compute again end in ":again"; `cse` would undo it.

    Source: Griewank and Walther, Evaluating Derivatives, 2nd edition, chapters 3 and 12.
    Example: see test/Dialect/NN/gradient-doctest.mlir.
  }];
  let options = [
    Option<"loss", "loss", "std::string", "\"mse\"",
      "mse (mean of squares), kl (from target logits), cross-entropy (labels), output (a cotangent); default mse">,
    Option<"output", "output", "std::string", "", "name of the output; default the first of floats">,
    ListOption<"wrt", "wrt", "std::string",
      "arguments, NODE:weight, NODE:bias, NODE:operand number, or NODE for its result">,
    ListOption<"stop", "stop", "std::string", "nodes whose results count as constants">,
    Option<"mean", "mean", "bool", "true", "means over elements (mse) or rows; else sums; default true">,
    Option<"ignoreIndex", "ignore-index", "int64_t", "-100", "label of rows that count for nothing; default -100">,
    Option<"recompute", "recompute", "std::string", "\"none\"", "none or blocks; default none">,
    Option<"keepOutputs", "keep-outputs", "bool", "false", "results begin with the model's own; default false">
  ];
}

#endif // QUANTC_DIALECT_NN_TRANSFORMS_PASSES_TD
