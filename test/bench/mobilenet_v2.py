#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Latency of MobileNetV2, batch 1: quantc's library against onnxruntime int8 and fp32, in one run on this machine.

    .venv/bin/python test/bench/mobilenet_v2.py [--build DIR] [--seconds S] [--layers N]

onnxruntime int8: QDQ, u8 activations per tensor, s8 weights per channel, quantized here from 20 images after its own
pre-processing. Contenders take turns in short blocks, so that a slow moment of the machine hits all of them; the table shows the median.
The library is called through its C interface, and its own profile gives the split by layer.
"""

import argparse
import collections
import ctypes
import math
import os
import statistics
import subprocess
import sys
import time

import numpy as np
import onnx

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "test", "integration"), os.path.join(ROOT, "test", "bench")]
from harness import Project, cpu_name, load, measured  # noqa: E402
from model_library import ModelLibrary  # noqa: E402


def onnxruntime_session(model, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def quantize_with_onnxruntime(model, output, images, method):
    """QDQ, u8s8, per channel; `method` is a name of onnxruntime's CalibrationMethod."""
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(quantization.CalibrationDataReader):
        def __init__(self):
            self.feeds = ({"input": image[None]} for image in images)

        def get_next(self):
            return next(self.feeds, None)

    prepared = output + ".prepared.onnx"
    quant_pre_process(model, prepared)
    quantization.quantize_static(
        prepared, output, Reader(), quant_format=quantization.QuantFormat.QDQ, per_channel=True,
        activation_type=quantization.QuantType.QUInt8, weight_type=quantization.QuantType.QInt8,
        calibrate_method=getattr(quantization.CalibrationMethod, method),
    )  # fmt: skip


def take_turns(contenders, seconds):
    """{name: call} -> {name: median seconds of a call}; blocks of 20 calls each in turn.

    Before a block: a pause in which the threads of the one before stop spinning, and two calls that are not timed.
    """
    times = collections.defaultdict(list)
    for call in contenders.values():
        for _ in range(3):
            call()
    end = time.monotonic() + seconds * len(contenders)
    while time.monotonic() < end:
        for name, call in contenders.items():
            time.sleep(0.03)
            call()
            call()
            for _ in range(20):
                start = time.perf_counter()
                call()
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def machine_limits(project, working_set):
    """(8-bit multiply-adds a second, bytes read a second from `working_set` bytes) of one core, measured by machine.c."""
    source, library = os.path.join(ROOT, "test", "bench", "machine.c"), project.path("machine.so")
    subprocess.run(["clang-22", "-O3", "-march=native", "-shared", "-fPIC", "-o", library, source], check=True)
    machine = ctypes.CDLL(library)
    machine.multiply_adds_per_second.restype = machine.bytes_per_second.restype = ctypes.c_double
    buffer = np.zeros(working_set + 64, np.uint8)
    aligned = ctypes.c_void_p(buffer.ctypes.data + -buffer.ctypes.data % 64)
    return machine.multiply_adds_per_second(), machine.bytes_per_second(aligned, ctypes.c_int64(working_set))


class Costs:
    """Multiply-adds and bytes of the nodes of a float model with static shapes, once quantized to 8 bits."""

    def __init__(self, path):
        model = onnx.shape_inference.infer_shapes(onnx.load(path))
        graph = model.graph
        values = [*graph.input, *graph.value_info, *graph.output]
        self.sizes = {v.name: math.prod(d.dim_value or 1 for d in v.type.tensor_type.shape.dim) for v in values}
        self.weights = {w.name: list(w.dims) for w in graph.initializer}
        self.nodes = {node.name: node for node in graph.node}

    def multiply_adds(self, node):
        if node.op_type not in ("Conv", "Gemm", "MatMul"):
            return 0
        weight = self.weights[node.input[1]]
        if node.op_type == "Conv":
            return math.prod(weight[1:]) * self.sizes[node.output[0]]
        return math.prod(weight) * self.sizes[node.input[0]] // self.reduced(node, weight)

    @staticmethod
    def reduced(node, weight):
        """Length of the axis of a matrix product that is summed over."""
        transposed = any(a.name == "transB" and a.i for a in node.attribute)
        return weight[-1] if transposed else weight[-2]

    def of(self, names):
        """(multiply-adds, bytes) of one step: weights and values that enter or leave it, once each."""
        nodes = [self.nodes[name] for name in names if name in self.nodes]
        made = {value for node in nodes for value in node.output}
        read = {value for node in nodes for value in node.input if value and value not in made}
        left = made - {value for node in nodes for value in node.input}
        weights = sum(math.prod(shape) * (1 if len(shape) > 1 else 4) for name, shape in self.weights.items() if name in read)
        activations = sum(self.sizes.get(value, 0) for value in (read | left) if value not in self.weights)
        return sum(self.multiply_adds(node) for node in nodes), weights + activations


def step_costs(steps, times, costs):
    """(multiply-adds, bytes) of each step; of several steps for one node the longest does its work, the others move bytes."""
    longest = {}
    for index in np.argsort(times):
        longest[steps[index][0]] = index
    return [costs.of(name.split(", ")) if longest[name] == index else (0, 0) for index, (name, _) in enumerate(steps)]


