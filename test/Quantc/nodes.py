# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""usage: nodes.py QUANTC QUANT_RUN: models with nodes that nn does not hold (docs/Nodes.md), quantized and run as libraries."""

import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

RNG = np.random.default_rng(5)
QUANTC, QUANT_RUN = sys.argv[1:3]
RUNS = 6


def weights(*shape, scale=0.5):
    return (RNG.standard_normal(shape) * scale).astype(np.float32)


def model(nodes, inputs, output, constants, opset=17):
    graph = helper.make_graph(nodes, "net", [helper.make_tensor_value_info(n, t, s) for n, t, s in inputs],
                              [helper.make_tensor_value_info(output[0], TensorProto.FLOAT, output[1])],
                              [numpy_helper.from_array(v, k) for k, v in constants.items()])
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.checker.check_model(proto)
    return proto


def linear(x, y, w):
    return helper.make_node("MatMul", [x, w], [y], name=y)


def embedding():
    nodes = [helper.make_node("Gather", ["rows", "ids"], ["e"], name="table"),
             helper.make_node("LayerNormalization", ["e", "g", "b"], ["n"], name="norm"), linear("n", "m", "w"),
             helper.make_node("Erf", ["m"], ["f"], name="erf"), linear("f", "y", "v")]
    constants = {"rows": weights(20, 16, scale=1), "g": weights(16), "b": weights(16), "w": weights(16, 16), "v": weights(16, 4)}
    proto = model(nodes, [("ids", TensorProto.INT64, [1, 5])], ("y", [1, 5, 4]), constants)
    return proto, [{"ids": RNG.integers(0, 20, (1, 5))} for _ in range(RUNS)]


def recurrent():
    nodes = [linear("x", "a", "w"),
             helper.make_node("LSTM", ["a", "W", "R"], ["s", "h"], name="lstm", hidden_size=8),
             helper.make_node("Squeeze", ["h", "axis"], ["q"], name="squeeze"), linear("q", "y", "v")]
    constants = {"w": weights(6, 6), "W": weights(1, 32, 6), "R": weights(1, 32, 8), "v": weights(8, 4), "axis": np.array([0])}
    proto = model(nodes, [("x", TensorProto.FLOAT, [7, 2, 6])], ("y", [2, 4]), constants)
    return proto, [{"x": weights(7, 2, 6, scale=1)} for _ in range(RUNS)]


def branch():
    """A condition that only a run knows; the branches read values of the graph around them."""
    def body(op, name):
        out = helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 6])
        return helper.make_graph([helper.make_node(op, ["a", "c"], [name], name=name)], name, [], [out])
    nodes = [linear("x", "a", "w"), helper.make_node("ReduceMax", ["i"], ["most"], name="most", keepdims=0),
             helper.make_node("Greater", ["most", "limit"], ["yes"], name="greater"),
             helper.make_node("If", ["yes"], ["p"], name="choose", then_branch=body("Add", "sum"), else_branch=body("Mul", "product")),
             linear("p", "y", "v")]
    constants = {"w": weights(6, 6), "c": weights(2, 6), "limit": np.array(3), "v": weights(6, 4)}
    proto = model(nodes, [("x", TensorProto.FLOAT, [2, 6]), ("i", TensorProto.INT64, [4])], ("y", [2, 4]), constants)
    return proto, [{"x": weights(2, 6, scale=1), "i": RNG.integers(0, 5, 4)} for _ in range(RUNS)]


def half():
    """Another float type on the way."""
    nodes = [linear("x", "a", "w"), helper.make_node("Cast", ["a"], ["h"], name="down", to=TensorProto.FLOAT16),
             helper.make_node("Add", ["h", "h"], ["d"], name="double"),
             helper.make_node("Cast", ["d"], ["f"], name="up", to=TensorProto.FLOAT), linear("f", "y", "v")]
    proto = model(nodes, [("x", TensorProto.FLOAT, [2, 6])], ("y", [2, 4]), {"w": weights(6, 6), "v": weights(6, 4)})
    return proto, [{"x": weights(2, 6, scale=1)} for _ in range(RUNS)]


