# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small models of every kernel and odd shape, compiled for a GPU and compared with the interpreter, value by value.

    cases.py make FOLDER [--tools DIR] [--count N] [--chip sm_80]   modules, libraries, inputs, the interpreter's answers
    cases.py run FOLDER                                             on a machine with a GPU

`make` needs no GPU. Exit code 4 when a value differs, 77 without a GPU.
"""

import argparse
import glob
import os
import random
import subprocess
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "bench"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

NUMPY = {"ui8": np.uint8, "si8": np.int8, "si32": np.int32, "f32": np.float32}


class Builder:
    """A function with one input, in text."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.n = np.random.RandomState(seed)
        self.lines, self.count = [], 0

    def name(self):
        self.count += 1
        return f"%v{self.count}"

    def constant(self, array, kind):
        array = np.asarray(array, NUMPY[kind], order="C")
        name = self.name()
        op = "nn.constant" if kind == "f32" else "dyad.constant"
        self.lines.append(f'{name} = {op} dense<"0x{array.tobytes().hex().upper()}"> : {tensor(array.shape, kind)}')
        return name, tensor(array.shape, kind)

    def op(self, text, operands, shape, kind, attributes=""):
        """Appends an op; returns (name, shape, kind)."""
        name, result = self.name(), tensor(shape, kind)
        names = ", ".join(o[0] for o in operands)
        types = ", ".join(o[1] if isinstance(o[1], str) else tensor(o[1], o[2]) for o in operands)
        self.lines.append(f"{name} = {text} {names} {{{attributes}}} : ({types}) -> {result}")
        return name, tuple(shape), kind

    def same(self, text, x, attributes=""):
        """An op whose result has its operand's type."""
        name = self.name()
        self.lines.append(f"{name} = {text} {x[0]} {{{attributes}}} : {tensor(x[1], x[2])}")
        return name, x[1], x[2]

    def zero(self, kind):
        return self.constant(np.array(self.r.randint(*((0, 255) if kind == "ui8" else (-128, 127)))), kind)

    def byte(self):
        return self.r.choice(["ui8", "ui8", "si8"])

    def requantize(self, acc, scale, kind, per_channel=None):
        """acc (32 or 8 bits) to a byte type, acc * scale being about 60 in size."""
        channels = acc[1][1] if per_channel is None else per_channel
        per = self.r.random() < 0.6 and channels is not None and acc[2] == "si32"
        count = channels if per else 1
        shape = () if not per else (channels,) + (1,) * (len(acc[1]) - 2)
        multiplier = self.n.randint(1 << 22, 1 << 23, count) * 2 + 1
        shift = np.clip(np.round(np.log2(multiplier / scale)), 1, 62)
        lo, hi = (0, 255) if kind == "ui8" else (-128, 127)
        if self.r.random() < 0.4:
            lo, hi = lo + 16, hi - 3
        zero_in = self.constant(np.array(0), "si32") if acc[2] == "si32" else self.zero(acc[2])
        operands = [acc, zero_in, self.constant(multiplier.reshape(shape), "si32"),
                    self.constant(shift.reshape(shape), "si32"), self.zero(kind)]  # fmt: skip
        return self.op("dyad.requantize", operands, acc[1], kind, f"clamp_lo = {lo} : i32, clamp_hi = {hi} : i32")


def tensor(shape, kind):
    return f"tensor<{''.join(f'{d}x' for d in shape)}{kind}>"


def i64s(*values):
    return "array<i64: " + ", ".join(map(str, values)) + ">"


def window(b, kernel, strides, dilations, pads):
    return (f"kernel = {i64s(*kernel)}, strides = {i64s(*strides)}, dilations = {i64s(*dilations)}, pads = {i64s(*pads)}")  # fmt: skip


# ------------------------------------------------------------------------------------------------
# Kinds of cases: each returns (input shape, input type, result)
# ------------------------------------------------------------------------------------------------


