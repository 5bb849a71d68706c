#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Agreement of MobileNetV2's integer library with the float model, beside onnxruntime's percentile calibration.

    .venv/bin/python test/bench/accuracy.py [--build DIR] [--resamples N]

Both tools quantize in this run, from the same 200 calibration images, and answer the same 365 evaluation images. The
table gives each one's share of images with the float model's top-1 class, and the time and memory that quantizing took;
below it stand the difference and its 95 % interval by paired bootstrap: images are drawn with replacement, the same ones
for both (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13). onnxruntime needs 13 GB of memory.
"""

import argparse
import os
import sys

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "test", "integration"), os.path.join(ROOT, "test", "bench")]
from harness import Project, Run, cpu_name, load, measured, tasks  # noqa: E402
from mobilenet_v2 import calibration_runs, onnxruntime_session  # noqa: E402


def bootstrap(difference, resamples, seed=0):
    """(mean, 2.5th and 97.5th percentile of the mean over resamples) of paired differences, one an image."""
    rng = np.random.default_rng(seed)
    means = np.array([difference[rng.integers(0, len(difference), len(difference))].mean() for _ in range(resamples)])
    return difference.mean(), *np.percentile(means, [2.5, 97.5])


def show(name, difference, resamples):
    mean, low, high = bootstrap(difference.astype(float), resamples)
    print(f"{name}: quantc - onnxruntime {mean:+.4f}, 95 % interval [{low:+.4f}, {high:+.4f}], {len(difference)} images; "
          f"only quantc agrees on {(difference > 0).sum()}, only onnxruntime on {(difference < 0).sum()}")  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "release"))
    parser.add_argument("--resamples", type=int, default=10000)
    arguments = parser.parse_args()
    project = Project(arguments.build)
    project.fetch()
    task, folder = project.task("mobilenet_v2")
    evaluation = load(os.path.join(folder, "evaluation.npz"))["input"]
    reference = load(os.path.join(folder, "float.npz"))[task.output]

    runs = calibration_runs(project, task, folder)
    measurements = {}
    for name, command in runs.items():
        run, seconds, peak = measured(command)
        if not run.ok:
            raise SystemExit(f"{name}: {run}")
        measurements[name] = seconds, peak
    outputs = {}
    path = project.path("bench.out.npz")
    run = Run([project.tool("quant-run"), project.path("bench.so"), "--inputs", os.path.join(folder, "evaluation.npz"), "--outputs", path])
    if not run.ok:
        raise SystemExit(str(run))
    outputs["quantc"] = load(path)[task.output]
    session = onnxruntime_session(project.path("ort.percentile.onnx"), os.cpu_count())
    outputs["onnxruntime"] = np.concatenate([session.run([task.output], {"input": image[None]})[0] for image in evaluation])

    confident = tasks.softmax(reference).max(1) > 0.5
    agree = {name: logits.argmax(1) == reference.argmax(1) for name, logits in outputs.items()}
    print(f"{cpu_name()}, {os.cpu_count()} CPUs\n")
    print("| MobileNetV2, 200 calibration images | agree | agree where float is sure | quantizing, s | peak MiB |")
    print("|---|---:|---:|---:|---:|")
    for (name, same), (seconds, peak) in zip(agree.items(), measurements.values(), strict=True):
        print(f"| {name} | {same.sum()} of {len(same)} ({same.mean():.4f}) | {same[confident].mean():.4f} of {confident.sum()} | "
              f"{seconds:.1f} | {peak / 2**20:.0f} |")  # fmt: skip
    print()
    difference = agree["quantc"].astype(int) - agree["onnxruntime"].astype(int)
    show("all images", difference, arguments.resamples)
    show("where float is sure", difference[confident], arguments.resamples)


if __name__ == "__main__":
    main()
