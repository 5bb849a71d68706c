# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The report of a network that quantization does not change is JSON: `exact_outputs_report.py QUANTC FOLDER`."""

import json
import os
import subprocess
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

QUANTC, FOLDER = sys.argv[1:]


def at(name):
    return os.path.join(FOLDER, name)


def refuse(constant):
    raise AssertionError(f"{constant} is no JSON")


weights = [numpy_helper.from_array(np.zeros((4, 8), np.float32), "w"), numpy_helper.from_array(np.zeros(4, np.float32), "b")]
graph = helper.make_graph([helper.make_node("Gemm", ["x", "w", "b"], ["y"], "layer", transB=1)], "g",
                          [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 8])],
                          [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4])], weights)  # fmt: skip
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), at("m.onnx"))
np.savez(at("d.npz"), x=np.random.default_rng(0).normal(size=(8, 8)).astype(np.float32))
subprocess.run([QUANTC, at("m.onnx"), "--calibrate", at("d.npz"), "--report", at("r.json"), "-o", at("m.so"), "--quiet"], check=True)
with open(at("r.json"), encoding="utf-8") as file:
    accuracy = json.load(file, parse_constant=refuse)["accuracy_on_calibration_tail"]
assert accuracy["sqnr_db"] is None and [output["sqnr_db"] for output in accuracy["outputs"]] == [None], accuracy
