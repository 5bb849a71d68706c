# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""float_models.py MODEL.onnx DATA [--samples N] [--runs N] [--save OUT] [--steps N]: float execution against onnxruntime, one thread.

DATA is an .npz whose arrays' leading axis runs over samples (sample i is fed as array[i:i+1]), or a folder with one .npz a sample.
The model is compiled as the file is, sizes of a run included. Printed: max|a - b| / max|b| of every output, the worst of all
samples; median time of a run of the first sample, both sides in turn; with --steps the slowest nodes. --save writes one
output of every sample (the first, or that of --output) for scripts that score it. Exit code 1 where a difference is 1e-3
or more.
"""

import argparse
import os
import statistics
import sys
import time

import numpy as np
import onnxruntime

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BOUND = 1e-3


def samples(path, limit):
    """Feeds, one at a time, and their names."""
    if os.path.isdir(path):
        for name in sorted(os.listdir(path))[:limit]:
            with np.load(os.path.join(path, name)) as arrays:
                yield name, dict(arrays)
        return
    with np.load(path) as file:
        arrays = dict(file)
    for i in range(len(next(iter(arrays.values()))))[:limit]:
        yield str(i), {name: array[i : i + 1] for name, array in arrays.items()}


def difference(a, b):
    if a.shape != b.shape:
        return float("inf")
    if not b.size:
        return 0.0
    if not np.isfinite(b).all():
        return 0.0 if np.array_equal(a, b, equal_nan=True) else float("inf")
    return float(np.abs(a.astype(np.float64) - b).max() / max(np.abs(b.astype(np.float64)).max(), 1e-30))


def medians(model, session, feed, runs):
    ours, theirs = [], []
    for _ in range(runs + 1):  # the first of each warms up
        for times, function in ((ours, lambda: model.run(feed)), (theirs, lambda: session.run(None, feed))):
            start = time.perf_counter()
            function()
            times.append(time.perf_counter() - start)
    return statistics.median(ours[1:]), statistics.median(theirs[1:])


def save(path, batched, name, outputs):
    if batched:
        np.savez(path, **{name: np.concatenate([array for _, array in outputs])})
        return
    os.makedirs(path, exist_ok=True)
    for sample, array in outputs:
        np.savez(os.path.join(path, sample), **{name: array})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("data")
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "release"))
    parser.add_argument("--samples", type=int)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--save")
    parser.add_argument("--output", help="of --save")
    parser.add_argument("--steps", type=int, default=0)
    arguments = parser.parse_args()
    sys.path.insert(0, os.path.join(arguments.build, "python"))
    import quantc.backend

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(arguments.model, options, providers=["CPUExecutionProvider"])
    start = time.perf_counter()
    model = quantc.backend.Model(arguments.model)
    compiled = time.perf_counter() - start
    names = [output.name for output in session.get_outputs()]
    worst, kept, count, first = dict.fromkeys(names, 0.0), [], 0, None
    saved = arguments.output or names[0]
    for sample, feed in samples(arguments.data, arguments.samples):
        first = first or feed
        found, expected = list(model.run(feed)), session.run(names, feed)
        for name, a, b in zip(names, found, expected, strict=True):
            worst[name] = max(worst[name], difference(a, b))
        if arguments.save:
            kept.append((sample, found[names.index(saved)]))
        count += 1
    ours, theirs = medians(model, session, first, arguments.runs)
    if arguments.save:
        save(arguments.save, not os.path.isdir(arguments.data), saved, kept)
    title = os.path.splitext(os.path.basename(arguments.model))[0]
    print(f"{title}: {count} samples, differences " + ", ".join(f"{name or 'unnamed'} {value:.1e}" for name, value in worst.items()))
    print(f"  compiled in {compiled:.1f} s; a run {ours * 1e3:.2f} ms, onnxruntime {theirs * 1e3:.2f} ms, ratio {ours / theirs:.2f}")
    if arguments.steps:
        profiled = quantc.backend.Model(arguments.model, profile=True)
        profiled.run(first)
        before = dict(profiled.profile())
        profiled.run(first)
        for name, seconds in sorted(((n, s - before[n]) for n, s in profiled.profile()), key=lambda step: -step[1])[: arguments.steps]:
            print(f"  {seconds * 1e3:9.3f} ms  {name}")
    sys.exit(max(worst.values()) >= BOUND)


if __name__ == "__main__":
    main()
