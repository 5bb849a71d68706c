# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One node by ONNX Runtime and by quantc's loops. The importing script is called as `script.py BUILD`."""

import itertools
import os
import sys

import numpy as np
import onnxruntime
from onnx import helper

sys.path.insert(0, os.path.join(sys.argv[1], "python"))
import quantc.backend as quantc  # noqa: E402

onnxruntime.set_default_logger_severity(3)


# Of the cases in turn: whether sizes are known before the run.
STATIC = itertools.cycle((False, True))


def model_of(op, inputs, outputs, domain, static, opsets, declared, **attributes):
    """A model of one node, and what it is given by name. Absent inputs are None; sizes are names unless `static`.
    `declared`: the element type of all results, where ONNX Runtime cannot infer it."""
    names = ["" if x is None else f"x{i}" for i, x in enumerate(inputs)]
    given = {name: np.asarray(x) for name, x in zip(names, inputs) if x is not None}
    results = [f"y{i}" for i in range(outputs)]

    def info(name, array):
        shape = array.shape if static else [f"{name}_{i}" for i in range(array.ndim)]
        return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), shape)

    node = helper.make_node(op, names, results, name=op, domain=domain, **attributes)
    graph = helper.make_graph([node], "g", [info(*item) for item in given.items()], [
        helper.make_tensor_value_info(name, declared, None) if declared else helper.make_empty_tensor_value_info(name) for name in results])
    versions = {"": 17, domain: 1, **(opsets or {})}
    return helper.make_model(graph, opset_imports=[helper.make_opsetid(*item) for item in versions.items()], ir_version=8), given


def by_quantc(op, inputs, outputs=1, domain="com.microsoft", static=False, opsets=None, declared=None, **attributes):
    model, given = model_of(op, inputs, outputs, domain, static, opsets, declared, **attributes)
    return list(quantc.prepare(model).run(list(given.values())))


def by_onnxruntime(op, inputs, outputs=1, domain="com.microsoft", static=False, opsets=None, declared=None, **attributes):
    model, given = model_of(op, inputs, outputs, domain, static, opsets, declared, **attributes)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # results of DynamicQuantizeLSTM depend on it: each thread quantizes its sequences for itself
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"]).run(None, given)


def by_both(op, inputs, outputs=1, **options):
    """Results of ONNX Runtime and of quantc, of equal shapes and types."""
    expected, found = by_onnxruntime(op, inputs, outputs, **options), by_quantc(op, inputs, outputs, **options)
    for index, (x, y) in enumerate(zip(expected, found, strict=True)):
        assert x.shape == y.shape and x.dtype == y.dtype, f"{op} {index}: {y.shape} {y.dtype}, expected {x.shape} {x.dtype}"
    return expected, found
