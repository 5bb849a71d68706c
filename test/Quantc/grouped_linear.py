# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""qnn.grouped_linear compiled and interpreted: `grouped_linear.py QUANT_RUN`.

Each layer runs in the interpreter, and compiled for each level of the machine with 1, 2 and 3 threads. Levels with FMA equal the
interpreter bit for bit; the others, which round twice, equal each other. With float activations the interpreter's result is that of
nn.linear on the decoded weights, bit for bit.
"""

import os
import subprocess
import sys
import tempfile

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "test", "integration"))
from harness import machine_levels  # noqa: E402

RNG = np.random.default_rng(11)
WITHOUT_FMA = ("portable", "x86-64-v2")


def dense(array, element):
    array = np.ascontiguousarray(array)
    shape = "x".join(map(str, array.shape))
    return f'nn.constant dense<"0x{array.tobytes().hex().upper()}"> : tensor<{shape}x{element}>'


class Layer:
    """rows x inputs -> rows x outputs, with groups of `group` inputs."""

    def __init__(self, rows, inputs, outputs, group, signed, zeros, bias):
        groups = -(-inputs // group)
        self.shape, self.group, self.signed = (rows, inputs, outputs), group, signed
        self.codes = RNG.integers(0, 256, (outputs, (inputs + 1) // 2), np.uint8)
        self.scales = RNG.uniform(0.01, 0.1, (outputs, groups)).astype(np.float32)
        low = -8 if signed else 0
        self.zeros = RNG.integers(low, low + 16, (outputs, groups), np.int8) if zeros else None
        self.bias = RNG.normal(size=outputs).astype(np.float32) if bias else None
        self.x = RNG.normal(size=(rows, inputs)).astype(np.float32)

    def __str__(self):
        return f"{self.shape} group {self.group} signed {self.signed} zeros {self.zeros is not None} bias {self.bias is not None}"

    def lines(self, name, bits, attributes):
        """Lines of text that compute %NAMEy from %NAMEx."""
        rows, inputs, outputs = self.shape
        groups = self.scales.shape[1]
        lines = [f"%{name}c = {dense(self.codes, 'ui8')}", f"%{name}s = {dense(self.scales, 'f32')}"]
        text, types = f", %{name}c, %{name}s", [f"tensor<{outputs}x{(inputs + 1) // 2}xui8>", f"tensor<{outputs}x{groups}xf32>"]
        if self.zeros is not None:
            lines.append(f"%{name}z = {dense(self.zeros, 'si8')}")
            text, types = text + f" zeros(%{name}z)", types + [f"tensor<{outputs}x{groups}xsi8>"]
        if self.bias is not None:
            lines.append(f"%{name}b = {dense(self.bias, 'f32')}")
            text, types = text + f" bias(%{name}b)", types + [f"tensor<{outputs}xf32>"]
        flag = "true" if self.signed else "false"
        form = f"group {self.group} bits {bits} of <4, signed = {flag}, symmetric = false, narrow = false>"
        types = f"(tensor<{rows}x{inputs}xf32>, {', '.join(types)}) -> tensor<{rows}x{outputs}xf32>"
        return [*lines, f"%{name}y = qnn.grouped_linear %{name}x{text} {form} {attributes} : {types}"]

    def decoded(self, name):
        """The same as nn.linear; code - zero point times scale is numpy's product in float32, rounded once."""
        rows, inputs, outputs = self.shape
        codes = np.stack([self.codes & 15, self.codes >> 4], axis=-1).reshape(outputs, -1)[:, :inputs].astype(np.int32)
        if self.signed:
            codes = (codes ^ 8) - 8
        which = np.arange(inputs) // self.group
        zeros = 0 if self.zeros is None else self.zeros.astype(np.int32)[:, which]
        weight = (codes - zeros).astype(np.float32) * self.scales[:, which]
        bias = np.zeros(outputs, np.float32) if self.bias is None else self.bias
        types = f"(tensor<{rows}x{inputs}xf32>, tensor<{outputs}x{inputs}xf32>, tensor<{outputs}xf32>) -> tensor<{rows}x{outputs}xf32>"
        return [f"%{name}w = {dense(weight, 'f32')}", f"%{name}b = {dense(bias, 'f32')}",
                f"%{name}y = nn.linear %{name}x, %{name}w, %{name}b : {types}"]  # fmt: skip


def module(layers, lines):
    """One function of all layers, {name: layer}."""
    types = {name: [f"tensor<{layer.shape[0]}x{layer.shape[i]}xf32>" for i in (1, 2)] for name, layer in layers.items()}
    inputs = ", ".join(f'%{n}x: {t[0]} {{onnx.name = "{n}"}}' for n, t in types.items())
    outputs = ", ".join(f'{t[1]} {{onnx.name = "{n}y"}}' for n, t in types.items())
    end = f"return {', '.join(f'%{n}y' for n in layers)} : {', '.join(t[1] for t in types.values())}"
    return "\n  ".join([f"func.func @main({inputs}) -> ({outputs}) {{", *lines, end]) + "\n}\n"


def run(tool, folder, layers, text, *options):
    """{output: bits} of a module."""
    path, data, out = (os.path.join(folder, name) for name in ("m.mlir", "x.npz", "y.npz"))
    with open(path, "w") as file:
        file.write(text)
    np.savez(data, **{name: layer.x for name, layer in layers.items()})
    process = subprocess.run([tool, path, f"--inputs={data}", f"--outputs={out}", *options], capture_output=True, text=True)
    if process.returncode != 0:
        sys.exit(f"quant-run {options}: {process.stderr}")
    with np.load(out) as arrays:
        return {name: arrays[name].reshape(-1).view(np.uint32) for name in arrays.files}


def compare(layers, what, expected, found):
    for name, layer in layers.items():
        other = int(np.sum(expected[name + "y"] != found[name + "y"]))
        if other:
            sys.exit(f"{what}, {layer}: {other} values differ")


def check(tool, folder, layers, bits, attributes=""):
    text = module(layers, [line for name, layer in layers.items() for line in layer.lines(name, bits, attributes)])
    interpreted = run(tool, folder, layers, text, "--interpret")
    if bits == 16:
        plain = module(layers, [line for name, layer in layers.items() for line in layer.decoded(name)])
        compare(layers, "nn.linear on the decoded weights", interpreted, run(tool, folder, layers, plain, "--interpret"))
    twice_rounded = None
    for level, there in machine_levels().items():
        if not there:
            print(f"level {level} is not run: this CPU lacks it")
            continue
        for threads in (1, 2, 3):
            found = run(tool, folder, layers, text, f"--cpu={level}", f"--threads={threads}")
            if level in WITHOUT_FMA:
                twice_rounded = twice_rounded or found
            compare(layers, f"bits {bits} {attributes}, {level}, {threads} threads", twice_rounded if level in WITHOUT_FMA else interpreted, found)
    print(f"passed bits {bits} {attributes}")


def main():
    (tool,) = sys.argv[1:]
    layers = {
        "vector": Layer(1, 512, 640, 32, False, True, True),
        "matrix": Layer(37, 200, 333, 64, True, False, False),
        "channel": Layer(3, 301, 130, 301, True, True, True),
    }
    with tempfile.TemporaryDirectory() as folder:
        for bits in (16, 8):
            check(tool, folder, layers, bits)
        for attributes in ("{activation_clip = 0.84 : f32}", "{activation_groups}", "{activation_clip = 0.7 : f32, activation_groups}"):
            check(tool, folder, layers, 4, attributes)


if __name__ == "__main__":
    main()
