//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Passes that decide how the tensors of a float graph are represented.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_QNN_TRANSFORMS_PASSES_TD
#define QUANTC_DIALECT_QNN_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def QnnInsertObservers : Pass<"qnn-insert-observers", "::mlir::ModuleOp"> {
  let summary = "mark the tensors that will be stored in 8 bits";
  let description = [{
    Puts a `qnn.observe` on every activation operand and on the result of every op
    with a QuantizableOpInterface that is not excluded. The pass knows ops through
    their interfaces only:

    * a clamp directly behind an op with a scale of its own is a part of that op:
      the clamp's result is observed and not what lies between; a chain of unary
      functions is one op too, because it becomes one table;
    * a result that is represented like its input (`SameAsInput`, `Shared`) gets no
      observer: it takes the input's scale;
    * a linear map whose result only leaves the graph or enters float ops gets
      no observer on its result, unless `quantize-outputs`: its 32-bit accumulators
      are dequantized instead;
    * an op that moves values toward the graph's results only is float too, unless it
      puts moved inputs beside computed values (a concatenation): as float it would
      be neither before nor behind the integers.

    An observer is named after its ONNX value. A constant operand gets its
    statistics here. An op stays float when it is excluded, when an operand or
    result is not f32, or when a weight or bias is computed at run time; a float op
    that reads the result of a quantized one reads the dequantized tensor.

    Reference: Jacob et al., Quantization and Training of Neural Networks for
    Efficient Integer-Arithmetic-Only Inference, CVPR 2018, section 3 (where
    activations are fused).

    Example: see test/Dialect/QNN/Transforms/insert-observers-doctest.mlir.
  }];
  let options = [
    Option<"activationSigned", "activation-signed", "bool", "false",
      "activations are si8 instead of ui8; default false">,
    Option<"activationSymmetric", "activation-symmetric", "bool", "false",
      "the zero point of activations is the middle code; default false">,
    ListOption<"exclude", "exclude", "std::string",
      "nodes that stay float: names, op types, or re:REGEX over either; default none">,
    Option<"activationBits", "activation-bits", "unsigned", "8",
      "bits of an activation code, 1 to 16; default 8">,
    ListOption<"nodeBits", "node-bits", "std::string",
      "nodes with widths of their own: NAME=w4a6, NAME=w4 or NAME=a6; default none">,
    Option<"quantizeOutputs", "quantize-outputs", "bool", "false",
      "store results of the last linear maps in 8 bits too; default false">
  ];
  let dependentDialects = ["::quantc::qnn::QNNDialect"];
}

def QnnCalibrate : Pass<"qnn-calibrate", "::mlir::ModuleOp"> {
  let summary = "fill in observers from a file of statistics";
  let description = [{
    Sets the `statistics` of every `qnn.observe` from a JSON file
    `{"format": "quantc-statistics", "version": 1, "observers": {NAME: {"min":,
    "max":, "lo":, "hi":, "count":, "method":}}}` (bounds in the unit of the
    tensor; `"equalized": N` where equalization rewrote N tensors before).
    Inside the compiler, `calibrate` in Calibrate.h makes the same attributes
    from a data set, and can write this file. An observer that has statistics
    and is not in the file keeps them; an observer without any is an error that
    names the value.

    Example: see test/Dialect/QNN/Transforms/calibrate-doctest.mlir.
  }];
  let options = [
    Option<"stats", "stats", "std::string", "\"\"", "path of the JSON file; required">
  ];
  let dependentDialects = ["::quantc::qnn::QNNDialect"];
}

class EqualizePass<string name> : Pass<name, "::mlir::ModuleOp"> {
  let options = [
    Option<"channels", "channels", "std::string", "\"\"", "path of the JSON file of channel summaries; required">
  ];
  let statistics = [Statistic<"rewritten", "rewritten", "tensors or streams rewritten">];
  let dependentDialects = ["::quantc::nn::NNDialect"];
}

