# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""odd_names.py FOLDER: names.onnx, a model whose nodes have names with spaces, commas, brackets and quotes, two of them the same, and names.npz;
collide.onnx, whose nodes have the names that others would get to be told apart."""

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
    collide(folder, rng)


def collide(folder, rng):
    """Nodes n, n (of output v1) and 'n (v1)'; a call 'layer' of a function with node 'fc', and a node 'layer/fc'."""
    opset = [helper.make_opsetid("", 17), helper.make_opsetid("my", 1)]
    function = helper.make_function("my", "Layer", ["p", "w"], ["q"], [helper.make_node("Gemm", ["p", "w"], ["q"], name="fc")], opset)
    names = [("n", ""), ("n", ""), ("n (v1)", ""), ("layer", "my"), ("layer/fc", "")]
    nodes, value = [], "x"
    for i, (name, domain) in enumerate(names):
        nodes.append(helper.make_node("Layer" if domain else "Gemm", [value, f"w{i}"], [f"v{i}"], name=name, domain=domain))
        value = f"v{i}"
        if i + 1 < len(names):
            nodes.append(helper.make_node("Relu", [value], [f"r{i}"], name=f"relu {i}"))
            value = f"r{i}"
    weights = [numpy_helper.from_array(rng.normal(size=(24, 24)).astype(np.float32) / 5, f"w{i}") for i in range(len(names))]
    shape = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 24])
    graph = helper.make_graph(nodes, "collide", [shape("x")], [shape(value)], weights)
    model = helper.make_model(graph, opset_imports=opset, functions=[function], ir_version=9)
    onnx.save(model, f"{folder}/collide.onnx")


if __name__ == "__main__":
    main()
