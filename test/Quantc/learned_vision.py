# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Rotations learned by the loss of a vision transformer of one layer: `learned_vision.py QUANTC FOLDER`.

Features are resized behind the patches, or images in front of them and positions beside them: a Resize had no derivative, which kept learning by loss from
such networks. Layer norms are nodes or written in parts.
"""

import json
import os
import subprocess
import sys

import numpy as np
from onnx import TensorProto
from same_bytes import Net

WIDTH, HEADS, SIDE, PATCH, CLASSES, RUNS = 32, 4, 8, 4, 10, 24
LEARN = ["weight-rounding=nearest", "weight-format=int4:g8:sym", "activation-group=0", "rotate-learn=mse", "rotate-steps=20"]


class Vision(Net):
    def __init__(self, seed):
        super().__init__()
        self.random = np.random.default_rng(seed)

    def normal(self, *shape, scale=1.0):
        return self.constant(self.random.normal(size=shape) * scale)

    def ints(self, *values):
        return self.constant(values, np.int64)

    def layer_norm(self, x, parts):
        gain, bias = self.constant(self.random.uniform(0.5, 2, WIDTH)), self.normal(WIDTH, scale=0.25)
        if not parts:
            return self("LayerNormalization", x, gain, bias, axis=-1)
        centered = self("Sub", x, self("ReduceMean", x, axes=[-1], keepdims=1))
        variance = self("ReduceMean", self("Pow", centered, self.constant(2)), axes=[-1], keepdims=1)
        normal = self("Div", centered, self("Sqrt", self("Add", variance, self.constant(1e-5))))
        return self("Add", self("Mul", normal, gain), bias)

    def affine(self, x, inputs, outputs):
        return self("Add", self("MatMul", x, self.normal(inputs, outputs, scale=inputs**-0.5)), self.normal(outputs, scale=0.125))

    def attention(self, x, tokens):
        shape = self.ints(1, tokens, HEADS, WIDTH // HEADS)
        q, k, v = (self("Transpose", self("Reshape", self.affine(x, WIDTH, WIDTH), shape), perm=[0, 2, 1, 3]) for _ in range(3))
        scores = self("Mul", self("MatMul", q, self("Transpose", k, perm=[0, 1, 3, 2])), self.constant((WIDTH // HEADS) ** -0.5))
        heads = self("MatMul", self("Softmax", scores, axis=-1), v)
        return self.affine(self("Reshape", self("Transpose", heads, perm=[0, 2, 1, 3]), self.ints(1, tokens, WIDTH)), WIDTH, WIDTH)

    def gelu(self, x):
        gate = self("Add", self("Erf", self("Div", x, self.constant(2**0.5))), self.constant(1))
        return self("Mul", self("Mul", x, self.constant(0.5)), gate)


def network(path, resized, parts):
    """Returns the side of the images."""
    net = Vision(2)
    x, side = "x", SIDE
    if resized == "image":
        x = net("Resize", x, "", "", net.ints(1, 3, SIDE, SIDE), mode="cubic")
        side += 2
    x = net("Conv", x, net.normal(WIDTH, 3, PATCH, PATCH, scale=1 / 7), net.normal(WIDTH, scale=0.125), strides=[PATCH, PATCH])
    places = SIDE // PATCH
    if resized == "features":
        x = net("Resize", x, "", net.constant([1, 1, 2, 2]), mode="linear")
        places *= 2
    tokens = places**2
    rows = lambda value: net("Transpose", net("Reshape", value, net.ints(1, WIDTH, tokens)), perm=[0, 2, 1])  # noqa: E731
    if resized == "features":
        x = net("Add", rows(x), net.normal(1, tokens, WIDTH))
    else:
        x = net("Add", rows(x), rows(net("Resize", net.normal(1, WIDTH, 3, 3), "", "", net.ints(1, WIDTH, places, places), mode="cubic")))
    x = net("Add", x, net.attention(net.layer_norm(x, parts), tokens))
    x = net("Add", x, net.affine(net.gelu(net.affine(net.layer_norm(x, parts), WIDTH, 2 * WIDTH)), 2 * WIDTH, WIDTH))
    x = net.affine(net("ReduceMean", net.layer_norm(x, parts), axes=[1], keepdims=0), WIDTH, CLASSES)
    net.save(path, "x", TensorProto.FLOAT, [1, 3, side, side], x)
    return side


def main():
    quantc, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    model, data, module, report = (os.path.join(folder, name) for name in ("m.onnx", "m.npz", "m.mlirbc", "m.json"))
    for resized, parts in (("features", False), ("image", True)):
        side = network(model, resized, parts)
        np.savez(data, x=np.random.default_rng(4).normal(size=(RUNS, 3, side, side)).astype(np.float32))
        command = [quantc, model, "--recipe", "w4a4-rotated", "--calibrate", data, "--to", "quantized", "--emit", "mlirbc", "-o", module, "--report", report,
                   "--quiet", *(x for setting in LEARN for x in ("--set", setting))]  # fmt: skip
        process = subprocess.run(command, capture_output=True, text=True)
        assert process.returncode == 0, process.stdout + process.stderr
        with open(report) as file:
            learned = json.load(file)["learned_rotations"]
        assert [(each["by"], each["channels"]) for each in learned] == [("mse", WIDTH)], learned
        assert learned[0]["loss"] < learned[0]["loss_before"], (resized, learned)


if __name__ == "__main__":
    main()