def QnnEqualizeResidual : EqualizePass<"qnn-equalize-residual"> {
  let summary = "scale and centre the channels of residual streams";
  let description = [{
    A stream is a set of observed tensors that convolutions without a clamp and
    their sums make, read only by unpadded 1x1 convolutions and those sums. Channel c
    of the stream is divided by sqrt(R_c / v_c): R_c is the greatest range of the
    channel that a convolution reads (at least 1e-2 of the greatest channel's), v_c
    the greatest weight that it meets (at least 1e-3). Each tensor is shifted by the
    middle of its channel's range. Weights and biases around the stream take both up,
    so the float function stays; a stream with any other reader is left alone.

    The summaries are JSON, `{"format": "quantc-channels", "version": 1, "observers":
    {NAME: {"min": [...], "max": [...], "sum": [...], "count": N}}}`, as written by
    `writeChannels` (Equalize.h). Run it between qnn-insert-observers and
    calibration, and before qnn-equalize-depthwise.

    Reference: Nagel et al., Data-Free Quantization Through Weight Equalization and
    Bias Correction, ICCV 2019, section 4.1 (equalization of weights by weights; here
    by measured ranges).

    Example: see test/Dialect/QNN/Transforms/equalize-residual-doctest.mlir.
  }];
}

def QnnEqualizeDepthwise : EqualizePass<"qnn-equalize-depthwise"> {
  let summary = "give the channels in front of depthwise convolutions one range";
  let description = [{
    For an observed tensor that a convolution and a clamp at 0 make and only
    depthwise convolutions read, channel c is divided by the greatest value that it
    took (at most the clamp's bound, at least 1e-3 of the greatest channel's) and the
    tensor is clamped to [0, 1]. On the measured data the float function stays;
    greater values are cut, as 8 bits would. The file is that of
    qnn-equalize-residual.

    Example: see test/Dialect/QNN/Transforms/equalize-depthwise-doctest.mlir.
  }];
}

def QnnQuantize : Pass<"qnn-quantize", "::mlir::ModuleOp"> {
  let summary = "replace observers by quantize and dequantize, and quantize weights";
  let description = [{
    Every `qnn.observe` becomes a `qnn.quantize` and a `qnn.dequantize` with
    constant scale and zero point, chosen from the range of its statistics
    [NUM-QNT-3]. Results that are represented like their inputs get a pair with the
    same parameters, so that lowering moves integers; operands of a concatenation
    share the union of their ranges. Weights of linear maps with quantized input
    become symmetric integer constants, per output channel unless
    `weight-per-tensor`, with the rule for dead and tiny channels [NUM-WGT-2..6];
    biases become si32 at scale s_x * s_w. Where a linear map's result has no
    observer, it is quantized to si32 at scale s_x * s_w, which lowers to the
    accumulators themselves.

    With `correct-bias`, the bias of a map takes back what rounding of its weight does
    to the mean of each result: the sum over inputs and taps of the error times the mean
    input. Means come from the moments of channels in front (nn-fold-batch-norm
    {keep-moments}), behind a clamp in closed form; a map in front of which none are
    known keeps its bias, with a remark. A tap counts as often as it meets the input
    and no padding.

    The result is executable: it means what simulated quantization means. An
    observer without statistics is an error that names the value; so is a channel
    for which no scale keeps the accumulator inside 32 bits.

    Reference: Krishnamoorthi, Quantizing deep convolutional networks for efficient
    inference: a whitepaper, arXiv 1806.08342, sections 2 and 3; Nagel et al., Data-Free
    Quantization Through Weight Equalization and Bias Correction, arXiv 1906.04721,
    section 4.2.

    Example: see test/Dialect/QNN/Transforms/quantize-doctest.mlir.
  }];
  let options = [
    Option<"weightPerTensor", "weight-per-tensor", "bool", "false",
      "one weight scale per tensor instead of one per output channel; default false">,
    Option<"correctBias", "correct-bias", "bool", "false",
      "biases take back the mean error of rounded weights; default false">,
    ListOption<"nodeBits", "node-bits", "std::string",
      "nodes with widths of their own: NAME=w4a6, NAME=w4 or NAME=a6; default none">,
    Option<"weightBits", "weight-bits", "unsigned", "8", "bits of a weight code, 1 to 16; 1 means -1 and +1; default 8">
  ];
  let dependentDialects = ["::quantc::qnn::QNNDialect", "::quantc::nn::NNDialect"];
}

def QnnEncodeWeights : Pass<"qnn-encode-weights", "::mlir::ModuleOp"> {
  let summary = "store the constant weights of linear maps in a number format";
  let description = [{
    Each constant f32 weight of a linear map (LinearMapOpInterface) whose axis 0 counts
    output channels becomes a `qnn.decode` of packed codes, scales and what else
    `format` stores. Rows are output channels, groups run along the reduction. The
    module still runs in float: it means what simulated quantization of its weights
    means. Scales come from absmax (with zero points from the range), or from a
    search: `mse` and `clip` try 80 clipped ranges with errors of power 2 and 2.4,
    `codes` the stored scale's neighbours (8 below, 2 above); `output` is `mse` with
    errors weighted by the mean square of the input that meets them, where there are
    second moments, and `mse` here; `hqq` leaves scales as they are and moves float
    zero points to where few large errors count less, by half-quadratic splitting
    (formats `asym-float`; others are an error). [NUM-FMT-1] to [NUM-FMT-10].

    A weight that is computed, has another axis of channels or holds a number that is
    not finite stays, with a remark that says why. Weights that are a `qnn.decode`
    already stay.

    Reference: docs/Formats.md.

    Example: see test/Dialect/QNN/Transforms/encode-weights-doctest.mlir.
  }];
  let options = [
    Option<"format", "format", "std::string", "\"\"", "text of the number format; required">,
    Option<"search", "search", "std::string", "\"none\"", "none, mse, clip, codes, hqq or output; default none">,
    ListOption<"exclude", "exclude", "std::string",
      "nodes that keep their weights: names, op types, or re:REGEX over either; default none">
  ];
  let statistics = [
    Statistic<"encoded", "encoded", "weights stored in the format">,
    Statistic<"kept", "kept", "weights left as they are">
  ];
  let dependentDialects = ["::quantc::qnn::QNNDialect", "::quantc::nn::NNDialect"];
}

def QnnDecodeWeights : Pass<"qnn-decode-weights", "::mlir::ModuleOp"> {
  let summary = "replace stored weights by the float constants that they stand for";
  let description = [{
    A `qnn.decode` whose operands are constant becomes an `nn.constant` of its values
    [NUM-FMT-2]: for consumers that know no packed codes, and to see what a format
    does to a model. Others stay. Stored parts that the format does not allow are an
    error [QNN-DEC-7].

    Example: see test/Dialect/QNN/Transforms/decode-weights-doctest.mlir.
  }];
  let statistics = [Statistic<"decoded", "decoded", "weights decoded">];
  let dependentDialects = ["::quantc::nn::NNDialect"];
}

def QnnRoundWeights : Pass<"qnn-round-weights", "::mlir::ModuleOp"> {
  let summary = "round weights column by column so that outputs change least (GPTQ), and store them";
  let description = [{
    Each constant f32 matrix of a linear map over the last axis is rounded by GPTQ: one
    input channel after the other, what is left over going into the channels to come by
    the inverse of the second moments of what the layer reads. It becomes a `qnn.decode`
    of `format`, whose scales are chosen from the weights as they were (static groups).
    With `static-groups=false` the scales of a group are chosen when its first channel
    comes up, from the weights as corrected by then. That needs `act-order=false`: stored
    groups are neighbouring channels; and a format whose scales have no second level.
    Maps that read one tensor share its moments; `moments` is a statistics file with the
    entry `NODE.input` for the first of them, as `quantc --save-moments` writes it. With
    `cross` in its place, a file of the moments of the quantized model and of its inputs'
    distance from the float model's (`quantc --save-cross-moments`), weights aim at the
    outputs of the float model (GPTAQ).

    Where the moments have no Cholesky factor the damping is doubled, up to the mean of
    the diagonal; without a factor the weight is rounded to nearest. Both are remarks.

    Reference: Frantar et al., GPTQ, arXiv:2210.17323; Li et al., GPTAQ, arXiv:2504.02692; docs/Rounding.md.
    Example: see test/Dialect/QNN/Transforms/round-weights-doctest.test.
  }];
  let options = [
    Option<"format", "format", "std::string", "\"int4:g128:sym\"", "text of the number format; default int4:g128:sym">,
    Option<"moments", "moments", "std::string", "\"\"", "statistics file of second moments; required without cross">,
    Option<"cross", "cross", "std::string", "\"\"", "statistics file of moments of both models, instead; default none">,
    Option<"search", "search", "std::string", "\"none\"", "of scales: none, mse, clip, codes, hqq or output; default none">,
    Option<"damping", "damping", "double", "0.01", "added to the diagonal, in units of its mean; default 0.01">,
    Option<"actOrder", "act-order", "bool", "true", "channels by falling second moment; default true">,
    Option<"staticGroups", "static-groups", "bool", "true",
      "scales of groups from the weights before rounding; false needs act-order=false; default true">,
    ListOption<"exclude", "exclude", "std::string",
      "nodes that keep their weights: names, op types, or re:REGEX over either; default none">
  ];
  let dependentDialects = ["::quantc::qnn::QNNDialect", "::quantc::nn::NNDialect"];
}

def QnnStoreCodes : Pass<"qnn-store-codes", "::mlir::ModuleOp"> {
  let summary = "give weights the codes of a file";
  let description = [{
    Observers with statistics become the pairs of `qnn-quantize`. The weight of each linear
    map that reads a quantized tensor becomes the dequantize of constant codes with a step
    for each output channel, and its bias a constant, as `codes` has them: an .npz with
    `NODE:codes`, `NODE:steps` and `NODE:bias`, which `quantc --save-codes` writes.
    `qnn-quantize` keeps them. A node without codes, or with codes that its width does not
    hold, is an error. What cannot have codes but the nearest keeps its weight, with a
    remark that says why.

    Reference: docs/Rounding.md. Example: see
    test/Dialect/QNN/Transforms/store-codes-doctest.test.
  }];
  let options = [
    Option<"codes", "codes", "std::string", "\"\"", "file of codes; required">,
    ListOption<"nodeBits", "node-bits", "std::string",
      "nodes with widths of their own: NAME=w4a6, NAME=w4 or NAME=a6; default none">,
    Option<"weightBits", "weight-bits", "unsigned", "8", "bits of a weight code, 2 to 16; default 8">
  ];
  let dependentDialects = ["::quantc::qnn::QNNDialect", "::quantc::nn::NNDialect"];
}

def QnnStoreBiases : Pass<"qnn-store-biases", "::mlir::ModuleOp"> {
  let summary = "give integer contractions the biases of a file";
  let description = [{
    Bias correction behind the lowering to `dyad`, with its data given: each contraction
    that is requantized and that `biases` names gets the integers of the file as its bias,
    with a remark that says how far they moved; others keep theirs. `biases` is a JSON
    object, NODE to an array of one integer for each output channel, as
    `quantc --save-biases` writes it. What the file names must be there, with as many
    channels. Sums change: `dyad-prove-accumulators` is to run behind it.

    Reference: docs/Recipes.md, option bias-correction. Example: see
    test/Dialect/QNN/Transforms/store-biases-doctest.mlir.
  }];
  let options = [
    Option<"biases", "biases", "std::string", "\"\"", "file of biases; required">
  ];
  let dependentDialects = ["::quantc::dyad::DyadDialect"];
}

def QnnMigrate : Pass<"qnn-migrate", "::mlir::ModuleOp"> {
  let summary = "move outliers of activations into weights by scales and shifts of channels";
  let description = [{
    Each value that linear maps with constant weights read is stored as (x - z) / s, with
    a factor and a shift for each channel; the maps that read it and the ops that make it
    take both up, so the float function stays. Where that is possible the algebra of
    channels says (docs/ChannelAlgebra.md); with `copies`, a norm or lookup that others
    read too gets a copy for the maps. Other values stay, with a remark that says why.

    `smoothquant`: s = a^alpha / w^(1 - alpha), of the greatest magnitudes a of the
    activation and w of the weights; `os+`: z is the middle of the range, and what is
    beyond a searched threshold is shrunk to it; `awq`: powers of mean magnitudes;
    `equalize`: greatest weights in front and behind become equal, without data; with
    `absorb`, biases that a ReLU passes on almost surely move to the next map, too
    (channels' moments of nn-fold-batch-norm{keep-moments}, else the least values of
    `channels`). With `open-clamps`, clamps to [0, hi] on the way of a transform become
    ReLUs, which changes the function where values exceed hi.
    Searches take the least error of what the maps compute from the rows in `channels`,
    codes of activations and weights as the options say. With `check`, a transform is
    kept where it lowers that error on other rows.

    Sources: docs/Migration.md. Example: see
    test/Dialect/QNN/Transforms/migrate-doctest.test.
  }];
  let options = [
    Option<"method", "method", "std::string", "\"smoothquant\"",
      "smoothquant, os+, awq or equalize; default smoothquant">,
    Option<"alpha", "alpha", "std::string", "\"search\"",
      "of smoothquant: 0 to 1, or search; default search">,
    Option<"channels", "channels", "std::string", "\"\"",
      "file of ranges and sample rows (.npz), as quantc --save-channels writes it">,
    Option<"copies", "copies", "bool", "true",
      "copy norms and lookups that others read too; default true">,
    Option<"absorb", "absorb", "bool", "false",
      "of equalize: absorb high biases; default false">,
    Option<"openClamps", "open-clamps", "bool", "false",
      "clamps to [0, hi] may become ReLUs; default false">,
    Option<"check", "check", "bool", "true",
      "keep what lowers the error on rows that the search did not see; default true">,
    Option<"activations", "activations", "std::string", "\"static\"",
      "codes of activations: static, float (none) or row; default static">,
    Option<"activationBits", "activation-bits", "unsigned", "8",
      "bits of a code of activations, 2 to 16; default 8">,
    Option<"weightBits", "weight-bits", "unsigned", "8",
      "bits of a code of weights, 2 to 16, with a scale a channel; default 8">,
    Option<"weightFormat", "weight-format", "std::string", "\"\"",
      "number format of the weights instead; default none">,
    ListOption<"exclude", "exclude", "std::string",
      "values to leave alone, NODE.input of the first node that reads them; default none">
  ];
  let statistics = [
    Statistic<"migrated", "migrated", "values migrated">,
    Statistic<"left", "left", "values left as they are">
  ];
  let dependentDialects = ["::quantc::nn::NNDialect"];
}

def QnnRotateOnline : Pass<"qnn-rotate-online", "::mlir::func::FuncOp"> {
  let summary = "rotate at run time what no weight in front can take up (R3, R4, heads)";
  let description = [{
    R4: a linear map whose input cannot carry a rotation back to weights (a product of
    activations, a nonlinearity) gets `qnn.hadamard` on its input and the same rotation in
    its weight, so that the product is the one before. R3: queries and keys that meet in
    the scores of an attention are both rotated along the head's channels, where the
    channels lie along a last axis: the algebra of channels leads from the product there.

    Heads: where the weights of an attention's values take up a rotation of each head's
    channels (R2, of `nn-rotate`), its other half H_heads (x) I is all that runs in front of
    the output projection, `qnn.hadamard` of the heads with `inner` the channels of one.
    Numbers of heads without a Hadamard matrix are left to R4.

    Sizes without a Hadamard matrix are rotated in blocks of a power of two, scores of
    such heads not at all, which a remark says. Run `nn-rotate` first.

    Source: Ashkboos et al., QuaRot, arXiv:2404.00456; Liu et al., SpinQuant,
    arXiv:2405.16406. Example: see test/Dialect/QNN/Transforms/rotate-online-doctest.mlir.
  }];
  let options = [
    Option<"inputs", "inputs", "bool", "true", "rotate inputs of linear maps (R4); default true">,
    Option<"scores", "scores", "bool", "true", "rotate queries and keys (R3); default true">,
    Option<"heads", "heads", "bool", "true",
      "mix heads where weights rotate their channels; default true">,
    Option<"seed", "seed", "int64_t", "0", "of the signs of R4; default 0">
  ];
  let dependentDialects = ["::quantc::qnn::QNNDialect", "::quantc::nn::NNDialect"];
}

def QnnFuseGroupedLinear : Pass<"qnn-fuse-grouped-linear", "::mlir::ModuleOp"> {
  let summary = "compute linear layers on packed weights of 4 bits";
  let description = [{
    An `nn.linear` whose weight is a `qnn.decode` or `qnn.dequantize` of constant
    integers of 4 bits, with float scales for groups of a multiple of 8 inputs, for
    rows or for all, becomes `qnn.grouped_linear`, for which the CPU has kernels on
    the packed codes. With float activations no bit of a result changes [NUM-W4-1];
    with `activation-bits=8` rows of activations are quantized as they come
    [NUM-W4-2], also in ops that are there already: `activation-clip` of a magnitude is the
    greatest code, and `activation-group` inputs of a row have a scale of their own, or
    fewer where the weight's groups are smaller [NUM-W4-4]. A weight whose groups are larger
    and no multiple of that stays; ops that are there already keep their groups.

    A layer whose weight is stored otherwise stays, with a remark that says why.

    Reference: docs/Dialects/QNN.md.

    Example: see test/Dialect/QNN/Transforms/fuse-grouped-linear-doctest.mlir.
  }];
  let options = [
    Option<"activationBits", "activation-bits", "unsigned", "0",
      "16 (float) or 2 to 8 for all layers; 0 takes 16 for new ones and leaves others; default 0">,
    Option<"activationClip", "activation-clip", "double", "1.0",
      "part of the greatest magnitude that the greatest code stands for, (0, 1]; default 1">,
    Option<"activationGroup", "activation-group", "int64_t", "0",
      "inputs of a row that share a scale, a multiple of 8; 0: the row; default 0">
  ];
  let statistics = [
    Statistic<"fused", "fused", "layers on packed weights">,
    Statistic<"kept", "kept", "linear layers left as they are">
  ];
  let dependentDialects = ["::quantc::qnn::QNNDialect", "::quantc::nn::NNDialect"];
}

#endif // QUANTC_DIALECT_QNN_TRANSFORMS_PASSES_TD
