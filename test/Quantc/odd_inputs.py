# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""odd_inputs.py FOLDER: c.onnx and c.npz, a classifier with rows that scales can move through (m.onnx: with no place to migrate)."""

import sys

import numpy as np
import same_bytes
from onnx import TensorProto


def main():
    folder = sys.argv[1]
    rng = np.random.default_rng(2)
    for name, middle in (("c", "Relu"), ("m", "Sigmoid")):
        net = same_bytes.Net()
        value = net.linear(net(middle, net.linear("x", 8, 12)), 12, 5)
        net.save(f"{folder}/{name}.onnx", "x", TensorProto.FLOAT, [1, 8], value)
    np.savez(f"{folder}/c.npz", x=rng.normal(size=(16, 8)).astype(np.float32))


if __name__ == "__main__":
    main()
