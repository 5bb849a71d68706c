#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Convolutions with batch normalizations, whose channels have weights of unequal size and some high biases:
`absorb_bias.py DIR` writes m.onnx, the same with the normalizations folded, folded.onnx, data.npz and wide
ranges, statistics.json; `--equal A B`
compares outputs; `--floored A` compares those of the network whose ReLUs cut at three standard deviations below the
mean, where that is above 0 and the reader pads nothing; `--nearer FLOAT PLAIN CORRECTED` asks that the means of the
last are closer to the first's."""

import json
import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper

RUNS, CHANNELS, SIZE, EPSILON = 16, 8, 6, 1e-5
# Name, kernel, groups, channels with a high bias.
LAYERS = [("a", 1, 1, 3), ("b", 1, 1, 0), ("c", 3, CHANNELS, 3), ("d", 1, 1, 0)]
# Scales and shifts round weights and biases once each; sums of eight products of terms that are some times larger.
ROUNDING = 1e-5


def batch_norm(constants, rng, name, source, target, high):
    beta, gamma = rng.normal(size=CHANNELS), rng.uniform(0.5, 1.5, CHANNELS)
    beta[:high] += 8
    for part, value in ("scale", gamma), ("bias", beta):
        constants[name + part] = value.astype(np.float32)
    return helper.make_node("BatchNormalization", [source] + [name + p for p in ("scale", "bias", "mean", "var")], [target], name=name)  # fmt: skip


def convolution(constants, rng, name, source, target, kernel, groups=1):
    shape = (CHANNELS, CHANNELS // groups, kernel, kernel)
    weight = rng.normal(size=shape) * 2.0 ** rng.integers(-3, 2, (CHANNELS, 1, 1, 1))
    constants[name + "w"] = weight.astype(np.float32)
    pads = [kernel // 2] * 4
    return helper.make_node("Conv", [source, name + "w"], [target], name=name, kernel_shape=shape[2:], pads=pads, group=groups)  # fmt: skip


def apply(constants, name, x, groups=1):
    """The convolution, in float64."""
    weight = constants[name + "w"].astype(np.float64)
    pad = weight.shape[2] // 2
    x = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    windows = np.lib.stride_tricks.sliding_window_view(x, weight.shape[2:], (2, 3))
    if groups > 1:
        return np.einsum("nchwij,cij->nchw", windows, weight[:, 0])
    return np.einsum("nchwij,ocij->nohw", windows, weight)


def normalize(constants, name, x):
    """By mean and variance of the data itself, which become parameters."""
    shape = (1, CHANNELS, 1, 1)
    constants.setdefault(name + "mean", x.mean((0, 2, 3)).astype(np.float32))
    constants.setdefault(name + "var", x.var((0, 2, 3)).astype(np.float32))
    scale, bias, mean, var = (constants[name + p].astype(np.float64).reshape(shape) for p in ("scale", "bias", "mean", "var"))  # fmt: skip
    return (x - mean) / np.sqrt(var + EPSILON) * scale + bias


def forward(constants, x, floored):
    for name, _, groups, _ in LAYERS:
        x = normalize(constants, name, apply(constants, name, x, groups))
        floor = np.zeros(CHANNELS)
        if floored and name != "b":  # c, which reads b, is padded
            floor = np.maximum(constants[name + "bias"] - 3 * np.abs(constants[name + "scale"].astype(np.float64)), 0)
        x = np.maximum(x, floor.reshape(1, CHANNELS, 1, 1))
    return apply(constants, "e", x)


def fold(constants, name):
    """Weight and bias of the convolution with its normalization."""
    scale, bias, mean, var = (constants[name + p].astype(np.float64) for p in ("scale", "bias", "mean", "var"))
    factor = scale / np.sqrt(var + EPSILON)
    return {name + "w": constants[name + "w"] * factor.reshape(-1, 1, 1, 1), name + "b": bias - mean * factor}


def save(path, nodes, constants):
    shape = [1, CHANNELS, SIZE, SIZE]
    tensors = {name: np.asarray(value, np.float32) for name, value in constants.items()}
    graph = helper.make_graph(
        nodes,
        "convolutions",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        [helper.make_tensor(k, TensorProto.FLOAT, v.shape, v.tobytes(), raw=True) for k, v in tensors.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def build():
    """Constants, the nodes with and without normalizations, and the data."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(RUNS, CHANNELS, SIZE, SIZE)).astype(np.float32)
    constants, nodes, folded, value = {}, [], [], "x"
    for name, kernel, groups, high in LAYERS:
        conv = convolution(constants, rng, name, value, name + "0", kernel, groups)
        relu = helper.make_node("Relu", [name + "1"], [name + "2"], name=name + "relu")
        nodes += [conv, batch_norm(constants, rng, name, name + "0", name + "1", high), relu]
        whole = convolution({}, rng, name, value, name + "1", kernel, groups)
        whole.input.append(name + "b")
        folded += [whole, relu]
        value = name + "2"
    last = convolution(constants, rng, "e", value, "y", 1)
    forward(constants, x.astype(np.float64), False)
    return constants, nodes + [last], folded + [last], x


def main():
    folder, constants, nodes, folded, x = sys.argv[1], *build()
    if len(sys.argv) == 2:
        os.makedirs(folder, exist_ok=True)
        save(os.path.join(folder, "m.onnx"), nodes, constants)
        whole = {k: v for name, *_ in LAYERS for k, v in fold(constants, name).items()}
        save(os.path.join(folder, "folded.onnx"), folded, {**whole, "ew": constants["ew"]})
        np.savez(os.path.join(folder, "data.npz"), x=x)
        entry = {"min": -32, "max": 32, "lo": -32, "hi": 32, "count": 1, "method": "min-max"}
        observers = {name: entry for name in ["x"] + [layer[0] + "relu" for layer in LAYERS]}
        with open(os.path.join(folder, "statistics.json"), "w") as file:
            json.dump({"format": "quantc-statistics", "version": 1, "observers": observers}, file)
        return
    outputs = [np.load(os.path.join(folder, name))["y"].astype(np.float64) for name in sys.argv[3:]]
    if sys.argv[2] == "--floored":
        outputs.append(forward(constants, x.astype(np.float64), True))
        assert np.abs(outputs[1] - forward(constants, x.astype(np.float64), False)).max() > ROUNDING, "nothing is cut"
    if sys.argv[2] in ("--equal", "--floored"):
        error = np.linalg.norm(outputs[0] - outputs[1]) / np.linalg.norm(outputs[1])
        assert 0 < error < ROUNDING, error
        return
    reference, plain, corrected = (each.mean((0, 2, 3)) for each in outputs)
    before, after = np.linalg.norm(plain - reference), np.linalg.norm(corrected - reference)
    assert after < before / 2, (before, after)


main()
