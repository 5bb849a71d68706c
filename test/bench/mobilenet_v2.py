#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Latency of MobileNetV2, batch 1: quantc's library against onnxruntime int8 and fp32, in one run on this machine.

    .venv/bin/python test/bench/mobilenet_v2.py [--build DIR] [--seconds S] [--layers N] [--calibration]

onnxruntime int8: QDQ, u8 activations per tensor, s8 weights per channel, quantized here from 20 images after its own
pre-processing. Contenders take turns in short blocks, so that a slow moment of the machine hits all of them; the table shows the median.
The library is called through its C interface, and its own profile gives the split by layer. --calibration also compares
the time to quantize with percentile observers on 200 images.
"""

import argparse
import collections
import ctypes
import os
import statistics
import sys
import time

import numpy as np

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


def print_layers(library, image, count):
    """Where the time goes: medians of 50 profiled runs, by kind of step and for the longest steps."""
    model = library.context(threads=1, profile=True)
    profiles = []
    for _ in range(50):
        model.run(image)
        profiles.append(model.profile())
    medians = np.median(np.array(profiles), 0) / 1e3
    steps, total = library.steps(), medians.sum()
    kinds = collections.Counter()
    for (_, kind), microseconds in zip(steps, medians, strict=True):
        kinds[kind] += microseconds
    print(f"\n{len(steps)} steps, 1 thread, sum of medians {total / 1e3:.3f} ms")
    print("\n| kind | us | share |\n|---|---:|---:|")
    for kind, microseconds in kinds.most_common():
        print(f"| {kind} | {microseconds:.0f} | {microseconds / total:.1%} |")
    print(f"\n| longest {count} steps | kind | us | share |\n|---|---|---:|---:|")
    for index in np.argsort(-medians)[:count]:
        name, kind = steps[index]
        print(f"| {name} | {kind} | {medians[index]:.0f} | {medians[index] / total:.1%} |")


def print_calibration(project, task, folder):
    """Time and memory to quantize with percentile observers on 200 images, each tool in a process of its own."""
    rows = []
    command = [project.tool("quantc"), task.model, "--recipe", "w8a8-integer", "--calibrate",
               os.path.join(folder, "calibration.npz"), "--target", "cpu", "-o", project.path("bench.so")]  # fmt: skip
    rows.append(("quantc, to the library", *measured(command)[1:]))
    command = [sys.executable, os.path.abspath(__file__), "--only-onnxruntime-percentile", "--build", project.build]
    rows.append(("onnxruntime percentile, to QDQ ONNX", *measured(command)[1:]))
    print("\n| quantizing with 200 images | seconds | peak MiB |\n|---|---:|---:|")
    for name, seconds, peak in rows:
        print(f"| {name} | {seconds:.1f} | {peak / 2**20:.0f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "release"))
    parser.add_argument("--seconds", type=float, default=8, help="measured time of each contender and thread count")
    parser.add_argument("--layers", type=int, default=20, help="rows of the layer table")
    parser.add_argument("--calibration", action="store_true")
    parser.add_argument("--only-onnxruntime-percentile", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    project = Project(arguments.build)
    project.fetch()
    task, folder = project.task("mobilenet_v2")
    images = load(os.path.join(folder, "calibration.npz"))["input"]
    if arguments.only_onnxruntime_percentile:
        quantize_with_onnxruntime(task.model, project.path("ort.percentile.onnx"), images, "Percentile")
        return
    command = [project.tool("quantc"), task.model, "--recipe", "w8a8-integer", "--calibrate",
               os.path.join(folder, "calibration.npz"), "--target", "cpu", "-o", project.path("bench.so")]  # fmt: skip
    run, _, _ = measured(command)
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
    print_layers(library, image, arguments.layers)
    if arguments.calibration:
        print_calibration(project, task, folder)


if __name__ == "__main__":
    main()
