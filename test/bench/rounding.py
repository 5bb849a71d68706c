#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Integer libraries of an image classifier in several recipes against the float model: top-1 agreement, SQNR, time and memory.

    rounding.py MODEL.onnx DATA [--build BUILD] [--threads N] [--limit N] [--set OPTION=VALUE] [NAME ...]

DATA holds calibration.npz and evaluation.npz, one input each, samples along the first axis. The reference is the model in
onnxruntime. Every row is a library that quantc compiles from the calibration data and quant-run runs on the evaluation
data. NAME selects rows; --set goes to every row. Prints Markdown.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time

import numpy as np

W4 = ["weight-bits=4"]
W3 = ["weight-bits=3"]
MIXED = ["effective-bits=5", "allocation-widths=4,8"]
ROWS = {
    "w8a8 nearest": ("w8a8-integer", []),
    "w8a8 accurate": ("w8a8-accurate", []),
    "w4a8 nearest": ("w8a8-integer", W4),
    "w4a8 mse": ("w8a8-integer", [*W4, "weight-rounding=mse"]),
    "w4a8 gptq": ("w8a8-integer", [*W4, "weight-rounding=gptq"]),
    "w4a8 gptaq": ("w4a8-integer", []),
    "w4a8 adaround": ("w8a8-integer", [*W4, "weight-rounding=adaround"]),
    "w4a8 autoround": ("w8a8-integer", [*W4, "weight-rounding=autoround"]),
    "w4a8 brecq": ("w8a8-integer", [*W4, "weight-rounding=brecq"]),
    "w5a8 gptq": ("w8a8-integer", ["weight-bits=5", "weight-rounding=gptq"]),
    "w5a8 gptaq": ("w8a8-integer", ["weight-bits=5", "weight-rounding=gptaq"]),
    "mixed gptq": ("w8a8-integer", ["weight-rounding=gptq", *MIXED]),
    "mixed gptaq": ("w8a8-integer", ["weight-rounding=gptaq", *MIXED]),
    "w3a8 nearest": ("w8a8-integer", W3),
    "w3a8 gptaq": ("w8a8-integer", [*W3, "weight-rounding=gptaq"]),
    "w3a8 adaround": ("w8a8-integer", [*W3, "weight-rounding=adaround"]),
    "w3a8 autoround": ("w8a8-integer", [*W3, "weight-rounding=autoround"]),
}


def measured(command):
    """Seconds, and peak MiB of the process."""
    begin = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"{' '.join(command)}\n{errors}")
    return time.monotonic() - begin, usage.ru_maxrss / 1024


def reference_of(model, samples):
    import onnxruntime

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return np.concatenate([session.run(None, {name: sample[None]})[0] for sample in samples])


class Bench:
    def __init__(self, arguments, folder):
        self.arguments, self.folder = arguments, folder
        with np.load(os.path.join(arguments.data, "evaluation.npz")) as archive:
            (self.input,) = archive.files
            samples = archive[self.input][: arguments.limit]
        self.evaluation = os.path.join(folder, "evaluation.npz")
        np.savez(self.evaluation, **{self.input: samples})
        self.reference = reference_of(arguments.model, samples)

    def row(self, recipe, settings):
        """(agreement, SQNR in dB, seconds, MiB) of a compilation."""
        tool = lambda name: os.path.join(self.arguments.build, "bin", name)  # noqa: E731
        path = lambda name: os.path.join(self.folder, name)  # noqa: E731
        command = [tool("quantc"), self.arguments.model, "--recipe", recipe, "--threads", str(self.arguments.threads),
                   "--calibrate", os.path.join(self.arguments.data, "calibration.npz"), "--target", "cpu",
                   "-o", path("row.so"), "--quiet"]  # fmt: skip
        for setting in [*settings, *self.arguments.set]:
            command += ["--set", setting]
        seconds, memory = measured(command)
        measured([tool("quant-run"), path("row.so"), "--inputs", self.evaluation, "--outputs", path("row.npz")])
        with np.load(path("row.npz")) as archive:
            found = archive[archive.files[0]].reshape(self.reference.shape)
        agreement = (found.argmax(1) == self.reference.argmax(1)).mean()
        sqnr = 10 * np.log10((self.reference**2).sum() / ((found - self.reference) ** 2).sum())
        return agreement, sqnr, seconds, memory


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("data")
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--limit", type=int, help="evaluation samples; default all")
    parser.add_argument("--set", action="append", default=[], help="a recipe option for every row")
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_intermixed_args()
    unknown = [name for name in arguments.names if name not in ROWS]
    if unknown:
        parser.error(f"expected rows of {', '.join(ROWS)}, but found {', '.join(unknown)}")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(arguments, folder)
        print(f"{len(bench.reference)} samples\n")
        print("| row | top-1 agreement | SQNR dB | seconds | peak MiB |\n|---|---:|---:|---:|---:|", flush=True)
        for name in arguments.names or ROWS:
            agreement, sqnr, seconds, memory = bench.row(*ROWS[name])
            print(f"| {name} | {agreement:.4f} | {sqnr:.2f} | {seconds:.0f} | {memory:.0f} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
