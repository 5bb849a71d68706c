# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""usage: quantized_models.py QUANTC QUANT_RUN: models that hold QuantizeLinear and DequantizeLinear, compiled without data.

Each is integer-only, and its outputs are at most one step from those of onnxruntime.
"""

import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

RNG = np.random.default_rng(3)
STEP = 0.02  # of results


class Net:
    """A graph under construction; activations are stored as u8, weights as s8, biases as s32."""

    def __init__(self, shape):
        self.nodes, self.weights, self.shape = [], [], list(shape)
        self.size, self.value, self.scale = shape, "x", None

    def constant(self, array):
        name = f"k{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def node(self, op, inputs, **attributes):
        name = f"{op}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    def store(self, scale, zero=128):
        """The value passes through 8 bits."""
        parameters = [self.constant(np.float32(scale)), self.constant(np.uint8(zero))]
        self.value = self.node("DequantizeLinear", [self.node("QuantizeLinear", [self.value, *parameters]), *parameters])
        self.scale = scale

    def weight(self, *shape, axis):
        """Integers with a scale along `axis`, and the scales."""
        integers = RNG.integers(-127, 128, shape).astype(np.int8)
        scales = RNG.uniform(0.005, 0.01, shape[axis]).astype(np.float32)
        zeros = np.zeros(shape[axis], np.int8)
        return self.node("DequantizeLinear", [self.constant(integers), self.constant(scales), self.constant(zeros)], axis=axis), scales

    def bias(self, scales):
        scales = (scales * np.float32(self.scale)).astype(np.float32)
        integers = RNG.integers(-2000, 2000, len(scales)).astype(np.int32)
        return self.node("DequantizeLinear", [self.constant(integers), self.constant(scales)], axis=0)

    def layer(self, op, *shape, axis, bias=True, **attributes):
        weight, scales = self.weight(*shape, axis=axis)
        inputs = [self.value, weight] + ([self.bias(scales)] if bias else [])
        self.value = self.node(op, inputs, **attributes)

    def save(self, path):
        graph = helper.make_graph(self.nodes, "net", [helper.make_tensor_value_info("x", TensorProto.FLOAT, self.shape)],
                                  [helper.make_tensor_value_info(self.value, TensorProto.FLOAT, None)], self.weights)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


def convolutions():
    net = Net([1, 3, 8, 8])
    net.store(0.02)
    net.layer("Conv", 8, 3, 3, 3, axis=0, pads=[1, 1, 1, 1])
    net.value = net.node("Relu", [net.value])
    net.store(0.03, 0)
    before, scale = net.value, net.scale
    net.layer("Conv", 8, 1, 3, 3, axis=0, group=8, pads=[1, 1, 1, 1])
    net.store(0.05)
    net.value = net.node("Add", [net.value, before])
    net.store(0.05)
    net.value = net.node("GlobalAveragePool", [net.value])
    net.store(STEP)
    return net


def gemm_with_stored_weights(transposed):
    net = Net([1, 16])
    net.store(0.02)
    net.layer("Gemm", *((12, 16) if transposed else (16, 12)), axis=0 if transposed else 1, transB=int(transposed))
    net.store(0.05)
    net.layer("Gemm", *((5, 12) if transposed else (12, 5)), axis=0 if transposed else 1, transB=int(transposed))
    net.store(STEP)
    return net


def matmul_with_stored_weights():
    net = Net([1, 16])
    net.store(0.02)
    net.layer("MatMul", 16, 6, axis=1, bias=False)
    net.store(STEP)
    return net


def float_net():
    """Conv, Relu, MaxPool, Flatten and two Gemms in float."""
    net = Net([1, 3, 8, 8])
    weight = lambda *shape: net.constant(RNG.normal(size=shape).astype(np.float32) * 0.3)
    net.value = net.node("Relu", [net.node("Conv", [net.value, weight(8, 3, 3, 3), weight(8)], pads=[1, 1, 1, 1])])
    net.value = net.node("Flatten", [net.node("MaxPool", [net.value], kernel_shape=[2, 2], strides=[2, 2])])
    net.value = net.node("Relu", [net.node("Gemm", [net.value, weight(16, 128), weight(16)], transB=1)])
    net.value = net.node("Gemm", [net.value, weight(5, 16), weight(5)], transB=1)
    return net


def integer_kernels(path, data):
    """Ops that onnxruntime ran, by its profile."""
    options = onnxruntime.SessionOptions()
    options.enable_profiling, options.profile_file_prefix = True, path
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    session.run(None, {"x": data[:1]})
    with open(session.end_profiling()) as file:
        return {event["args"]["op_name"] for event in json.load(file) if event["name"].endswith("kernel_time")}


def export(tools, folder):
    """A float model quantized and exported: what onnxruntime runs of it, and the integers of both ways to a library."""
    quantc, quant_run = tools
    file = lambda name: os.path.join(folder, name)
    net = float_net()
    net.save(file("m.onnx"))
    data = RNG.normal(size=(40, *net.size[1:])).astype(np.float32)
    np.savez(file("in.npz"), x=data)
    options = ["--calibrate", file("in.npz"), "--quiet", "--set", "bias-correction=0", "--set", "quantize-outputs=true"]
    results = []
    subprocess.run([quantc, file("m.onnx"), *options, "--target", "onnx", "-o", file("qdq.onnx")], check=True)
    onnx.checker.check_model(onnx.load(file("qdq.onnx")), full_check=True)
    for arguments in ([file("m.onnx"), *options], [file("qdq.onnx"), "--quiet"]):
        subprocess.run([quantc, *arguments, "-o", file("m.so")], check=True)
        subprocess.run([quant_run, file("m.so"), "--inputs", file("in.npz"), "--outputs", file("out.npz")], check=True)
        with np.load(file("out.npz")) as arrays:
            results.append(arrays[arrays.files[0]])
    ran = integer_kernels(file("qdq.onnx"), data)
    print("exported: float kernels", sorted(ran & {"Conv", "FusedConv", "MatMul", "Gemm", "FusedGemm"}), "integer kernels",
          sorted(op for op in ran if op.startswith(("QLinear", "QGemm"))), "same integers", np.array_equal(*results))  # fmt: skip
    warned = subprocess.run([quantc, file("m.onnx"), "--calibrate", file("in.npz"), "--target", "onnx", "-o", file("q.onnx")],
                            capture_output=True, text=True)  # fmt: skip
    print("warned:", "has them uncorrected" in warned.stderr)


def run(tools, net, folder, *options):
    quantc, quant_run = tools
    path, library, inputs, outputs = (os.path.join(folder, f) for f in ("m.onnx", "m.so", "in.npz", "out.npz"))
    net.save(path)
    made = subprocess.run([quantc, path, "-o", library, *options], capture_output=True, text=True)
    if made.returncode:
        return made.returncode, made.stdout + made.stderr
    data = RNG.normal(size=(50, *net.size[1:])).astype(np.float32)
    np.savez(inputs, x=data)
    subprocess.run([quant_run, library, "--inputs", inputs, "--outputs", outputs], check=True)
    with np.load(outputs) as arrays:
        ours = arrays[arrays.files[0]]
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    theirs = np.concatenate([session.run(None, {"x": row[None]})[0] for row in data])
    steps = np.abs(np.rint((ours.reshape(theirs.shape) - theirs) / STEP)).astype(int)
    assert np.ptp(theirs) > 20 * STEP, "the outputs say little"
    return 0, made.stdout + f"largest difference: {steps.max()} steps\n"


def main():
    tools = sys.argv[1:3]
    nets = {"convolutions": convolutions(), "gemm, transposed weights": gemm_with_stored_weights(True),
            "gemm, plain weights": gemm_with_stored_weights(False), "matmul": matmul_with_stored_weights()}  # fmt: skip
    for name, net in nets.items():
        with tempfile.TemporaryDirectory() as folder:
            code, text = run(tools, net, folder)
        good = code == 0 and all(part in text for part in ("certificate   integer-only", "calibration   none"))
        good = good and any(f"difference: {steps} steps" in text for steps in (0, 1))
        print(f"{'passed' if good else 'failed'} {name}" + ("" if good else f": code {code}: {text}"))
    with tempfile.TemporaryDirectory() as folder:
        net = gemm_with_stored_weights(True)
        net.shape[0] = "N"
        print("unknown size:", *run(tools, net, folder))
        print("given size:", run(tools, net, folder, "--dim", "N=1")[0])
    recipe = ["--set", "migrate=os+", "--set", "weight-rounding=gptq"]
    for files in (["--statistics", "--channels", "--codes", "--biases"], ["--save-channels", "--save-codes", "--save-biases"]):
        with tempfile.TemporaryDirectory() as folder:
            options = [part for option in files for part in (option, os.path.join(folder, "none"))]
            print("files:", *run(tools, gemm_with_stored_weights(True), folder, *options, *recipe))
    with tempfile.TemporaryDirectory() as folder:
        export(tools, folder)


if __name__ == "__main__":
    main()
