//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How many leading inputs an op of the default domain must have; see RequiredInputs.h.
//
// Source: the schemas of ONNX 1.22 (onnx.defs): inputs that are neither optional nor beyond the
// least number of a list. Resize of opset 11 is the exception: exporters leave its roi out.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/ONNX/Utils/RequiredInputs.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace quantc;

static constexpr llvm::StringLiteral one[] = {"Abs",
                                              "Acos",
                                              "Acosh",
                                              "ArgMax",
                                              "ArgMin",
                                              "Asin",
                                              "Asinh",
                                              "Atan",
                                              "Atanh",
                                              "AveragePool",
                                              "Bernoulli",
                                              "BitCast",
                                              "BitwiseNot",
                                              "BlackmanWindow",
                                              "Cast",
                                              "Ceil",
                                              "Celu",
                                              "Clip",
                                              "Concat",
                                              "ConcatFromSequence",
                                              "ConstantOfShape",
                                              "Cos",
                                              "Cosh",
                                              "DFT",
                                              "DepthToSpace",
                                              "Det",
                                              "Dropout",
                                              "DynamicQuantizeLinear",
                                              "Einsum",
                                              "Elu",
                                              "Erf",
                                              "Exp",
                                              "EyeLike",
                                              "Flatten",
                                              "Floor",
                                              "Gelu",
                                              "GlobalAveragePool",
                                              "GlobalLpPool",
                                              "GlobalMaxPool",
                                              "HammingWindow",
                                              "HannWindow",
                                              "HardSigmoid",
                                              "HardSwish",
                                              "Hardmax",
                                              "Identity",
                                              "If",
                                              "ImageDecoder",
                                              "IsInf",
                                              "IsNaN",
                                              "LRN",
                                              "LeakyRelu",
                                              "Log",
                                              "LogSoftmax",
                                              "LpNormalization",
                                              "LpPool",
                                              "Max",
                                              "MaxPool",
                                              "Mean",
                                              "MeanVarianceNormalization",
                                              "Min",
                                              "Mish",
                                              "Multinomial",
                                              "Neg",
                                              "NonZero",
                                              "Not",
                                              "OptionalGetElement",
                                              "RandomNormalLike",
                                              "RandomUniformLike",
                                              "Reciprocal",
                                              "ReduceL1",
                                              "ReduceL2",
                                              "ReduceLogSum",
                                              "ReduceLogSumExp",
                                              "ReduceMax",
                                              "ReduceMean",
                                              "ReduceMin",
                                              "ReduceProd",
                                              "ReduceSum",
                                              "ReduceSumSquare",
                                              "RegexFullMatch",
                                              "Relu",
                                              "Resize",
                                              "Round",
                                              "Selu",
                                              "SequenceConstruct",
                                              "SequenceErase",
                                              "SequenceLength",
                                              "SequenceMap",
                                              "Shape",
                                              "Shrink",
                                              "Sigmoid",
                                              "Sign",
                                              "Sin",
                                              "Sinh",
                                              "Size",
                                              "Softmax",
                                              "Softplus",
                                              "Softsign",
                                              "SpaceToDepth",
                                              "Split",
                                              "SplitToSequence",
                                              "Sqrt",
                                              "Squeeze",
                                              "StringNormalizer",
                                              "StringSplit",
                                              "Sum",
                                              "Swish",
                                              "Tan",
                                              "Tanh",
                                              "TfIdfVectorizer",
                                              "ThresholdedRelu",
                                              "Transpose",
                                              "Trilu",
                                              "Unique"};

static constexpr llvm::StringLiteral two[] = {"Add",
                                              "AffineGrid",
                                              "And",
                                              "BitShift",
                                              "BitwiseAnd",
                                              "BitwiseOr",
                                              "BitwiseXor",
                                              "CastLike",
                                              "CausalConvWithState",
                                              "CenterCropPad",
                                              "Compress",
                                              "Conv",
                                              "ConvInteger",
                                              "ConvTranspose",
                                              "CumProd",
                                              "CumSum",
                                              "DequantizeLinear",
                                              "Div",
                                              "Equal",
                                              "Expand",
                                              "Gather",
                                              "GatherElements",
                                              "GatherND",
                                              "Greater",
                                              "GreaterOrEqual",
                                              "GridSample",
                                              "LayerNormalization",
                                              "Less",
                                              "LessOrEqual",
                                              "MatMul",
                                              "MatMulInteger",
                                              "MaxRoiPool",
                                              "MaxUnpool",
                                              "Mod",
                                              "Mul",
                                              "NegativeLogLikelihoodLoss",
                                              "NonMaxSuppression",
                                              "Or",
                                              "PRelu",
                                              "Pow",
                                              "QuantizeLinear",
                                              "RMSNormalization",
                                              "ReverseSequence",
                                              "STFT",
                                              "SequenceAt",
                                              "SequenceInsert",
                                              "SoftmaxCrossEntropyLoss",
                                              "StringConcat",
                                              "Sub",
                                              "TensorScatter",
                                              "Xor"};

static constexpr llvm::StringLiteral three[] = {"Attention",
                                                "Col2Im",
                                                "DeformConv",
                                                "GRU",
                                                "GroupNormalization",
                                                "InstanceNormalization",
                                                "LSTM",
                                                "LinearAttention",
                                                "OneHot",
                                                "RNN",
                                                "Range",
                                                "RoiAlign",
                                                "RotaryEmbedding",
                                                "Scatter",
                                                "ScatterElements",
                                                "ScatterND",
                                                "Where"};

static constexpr llvm::StringLiteral five[] = {"BatchNormalization", "MelWeightMatrix"};

static constexpr llvm::StringLiteral eight[] = {"QLinearConv", "QLinearMatMul"};

/// Numbers that changed, from this opset on; rows of an op in order.
static constexpr struct {
  llvm::StringLiteral opType;
  int64_t opset;
  unsigned inputs;
} changed[] = {{"Gemm", 1, 3},
               {"Gemm", 11, 2},
               {"OptionalHasElement", 15, 1},
               {"OptionalHasElement", 18, 0},
               {"Pad", 1, 1},
               {"Pad", 11, 2},
               {"Reshape", 1, 1},
               {"Reshape", 5, 2},
               {"Scan", 8, 0},
               {"Scan", 9, 1},
               {"Slice", 1, 1},
               {"Slice", 10, 3},
               {"Tile", 1, 3},
               {"Tile", 6, 2},
               {"TopK", 1, 1},
               {"TopK", 10, 2},
               {"Unsqueeze", 1, 1},
               {"Unsqueeze", 13, 2},
               {"Upsample", 1, 1},
               {"Upsample", 9, 2}};

unsigned onnx::requiredInputs(StringRef opType, int64_t opset) {
  static const llvm::StringMap<unsigned> table = [] {
    llvm::StringMap<unsigned> entries;
    auto add = [&](ArrayRef<llvm::StringLiteral> names, unsigned inputs) {
      for (StringRef name : names)
        entries[name] = inputs;
    };
    add(one, 1);
    add(two, 2);
    add(three, 3);
    add(five, 5);
    add(eight, 8);
    return entries;
  }();
  unsigned inputs = table.lookup(opType);
  for (const auto &row : changed)
    if (row.opType == opType && row.opset <= opset)
      inputs = row.inputs;
  return inputs;
}
