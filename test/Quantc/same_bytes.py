# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every built-in recipe, and each other way of rounding, gives the same bytes in two runs, with 1 thread and with 2: `same_bytes.py QUANTC [MODEL DATA]...`.

Without models it makes two: a convolutional network, and a language model of one layer with lookup, RMS norms, rotary
positions, shared keys and values, a causal mask and a gated perceptron. Compared are the library and the report without
its times.
"""

import glob
import json
import os
import re
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RNG = np.random.default_rng(5)


class Net:
    def __init__(self):
        self.nodes, self.weights = [], []

    def constant(self, array, dtype=np.float32):
        name = f"k{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(array, dtype), name))
        return name

    def __call__(self, op, *inputs, **attributes):
        name = f"{op}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], name=name, **attributes))
        return name

    def linear(self, x, inputs, outputs):
        return self("MatMul", x, self.constant(RNG.normal(size=(inputs, outputs)) / np.sqrt(inputs)))

    def save(self, path, x, kind, shape, y):
        graph = helper.make_graph(self.nodes, "g", [helper.make_tensor_value_info(x, kind, shape)],
                                  [helper.make_tensor_value_info(y, TensorProto.FLOAT, None)], self.weights)  # fmt: skip
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        onnx.save(onnx.shape_inference.infer_shapes(model), path)


def convolutional(path):
    net = Net()
    value = net("Conv", "x", net.constant(RNG.normal(size=(16, 3, 3, 3)) / 5), net.constant(RNG.normal(size=16)), pads=[1] * 4)
    value = net("Clip", value, net.constant(0), net.constant(6))
    value = net("Conv", value, net.constant(RNG.normal(size=(16, 1, 3, 3)) / 3), net.constant(RNG.normal(size=16)), group=16)
    value = net("Clip", value, net.constant(0), net.constant(6))
    value = net("Conv", value, net.constant(RNG.normal(size=(32, 16, 1, 1)) / 4), net.constant(RNG.normal(size=32)))
    value = net("Flatten", net("GlobalAveragePool", net("Relu", value)))
    net.save(path, "x", TensorProto.FLOAT, [1, 3, 12, 12], net.linear(value, 32, 10))
    return {"x": RNG.normal(size=(24, 3, 12, 12)).astype(np.float32)}


WIDTH, HEADS, SHARED, SIZE, TOKENS, KINDS = 64, 4, 2, 16, 8, 48


def language_model(path):
    net = Net()
    table = RNG.normal(size=(KINDS, WIDTH))
    table[:, [3, 17]] *= 30  # outliers
    stream = net("Gather", net.constant(table), "x")
    ints = lambda *values: net.constant(values, np.int64)  # noqa: E731

    def norm(x):
        square = net("ReduceMean", net("Mul", x, x), axes=[-1], keepdims=1)
        root = net("Sqrt", net("Add", square, net.constant(1e-5)))
        return net("Mul", net("Div", x, root), net.constant(RNG.uniform(0.5, 2, WIDTH)))

    def split(x, heads):
        return net("Transpose", net("Reshape", x, ints(1, TOKENS, heads, SIZE)), perm=[0, 2, 1, 3])

    angles = np.arange(TOKENS)[:, None] * 100.0 ** -(np.arange(SIZE) % (SIZE // 2) / (SIZE // 2))
    cosine, sine = net.constant(np.cos(angles)), net.constant(np.sin(angles))

    def rotary(x):
        low, high = (net("Slice", x, ints(a), ints(b), ints(3)) for a, b in ((0, SIZE // 2), (SIZE // 2, SIZE)))
        turned = net("Concat", net("Neg", high), low, axis=3)
        return net("Add", net("Mul", x, cosine), net("Mul", turned, sine))

    def repeated(x):
        column = net("Unsqueeze", x, ints(2))
        copies = net("Expand", column, ints(1, SHARED, HEADS // SHARED, TOKENS, SIZE))
        return net("Reshape", copies, ints(1, HEADS, TOKENS, SIZE))

    normal = norm(stream)
    q = rotary(split(net.linear(normal, WIDTH, HEADS * SIZE), HEADS))
    k = repeated(rotary(split(net.linear(normal, WIDTH, SHARED * SIZE), SHARED)))
    v = repeated(split(net.linear(normal, WIDTH, SHARED * SIZE), SHARED))
    scores = net("Mul", net("MatMul", q, net("Transpose", k, perm=[0, 1, 3, 2])), net.constant(SIZE**-0.5))
    scores = net("Add", scores, net.constant(np.triu(np.full((TOKENS, TOKENS), -1e4), 1)))
    mixed = net("MatMul", net("Softmax", scores, axis=-1), v)
    joined = net("Reshape", net("Transpose", mixed, perm=[0, 2, 1, 3]), ints(1, TOKENS, WIDTH))
    stream = net("Add", stream, net.linear(joined, WIDTH, WIDTH))
    normal = norm(stream)
    gate = net.linear(normal, WIDTH, 96)
    hidden = net("Mul", net("Mul", gate, net("Sigmoid", gate)), net.linear(normal, WIDTH, 96))
    stream = net("Add", stream, net.linear(hidden, 96, WIDTH))
    net.save(path, "x", TensorProto.INT64, [1, TOKENS], net.linear(norm(stream), WIDTH, KINDS))
    return {"x": RNG.integers(0, KINDS, (24, TOKENS))}


def without_times(report):
    """The report as text; names end in _s or seconds where they are times."""
    def strip(value):
        if isinstance(value, dict):
            return {k: strip(v) for k, v in value.items() if not re.search(r"second|_s$|time|_ms$", k)}
        return [strip(each) for each in value] if isinstance(value, list) else value

    return json.dumps(strip(report))


# Ways of rounding and searching that no built-in recipe has: a name, the recipe they change, options.
FLOAT_ZEROS = ["weight-format=uint3:g8:asym-float:f16", "activations=float", "weight-search=hqq"]
WAYS = [
    ("gptaq", "w8a8-integer.yaml", ["weight-rounding=gptaq"]),
    *((name, "w8a8-integer.yaml", [f"weight-rounding={name}", "rounding-steps=20"]) for name in ("adaround", "autoround", "brecq")),
    ("hqq", "w4a8.yaml", FLOAT_ZEROS),
]


def compile_once(quantc, folder, model, data, recipe, threads, settings=()):
    """What one run says and writes."""
    library, report = (os.path.join(folder, each) for each in ("m.so", "m.json"))
    for path in (library, report):
        if os.path.exists(path):
            os.remove(path)
    command = [quantc, model, "--recipe", recipe, "--calibrate", data, "-o", library, "--report", report, "--allow-float"]
    command += [word for setting in settings for word in ("--set", setting)]
    if "hawq" in open(recipe).read():  # its losses are curvatures, measured in the same run
        command += ["--save-curvature", os.path.join(folder, "c.json"), "--curvature-runs", "2", "--curvature-probes", "2"]
    result = subprocess.run([*command, "--quiet", "--threads", str(threads)], capture_output=True, text=True)
    written = open(library, "rb").read() if os.path.exists(library) else b""
    said = without_times(json.load(open(report))) if os.path.exists(report) else ""
    return result.returncode, result.stderr, written, said


def main():
    quantc, given = sys.argv[1], sys.argv[2:]
    recipes = sorted(glob.glob(os.path.join(ROOT, "recipes", "*.yaml")))
    assert recipes
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        cases = [(os.path.basename(m), m, d) for m, d in zip(given[::2], given[1::2])]
        for make in () if given else (convolutional, language_model):
            model, data = (os.path.join(folder, make.__name__ + suffix) for suffix in (".onnx", ".npz"))
            np.savez(data, **make(model))
            cases.append((make.__name__, model, data))
        ways = [(os.path.basename(recipe), recipe, []) for recipe in recipes]
        ways += [] if given else [(way, os.path.join(ROOT, "recipes", base), settings) for way, base, settings in WAYS]
        for way, recipe, settings in ways:
            for name, model, data in cases:
                runs = [compile_once(quantc, folder, model, data, recipe, threads, settings) for threads in (1, 2)]
                text = f"{way} {name}"
                if runs[0][0] != 0 or not runs[0][2] or not runs[0][3]:
                    print(f"FAILED {text}: exit code {runs[0][0]}: {runs[0][1]}")
                elif runs[1] != runs[0]:
                    parts = [name for name, a, b in zip(("code", "messages", "library", "report"), *runs) if a != b]
                    print(f"FAILED {text}: {', '.join(parts)} of two runs differ")
                else:
                    print(f"passed {text}: {len(runs[0][2])} bytes")
                    continue
                failed += 1
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
