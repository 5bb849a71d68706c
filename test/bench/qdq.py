# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""qdq.py [--build DIR] [--samples N] [MODEL...]: files of onnxruntime's quantize_static, compiled, against onnxruntime on the same files.

Each model is quantized by onnxruntime (QDQ, min-max on 24 calibration samples, u8 activations, s8 weights a
channel), compiled by quantc without data, and run by both on evaluation samples. Printed: how many output integers differ and by
how many steps, and how often the largest output is the same. The same counts of onnxruntime against itself, with and without its fusions, stand beside them. Where quantc may differ: a requantization rounds one product of the
accumulator and a 24-bit multiplier half up, onnxruntime one of floats half to even (docs/Numerics.md), and an addition rounds once
instead of three times; one step inside grows through the layers behind it.
"""

import argparse
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.append(os.path.join(ROOT, "test", "integration"))
from harness import Project, load  # noqa: E402

CALIBRATION = 24


class Reader(CalibrationDataReader):
    def __init__(self, arrays):
        count = min(CALIBRATION, len(next(iter(arrays.values()))))
        self.feeds = iter([{name: a[i : i + 1] for name, a in arrays.items()} for i in range(count)])

    def get_next(self):
        return next(self.feeds, None)


def quantize(model, calibration, folder):
    prepared, path = os.path.join(folder, "prepared.onnx"), os.path.join(folder, "qdq.onnx")
    quant_pre_process(model, prepared, skip_symbolic_shape=True)
    quantize_static(prepared, path, Reader(load(calibration)), quant_format=QuantFormat.QDQ, per_channel=True,
                    activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)  # fmt: skip
    return path


def output_scale(path):
    """Scale of the DequantizeLinear that gives the output."""
    graph = onnx.load(path).graph
    last = next(node for node in graph.node if graph.output[0].name in node.output)
    assert last.op_type == "DequantizeLinear", last.op_type
    return float(onnx.numpy_helper.to_array(next(t for t in graph.initializer if t.name == last.input[1])))


def run(path, arrays, fused):
    options = onnxruntime.SessionOptions()
    if not fused:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    count = len(next(iter(arrays.values())))
    return np.concatenate([session.run(None, {k: a[i : i + 1] for k, a in arrays.items()})[0] for i in range(count)])


def differences(a, b, scale):
    steps = np.abs(np.rint((a - b) / scale).astype(int))
    sizes, numbers = np.unique(steps, return_counts=True)
    spread = ", ".join(f"{n} by {s}" for s, n in zip(sizes, numbers, strict=True) if s)
    return f"{int((steps != 0).sum())} differ ({spread or 'none'}); same largest output: {np.mean(a.argmax(1) == b.argmax(1)):.4f}"


def compare(project, name, samples, folder):
    task, data = project.task(name)
    path = quantize(task.model, os.path.join(data, "calibration.npz"), folder)
    library, inputs, outputs = (os.path.join(folder, f) for f in ("model.so", "in.npz", "out.npz"))
    subprocess.run([project.tool("quantc"), path, "--dim", "N=1", "--quiet", "-o", library], check=True)
    arrays = {key: a[:samples] for key, a in load(os.path.join(data, "evaluation.npz")).items()}
    np.savez(inputs, **arrays)
    subprocess.run([project.tool("quant-run"), library, "--inputs", inputs, "--outputs", outputs], check=True)
    ours = next(iter(load(outputs).values()))
    theirs, plain = run(path, arrays, fused=True), run(path, arrays, fused=False)
    scale, ours = output_scale(path), ours.reshape(theirs.shape)
    print(f"{name}: {len(theirs)} samples, {theirs.size} integers")
    print(f"  quantc - onnxruntime:                 {differences(ours, theirs, scale)}")
    print(f"  quantc - onnxruntime without fusions: {differences(ours, plain, scale)}")
    print(f"  onnxruntime - without fusions:        {differences(theirs, plain, scale)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "release"))
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("models", nargs="*", default=["digits_mlp", "mnist_cnn", "mobilenet_v2"])
    arguments = parser.parse_args()
    project = Project(arguments.build)
    project.fetch()
    print("onnxruntime", onnxruntime.__version__)
    for name in arguments.models:
        with tempfile.TemporaryDirectory() as folder:
            compare(project, name, arguments.samples, folder)


if __name__ == "__main__":
    main()
