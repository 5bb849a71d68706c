#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A residual network of convolutions, one of them depthwise, and a linear layer: `store_codes.py DIR` writes m.onnx and
data.npz. `store_codes.py DIR --check FILE BITS` reads codes that quantc chose; `--same A B` compares two files;
`--spoil FILE OUT` writes codes that 4 bits do not hold, `--alien FILE OUT` those
of another weight, and of a node that is not there; `--better METHOD...` compares reports METHOD.json: each has less
than 95 % of the error that the nearest codes leave."""

import json
import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SHAPES = {"stem": (6, 3, 3, 3), "expand": (12, 6, 1, 1), "depth": (12, 1, 3, 3), "project": (6, 12, 1, 1), "classes": (5, 6)}


def write(folder):
    rng = np.random.default_rng(11)
    os.makedirs(folder, exist_ok=True)
    weights = [
        numpy_helper.from_array((rng.normal(size=shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32), f"{name}.w")
        for name, shape in SHAPES.items()
    ]
    nodes = [
        helper.make_node("Conv", ["x", "stem.w"], ["a"], name="stem", pads=[1] * 4, strides=[2, 2]),
        helper.make_node("Relu", ["a"], ["b"], name="relu0"),
        helper.make_node("Conv", ["b", "expand.w"], ["c"], name="expand"),
        helper.make_node("Relu", ["c"], ["d"], name="relu1"),
        helper.make_node("Conv", ["d", "depth.w"], ["e"], name="depth", pads=[1] * 4, group=12),
        helper.make_node("Relu", ["e"], ["f"], name="relu2"),
        helper.make_node("Conv", ["f", "project.w"], ["g"], name="project"),
        helper.make_node("Add", ["b", "g"], ["h"], name="sum"),
        helper.make_node("GlobalAveragePool", ["h"], ["i"], name="pool"),
        helper.make_node("Flatten", ["i"], ["j"], name="flat"),
        helper.make_node("Gemm", ["j", "classes.w"], ["y"], name="classes", transB=1),
    ]
    graph = helper.make_graph(
        nodes, "residual",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 12, 12])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 5])],
        weights,
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, os.path.join(folder, "m.onnx"))
    np.savez(os.path.join(folder, "data.npz"), x=rng.normal(size=(24, 3, 12, 12)).astype(np.float32))


def check(path, bits):
    codes = np.load(path)
    assert {key.rsplit(":", 1)[0] for key in codes.files} == set(SHAPES), codes.files
    for name, shape in SHAPES.items():
        chosen = codes[f"{name}:codes"]
        assert chosen.shape == (shape[0], np.prod(shape[1:])) and chosen.dtype == np.int32
        assert abs(chosen).max() <= 2 ** (bits - 1) - 1 and len(np.unique(chosen)) > 3
        assert (codes[f"{name}:steps"] > 0).all() and codes[f"{name}:bias"].shape == (shape[0],)


def error(path):
    with open(path) as file:
        weights = json.load(file)["rounded_weights"]
    assert len(weights) == len(SHAPES), weights
    return sum(weight["output_error"] for weight in weights), sum(weight["output_error_nearest"] for weight in weights)


def main():
    folder, rest = sys.argv[1], sys.argv[2:]
    if not rest:
        write(folder)
    elif rest[0] == "--check":
        check(rest[1], int(rest[2]))
    elif rest[0] == "--same":
        a, b = np.load(rest[1]), np.load(rest[2])
        assert a.files == b.files and all(np.array_equal(a[key], b[key]) for key in a.files)
    elif rest[0] == "--spoil":
        codes = dict(np.load(rest[1]))
        codes["depth:codes"][0, 0] = 8
        np.savez(rest[2], **codes)
    elif rest[0] == "--alien":
        codes = dict(np.load(rest[1]))
        for name in SHAPES:
            codes[f"{name}:codes"] = codes[f"{name}:codes"][::-1, ::-1].copy()
        codes |= {key.replace("stem", "nobody"): codes[key] for key in list(codes) if key.startswith("stem")}
        np.savez(rest[2], **codes)
    elif rest[0] == "--better":
        for method in rest[1:]:
            chosen, nearest = error(os.path.join(folder, f"{method}.json"))
            assert chosen < 0.95 * nearest, (method, chosen, nearest)


main()
