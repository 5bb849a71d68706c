# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""usage: hls_cycles.py QUANTC: interval and latency of small networks with forks, estimated and simulated, within 5 %.

The networks are those whose streams must hold more than a frame, or whose units wait for a window: two squeeze-excite blocks in a
row (once 51 % off), a mean over channels (once 16 %), two branches that are concatenated, and a residual (latency once 10 %).
"""

import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

BOUND = 0.05


class Net:
    """A graph under construction; each method adds a node and gives the name of its result."""

    def __init__(self, channels, size):
        self.random = np.random.default_rng(7)
        self.nodes, self.weights, self.shape = [], [], [1, channels, size, size]

    def node(self, op, inputs, **attributes):
        name = f"{op}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    def weight(self, *shape):
        name = f"w{len(self.weights)}"
        values = self.random.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))
        self.weights.append(numpy_helper.from_array(values.astype(np.float32), name))
        return name

    def conv(self, x, inputs, outputs, kernel=3):
        return self.node("Conv", [x, self.weight(outputs, inputs, kernel, kernel)], pads=[kernel // 2] * 4)

    def gate(self, x, channels):
        """x scaled by what a global pool of it says."""
        squeezed = self.node("Relu", [self.conv(self.node("GlobalAveragePool", [x]), channels, channels // 2, 1)])
        return self.node("Mul", [x, self.node("Sigmoid", [self.conv(squeezed, channels // 2, channels, 1)])])

    def finish(self, x, path):
        graph = helper.make_graph(self.nodes, "net", [helper.make_tensor_value_info("x", TensorProto.FLOAT, self.shape)],
                                  [helper.make_tensor_value_info(x, TensorProto.FLOAT, None)], self.weights)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def squeeze_excite(net):
    first = net.node("Relu", [net.conv("x", 4, 8)])
    gated = net.gate(first, 8)
    second = net.gate(net.node("Relu", [net.conv(gated, 8, 8)]), 8)
    return net.conv(net.node("Add", [second, first]), 8, 4)


def channel_mean(net):
    mean = net.node("ReduceMean", [net.node("Relu", [net.conv("x", 4, 8)])], axes=[1], keepdims=1)
    return net.conv(mean, 1, 4)


def concat(net):
    a, b = net.node("Relu", [net.conv("x", 4, 8)]), net.node("Relu", [net.conv("x", 4, 8, 1)])
    return net.conv(net.node("Concat", [a, b], axis=1), 16, 4)


def residual(net):
    first = net.node("Relu", [net.conv("x", 4, 8)])
    second = net.conv(net.node("Relu", [net.conv(first, 8, 8)]), 8, 8)
    return net.conv(net.node("Relu", [net.node("Add", [second, first])]), 8, 4)


def write_project(quantc, build, folder):
    """The network's project for a part, in `folder`."""
    net, model, data = Net(4, 10), os.path.join(folder, "m.onnx"), os.path.join(folder, "c.npz")
    net.finish(build(net), model)
    np.savez(data, x=np.random.default_rng(1).standard_normal((8, *net.shape[1:])).astype(np.float32))
    project = os.path.join(folder, "p")
    subprocess.run([quantc, model, "--calibrate", data, "--target", "hls:xc7z020", "--quiet", "-o", project], check=True)
    return project


def cycles(project):
    """Interval and latency: [(estimated, simulated), ...]."""
    subprocess.run(["make", "-s", "-C", project, "sim", "FRAMES=5", "CXXFLAGS=-O1"], check=True, capture_output=True)
    with open(os.path.join(project, "report.json")) as estimate, open(os.path.join(project, "build", "sim.json")) as found:
        report, sim = json.load(estimate), json.load(found)
    return [(report["interval"], sim["interval"]), (report["latency"], sim["frame_end"][0])]


def main():
    failed = 0
    for build in (squeeze_excite, channel_mean, concat, residual):
        with tempfile.TemporaryDirectory() as folder:
            pairs = cycles(write_project(sys.argv[1], build, folder))
        good = all(abs(estimated - simulated) <= BOUND * simulated for estimated, simulated in pairs)
        failed += not good
        (interval, simulated), (latency, first) = pairs
        print(f"{'passed' if good else 'failed'} {build.__name__}: interval {interval} estimated, {simulated} simulated, "
              f"latency {latency} estimated, {first} simulated")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
