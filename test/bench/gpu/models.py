# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whole models on a GPU: every output value against the interpreter's, then time.

    models.py check LIBRARY.so INPUTS.npz EXPECTED.npz [--steps]
    models.py torch BATCH                   torchvision's MobileNetV2 in fp16, for comparison

INPUTS and EXPECTED have one array for each input and output; the leading axis runs over samples and is cut into runs
of the library's batch. EXPECTED is what `quant-run MODULE --interpret` wrote. --steps prints the slowest steps.
Exit code 4 when a value differs, 77 when there is no GPU.
"""

import argparse
import os
import sys
import time

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from model_library import ModelLibrary, Unavailable


def by_shape(arrays, like):
    """The arrays in the order of `like` (arrays of one run), matched by their trailing shape and type."""
    result, left = [], list(arrays)
    for array in like:
        match = next(a for a in left if a.shape[1:] == array.shape[1:] and a.dtype == array.dtype)
        left = [a for a in left if a is not match]
        result.append(match)
    return result


def compare(library, context, inputs, expected):
    """(runs, values, differing values) over all whole runs."""
    templates = [context.array(library.c.quantc_model_input(i)) for i in range(library.c.quantc_model_input_count())]
    inputs, expected = by_shape(inputs, templates), by_shape(expected, context.outputs)
    batch = templates[0].shape[0]
    runs = values = differing = 0
    samples = min(a.shape[0] for a in inputs + expected)
    for first in range(0, samples - batch + 1, batch):
        for output in context.outputs:
            output.view(np.uint8).fill(0xA5)  # what is not written must not look right
        found = context.run(*[np.ascontiguousarray(a[first : first + batch]) for a in inputs])
        for output, whole in zip(found, expected, strict=True):
            want = np.ascontiguousarray(whole[first : first + batch])
            differing += int((output.view(np.uint32 if want.itemsize == 4 else np.uint8)
                              != want.view(np.uint32 if want.itemsize == 4 else np.uint8)).sum())  # fmt: skip
            values += want.size
        runs += 1
    return runs, values, differing, batch


def time_on_device(library, context, repeats=200):
    """Median seconds of a run whose inputs and outputs are in the GPU's memory, and on the host."""
    import torch

    count = library.c.quantc_model_input_count()
    inputs = [context.array(library.c.quantc_model_input(i)) for i in range(count)]
    for array in inputs:
        array[...] = np.random.default_rng(1).standard_normal(array.shape) if array.dtype.kind == "f" else 7
    there = [torch.from_numpy(a).cuda() for a in inputs]
    outputs = [torch.from_numpy(a).cuda() for a in context.outputs]
    torch.cuda.synchronize()

    def median(function):
        times = []
        for i in range(repeats + 20):
            begin = time.perf_counter()
            function()
            times.append(time.perf_counter() - begin)
        return float(np.median(times[20:]))

    device = median(lambda: context.run_at([t.data_ptr() for t in there], [t.data_ptr() for t in outputs]))
    return device, median(lambda: context.run(*inputs))


def check(options):
    library = ModelLibrary(options.library)
    try:
        context = library.context()
    except Unavailable as reason:
        print(f"{options.library}: skipped: {reason}")
        return 77
    inputs = list(np.load(options.inputs).values())
    expected = list(np.load(options.expected).values())
    runs, values, differing, batch = compare(library, context, inputs, expected)
    print(f"{options.library}: {library.level()}, batch {batch}: {values} values of {runs} runs, {differing} differ")
    print("  self-test:", library.self_test()[1])
    device, host = time_on_device(library, context)
    print(f"  {device * 1e6:.1f} us a run with data on the GPU ({batch / device:.0f} samples/s), "
          f"{host * 1e6:.1f} us with data on the host ({batch / host:.0f} samples/s)")  # fmt: skip
    if options.steps:
        profiled = library.context(profile=True)
        arrays = [a[:batch] for a in by_shape(inputs, [profiled.array(library.c.quantc_model_input(0))])]
        times = np.median([(profiled.run(*map(np.ascontiguousarray, arrays)), profiled.profile())[1] for _ in range(20)], axis=0)
        steps = sorted(zip(times, library.steps(), strict=True), key=lambda s: -s[0])
        print(f"  {len(steps)} steps, {times.sum() / 1e3:.1f} us in all; the slowest:")
        for ns, (name, kind) in steps[: options.steps]:
            print(f"  {ns / 1e3:8.1f} us  {kind:16} {name[:90]}")
    return 4 if differing or not runs else 0


def time_torch(batch):
    import torch
    import torchvision

    model = torchvision.models.mobilenet_v2().eval().half().cuda().to(memory_format=torch.channels_last)
    x = torch.randn(batch, 3, 224, 224, device="cuda", dtype=torch.float16).to(memory_format=torch.channels_last)

    def graphed(function):
        with torch.no_grad():
            side = torch.cuda.Stream()
            with torch.cuda.stream(side):
                for _ in range(5):
                    function(x)
            torch.cuda.synchronize()
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                function(x)
        times = []
        for _ in range(120):
            begin = time.perf_counter()
            graph.replay()
            torch.cuda.synchronize()
            times.append(time.perf_counter() - begin)
        return float(np.median(times[20:]))

    folded = torch.fx.experimental.optimization.fuse(model.float()).half().to(memory_format=torch.channels_last)
    forms = [("eager", model.half()), ("batch norm folded", folded), ("batch norm folded, torch.compile", torch.compile(folded))]
    for name, form in forms:
        seconds = graphed(form)
        print(f"torch {torch.__version__} fp16 MobileNetV2, batch {batch}, {name}, CUDA graph: {seconds * 1e6:.1f} us ({batch / seconds:.0f} images/s)")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    sub = commands.add_parser("check")
    for name in ("library", "inputs", "expected"):
        sub.add_argument(name)
    sub.add_argument("--steps", type=int, default=0)
    commands.add_parser("torch").add_argument("batch", type=int)
    options = parser.parse_args()
    if options.command == "torch":
        import torch.fx.experimental.optimization

        return time_torch(options.batch)
    return check(options)


if __name__ == "__main__":
    sys.exit(main())
