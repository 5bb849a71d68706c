# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random one-op models over opsets 7 to 27 against onnxruntime, or onnx's reference evaluator where it is too old.

usage: random_models.py --run QUANT_RUN [--count N] [--seed S] [--op OP] [--keep FOLDER]

Each model is imported, converted to nn and interpreted; shapes and values must agree (rtol 1e-4, atol 1e-5: both
sides compute in float32 and sum in different orders). A model that the yardstick rejects is drawn again.
"""

import argparse
import collections
import concurrent.futures
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

ort.set_default_logger_severity(4)


class Case:
    """One node, its run-time inputs and its constant operands."""

    def __init__(self, rng, opset):
        self.rng, self.opset = rng, opset
        self.names, self.inputs, self.constants, self.attrs = [], {}, {}, {}

    def input(self, *shape):
        self.inputs[f"x{len(self.inputs)}"] = self.rng.standard_normal(shape).astype(np.float32)
        self.names.append(f"x{len(self.inputs) - 1}")

    def constant(self, value, dtype=np.float32):
        name = f"c{len(self.constants)}"
        self.constants[name] = np.asarray(value, dtype)
        self.names.append(name)

    def weights(self, *shape):
        self.constant(self.rng.standard_normal(shape))

    def absent(self):
        self.names.append("")

    def maybe(self, chance=0.5):
        return self.rng.random() < chance

    def pick(self, *choices):
        return choices[self.rng.integers(len(choices))]

    def ints(self, count, low, high):
        return [int(v) for v in self.rng.integers(low, high + 1, count)]

    def axis(self, rank):
        """An axis, perhaps counted from the end."""
        axis = int(self.rng.integers(rank))
        return axis - rank if self.opset >= 11 and self.maybe() else axis


def window(case, rank, kernel, dilation_from=0):
    case.attrs["strides"] = case.ints(rank, 1, 3)
    if case.opset >= dilation_from and case.maybe():
        case.attrs["dilations"] = case.ints(rank, 1, 2)
    if case.maybe(0.3):
        case.attrs["auto_pad"] = case.pick("SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET")
        # The yardsticks leave dilations out of their SAME formula, and disagree on negative padding.
        case.attrs.pop("dilations", None)
        case.attrs["strides"] = [min(s, k) for s, k in zip(case.attrs["strides"], kernel)]
    elif case.maybe(0.7):
        case.attrs["pads"] = [int(case.rng.integers(0, k)) for k in kernel + kernel]


def conv(case):
    rank, groups = int(case.rng.integers(1, 4)), case.pick(1, 1, 2, 3)
    kernel = case.ints(rank, 1, 4)
    channels, outputs = groups * case.pick(1, 2), groups * case.pick(1, 2, 3)
    case.input(case.pick(1, 2), channels, *case.ints(rank, 7, 11))
    case.weights(outputs, channels // groups, *kernel)
    if case.maybe():
        case.weights(outputs)
    case.attrs["group"] = groups
    if case.maybe():
        case.attrs["kernel_shape"] = kernel
    window(case, rank, kernel)


def pool(case, average):
    rank = int(case.rng.integers(1, 4))
    kernel = case.ints(rank, 1, 4)
    case.input(2, 3, *case.ints(rank, 7, 11))
    case.attrs["kernel_shape"] = kernel
    window(case, rank, kernel, 19 if average else 10)
    if case.opset >= 10 and case.maybe() and "auto_pad" not in case.attrs:
        case.attrs["ceil_mode"] = 1
    if average and case.maybe():
        case.attrs["count_include_pad"] = 1


def gemm(case):
    m, k, n = case.ints(3, 1, 6)
    case.attrs = {"transA": case.pick(0, 1), "transB": case.pick(0, 1), "alpha": case.pick(1.0, 0.5), "beta": case.pick(1.0, 2.0, 0.0)}
    case.input(*((k, m) if case.attrs["transA"] else (m, k)))
    matrix = (n, k) if case.attrs["transB"] else (k, n)
    (case.weights if case.maybe(0.7) else case.input)(*matrix)
    if case.opset < 11 or case.maybe(0.7):
        shape = case.pick((), (1,), (n,), (1, n), (m, 1), (m, n), (1, 1))
        (case.weights if case.maybe(0.7) else case.input)(*shape)


def matmul(case):
    m, k, n = case.ints(3, 1, 5)
    lhs = case.pick((k,), (m, k), (3, m, k), (2, 1, m, k))
    rhs = case.pick((k,), (k, n), (k, n), (3, k, n))
    case.input(*lhs)
    (case.weights if case.maybe(0.6) else case.input)(*rhs)


def broadcast(case, count=2):
    full = case.ints(case.pick(1, 2, 3, 4), 1, 4)
    for _ in range(count):
        shape = [1 if case.maybe(0.3) else size for size in full][case.rng.integers(len(full)):]
        (case.weights if case.inputs and case.maybe(0.3) else case.input)(*shape)


def clip(case):
    case.input(3, 4)
    low, high = case.pick(None, -0.5, 0.0, 2.0), case.pick(None, 0.5, 6.0)
    if case.opset < 11:
        case.attrs = {k: v for k, v in (("min", low), ("max", high)) if v is not None}
        return
    for bound in (low, high):
        case.absent() if bound is None else case.constant(bound)


def batch_norm(case):
    channels = case.pick(1, 3)
    case.input(2, channels, *case.pick((), (4,), (3, 4)))
    for _ in range(3):
        case.weights(channels)
    case.constant(np.abs(case.rng.standard_normal(channels)) + 0.1)
    if case.maybe():
        case.attrs["epsilon"] = 0.01


def softmax(case):
    shape = case.ints(case.pick(2, 3, 4), 1, 5)
    case.input(*shape)
    if case.maybe(0.8):
        case.attrs["axis"] = case.axis(len(shape))


def reduce_mean(case):
    shape = case.ints(case.pick(1, 2, 3, 4), 1, 5)
    case.input(*shape)
    axes = list(case.rng.choice(len(shape), case.rng.integers(1, len(shape) + 1), replace=False))
    axes = [int(a) - len(shape) if case.opset >= 11 and case.maybe() else int(a) for a in axes]
    case.attrs["keepdims"] = case.pick(0, 1)
    if case.opset >= 18 and case.maybe(0.3):
        case.attrs["noop_with_empty_axes"] = case.pick(0, 1)
        if case.maybe():
            case.constant([], np.int64)
    elif case.opset >= 18:
        case.constant(axes, np.int64)
    elif case.maybe(0.8):
        case.attrs["axes"] = axes


def concat(case):
    shape = case.ints(case.pick(1, 2, 3), 1, 4)
    axis = case.axis(len(shape))
    case.attrs["axis"] = axis
    for _ in range(case.pick(1, 2, 3)):
        shape[axis] = int(case.rng.integers(1, 4))
        (case.weights if case.inputs and case.maybe(0.3) else case.input)(*shape)


def pad(case):
    shape = case.ints(case.pick(1, 2, 3, 4), 1, 4)
    case.input(*shape)
    rank, value = len(shape), case.pick(None, 0.0, 1.5)
    if case.opset < 11:
        case.attrs["pads"] = case.ints(2 * rank, 0, 2)
        if value is not None:
            case.attrs["value"] = value
        return
    axes = None
    if case.opset >= 18 and case.maybe():
        axes = [int(a) for a in case.rng.choice(rank, case.rng.integers(1, rank + 1), replace=False)]
    case.constant(case.ints(2 * (rank if axes is None else len(axes)), 0, 2), np.int64)
    case.absent() if value is None else case.constant(value)
    if axes is not None:
        case.constant([a - rank if case.maybe() else a for a in axes], np.int64)


def flatten(case):
    shape = case.ints(case.pick(1, 2, 3, 4), 1, 4)
    case.input(*shape)
    if case.maybe(0.8):
        case.attrs["axis"] = case.pick(len(shape), case.axis(len(shape)))


def reshape(case):
    case.input(2, 3, 4)
    target = case.pick([24], [-1], [0, -1], [0, 0, 4], [4, 3, 2], [-1, 2], [1, 2, -1, 1], [0, 12])
    case.constant(target, np.int64)
    if case.opset >= 14 and 0 not in target and case.maybe():
        case.attrs["allowzero"] = 1


def transpose(case):
    shape = case.ints(case.pick(1, 2, 3, 4), 1, 4)
    case.input(*shape)
    if case.maybe(0.8):
        case.attrs["perm"] = [int(a) for a in case.rng.permutation(len(shape))]


def squeeze(case, unsqueeze):
    shape = [1 if case.maybe() else int(case.rng.integers(2, 4)) for _ in range(4)]
    case.input(*shape)
    if unsqueeze:
        count = case.pick(1, 2)
        axes = [int(a) for a in case.rng.choice(4 + count, count, replace=False)]
        rank = 4 + count
    else:
        axes, rank = [a for a in range(4) if shape[a] == 1 and case.maybe(0.7)], 4
        if not axes:  # an empty list means "none" to the standard's shape inference and "all" to onnxruntime
            return
    axes = [a - rank if case.opset >= 11 and case.maybe() else a for a in axes]
    if case.opset >= 13:
        case.constant(axes, np.int64)
    else:
        case.attrs["axes"] = axes


def unary(case, **attrs):
    case.input(3, 4)
    case.inputs["x0"] *= 4
    case.attrs = {name: value for name, value in attrs.items() if case.maybe()}


def dropout(case):
    case.input(3, 4)
    if case.opset < 12:
        case.attrs["ratio"] = 0.3
    elif case.maybe():
        case.constant(0.3)


def cast(case):
    case.input(3, 4)
    case.inputs["x0"] *= 20
    case.attrs["to"] = case.pick(TensorProto.INT32, TensorProto.INT64, TensorProto.INT8, TensorProto.BOOL)


def quantize(case):
    case.input(3, 4)
    dtype = case.pick(np.int8, np.uint8)
    per_axis = case.opset >= 13 and case.maybe()
    axis = case.axis(2) if per_axis else 1
    shape = ((3, 4)[axis],) if per_axis else case.pick((), (1,))
    case.constant(0.01 + 0.02 * case.rng.random(shape))
    if dtype == np.int8 or case.maybe():
        case.constant(case.rng.integers(0, 100, shape), dtype)
    if per_axis:
        case.attrs["axis"] = axis


def global_pool(case):
    case.input(2, 3, *case.ints(case.pick(1, 2, 3), 1, 5))


# Oldest opset and generator of each op.
OPS = {
    "Add": (7, broadcast), "AveragePool": (7, lambda c: pool(c, True)), "BatchNormalization": (7, batch_norm),
    "Cast": (9, cast), "Clip": (7, clip), "Concat": (7, concat), "Conv": (7, conv), "Div": (7, broadcast),
    "Dropout": (7, dropout), "Flatten": (7, flatten), "Gemm": (7, gemm), "GlobalAveragePool": (7, global_pool),
    "GlobalMaxPool": (7, global_pool), "HardSigmoid": (7, lambda c: unary(c, alpha=0.3, beta=0.4)),
    "HardSwish": (14, unary), "Identity": (7, unary), "LeakyRelu": (7, lambda c: unary(c, alpha=0.2)),
    "MatMul": (7, matmul), "MaxPool": (7, lambda c: pool(c, False)), "Mul": (7, broadcast), "Pad": (7, pad),
    "QuantizeLinear": (10, quantize), "ReduceMean": (7, reduce_mean), "Relu": (7, unary), "Reshape": (7, reshape),
    "Sigmoid": (7, unary), "Softmax": (7, softmax), "Squeeze": (7, lambda c: squeeze(c, False)),
    "Sub": (7, broadcast), "Sum": (8, lambda c: broadcast(c, c.pick(1, 2, 3))), "Tanh": (7, unary),
    "Transpose": (7, transpose), "Unsqueeze": (7, lambda c: squeeze(c, True)),
}


def build(op, case):
    node = helper.make_node(op, case.names, ["y"], name="the_node", **case.attrs)
    inputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, v.shape) for n, v in case.inputs.items()]
    constants = [numpy_helper.from_array(v, n) for n, v in case.constants.items()]
    graph = helper.make_graph([node], "g", inputs, [onnx.ValueInfoProto(name="y")], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", case.opset)], ir_version=8)
    return onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)


def expected(model, inputs):
    """The yardstick's output; None when it rejects the model."""
    try:
        return ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, inputs)[0]
    except Exception:  # an opset that it does not know, or a kernel that it lacks
        pass
    try:
        return ReferenceEvaluator(model).run(None, inputs)[0]
    except Exception:
        return None


