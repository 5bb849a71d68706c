#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A linear layer on correlated inputs: `round_weights.py DIR` writes m.onnx and data.npz, and with --check reads the
moments back and compares them with NumPy's."""

import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper


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