def bound(microseconds, multiply_adds, size, limits):
    """What holds a step back: the nearer of the two limits, and how near; under a third of both, neither."""
    if not size:
        return "not counted: moves and converts data around nodes"
    compute, memory = (amount / (microseconds * 1e-6) / limit for amount, limit in zip((multiply_adds, size), limits, strict=True))
    share, name = max((compute, "multiply-adds"), (memory, "bytes"))
    return f"{name}, {share:.0%} of the limit" if share >= 1 / 3 else f"neither ({compute:.0%}, {memory:.0%}): instructions around them"


def print_layers(project, model_path, library, image, count):
    """Where the time goes: medians of 50 profiled runs, by kind of step and for the longest steps, and what bounds each."""
    model = library.context(threads=1, profile=True)
    profiles = []
    for _ in range(50):
        model.run(image)
        profiles.append(model.profile())
    medians = np.median(np.array(profiles), 0) / 1e3
    steps, total = library.steps(), medians.sum()
    limits = machine_limits(project, 1 << 20)  # the model's working set: weights and two activations stay in L2
    amounts = step_costs(steps, medians, Costs(model_path))
    print(f"\n{len(steps)} steps, 1 thread, sum of medians {total / 1e3:.3f} ms; limits of one core: "
          f"{limits[0] / 1e9:.0f} G multiply-adds/s, {limits[1] / 1e9:.0f} GB/s from 1 MiB")  # fmt: skip
    kinds = {}
    for (_, kind), microseconds, amount in zip(steps, medians, amounts, strict=True):
        kinds[kind] = [a + b for a, b in zip(kinds.get(kind, (0, 0, 0)), (microseconds, *amount), strict=True)]
    print("\n| kind | us | share | M multiply-adds | KiB | bound |\n|---|---:|---:|---:|---:|---|")
    for kind, (microseconds, macs, size) in sorted(kinds.items(), key=lambda item: -item[1][0]):
        print(f"| {kind} | {microseconds:.0f} | {microseconds / total:.1%} | {macs / 1e6:.1f} | {size / 1024:.0f} | "
              f"{bound(microseconds, macs, size, limits)} |")  # fmt: skip
    print(f"\n| longest {count} steps | kind | us | share | M multiply-adds | KiB | bound |\n|---|---|---:|---:|---:|---:|---|")
    for index in np.argsort(-medians)[:count]:
        name, kind = steps[index]
        macs, size = amounts[index]
        print(f"| {name} | {kind} | {medians[index]:.0f} | {medians[index] / total:.1%} | {macs / 1e6:.1f} | {size / 1024:.0f} | "
              f"{bound(medians[index], macs, size, limits)} |")  # fmt: skip


def calibration_runs(project, task, folder):
    """{tool: command} that quantizes with percentile observers on 200 images, each tool in a process of its own.

    quantc writes bench.so, onnxruntime ort.percentile.onnx."""
    return {
        "quantc": [project.tool("quantc"), task.model, "--recipe", "w8a8-integer", "--calibrate",
                   os.path.join(folder, "calibration.npz"), "--target", "cpu", "-o", project.path("bench.so")],
        "onnxruntime": [sys.executable, os.path.abspath(__file__), "--only-onnxruntime-percentile", "--build", project.build],
    }  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "release"))
    parser.add_argument("--seconds", type=float, default=8, help="measured time of each contender and thread count")
    parser.add_argument("--layers", type=int, default=20, help="rows of the layer table")
    parser.add_argument("--only-onnxruntime-percentile", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    project = Project(arguments.build)
    project.fetch()
    task, folder = project.task("mobilenet_v2")
    images = load(os.path.join(folder, "calibration.npz"))["input"]
    if arguments.only_onnxruntime_percentile:
        quantize_with_onnxruntime(task.model, project.path("ort.percentile.onnx"), images, "Percentile")
        return
    run, _, _ = measured(calibration_runs(project, task, folder)["quantc"])
    if not run.ok:
        raise SystemExit(str(run))
    int8 = project.path("ort.int8.onnx")
    quantize_with_onnxruntime(task.model, int8, images[:20], "MinMax")
    library = ModelLibrary(project.path("bench.so"))
    print(f"{cpu_name()}, {os.cpu_count()} CPUs, level {library.level()}; batch 1, median\n")
    print("| threads | quantc int8 | onnxruntime int8 | onnxruntime fp32 | quantc / onnxruntime int8 |\n|---:|---:|---:|---:|---:|")
    image = images[:1]
    for threads in (1, 2):
        contenders = {}
        model = library.context(threads)
        contenders["quantc"] = lambda model=model: model.run(image)
        for name, path in (("int8", int8), ("fp32", task.model)):
            session = onnxruntime_session(path, threads)
            contenders[name] = lambda session=session: session.run(None, {"input": image})
        times = take_turns(contenders, arguments.seconds)
        ms = {name: f"{seconds * 1e3:.3f} ms" for name, seconds in times.items()}
        print(f"| {threads} | {ms['quantc']} | {ms['int8']} | {ms['fp32']} | {times['quantc'] / times['int8']:.2f} |", flush=True)
    print_layers(project, task.model, library, image, arguments.layers)


if __name__ == "__main__":
    main()
