# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""fusion_values.py BUILD: convolutions with BatchNormalization and activations behind them, and what must not be fused, against
ONNX Runtime without its fusions; each also with sizes that only the run knows."""

import os
import sys

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, os.path.join(sys.argv[1], "python"))
import quantc.backend as quantc  # noqa: E402

onnxruntime.set_default_logger_severity(3)
random = np.random.default_rng(2)


def floats(*shape):
    return random.standard_normal(shape).astype(np.float32)


def batch_norm(channels):
    return {"gamma": floats(channels), "beta": floats(channels), "mean": floats(channels), "variance": np.abs(floats(channels)) + 0.1}


def compare(name, nodes, x, weights, outputs=("y",), run_time=()):
    """`run_time` lists weights that are inputs."""
    given = {"x": x} | {key: np.asarray(weights[key]) for key in run_time}
    constants = [numpy_helper.from_array(np.asarray(a), key) for key, a in weights.items() if key not in run_time]
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    for known in (True, False):
        inputs = [helper.make_tensor_value_info(key, TensorProto.FLOAT, a.shape if known else [f"{key}{i}" for i in range(a.ndim)])
                  for key, a in given.items()]  # fmt: skip
        graph = helper.make_graph(nodes, "g", inputs, [helper.make_tensor_value_info(o, TensorProto.FLOAT, None) for o in outputs], constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        expected = onnxruntime.InferenceSession(model.SerializeToString(), options).run(None, given)
        compiled = quantc.prepare(model, profile=True)
        for _ in range(2):  # memory of the first run serves the second
            for a, b in zip(expected, compiled.run(list(given.values())), strict=True):
                np.testing.assert_allclose(b, a, rtol=1e-4, atol=1e-5, err_msg=name)
    print(name, "steps", [step.rsplit("_", 1)[0] for step, _ in compiled.profile()])


def node(op, inputs, output, **attributes):
    return helper.make_node(op, inputs, [output], name=output, **attributes)


NORM = ["gamma", "beta", "mean", "variance"]
X = floats(2, 4, 9, 7)
CONV = {"w": floats(6, 4, 3, 3), "b": floats(6)} | batch_norm(6)


def main():
    conv = node("Conv", ["x", "w", "b"], "c", pads=[1, 1, 1, 1])
    limits = {"lo": np.float32(-0.5), "hi": np.float32(1.5)}
    compare("all", [conv, node("BatchNormalization", ["c", *NORM], "n"), node("Clip", ["n", "lo", "hi"], "y")], X, CONV | limits)
    compare("grouped, no bias", [node("Conv", ["x", "w"], "c", group=2, strides=[2, 1]), node("BatchNormalization", ["c", *NORM], "n"),
                                 node("Relu", ["n"], "y")], X, {"w": floats(6, 2, 3, 3)} | batch_norm(6))  # fmt: skip
    compare("depthwise", [node("Conv", ["x", "w", "b"], "c", group=4), node("Relu", ["c"], "y")], X, {"w": floats(8, 1, 3, 3), "b": floats(8)})
    compare("bounds of a run", [conv, node("Clip", ["c", "lo", "hi"], "y")], X, CONV | limits, run_time=("lo", "hi"))
    compare("two users", [conv, node("Relu", ["c"], "r"), node("Add", ["c", "r"], "y")], X, CONV)
    compare("an output", [conv, node("Relu", ["c"], "y")], X, CONV, outputs=("c", "y"))
    compare("parameters of a run", [conv, node("Add", ["beta", "beta"], "late"), node("BatchNormalization", ["c", "gamma", "late", "mean", "variance"], "y")],
            X, CONV, run_time=("beta",))  # fmt: skip


if __name__ == "__main__":
    main()