def border():
    """Types that no kernel knows at the model's border, of rank 4, read and returned; a scalar beside them; a float64."""
    nodes = [helper.make_node("Add", ["u", "u"], ["twice"], name="twice"), helper.make_node("Mul", ["twice", "u"], ["square"], name="square"),
             helper.make_node("Cast", ["h"], ["f"], name="up", to=TensorProto.FLOAT), helper.make_node("Sin", ["w"], ["sin"], name="sin"),
             helper.make_node("Cast", ["sin"], ["wide"], name="wide", to=TensorProto.DOUBLE),
             helper.make_node("ReduceMax", ["f"], ["top"], name="top", keepdims=0), linear("f", "y", "v")]
    proto = model(nodes, [("u", TensorProto.UINT32, [1, 2, 3, 4]), ("h", TensorProto.FLOAT16, [2, 6])], ("y", [2, 4]),
                  {"v": weights(6, 4), "w": weights(8, 8)})
    for name, kind, shape in (("twice", TensorProto.UINT32, [1, 2, 3, 4]), ("square", TensorProto.UINT32, [1, 2, 3, 4]),
                              ("wide", TensorProto.DOUBLE, [8, 8]), ("top", TensorProto.FLOAT, [])):
        proto.graph.output.append(helper.make_tensor_value_info(name, kind, shape))
    return proto, [{"u": RNG.integers(0, 9, (1, 2, 3, 4)).astype(np.uint32), "h": weights(2, 6, scale=1).astype(np.float16)} for _ in range(RUNS)]


def write(folder, proto, feeds):
    path, data = os.path.join(folder, "m.onnx"), os.path.join(folder, "data")
    onnx.save(proto, path)
    os.makedirs(data, exist_ok=True)
    for old in os.listdir(data):
        os.remove(os.path.join(data, old))
    for i, feed in enumerate(feeds):
        np.savez(os.path.join(data, f"{i}.npz"), **feed)
    return path, data


def run(folder, library, data, *more):
    out = os.path.join(folder, "out.npz")
    done = subprocess.run([QUANT_RUN, library, "--inputs", data, "--outputs", out, *more], capture_output=True, text=True)
    return done, dict(np.load(out)) if done.returncode == 0 else None


def check(folder, case):
    proto, feeds = case()
    path, data = write(folder, proto, feeds)
    library = os.path.join(folder, case.__name__ + ".so")
    done = subprocess.run([QUANTC, path, "--calibrate", data, "--allow-float", "--verify", "--quiet", "-o", library],
                          capture_output=True, text=True)
    assert done.returncode == 0, (case.__name__, done.stderr)
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    expected = np.stack([session.run(None, feed)[0] for feed in feeds])
    found = run(folder, library, data)[1]["y"].reshape(expected.shape)
    error = np.abs(found - expected).max() / np.abs(expected).max()
    assert 0 < error < 0.05, (case.__name__, error)  # quantized, and no more than that
    print("passed", case.__name__)
    return library, path, data


def out_of_range(folder, library):
    proto, feeds = embedding()
    bad = {"ids": np.array([[0, 1, 2, 3, 20]])}
    for feed, text in ((bad, "out of range"), (feeds[0], "in range again")):
        _, data = write(folder, proto, [feed])
        done, _ = run(folder, library, data)
        print(f"{text}: status {done.returncode}, {done.stderr.strip()}" if done.returncode else f"{text}: 0")


def silent(folder):
    """Without --allow-float every node between integer ops that is none itself is named."""
    path, data = write(folder, *recurrent())
    done = subprocess.run([QUANTC, path, "--calibrate", data, "-o", os.path.join(folder, "s.so")], capture_output=True, text=True)
    named = [line.split()[1] for line in done.stderr.splitlines() if line.startswith("  float ")]
    print(f"left in float: {done.returncode}, {named}")


