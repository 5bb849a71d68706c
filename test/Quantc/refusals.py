# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the legality matrix (docs/ChannelAlgebra.md) forbids, each pass refuses with a remark that says why: `refusals.py QUANT_OPT`.

A case is a pipeline, a function, and the remarks that it must give. The module stays as it was, byte for byte, and so do
the remarks in a second run.
"""

import os
import subprocess
import sys
import tempfile

import numpy as np

WEIGHT = "%w = nn.constant dense<{0}> : tensor<{1}x{2}xf32>\n"


def dense(rows, columns):
    """A constant %w with different entries."""
    values = [[round(((3 * i + 5 * j) % 7 - 3) / 4, 2) for j in range(columns)] for i in range(rows)]
    return WEIGHT.format(values, rows, columns)


def function(arguments, body, result):
    return f"func.func @main({arguments}) -> {result[1]} {{\n{body}return {result[0]} : {result[1]}\n}}\n"


X = "%x: tensor<4x8xf32>"
LAYER = ('{0} = nn.linear {1}, %w : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32> loc("{2}")\n')
GAIN = "%g = nn.constant dense<[1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0]> : tensor<8xf32>\n"
RMS = '{0} = nn.rms_norm {1}{2} {{epsilon = 1.0e-5 : f32}} : (tensor<4x8xf32>{3}) -> tensor<4x8xf32> loc("{4}")\n'
LAYER_NORM = (
    '{0} = nn.layer_norm {1}, {2} {{epsilon = 1.0e-5 : f32, operandSegmentSizes = array<i32: 1, {3}>}} : '
    '(tensor<4x8xf32>, {4}) -> tensor<4x8xf32> loc("{5}")\n'
)
PLAIN_NORM = (
    '{0} = nn.layer_norm {1} {{epsilon = 1.0e-5 : f32, operandSegmentSizes = array<i32: 1, 0, 0>}} : '
    '(tensor<4x8xf32>) -> tensor<4x8xf32> loc("{2}")\n'
)
RELU = "{0} = nn.relu {1} : tensor<4x8xf32>{2}\n"
RESULT = "tensor<4x8xf32>"


def norm(name, value, at, gain=True):
    return RMS.format(name, value, ", %g" if gain else "", ", tensor<8xf32>" if gain else "", at)


def stream(between):
    """A layer, something, a norm without gain, and a layer that reads it."""
    return dense(8, 8) + LAYER.format("%s", "%x", "first") + between + norm("%n", "%t", "norm", False) + LAYER.format("%r", "%n", "last")


def attention(heads, size, tokens=3, product="%m", more=""):
    """Means of values of `heads` heads, joined and projected."""
    width, t = heads * size, tokens
    split, joined = f"tensor<1x{heads}x{t}x{size}xf32>", f"tensor<1x{t}x{width}xf32>"
    rows, apart = f"tensor<1x{heads}x{t}x{t}xf32>", f"tensor<1x{t}x{heads}x{size}xf32>"
    matrix = f"tensor<{width}x{width}xf32>"
    body = dense(width, width)
    body += f'%v = nn.linear %x, %w : ({joined}, {matrix}) -> {joined} loc("values")\n'
    body += f"%a = nn.reshape %v : ({joined}) -> {apart}\n"
    body += f"%h = nn.transpose %a {{permutation = array<i64: 0, 2, 1, 3>}} : ({apart}) -> {split}\n"
    body += f"%q = nn.softmax %p {{axis = 3 : i64}} : {rows}\n"
    body += f'%m = nn.matmul %q, %h : ({rows}, {split}) -> {split} loc("mix")\n' + more.format(split)
    body += f"%b = nn.transpose {product} {{permutation = array<i64: 0, 2, 1, 3>}} : ({split}) -> {apart}\n"
    body += f"%j = nn.reshape %b : ({apart}) -> {joined}\n"
    body += f'%r = nn.linear %j, %w : ({joined}, {matrix}) -> {joined} loc("out")\n'
    return function(f"%p: {rows}, %x: {joined}", body, ("%r", joined))


def scores(size, keys, body, left="%q", q=None):
    left_type, right_type = f"tensor<2x3x{size}xf32>", f"tensor<2x{size}x3xf32>"
    text = body + f'%r = nn.matmul {left}, %t : ({left_type}, {right_type}) -> tensor<2x3x3xf32> loc("scores")\n'
    return function(f"%q: {left_type}, %k: {keys}", text, ("%r", "tensor<2x3x3xf32>"))


def turned(size):
    return f"%t = nn.transpose %k {{permutation = array<i64: 0, 2, 1>}} : (tensor<2x3x{size}xf32>) -> tensor<2x{size}x3xf32>\n"


COMPUTED = '%r = nn.linear %s, %v : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32> loc("last")\n'
BIASED = GAIN + dense(8, 8)
CASES = {
    "nn-fold-norms": [
        ("a gain in front of a nonlinearity", function(X, GAIN + norm("%n", "%x", "norm") + RELU.format("%t", "%n", "") .replace("relu", "gelu")
                                                         + dense(8, 8) + LAYER.format("%r", "%t", "last"), ("%r", RESULT)),
         ["norm 'norm' keeps its gain: ", "(nn.gelu): it is not linear"]),
        ("a gain that the graph returns", function(X, GAIN + norm("%r", "%x", "norm"), ("%r", RESULT)),
         ["norm 'norm' keeps its gain: it is a result of the graph"]),
        ("a gain in front of a computed weight", function(X + ", %v: tensor<8x8xf32>", GAIN + norm("%s", "%x", "norm") + COMPUTED, ("%r", RESULT)),
         ["norm 'norm' keeps its gain: 'last' (nn.linear): its weight is no float constant"]),
        ("a computed gain", function(X + ", %g: tensor<8xf32>", dense(8, 8) + norm("%n", "%x", "norm") + LAYER.format("%r", "%n", "last"), ("%r", RESULT)),
         ["norm 'norm' keeps its gain: it is no constant"]),
        ("a bias on a sum of two activations", function(X, BIASED + LAYER_NORM.format("%n", "%x", "%g, %g", "1, 1", "tensor<8xf32>, tensor<8xf32>", "norm")
                                                          + LAYER.format("%l", "%n", "last")
                                                          + '%r = nn.add %n, %l : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32> loc("sum")\n', ("%r", RESULT)),
         ["norm 'norm' keeps its bias: 'sum' (nn.add): the shift of a sum of two activations has no one place"]),
    ],
    "nn-layer-norm-to-rms": [
        ("a bias", function(X, BIASED + LAYER_NORM.format("%n", "%x", "%g, %g", "1, 1", "tensor<8xf32>, tensor<8xf32>", "norm") + LAYER.format("%r", "%n", "last"), ("%r", RESULT)),
         ["norm 'norm' stays a layer_norm: it has a bias"]),
        ("a layer that sees the mean", function(X, dense(8, 8) + LAYER.format("%s", "%x", "first") + PLAIN_NORM.format("%n", "%s", "norm") + LAYER.format("%l", "%s", "other")
                                                  + "%r = nn.add %n, %l : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>\n", ("%r", RESULT)),
         ["norm 'norm' stays a layer_norm: 'other' (nn.linear): it sees the mean of its input"]),
        ("a nonlinearity that reads the stream", function(X, dense(8, 8) + LAYER.format("%s", "%x", "first") + PLAIN_NORM.format("%n", "%s", "norm") + RELU.format("%l", "%s", ' loc("act")')
                                                            + "%r = nn.add %n, %l : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>\n", ("%r", RESULT)),
         ["norm 'norm' stays a layer_norm: 'act' (nn.relu): it is not linear"]),
    ],
    "nn-rotate{max-explicit=0}": [
        ("a nonlinearity on the stream", function(X, stream(RELU.format("%t", "%s", ' loc("act")')), ("%r", RESULT)),
         ["the stream that norm 'norm' reads is not rotated: 'act' (nn.relu): it is not linear"]),
        ("a gate on the stream", function(X + ", %y: tensor<4x8xf32>", stream('%t = nn.mul %s, %y : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32> loc("gate")\n'), ("%r", RESULT)),
         ["the stream that norm 'norm' reads is not rotated: 'gate' (nn.mul): it scales each channel by itself"]),
        ("an input of the graph", function(X, dense(8, 8) + norm("%n", "%x", "norm", False) + LAYER.format("%r", "%n", "last"), ("%r", RESULT)),
         ["the stream that norm 'norm' reads is not rotated: it is an input of the graph"]),
        ("a norm with a gain", function(X, GAIN + dense(8, 8) + LAYER.format("%s", "%x", "first") + norm("%n", "%s", "norm") + LAYER.format("%r", "%n", "last"), ("%r", RESULT)),
         ["the stream that norm 'norm' reads is not rotated: its gain scales each channel by itself; fold it first"]),
        ("a layer norm", function(X, dense(8, 8) + LAYER.format("%s", "%x", "first") + PLAIN_NORM.format("%n", "%s", "norm") + LAYER.format("%r", "%n", "last"), ("%r", RESULT)),
         ["the stream that norm 'norm' reads is not rotated: its mean is no invariant of rotations; turn it into an rms_norm first"]),
        ("a nonlinearity behind the means of values", attention(2, 4, product="%o", more='%o = nn.relu %m : {0} loc("act")\n'),
         ["the heads of 'mix' are not rotated: 'act' (nn.relu): it is not linear"]),
    ],
    "qnn-rotate-online": [
        ("an input of the graph", function(X, dense(8, 8) + LAYER.format("%r", "%x", "last"), ("%r", RESULT)),
         ["the input of 'last' is not rotated: it is an input of the graph"]),
        ("a computed weight", function(X + ", %v: tensor<8x8xf32>", RELU.format("%s", "%x", "") + COMPUTED, ("%r", RESULT)),
         ["the input of 'last' is not rotated: its weight is no float constant"]),
        ("channels of an odd number", function("%x: tensor<4x7xf32>", "%s = nn.relu %x : tensor<4x7xf32>\n" + dense(8, 7)
                                                 + '%r = nn.linear %s, %w : (tensor<4x7xf32>, tensor<8x7xf32>) -> tensor<4x8xf32> loc("last")\n', ("%r", RESULT)),
         ["the input of 'last' is not rotated: no Hadamard matrix of a part of 7 channels"]),
        ("a convolution's window", function("%x: tensor<1x2x4x4xf32>", "%s = nn.relu %x : tensor<1x2x4x4xf32>\n%w = nn.constant dense<1.0> : tensor<3x2x1x1xf32>\n"
                                              "%r = nn.conv %s, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : "
                                              '(tensor<1x2x4x4xf32>, tensor<3x2x1x1xf32>) -> tensor<1x3x4x4xf32> loc("conv")\n', ("%r", "tensor<1x3x4x4xf32>")),
         ["the input of 'conv' is not rotated: the channels lie along other axes than 1"]),
        ("scores of heads without a matrix", scores(6, "tensor<2x3x6xf32>", turned(6)), ["the scores of 'scores' are not rotated: no Hadamard matrix of order 6"]),
        ("keys that nothing turns", scores(8, "tensor<2x8x3xf32>", "").replace("%t :", "%k :"),
         ["the scores of 'scores' are not rotated: the channels of its keys lie along no last axis: they are an input of the graph"]),
        ("keys behind a nonlinearity", scores(8, "tensor<2x8x3xf32>", '%t = nn.gelu %k : tensor<2x8x3xf32> loc("act")\n'),
         ["the scores of 'scores' are not rotated: the channels of its keys lie along no last axis: 'act': it is not linear"]),
    ],
    "qnn-rotate-online{inputs=false}": [
        ("a number of heads without a matrix", attention(3, 4), ["the 3 heads of 'out' are not mixed: no Hadamard matrix of order 3"]),
        ("a nonlinearity behind the means of values", attention(2, 4, product="%o", more='%o = nn.relu %m : {0} loc("act")\n'),
         ["the heads of 'mix' are not mixed: 'act' (nn.relu): it is not linear"]),
    ],
    "qnn-encode-weights{format=int4:sym}": [
        ("a computed weight", function(X + ", %v: tensor<8x8xf32>", RELU.format("%s", "%x", "") + COMPUTED, ("%r", RESULT)),
         ["expected a constant weight"]),
        ("a weight that is not finite", function(X, "%w = nn.constant dense<0x7F800000> : tensor<8x8xf32>\n" + LAYER.format("%r", "%x", "last"), ("%r", RESULT)),
         ["expected finite weights"]),
    ],
    "qnn-fuse-grouped-linear": [
        ("a weight in floats", function(X, dense(8, 8) + LAYER.format("%r", "%x", "last"), ("%r", RESULT)), ["its weight is not stored in integers"]),
    ],
    "qnn-migrate{method=smoothquant}": [
        ("an input of the graph", function(X, dense(8, 8) + LAYER.format("%r", "%x", "last"), ("%r", RESULT)), ["'last.input' is not migrated: it is an input of the graph"]),
        ("a nonlinearity in front", function(X, dense(8, 8) + LAYER.format("%s", "%x", "first") + RELU.format("%t", "%s", ' loc("act")').replace("relu", "gelu")
                                               + LAYER.format("%r", "%t", "last"), ("%r", RESULT)),
         ["'last.input' is not migrated: 'act' (nn.gelu): it is not linear"]),
        ("a computed weight", function(X + ", %v: tensor<8x8xf32>", dense(8, 8) + LAYER.format("%s", "%x", "first") + COMPUTED, ("%r", RESULT)),
         ["is not migrated: "]),
    ],
    "qnn-round-weights{format=int4:sym moments=MOMENTS}": [
        ("a computed weight", function(X + ", %v: tensor<8x8xf32>", RELU.format("%s", "%x", "") + COMPUTED, ("%r", RESULT)),
         ["the weight of 'last' is not rounded: expected a constant f32 matrix over the last axis of its input"]),
        ("a convolution", function("%x: tensor<1x2x4x4xf32>", "%w = nn.constant dense<1.0> : tensor<3x2x1x1xf32>\n"
                                     "%r = nn.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : "
                                     '(tensor<1x2x4x4xf32>, tensor<3x2x1x1xf32>) -> tensor<1x3x4x4xf32> loc("conv")\n', ("%r", "tensor<1x3x4x4xf32>")),
         ["the weight of 'conv' is not rounded: expected a constant f32 matrix over the last axis of its input"]),
    ],
}  # fmt: skip


def run(quant_opt, text, passes):
    """Output and messages, without the places in the file."""
    flags = ["--mlir-print-debuginfo", "--remarks-filter=.*", "--remark-policy=all", "--remark-format=emitRemark"]
    result = subprocess.run([quant_opt, "-", *flags, f"--pass-pipeline=builtin.module({passes})"], input=text, capture_output=True, text=True)
    return result.returncode, result.stdout, result.stderr


def main():
    quant_opt, failed = sys.argv[1], 0
    with tempfile.TemporaryDirectory() as folder:
        moments = os.path.join(folder, "moments.npz")
        np.savez(moments, **{"none:tokens": np.int64(1), "none:sum": np.ones(1), "none:columns": np.ones(1)})
        for name, cases in CASES.items():
            inside = name if name.startswith(("qnn-encode", "qnn-fuse", "qnn-migrate", "qnn-round")) else f"func.func({name})"
            for what, text, remarks in cases:
                code, after, said = run(quant_opt, text, inside.replace("MOMENTS", moments))
                same = run(quant_opt, text, "")[1]
                missing = [each for each in remarks if each not in said]
                if code or missing or after != same or "remark" not in said:
                    failed += 1
                    print(f"FAILED {name}, {what}: exit code {code}, missing {missing}, changed {after != same}\n{said}")
                elif run(quant_opt, text, inside.replace("MOMENTS", moments)) != (code, after, said):
                    failed += 1
                    print(f"FAILED {name}, {what}: a second run differs")
                else:
                    print(f"passed {name}, {what}")
    sys.exit(failed != 0)


main()
