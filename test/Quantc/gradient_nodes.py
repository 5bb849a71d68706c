# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Curvatures of networks that say the same by other nodes are the same: `gradient_nodes.py QUANTC FOLDER`.

Nodes that loops alone run, computing with other floats, masks that a Cast makes of a comparison, and a Cast to 8 bits, which no
kernel knows, kept gradients from a network, or the network from the compiler.
"""

import json
import os
import subprocess
import sys

import numpy as np
from onnx import TensorProto
from same_bytes import Net

INPUTS, RUNS = 6, 3
# Sums of a few dozen products in float32, in another order: a rounding of 2^-24 each at most.
CLOSE = 64 * 2.0**-24


def network(path, middle, shape, count):
    """A linear map to `shape`, `middle`, and a linear map of its `count` elements."""
    random = np.random.default_rng(5)
    net = Net()
    ints = lambda *values: net.constant(values, np.int64)  # noqa: E731
    size = int(np.prod(shape))
    value = net("MatMul", "x", net.constant(random.normal(size=(INPUTS, size)) / 2))
    value = middle(net, net("Reshape", value, ints(*shape)))
    value = net("Reshape", value, ints(1, count))
    value = net("MatMul", value, net.constant(random.normal(size=(count, 5)) / np.sqrt(count)))
    net.save(path, "x", TensorProto.FLOAT, [1, INPUTS], value)


def cast(net, value, kind):
    return net("Cast", value, to=int(kind))


def widened(net, value):
    return cast(net, net("Mul", net("Sigmoid", cast(net, value, TensorProto.DOUBLE)), net.constant([1, 2, 3, 4], np.float64)), TensorProto.FLOAT)


def product(net, value, kind=np.float32):
    random = np.random.default_rng(8)
    value = net("Gemm", value, net.constant(random.normal(size=(4, 4)), kind), net.constant(random.normal(size=4), kind), alpha=0.5, beta=2.0)
    return net("BatchNormalization", value, *(net.constant(random.uniform(0.5, 2, 4), kind) for _ in range(4)))


def wide_product(net, value):
    return cast(net, product(net, cast(net, value, TensorProto.DOUBLE), np.float64), TensorProto.FLOAT)


def masked(net, value):
    return net("Mul", value, cast(net, net("Greater", value, net.constant(0)), TensorProto.FLOAT))


def transposed(kernel):
    weight = np.random.default_rng(9).normal(size=(2, 3, *kernel))
    strides = [1] * (len(kernel) - 2) + [2, 1]
    return lambda net, value: net("ConvTranspose", value, net.constant(weight), strides=strides)


PAIRS = {
    "other floats": (widened, lambda net, v: net("Mul", net("Sigmoid", v), net.constant([1, 2, 3, 4])), [1, 4], [1, 4], 4),
    "products": (wide_product, product, [1, 4], [1, 4], 4),
    "mask": (masked, lambda net, v: net("Relu", v), [1, 4], [1, 4], 4),
    "einsum": (lambda net, v: net("Einsum", v, v, equation="bij,bkj->bik"), lambda net, v: net("MatMul", v, net("Transpose", v, perm=[0, 2, 1])),
               [1, 3, 4], [1, 3, 4], 9),
    "three axes": (transposed((1, 2, 2)), transposed((2, 2)), [1, 2, 1, 3, 3], [1, 2, 3, 3], 3 * 6 * 4),
    "copies": (lambda net, v: net("DepthToSpace", v, blocksize=2), lambda net, v: net("Transpose", v, perm=[0, 2, 3, 1]), [1, 4, 1, 1], [1, 4, 1, 1], 4),
}  # fmt: skip


class Compiler:
    def __init__(self, quantc, folder):
        self.quantc, self.folder = quantc, folder
        self.data = os.path.join(folder, "data.npz")
        np.savez(self.data, x=np.random.default_rng(3).normal(size=(RUNS, INPUTS)).astype(np.float32))

    def call(self, *command):
        process = subprocess.run([self.quantc, *command, "--calibrate", self.data, "--quiet"], capture_output=True, text=True)
        assert process.returncode == 0, process.stdout + process.stderr

    def traces(self, middle, shape, count):
        """Of Gauss-Newton, of the first and the last layer."""
        model, table = (os.path.join(self.folder, name) for name in ("m.onnx", "c.json"))
        network(model, middle, shape, count)
        self.call(model, "--save-curvature", table, "--curvature-runs", str(RUNS), "--curvature-probes", "2", "--to", "float",
                  "--emit", "mlirbc", "-o", os.path.join(self.folder, "m.mlirbc"))  # fmt: skip
        with open(table) as file:
            return [layer["gaussNewtonTrace"] for name, layer in json.load(file)["curvature"].items() if name.startswith("MatMul")]


def main():
    quantc, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    compiler = Compiler(quantc, folder)
    for name, (one, other, shape, plain, count) in PAIRS.items():
        found, expected = compiler.traces(one, shape, count), compiler.traces(other, plain, count)
        assert len(found) == len(expected) == 2 and min(expected) > 0, (name, found, expected)
        assert np.allclose(found, expected, rtol=CLOSE, atol=0), (name, found, expected)
    first, last = compiler.traces(lambda net, v: cast(net, cast(net, v, TensorProto.INT8), TensorProto.FLOAT), [1, 4], 4)
    assert first == 0 and last > 0, (first, last)
    compiler.call(os.path.join(folder, "m.onnx"), "--recipe", "w8a8-integer", "--allow-float", "-o", os.path.join(folder, "m.so"))


if __name__ == "__main__":
    main()
