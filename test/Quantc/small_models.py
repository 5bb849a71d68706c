# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small models through the main job: `small_models.py QUANTC QUANT_RUN`.

Each case is named after what once went wrong with it; it prints "passed NAME" or what it found instead.
"""

import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import helper, numpy_helper

RNG = np.random.default_rng(7)


def model(nodes, inputs, outputs, weights):
    """An ONNX model of opset 17; inputs {name: shape}, outputs [name], weights {name: array}."""
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, s) for n, s in inputs.items()],
        [helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, None) for n in outputs],
        [numpy_helper.from_array(np.asarray(a, np.float32 if np.asarray(a).dtype.kind == "f" else np.int64), n)
         for n, a in weights.items()])  # fmt: skip
    return onnx.shape_inference.infer_shapes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9))


def node(op, inputs, output, name, **attributes):
    return helper.make_node(op, inputs, [output], name, **attributes)


def normal(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def classifier():
    """Conv, Relu, GlobalAveragePool, Flatten, Gemm, Softmax."""
    nodes = [node("Conv", ["x", "w"], "a", "conv", pads=[1, 1, 1, 1]), node("Relu", ["a"], "b", "relu"),
             node("GlobalAveragePool", ["b"], "c", "pool"), node("Flatten", ["c"], "d", "flat"),
             node("Gemm", ["d", "v", "u"], "e", "fc", transB=1), node("Softmax", ["e"], "y", "sm", axis=1)]  # fmt: skip
    return model(nodes, {"x": [1, 3, 8, 8]}, ["y"], {"w": normal(8, 3, 3, 3), "v": normal(5, 8), "u": normal(5)})


class Case:
    def __init__(self, tools, folder, proto, samples=12):
        self.quantc, self.quant_run = tools
        self.folder, self.path = folder, os.path.join(folder, "m.onnx")
        onnx.save(proto, self.path)
        self.data = {i.name: normal(samples, *[d.dim_value for d in i.type.tensor_type.shape.dim][1:]) for i in proto.graph.input}
        np.savez(self.file("data.npz"), **self.data)

    def file(self, name):
        return os.path.join(self.folder, name)

    def compile(self, *options, code=0):
        """Text of a quantc run that must end with `code`; the report is in self.report."""
        command = [self.quantc, self.path, "--calibrate", self.file("data.npz"), "-o", self.file("m.so"),
                   "--report", self.file("report.json"), *options]  # fmt: skip
        run = subprocess.run(command, capture_output=True, text=True)
        text = run.stdout + run.stderr
        assert run.returncode == code, f"code {run.returncode} instead of {code}: {text}"
        if code == 0:
            with open(self.file("report.json")) as file:
                self.report = json.load(file)
        return text

    def outputs(self, file):
        run = subprocess.run([self.quant_run, file, "--inputs", self.file("data.npz"), "--outputs", self.file("out.npz")],
                             capture_output=True, text=True)  # fmt: skip
        assert run.returncode == 0, run.stderr
        with np.load(self.file("out.npz")) as arrays:
            return {name: arrays[name] for name in arrays.files}


def softmax_behind_the_last_integer_op(new):
    case = new(classifier())
    text = case.compile("--verify")
    assert "certificate   integer-only" in text and " 0 of " in text and "corrected biases: 1" in text, text
    assert case.report["corrected_biases"] == 1 and case.report["coverage"]["float_nodes"] == ["sm"], case.report


def float_tail_without_fma(new):
    for level in ("portable", "x86-64-v2"):
        text = new(classifier()).compile("--cpu", level, "--verify")
        assert " 0 of " in text and "0.01%" in text, text


def one_axis_convolution_as_last_op(new):
    weights = {"w": normal(17, 3, 3), "b": normal(17)}
    case = new(model([node("Conv", ["x", "w", "b"], "y", "conv", pads=[1, 1])], {"x": [1, 3, 8]}, ["y"], weights))
    text = case.compile("--verify")
    assert " 0 of " in text and case.report["accuracy_on_calibration_tail"]["sqnr_db"] > 25, text


def integer_border_with_a_scale_a_channel(new):
    case = new(model([node("Gemm", ["x", "w"], "y", "fc", transB=1)], {"x": [1, 16]}, ["y"],
                     {"w": normal(6, 16) * np.array([[1], [30], [1], [1], [0.1], [1]])}), 40)  # fmt: skip
    case.compile("--io-type", "int8")
    with open(case.file("m.h")) as file:
        header = file.read()
    assert "OUTPUT0_DTYPE QRT_UINT8" in header and "OUTPUT0_SCALE" in header, header
    integers = case.outputs(case.file("m.so"))["y"]
    assert integers.dtype == np.uint8, integers.dtype
    expected = case.outputs(case.path)["y"]
    agree = (integers.argmax(1) == expected.argmax(1)).mean()
    assert agree > 0.8 and case.report["accuracy_on_calibration_tail"]["sqnr_db"] > 25, (agree, case.report)


def second_output_is_the_bad_one(new):
    nodes = [node("Gemm", ["x", "w"], "y", "good", transB=1), node("Gemm", ["x", "v"], "h", "wide", transB=1),
             node("Mul", ["h", "k"], "z", "scaled")]  # fmt: skip
    case = new(model(nodes, {"x": [1, 8]}, ["y", "z"], {"w": normal(4, 8), "v": normal(4, 8), "k": np.array([1e4, 1, 1, 1.0])}))
    text = case.compile()
    accuracy = case.report["accuracy_on_calibration_tail"]
    assert [o["name"] for o in accuracy["outputs"]] == ["y", "z"] and "in the worst of 2 outputs" in text, text
    assert accuracy["sqnr_db"] == min(o["sqnr_db"] for o in accuracy["outputs"]), accuracy


def exclusion_by_onnx_type(new):
    case = new(classifier())
    text = case.compile("--set", "exclude=Gemm", "--allow-float")
    assert case.report["coverage"]["float_nodes"] == ["fc", "sm"], text
    assert "did you mean 'Gemm'" in case.compile("--set", "exclude=Gem", code=2)


def nodes_of_one_name(new):
    nodes = [node("Conv", ["x", "w"], "a", "n"), node("Relu", ["a"], "b", "n"), node("Flatten", ["b"], "c", "n"),
             node("Softmax", ["c"], "y", "n")]  # fmt: skip
    case = new(model(nodes, {"x": [1, 3, 4, 4]}, ["y"], {"w": normal(4, 3, 3, 3)}))
    case.compile()
    assert case.report["coverage"]["float_nodes"] == ["n (y)"], case.report["coverage"]
    assert case.report["coverage"]["integer"] >= 1, case.report["coverage"]


def integer_border_of_a_float_reader(new):
    nodes = [node("Conv", ["x", "w"], "a", "conv", pads=[1, 1, 1, 1]), node("Softmax", ["x"], "b", "soft"), node("Add", ["a", "b"], "y", "add")]
    text = new(model(nodes, {"x": [1, 3, 4, 4]}, ["y"], {"w": normal(3, 3, 3, 3)})).compile("--io-type", "int8", "--allow-float", code=2)
    assert "soft: expected integers" in text, text


def strict_verification_of_the_library(new):
    case = new(classifier())
    text = case.compile("--strict", "--verify")
    assert "interpreter and library" in text and " 0 of " in text, text


def drop_that_is_no_part(new):
    for value in ("-1", "nan", "5"):
        assert "--max-drop: expected" in new(classifier()).compile("--max-drop", value, code=1)


CASES = [softmax_behind_the_last_integer_op, float_tail_without_fma, one_axis_convolution_as_last_op,
         integer_border_with_a_scale_a_channel, second_output_is_the_bad_one, exclusion_by_onnx_type, nodes_of_one_name,
         integer_border_of_a_float_reader, strict_verification_of_the_library, drop_that_is_no_part]  # fmt: skip


def run_cases(cases, kind):
    """Runs each case with a function that makes a `kind` in a folder of its own, and ends the program."""
    failed = 0
    for case in cases:
        with tempfile.TemporaryDirectory() as folder:
            try:
                case(lambda proto, samples=12: kind(sys.argv[1:3], folder, proto, samples))
                print("passed", case.__name__, flush=True)
            except AssertionError as error:
                failed += 1
                print("failed", case.__name__, error, flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    run_cases(CASES, Case)