def refused(folder, path, data):
    nodes = [helper.make_node("Nonsense", ["x"], ["y"], name="nonsense"), helper.make_node("Bogus", ["y"], ["z"], name="bogus")]
    graph = helper.make_graph(nodes, "net", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2])],
                              [helper.make_tensor_value_info("z", TensorProto.FLOAT, [2])],
                              value_info=[helper.make_tensor_value_info("y", TensorProto.FLOAT, [2])])
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    unknown = os.path.join(folder, "unknown.onnx")
    onnx.save(proto, unknown)
    done = subprocess.run([QUANTC, unknown, "--calibrate", data, "-o", os.path.join(folder, "u.so")], capture_output=True, text=True)
    print(f"no loops: {done.returncode}, {done.stderr.count('error:')} errors")
    done = subprocess.run([QUANTC, path, "--calibrate", data, "--allow-float", "--target", "cuda:sm_80", "-o", os.path.join(folder, "g.so")],
                          capture_output=True, text=True)
    print(f"on a GPU: {done.returncode},", "float loops run on the CPU alone" in done.stderr)
    exported = os.path.join(folder, "e.onnx")
    subprocess.run([QUANTC, path, "--calibrate", data, "--target", "onnx", "--quiet", "-o", exported], check=True, capture_output=True)
    session = onnxruntime.InferenceSession(exported, providers=["CPUExecutionProvider"])
    print("exported:", "LayerNormalization" in {node.op_type for node in onnx.load(exported).graph.node} and len(session.get_outputs()) == 1)


class Reader(CalibrationDataReader):
    def __init__(self, feeds):
        self.feeds = iter(feeds)

    def get_next(self):
        return next(self.feeds, None)


def qoperator(folder):
    """A file of onnxruntime's quantizer whose ops take codes, with unsigned weights."""
    nodes = [helper.make_node("Conv", ["x", "w", "b"], ["c"], name="conv", pads=[1, 1, 1, 1]), helper.make_node("Relu", ["c"], ["r"], name="relu"),
             helper.make_node("Conv", ["r", "v"], ["d"], name="conv2"), helper.make_node("Add", ["d", "r"], ["s"], name="add"),
             helper.make_node("GlobalAveragePool", ["s"], ["g"], name="pool"), helper.make_node("Flatten", ["g"], ["f"], name="flat"), linear("f", "y", "u")]
    constants = {"w": weights(8, 3, 3, 3), "b": weights(8), "v": weights(8, 8, 1, 1), "u": weights(8, 4)}
    proto = model(nodes, [("x", TensorProto.FLOAT, [1, 3, 8, 8])], ("y", [1, 4]), constants)
    feeds = [{"x": weights(1, 3, 8, 8, scale=1)} for _ in range(RUNS)]
    path, data = write(folder, proto, feeds)
    quantized, library = os.path.join(folder, "q.onnx"), os.path.join(folder, "q.so")
    steps = 0
    for kind in (QuantType.QInt8, QuantType.QUInt8):
        quantize_static(path, quantized, Reader(feeds), quant_format=QuantFormat.QOperator, activation_type=QuantType.QUInt8, weight_type=kind,
                        per_channel=kind == QuantType.QInt8)
        ops = {node.op_type for node in onnx.load(quantized).graph.node}
        assert {"QLinearConv", "QLinearAdd", "QLinearGlobalAveragePool", "QLinearMatMul"} <= ops, ops
        extra = [] if kind == QuantType.QInt8 else ["--allow-float"]  # zero points of weights beside 128 have no integer form
        done = subprocess.run([QUANTC, quantized, *extra, "--verify", "--quiet", "-o", library], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        session = onnxruntime.InferenceSession(quantized, providers=["CPUExecutionProvider"])
        expected = np.stack([session.run(None, feed)[0] for feed in feeds])
        found = run(folder, library, data)[1]["y"].reshape(expected.shape)
        values = np.unique(np.concatenate([expected.ravel(), found.ravel()]))
        step = np.diff(values)[np.diff(values) > 1e-6].min()
        steps = max(steps, np.abs(found - expected).max() / step)
    print(f"passed qoperator, at most {steps:.0f} steps")


def main():
    with tempfile.TemporaryDirectory() as folder:
        library, path, data = check(folder, embedding)
        for case in (recurrent, branch, half, border):
            check(folder, case)
        out_of_range(folder, library)
        silent(folder)
        proto, feeds = embedding()
        path, data = write(folder, proto, feeds)
        refused(folder, path, data)
        qoperator(folder)


main()
