# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""BRECQ's weights of errors, on networks that share all but the last layer: `block_fisher.py QUANTC FOLDER`.

The block's result has channels that the last layer reads and others that it does not. Rounding before BRECQ does not see
the last layer, so codes that differ between the networks were learned, by gradients that saw it. Channels that are not
read keep the codes that learning began with, which are the same in all networks.
"""

import json
import os
import subprocess
import sys

import numpy as np
from onnx import TensorProto, helper
from same_bytes import Net

WIDTH, HIDDEN, CLASSES, RUNS = 12, 24, 6, 480
HALF = WIDTH // 2
READ = {"first": range(HALF), "second": range(HALF, WIDTH)}


def network(path, read, has_gradient=True):
    random = np.random.default_rng(11)
    net = Net()

    def linear(x, weight):
        return net("MatMul", x, net.constant(weight))

    stream = linear("x", random.normal(size=(WIDTH, WIDTH)) / np.sqrt(WIDTH))
    inner = net("Relu", linear(stream, random.normal(size=(WIDTH, HIDDEN)) / np.sqrt(WIDTH)))
    branch = linear(inner, random.normal(size=(HIDDEN, WIDTH)) / np.sqrt(HIDDEN))
    last = np.zeros((WIDTH, CLASSES))
    last[list(read)] = random.normal(size=(len(read), CLASSES))
    value = linear(net("Add", stream, branch), last)
    if not read:
        value = net("Add", value, net.constant(random.normal(size=CLASSES)))
    if not has_gradient:
        value = net("Ceil", value)
    net.save(path, "x", TensorProto.FLOAT, [1, WIDTH], value)
    return branch


def compile_model(quantc, model, data, stem):
    """By node: rows of codes, losses of the block, and the message."""
    command = [quantc, model, "--recipe", "w8a8-integer", "--set", "weight-bits=3", "--set", "weight-rounding=brecq",
               "--set", "rounding-steps=400", "--allow-float", "--calibrate", data, "-o", stem + ".so",
               "--report", stem + ".json", "--save-codes", stem + ".npz"]  # fmt: skip
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    with np.load(stem + ".npz") as archive:
        codes = {name.removesuffix(":codes"): archive[name] for name in archive.files if name.endswith(":codes")}
    with open(stem + ".json") as report:
        weights = json.load(report)["rounded_weights"]
    losses = {weight["node"]: weight.get("block_error") for weight in weights}
    # The error of a learned layer's output was that of the codes before learning.
    for weight in weights:
        before, after = weight["block_error"] or (0, 0)
        assert after == before or "output_error" not in weight, weight
    return codes, losses, {weight["node"]: weight["message"] for weight in weights}


def main():
    quantc, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    path = lambda name: os.path.join(folder, name)  # noqa: E731
    np.savez(path("data.npz"), x=np.random.default_rng(3).normal(size=(RUNS, WIDTH)).astype(np.float32))
    codes = {}
    for name, read in READ.items():
        branch = network(path(name + ".onnx"), read)
        codes[name], losses, said = compile_model(quantc, path(name + ".onnx"), path("data.npz"), path(name))
        assert not any(said.values()), said
        before, after = losses[branch]
        assert after < before, (name, before, after)
    for name, read in READ.items():
        rows = list(read)
        assert (codes["first"][branch][rows] != codes["second"][branch][rows]).any(), name
    branch = network(path("steps.onnx"), READ["first"], has_gradient=False)
    _, _, said = compile_model(quantc, path("steps.onnx"), path("data.npz"), path("steps"))
    assert said[branch].startswith("errors of the block count alike, because the network's loss has no gradient: "), said
    assert any(message.startswith("the block keeps its codes: ") for message in said.values()), said
    branch = network(path("unread.onnx"), [])
    _, _, said = compile_model(quantc, path("unread.onnx"), path("data.npz"), path("unread"))
    assert said[branch] == "errors of the block count alike, because the network's loss has gradients of 0 by its result", said
    print("ok")


if __name__ == "__main__":
    main()
