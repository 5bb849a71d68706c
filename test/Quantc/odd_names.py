# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""odd_names.py FOLDER: names.onnx, a model whose nodes have names with spaces, commas, brackets and quotes, two of them the same, and names.npz."""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

NAMES = ["my layer 1", "fc,2", "it's {a} [b] (c)", "same", "same", '50% "off"']


def main():
    folder = sys.argv[1]
    rng = np.random.default_rng(5)
    nodes, weights, value = [], [], "x"
    for i, name in enumerate(NAMES):
        weights.append(numpy_helper.from_array(rng.normal(size=(24, 24)).astype(np.float32) / 5, f"w{i}"))
        nodes.append(helper.make_node("Gemm", [value, f"w{i}"], [f"y{i}"], name=name))
        value = f"y{i}"
        if i + 1 < len(NAMES):
            nodes.append(helper.make_node("Relu", [value], [f"r{i}"], name=f"relu {i}"))
            value = f"r{i}"
    shape = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 24])
    graph = helper.make_graph(nodes, "names", [shape("x")], [shape(value)], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), f"{folder}/names.onnx")
    np.savez(f"{folder}/names.npz", x=rng.normal(size=(16, 24)).astype(np.float32))


if __name__ == "__main__":
    main()