def draw(op, seed):
    """A model that the yardstick takes: (model, inputs, output), or None after many tries."""
    oldest, generate = OPS[op]
    rng = np.random.default_rng(seed)
    for _ in range(20):
        case = Case(rng, int(rng.integers(oldest, 28)))
        generate(case)
        try:
            model = build(op, case)
        except Exception:
            continue
        output = expected(model, case.inputs)
        if output is not None and all(v.size for v in case.inputs.values()) and output.ndim > 0:
            return model, case.inputs, output
    return None


def check(tool, op, seed, keep):
    drawn = draw(op, seed)
    if drawn is None:
        return "not drawn", ""
    model, inputs, output = drawn
    # A sample is one whole run: arrays get an axis of one sample in front.
    stacked = {name: value[None] for name, value in inputs.items()}
    with tempfile.TemporaryDirectory() as scratch:
        folder = keep or scratch
        path = os.path.join(folder, f"{op}_{seed}.onnx")
        onnx.save(model, path)
        np.savez(os.path.join(scratch, "in.npz"), **stacked)
        out = os.path.join(scratch, "out.npz")
        command = [tool, path, "--interpret", "--inputs", os.path.join(scratch, "in.npz"), "--outputs", out]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=300)
        if done.returncode != 0:
            return "failed", done.stderr.strip()[:400]
        with np.load(out) as arrays:
            actual = arrays["y"]
    if actual.shape != output.shape:
        return "failed", f"shape {actual.shape} instead of {output.shape}"
    if actual.dtype != output.dtype:
        return "failed", f"type {actual.dtype} instead of {output.dtype}"
    if not np.allclose(actual, output, rtol=1e-4, atol=1e-5, equal_nan=True):
        return "failed", f"largest difference {np.max(np.abs(actual.astype(float) - output.astype(float)))}"
    return "passed", ""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", default="quant-run")
    parser.add_argument("--count", type=int, default=4, help="models for each op")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--op", default="")
    parser.add_argument("--keep", default="")
    options = parser.parse_args()
    jobs = [(op, 1000 * options.seed + i) for op in sorted(OPS) if options.op in ("", op) for i in range(options.count)]
    counts = collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = pool.map(lambda job: check(options.run, *job, options.keep), jobs)
        for (op, seed), (result, detail) in zip(jobs, results):
            counts[result] += 1
            if result != "passed":
                print(f"{result}: {op} {seed}: {detail}")
    print(f"{len(jobs)} models: {counts['passed']} passed, {counts['not drawn']} not drawn, {counts['failed']} failed")
    return 1 if counts["failed"] or counts["not drawn"] else 0


if __name__ == "__main__":
    sys.exit(main())
