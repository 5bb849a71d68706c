#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A norm with outlier channels, read by a linear layer and by the sum behind it: `migrate.py DIR` writes m.onnx,
data.npz and few.npz (7 runs); `--check` reads the samples back, compares them with NumPy's, and writes empty.npz without rows to search on; `--equal A B` compares outputs."""

import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper

CHANNELS, ROWS, RUNS = 16, 8, 8


def parameters(rng):
    gain = rng.uniform(0.5, 1.5, CHANNELS).astype(np.float32)
    gain[[3, 9]] = 40.0
    bias = rng.normal(size=CHANNELS).astype(np.float32)
    weight = (rng.normal(size=(CHANNELS, CHANNELS)) / 4).astype(np.float32)
    return gain, bias, weight


def read_norm(data, gain, bias):
    x = data.astype(np.float64)
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * gain + bias


def main():
    folder = sys.argv[1]
    if "--equal" in sys.argv:
        before, after = (np.load(os.path.join(folder, name))["y"].astype(np.float64) for name in sys.argv[3:5])
        # Scales round weights, gains and biases once each, shifts biases: some 2^-24 of the largest terms.
        assert np.linalg.norm(after - before) < 1e-5 * np.linalg.norm(before)
        assert (after != before).any(), "nothing was migrated"
        return
    rng = np.random.default_rng(11)
    gain, bias, weight = parameters(rng)
    data = rng.normal(size=(RUNS, ROWS, CHANNELS)).astype(np.float32)
    if "--check" in sys.argv:
        samples = np.load(os.path.join(folder, "channels.npz"))
        expected = read_norm(data, gain, bias).reshape(-1, CHANNELS)
        for part, value in ("min", expected.min(0)), ("max", expected.max(0)), ("abs", np.abs(expected).mean(0)):
            assert np.allclose(samples[f"layer.input:{part}"], value, rtol=1e-4, atol=1e-4), part
        assert samples["layer.input:count"] == RUNS * ROWS
        # Runs 3 and 7 are for the check, the others to search on: each row is one of theirs.
        held_out = np.arange(RUNS * ROWS) // ROWS % 4 == 3
        for part, rows in ("search", expected[~held_out]), ("check", expected[held_out]):
            found = samples[f"layer.input:{part}"]
            assert len(found) and all(np.abs(rows - row).max(1).min() < 1e-3 for row in found), part
        empty = {name: samples[name] for name in samples.files}
        empty["layer.input:search"] = empty["layer.input:search"][:0]
        np.savez(os.path.join(folder, "empty.npz"), **empty)
        return
    os.makedirs(folder, exist_ok=True)
    constants = {"g": gain, "b": bias, "w": weight}
    graph = helper.make_graph(
        [
            helper.make_node("LayerNormalization", ["x", "g", "b"], ["n"], name="norm", axis=-1, epsilon=1e-5),
            helper.make_node("MatMul", ["n", "w"], ["h"], name="layer"),
            helper.make_node("Add", ["n", "h"], ["y"], name="residual"),
        ],
        "a norm and a residual",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, ROWS, CHANNELS])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, ROWS, CHANNELS])],
        [helper.make_tensor(k, TensorProto.FLOAT, v.shape, v.tobytes(), raw=True) for k, v in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, os.path.join(folder, "m.onnx"))
    np.savez(os.path.join(folder, "data.npz"), x=data)
    np.savez(os.path.join(folder, "few.npz"), x=data[:7])


main()
