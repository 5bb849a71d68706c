# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""full_disk.py QUANTC QUANT-TRANSLATE FOLDER: a file that cannot be written to its end is an error with its name, and none of it is left.

A limit on the size of files stands for a full disk.
"""

import os
import resource
import signal
import subprocess
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIZE = 256  # inputs and outputs: a quarter of a megabyte of floats
LIMIT = 32 << 10  # bytes: less than the weights in 8 bits


def limit():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGXFSZ})  # a write fails then
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT))


def main():
    quantc, quant_translate, folder = sys.argv[1:]
    at = lambda name: os.path.join(folder, name)
    rng = np.random.default_rng(5)
    shape = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, SIZE])
    weight = numpy_helper.from_array(rng.normal(size=(SIZE, SIZE)).astype(np.float32), "w")
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"], "layer")], "g", [shape("x")], [shape("y")], [weight])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), at("m.onnx"))
    np.savez(at("d.npz"), x=rng.normal(size=(4, 1, SIZE)).astype(np.float32))
    compilation = [quantc, at("m.onnx"), "--calibrate", at("d.npz"), "--set", "bias-correction=0", "--quiet"]
    commands = {"q.onnx": [*compilation, "--target", "onnx", "-o"], "m.mlir": [*compilation, "--emit", "mlir", "-o"],
                "m.mlirbc": [quant_translate, "--import-onnx", at("m.onnx"), "-o"]}  # fmt: skip
    for name, command in commands.items():
        done = subprocess.run([*command, at(name)], capture_output=True, text=True, preexec_fn=limit)
        left = [each for each in os.listdir(folder) if each.startswith(name)]
        assert done.returncode == 1 and "LLVM ERROR" not in done.stderr and not left, (name, done.returncode, done.stderr, left)
        assert at(name) in done.stderr, (name, done.stderr)
        print("refused", name)


if __name__ == "__main__":
    main()
