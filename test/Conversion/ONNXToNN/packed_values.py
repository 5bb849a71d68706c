# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""MatMulNBits as qnn.grouped_linear and in loops, bit for bit: `packed_values.py QUANT_TRANSLATE QUANT_OPT QUANT_RUN`."""

import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

RNG = np.random.default_rng(5)


def model(rows, inputs, outputs, block, zeros, bias):
    blocks = -(-inputs // block)
    weights = {
        "w": RNG.integers(0, 256, (outputs, blocks, block // 2), np.uint8),
        "s": RNG.uniform(0.01, 0.1, outputs * blocks).astype(np.float32),
        "z": RNG.integers(0, 256, outputs * -(-blocks // 2), np.uint8),
        "b": RNG.normal(size=outputs).astype(np.float32),
    }
    names = ["x", "w", "s", "z" if zeros else "", "", "b" if bias else ""]
    node = helper.make_node("MatMulNBits", names, ["y"], name="layer", domain="com.microsoft", K=inputs, N=outputs, bits=4, block_size=block)
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [rows, inputs])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [rows, outputs])],
        [numpy_helper.from_array(array, name) for name, array in weights.items() if name in names],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def run(*command):
    process = subprocess.run(command, capture_output=True, text=True)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)}: {process.stdout}{process.stderr}")


def main():
    translate, opt, quant_run = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        path = lambda name: os.path.join(folder, name)  # noqa: E731
        for shape in ((1, 64, 40, 32, False, False), (11, 100, 33, 16, True, True), (9, 128, 70, 128, True, False)):
            onnx.save(model(*shape), path("m.onnx"))
            np.savez(path("x.npz"), x=RNG.normal(size=shape[:2]).astype(np.float32))
            run(translate, "--import-onnx", path("m.onnx"), "-o", path("m.mlir"))
            run(opt, path("m.mlir"), "--convert-onnx-to-nn", "-o", path("nn.mlir"))
            with open(path("nn.mlir")) as file:
                if "qnn.grouped_linear" not in file.read():
                    sys.exit(f"{shape}: the node is no qnn.grouped_linear")
            run(quant_run, path("m.onnx"), f"--inputs={path('x.npz')}", f"--compare={path('nn.mlir')}", "--exact")
            print(f"passed {shape}")


if __name__ == "__main__":
    main()
