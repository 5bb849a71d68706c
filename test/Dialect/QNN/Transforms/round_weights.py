#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A linear layer on correlated inputs: `round_weights.py DIR` writes m.onnx and data.npz, and with --check reads the
moments back and compares them with NumPy's; --dynamic and --static compare the weights of y.npz, made of eye.npz, with
GPTQ in NumPy, channels as they come and scales of groups by either rule."""

import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper


def gptq(weight, data, group, dynamic):
    """[out, in], codes of 4 bits with a scale for each group: the sum of (w - q) / U_ii times U goes into what comes."""
    moments = data.T @ data / len(data)
    inverse = np.linalg.inv(moments + 0.01 * np.trace(moments) / len(moments) * np.eye(len(moments)))
    upper = np.linalg.cholesky(inverse).T
    rest, rounded = weight.copy(), np.zeros_like(weight)
    for i in range(weight.shape[1]):
        if i % group == 0:
            scale = np.abs((rest if dynamic else weight)[:, i : i + group]).max(1) / 7
        rounded[:, i] = scale * np.clip(np.round(rest[:, i] / scale), -7, 7)
        rest[:, i:] -= np.outer((rest[:, i] - rounded[:, i]) / upper[i, i], upper[i, i:])
    return rounded


def main():
    folder = sys.argv[1]
    rng = np.random.default_rng(7)
    mix = rng.normal(size=(16, 16))
    data = (rng.normal(size=(4 * 32, 16)) @ mix).astype(np.float32)
    if "--check" in sys.argv:
        moments = np.load(os.path.join(folder, "moments.npz"))
        name = next(key for key in moments.files if key.endswith(":sum")).rsplit(":", 1)[0]
        expected = data.astype(np.float64).T @ data
        triangle = expected[np.triu_indices(16)]
        assert moments[f"{name}:tokens"] == 128, moments[f"{name}:tokens"]
        # Products are summed in fp32 in tiles of at most 128 rows: 128 roundings of 2^-24.
        bound = 128 * 2.0**-24 * np.abs(data.astype(np.float64)).T @ np.abs(data)
        assert (np.abs(moments[f"{name}:sum"] - triangle) <= bound[np.triu_indices(16)]).all()
        assert np.allclose(moments[f"{name}:columns"], data.astype(np.float64).sum(0), rtol=1e-6, atol=1e-3)
        return
    os.makedirs(folder, exist_ok=True)
    weight = rng.normal(size=(16, 8)).astype(np.float32)
    if "--dynamic" in sys.argv or "--static" in sys.argv:
        (found,) = np.load(os.path.join(folder, "y.npz")).values()
        rules = [gptq(weight.T.astype(np.float64), data.astype(np.float64), 8, dynamic) for dynamic in (False, True)]
        distances = [np.abs(found[:16].T - rule).max() for rule in rules]
        # Scales and values are fp32; another code is another by a whole step.
        assert distances["--dynamic" in sys.argv] < 1e-5 and max(distances) > 0.01, distances
        return
    np.savez(os.path.join(folder, "eye.npz"), x=np.eye(32, 16, dtype=np.float32))
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"], name="layer")],
        "one layer",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 16])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 8])],
        [helper.make_tensor("w", TensorProto.FLOAT, weight.shape, weight.tobytes(), raw=True)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, os.path.join(folder, "m.onnx"))
    np.savez(os.path.join(folder, "data.npz"), x=data)


main()