def convolution(b, depthwise=False, real=False):
    r = b.r
    kernel = r.choice([(1, 1), (3, 3), (3, 3), (5, 3), (1, 7), (2, 2)])
    strides, dilations = (r.randint(1, 2), r.randint(1, 3)), (r.choice([1, 1, 2]), r.choice([1, 1, 2]))
    if kernel == (1, 1) and r.random() < 0.7:
        strides = dilations = (1, 1)
    pads = [r.randint(0, k // 2 + 1) for k in kernel * 2]
    groups = 1 if not depthwise else None
    channels = r.choice([1, 3, 4, 8, 12, 16, 20, 24, 40, 64, 96])
    outputs = r.choice([1, 5, 8, 16, 24, 33, 64, 100, 130])
    if depthwise:
        channels = outputs = groups = r.choice([2, 3, 4, 16, 24, 30, 64])
    elif r.random() < 0.25:
        groups = r.choice([2, 3])
        channels, outputs = groups * r.choice([2, 4, 16, 24]), groups * r.choice([4, 8, 20])
    size = [max(r.randint(3, 18), (k - 1) * d + 1) for k, d in zip(kernel, dilations)]
    shape = (r.choice([1, 2, 3]), channels, *size)
    out = [
        (s + pads[i] + pads[i + 2] - (kernel[i] - 1) * dilations[i] - 1) // strides[i] + 1 for i, s in enumerate(size)
    ]
    attributes = (f"strides = {i64s(*strides)}, dilations = {i64s(*dilations)}, pads = {i64s(*pads)}, "
                  f"groups = {groups} : i64")  # fmt: skip
    weights = (outputs, channels // groups, *kernel)
    kind = "f32" if real else b.byte()
    x = ("%x", shape, kind)
    result = (shape[0], outputs, *out)
    if real:
        operands = [x, b.constant(b.n.standard_normal(weights), kind), b.constant(b.n.standard_normal(outputs), kind)]
        y = b.op("nn.conv", operands, result, kind, attributes)
        return shape, kind, b.same("nn.clip", y, "lo = -1.0 : f32, hi = 2.5 : f32") if r.random() < 0.5 else y
    operands = [x, b.constant(b.n.randint(-127, 128, weights), "si8"),
                b.constant(b.n.randint(-3000, 3000, outputs), "si32"), b.zero(kind)]  # fmt: skip
    acc = b.op("dyad.conv", operands, result, "si32", attributes)
    if r.random() < 0.15:
        return shape, kind, acc
    depth = weights[1] * kernel[0] * kernel[1]
    scale = 60 / (74 * 74 * np.sqrt(depth)) * r.choice([1, 1, 1e-3, 30])
    return shape, kind, b.requantize(acc, scale, b.byte())


def linear(b, real=False):
    r = b.r
    rows, depth, outputs = r.choice([1, 2, 7, 33, 130]), r.choice([1, 10, 64, 65, 200, 784]), r.choice([1, 10, 16, 50, 129])
    shape = (rows, depth)
    kind = "f32" if real else b.byte()
    x = ("%x", shape, kind)
    if real:
        operands = [x, b.constant(b.n.standard_normal((outputs, depth)), kind), b.constant(b.n.standard_normal(outputs), kind)]
        return shape, kind, b.op("nn.linear", operands, (rows, outputs), kind)
    operands = [x, b.constant(b.n.randint(-127, 128, (outputs, depth)), "si8"),
                b.constant(b.n.randint(-3000, 3000, outputs), "si32"), b.zero(kind)]  # fmt: skip
    acc = b.op("dyad.linear", operands, (rows, outputs), "si32")
    if r.random() < 0.3:
        return shape, kind, acc
    return shape, kind, b.requantize(acc, 60 / (74 * 74 * np.sqrt(depth)), b.byte())


def image(b, kind=None, least=2):
    r = b.r
    return (r.choice([1, 2, 3]), r.choice([1, 3, 4, 6, 16, 24]), r.randint(least, 14), r.randint(least, 14)), kind or b.byte()


def addition(b):
    shape, kind = image(b)
    x = ("%x", shape, kind)
    other = b.r.choice([shape, (shape[1], 1, 1), (1, 1, 1), shape[1:]])
    y = x if b.r.random() < 0.3 else b.constant(b.n.randint(0, 256, other).astype(np.uint8).view(NUMPY[kind]), kind)
    shift = b.r.randint(8, 21)
    parameters = [b.zero(kind), b.zero(kind)]
    parameters += [b.constant(np.array(int(b.r.uniform(-1.2, 1.2) * 2**shift)), "si32") for _ in range(2)]
    parameters += [b.constant(np.array(shift), "si32"), b.zero(kind)]
    lo, hi = (0, 255) if kind == "ui8" else (-128, 127)
    if b.r.random() < 0.3:
        lo += 20
    return shape, kind, b.op("dyad.add", [x, y, *parameters], shape, kind, f"clamp_lo = {lo} : i32, clamp_hi = {hi} : i32")


def multiplication(b):
    shape, kind = image(b)
    x = ("%x", shape, kind)
    other = b.r.choice([shape, (shape[1], 1, 1)])
    y = b.constant(b.n.randint(0, 256, other).astype(np.uint8).view(NUMPY[kind]), kind)
    acc = b.op("dyad.mul", [x, y, b.zero(kind), b.zero(kind)], shape, "si32")
    return shape, kind, one_multiplier(b, acc, 60 / (74 * 74) * b.r.choice([1, 5]))


def lookup(b):
    shape, kind = image(b)
    out = b.byte()
    table = b.constant(b.n.randint(0, 256, 256).astype(np.uint8).view(NUMPY[out]), out)
    return shape, kind, b.op("dyad.lookup", [("%x", shape, kind), table], shape, out)


def rescaling(b):
    shape, kind = image(b)
    return shape, kind, b.requantize(("%x", shape, kind), b.r.choice([0.3, 0.9, 2.0]), b.byte(), per_channel=None)


def pool(b):
    r = b.r
    kinds = ["max", "max", "average", "global", "float max", "float mean"]
    which = r.choice(kinds)
    shape, kind = image(b, "f32" if which.startswith("float") else None, least=4)
    x = ("%x", shape, kind)
    if which == "global":
        axes = b.op("dyad.reduce_sum", [x, b.zero(kind)], (shape[0], shape[1]), "si32", f"axes = {i64s(2, 3)}, keepdims = false")
        return shape, kind, one_multiplier(b, axes, 1.0 / (shape[2] * shape[3]))
    kernel = (r.randint(1, 3), r.randint(1, 3))
    strides, dilations = (r.randint(1, 2), r.randint(1, 2)), (1, r.choice([1, 2]) if shape[3] > 5 else 1)
    pads = [r.randint(0, k - 1) for k in kernel * 2]
    out = [(shape[2 + i] + pads[i] + pads[i + 2] - (kernel[i] - 1) * dilations[i] - 1) // strides[i] + 1 for i in range(2)]
    result, attributes = (*shape[:2], *out), window(b, kernel, strides, dilations, pads)
    if which == "average":
        acc = b.op("dyad.sum_pool", [x, b.zero(kind)], result, "si32", attributes)
        return shape, kind, one_multiplier(b, acc, 1.0 / (kernel[0] * kernel[1]))
    if which == "float mean":
        attributes += f", count_include_pad = {r.choice(['true', 'false'])}"
        return shape, kind, b.op("nn.avg_pool", [x], result, kind, attributes)
    return shape, kind, b.op("nn.max_pool" if kind == "f32" else "dyad.max_pool", [x], result, kind, attributes)


def one_multiplier(b, acc, scale):
    kind = b.byte()
    multiplier = int(b.n.randint(1 << 22, 1 << 23)) * 2 + 1
    shift = int(np.round(np.log2(multiplier / scale)))
    lo, hi = (0, 255) if kind == "ui8" else (-128, 127)
    operands = [acc, b.constant(np.array(0), "si32"), b.constant(np.array(multiplier), "si32"),
                b.constant(np.array(shift), "si32"), b.zero(kind)]  # fmt: skip
    return b.op("dyad.requantize", operands, acc[1], kind, f"clamp_lo = {lo} : i32, clamp_hi = {hi} : i32")


def movement(b):
    shape, kind = image(b)
    x = ("%x", shape, kind)
    which = b.r.choice(["transpose", "concat", "pad", "reshape"])
    if which == "transpose":
        order = b.r.sample(range(4), 4)
        return shape, kind, b.op("dyad.transpose", [x], [shape[i] for i in order], kind, f"permutation = {i64s(*order)}")
    if which == "concat":
        axis = b.r.randint(1, 3)
        result = [2 * s if i == axis else s for i, s in enumerate(shape)]
        y = b.op("dyad.max_pool", [x], shape, kind, window(b, (3, 3), (1, 1), (1, 1), (1, 1, 1, 1)))
        return shape, kind, b.op("dyad.concat", [x, y], result, kind, f"axis = {axis} : i64")
    if which == "pad":
        pads = [b.r.randint(0, 3) for _ in range(8)]
        result = [s + pads[i] + pads[i + 4] for i, s in enumerate(shape)]
        return shape, kind, b.op("dyad.pad", [x, b.zero(kind)], result, kind, f"pads = {i64s(*pads)}")
    return shape, kind, b.op("dyad.reshape", [x], (shape[0], shape[1] * shape[2] * shape[3]), kind)


def joined(b, parts):
    """Their channels one behind the other."""
    shape, kind = list(parts[0][1]), parts[0][2]
    shape[1] = sum(part[1][1] for part in parts)
    return b.op("dyad.concat", parts, shape, kind, "axis = 1 : i64")


def dense(b):
    """Concatenated channels of images that kernels made: parts that begin at other bytes, next to each other in a pixel."""
    shape, kind = image(b, least=3)
    parts = [("%x", shape, kind)]
    for _ in range(b.r.randint(1, 3)):
        size = b.r.randint(1, 3)
        same = window(b, (size, size), (1, 1), (1, 1), (0, 0, size - 1, size - 1))
        parts.append(b.op("dyad.max_pool", [parts[-1]], parts[-1][1], kind, same))
        if b.r.random() < 0.5:
            parts[-1] = joined(b, parts[-2:])
    all_parts = joined(b, parts)
    return shape, kind, b.op("dyad.max_pool", [all_parts], all_parts[1], kind, window(b, (1, 1), (1, 1), (1, 1), (0, 0, 0, 0)))


def floats(b):
    shape, kind = image(b, "f32")
    x = ("%x", shape, kind)
    which = b.r.choice(["relu", "leaky_relu", "clip", "hard_sigmoid", "hard_swish", "sigmoid", "tanh", "softmax", "mean", "binary", "binary"])
    if which == "softmax":
        return shape, kind, b.same("nn.softmax", x, f"axis = {b.r.randint(0, 3)} : i64")
    if which == "mean":
        return shape, kind, b.op("nn.reduce_mean", [x], (shape[0], shape[1]), kind, f"axes = {i64s(2, 3)}, keepdims = false")
    if which == "binary":
        y = b.constant(b.n.standard_normal(b.r.choice([shape, (shape[1], 1, 1)])), kind)
        return shape, kind, b.op("nn." + b.r.choice(["add", "sub", "mul", "div"]), [x, y], shape, kind)
    attributes = {"leaky_relu": "alpha = 0.1 : f32", "clip": "lo = -0.5 : f32, hi = 1.5 : f32",
                  "hard_sigmoid": "alpha = 0.2 : f32, beta = 0.5 : f32"}  # fmt: skip
    return shape, kind, b.same(f"nn.{which}", x, attributes.get(which, ""))


def product(b):
    batch, rows, depth, columns = b.r.choice([1, 3]), b.r.choice([1, 5, 17]), b.r.choice([1, 8, 33]), b.r.choice([1, 7, 40])
    shape = (batch, rows, depth)
    y = b.constant(b.n.standard_normal((depth, columns)), "f32")
    return shape, "f32", b.op("nn.matmul", [("%x", shape, "f32"), y], (batch, rows, columns), "f32")


def border(b):
    """From float to bytes and back, with extreme and undefined inputs in the data."""
    shape = b.r.choice([image(b, "f32")[0], (b.r.choice([1, 5]), b.r.choice([10, 64]))])
    x, kind = ("%x", shape, "f32"), b.byte()
    scale = b.constant(np.array(b.r.choice([0.05, 0.0123, 2.0**-6])), "f32")
    q = b.op("qnn.quantize", [x, scale, b.zero(kind)], shape, kind)
    table = b.constant(b.n.randint(0, 256, 256).astype(np.uint8).view(NUMPY[kind]), kind)
    y = b.op("dyad.lookup", [q, table], shape, kind) if b.r.random() < 0.5 else q
    return shape, "f32", b.op("qnn.dequantize", [y, b.constant(np.array(0.031), "f32"), b.zero(kind)], shape, "f32")


def accumulators(b):
    """A sum that two rescalings use is written as it is; so is one that becomes float."""
    rows, depth, outputs = b.r.choice([1, 9, 64]), b.r.choice([16, 100]), b.r.choice([10, 33, 64])
    shape, kind = (rows, depth), b.byte()
    operands = [("%x", shape, kind), b.constant(b.n.randint(-127, 128, (outputs, depth)), "si8"),
                b.constant(b.n.randint(-3000, 3000, outputs), "si32"), b.zero(kind)]  # fmt: skip
    acc = b.op("dyad.linear", operands, (rows, outputs), "si32")
    if b.r.random() < 0.5:
        count = b.r.choice([1, outputs])
        scale = b.constant(b.n.uniform(1e-4, 1e-3, (count,) if count > 1 else ()), "f32")
        zero = b.constant(np.zeros((count,) if count > 1 else ()), "si32")
        return shape, kind, b.op("qnn.dequantize", [acc, scale, zero], (rows, outputs), "f32", "axis = 1 : i64")
    size = 60 / (74 * 74 * np.sqrt(depth))
    one, two = b.requantize(acc, size, "ui8"), b.requantize(acc, size / 3, "ui8")
    return shape, kind, b.op("dyad.concat", [one, two], (rows, 2 * outputs), "ui8", "axis = 1 : i64")


def sequence(b):
    """One spatial axis."""
    channels, outputs, size = b.r.choice([3, 8, 16]), b.r.choice([5, 16, 40]), b.r.randint(6, 40)
    width, stride, left, right = b.r.choice([1, 3, 5]), b.r.randint(1, 2), b.r.randint(0, 2), b.r.randint(0, 2)
    shape, kind = (b.r.choice([1, 2]), channels, size), b.byte()
    operands = [("%x", shape, kind), b.constant(b.n.randint(-127, 128, (outputs, channels, width)), "si8"),
                b.constant(b.n.randint(-3000, 3000, outputs), "si32"), b.zero(kind)]  # fmt: skip
    result = (shape[0], outputs, (size + left + right - width) // stride + 1)
    acc = b.op("dyad.conv", operands, result, "si32",
               f"strides = {i64s(stride)}, dilations = {i64s(1)}, pads = {i64s(left, right)}, groups = 1 : i64")  # fmt: skip
    return shape, kind, b.requantize(acc, 60 / (74 * 74 * np.sqrt(channels * width)), b.byte())


KINDS = [convolution] * 6 + [lambda b: convolution(b, depthwise=True)] * 3 + [linear] * 3 + [
    addition, multiplication, lookup, rescaling, pool, pool, pool, movement, movement, floats, floats, floats,
    lambda b: convolution(b, real=True), lambda b: convolution(b, depthwise=True, real=True), lambda b: linear(b, real=True),
    product, border, border, accumulators, accumulators, sequence, dense, dense]  # fmt: skip


def make_case(seed, folder, tools, chip):
    b = Builder(seed)
    shape, kind, result = KINDS[seed % len(KINDS)](b)
    base = os.path.join(folder, f"case{seed:04d}")
    with open(f"{base}.mlir", "w", encoding="utf8") as file:
        body = "".join(f'  {line} loc("case")\n' for line in b.lines)
        result_type = tensor(result[1], result[2])
        file.write(f"func.func @main(%x: {tensor(shape, kind)}) -> {result_type} {{\n{body}  return {result[0]} : {result_type}\n}}\n")
    runs = 3
    if kind == "f32":
        x = (b.n.standard_normal((runs, *shape)) * 3).astype(np.float32)
        extremes = [0.0, -0.0, 1e30, -1e30, 88.8, -87.4]
        x[-1].flat[: len(extremes)] = extremes[: x[-1].size]
    else:
        x = b.n.randint(0, 256, (runs, *shape)).astype(np.uint8).view(NUMPY[kind])
    np.savez(f"{base}.npz", input_0=x)
    command = [f"{tools}/quantc", f"{base}.mlir", "--quiet", "--allow-float", "--target", f"cuda:{chip}", "-o", f"{base}.so"]
    reference = [f"{tools}/quant-run", f"{base}.mlir", "--interpret", "--inputs", f"{base}.npz", "--outputs", f"{base}.out.npz"]
    for line in (command, reference):
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(line)}\n{done.stderr}")
    os.remove(f"{base}.h")


def run_case(path):
    """Values and how many differ."""
    from model_library import ModelLibrary

    library = ModelLibrary(path)
    context = library.context()
    base = path[: -len(".so")]
    inputs, expected = (next(iter(np.load(f).values())) for f in (f"{base}.npz", f"{base}.out.npz"))
    values = differing = 0
    expected = expected.reshape(len(inputs), *context.outputs[0].shape)
    for x, want in zip(inputs, expected, strict=True):
        context.outputs[0].view(np.uint8).fill(0xA5)
        found = context.run(np.ascontiguousarray(x))[0]
        bits = np.uint32 if want.itemsize == 4 else np.uint8
        wrong = found.view(bits) != np.ascontiguousarray(want).view(bits)
        if want.dtype.kind == "f":
            wrong &= ~(np.isnan(found) & np.isnan(want))  # a NaN's payload is the machine's own
        differing += int(wrong.sum())
        values += want.size
    return values, differing, sorted({kind for _, kind in library.steps()})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["make", "run"])
    parser.add_argument("folder")
    parser.add_argument("--tools", default="build/release/bin")
    parser.add_argument("--count", type=int, default=2 * len(KINDS))
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--chip", default="sm_80")
    options = parser.parse_args()
    if options.command == "make":
        os.makedirs(options.folder, exist_ok=True)
        for seed in range(options.first, options.first + options.count):
            make_case(seed, options.folder, options.tools, options.chip)
        return 0
    from model_library import Unavailable

    total = wrong = 0
    kinds = set()
    for path in sorted(glob.glob(os.path.join(options.folder, "case*.so"))):
        try:
            values, differing, steps = run_case(path)
        except Unavailable as reason:
            print(f"skipped: {reason}")
            return 77
        kinds |= set(steps)
        total, wrong = total + values, wrong + differing
        if differing:
            print(f"{os.path.basename(path)}: {differing} of {values} values differ ({', '.join(steps)})")
    print(f"{total} values of {len(glob.glob(os.path.join(options.folder, 'case*.so')))} cases, {wrong} differ; kernels: {', '.join(sorted(kinds))}")
    return 4 if wrong or not total else 0


if __name__ == "__main__":
    sys.exit(main())
