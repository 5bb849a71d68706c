# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""random_values.py BUILD: random operators against NumPy's RandomState of the same seed."""

import os
import sys

import numpy as np
from onnx import TensorProto, helper

sys.path.insert(0, os.path.join(sys.argv[1], "python"))
import quantc.backend as quantc  # noqa: E402


def run(op, *inputs, **attributes):
    names = [f"x{i}" for i in range(len(inputs))]
    node = helper.make_node(op, names, ["y"], seed=42.0, **attributes)
    graph = helper.make_graph([node], "g", [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"]) for name in names],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [5])])
    return quantc.prepare(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)).run(list(inputs))[0]


state = np.random.RandomState
np.testing.assert_array_equal(run("RandomUniform", shape=[5], low=-1.0, high=3.0), (state(42).random_sample(5) * 4 - 1).astype(np.float32))
# One rounding to float32; the logarithm is libm's on both sides.
np.testing.assert_allclose(run("RandomNormal", shape=[5], mean=1.0, scale=2.0), state(42).standard_normal(5) * 2 + 1, rtol=2**-23)
chances = np.array([0, 0.2, 0.5, 0.8, 1], np.float32)
np.testing.assert_array_equal(run("RandomUniformLike", chances), state(42).random_sample(5).astype(np.float32))
np.testing.assert_allclose(run("RandomNormalLike", chances, scale=3.0), state(42).standard_normal(5) * 3, rtol=2**-23)
np.testing.assert_array_equal(run("Bernoulli", chances), (state(42).random_sample(5) < chances).astype(np.float32))
