#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What equalization of weights, absorbed biases and corrected biases do for a classifier in static integer code.

    equalization.py MODEL.onnx DATA [--calibration N] [--samples N] [--set K=V] [--build BUILD] [NAME ...]

DATA holds calibration.npz and evaluation.npz, whose leading axis counts samples. Each row
(NAME, default: all) is one library of 8-bit weights with one scale a tensor, without the equalizations and corrections
that recipe w8a8-integer has, and with what NAME says. Prints Markdown: places equalized and those with biases absorbed,
the part of samples whose first choice is the float model's, SQNR in dB of the outputs, seconds.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PLAIN = ["weight-granularity=tensor", "equalize-depthwise=false", "equalize-residual=false", "bias-correction=0"]
EQUALIZE = ["migrate=equalize", "migrate-check=none"]
OPEN, ABSORB = EQUALIZE + ["migrate-open-clamps=true"], ["migrate-absorb=true"]
CHECKED = ["migrate-check=model"]
MOMENTS, RUNS = ["bias-correction-moments=true"], ["bias-correction=50"]
ROWS = {
    "nothing": [],
    "moments": MOMENTS,
    "runs": RUNS,
    "equalize": EQUALIZE,
    "equalize, open clamps": OPEN,
    "equalize, open clamps, absorb": OPEN + ABSORB,
    "equalize, open clamps, absorb, moments": OPEN + ABSORB + MOMENTS,
    "equalize, open clamps, absorb, runs": OPEN + ABSORB + RUNS,
    "equalize, open clamps, absorb, checked": OPEN + ABSORB + CHECKED,
    "a scale a channel": ["weight-granularity=channel"],
    "a scale a channel, moments": ["weight-granularity=channel"] + MOMENTS,
    "a scale a channel, runs": ["weight-granularity=channel"] + RUNS,
}


def run(command):
    """Seconds; the child's words where it fails."""
    begin = time.monotonic()
    process = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if process.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{process.stderr[-2000:]}")
    return time.monotonic() - begin


def take(source, target, count):
    with np.load(source) as arrays:
        np.savez(target, **{name: value[:count] for name, value in arrays.items()})


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        for name, count in ("calibration", options.calibration), ("evaluation", options.samples):
            take(os.path.join(options.data, name + ".npz"), self.path(name + ".npz"), count)

    def path(self, name):
        return os.path.join(self.folder, name)

    def tool(self, name):
        return os.path.join(self.options.build, "bin", name)

    def answers(self, program):
        common = ["--inputs", self.path("evaluation.npz"), "--threads", self.options.threads]
        run([self.tool("quant-run"), program, *common, "--outputs", self.path("out.npz")])
        with np.load(self.path("out.npz")) as arrays:
            values = next(iter(arrays.values())).astype(np.float64)
            return values.reshape(-1, values.shape[-1])

    def compile(self, arguments):
        command = [self.tool("quantc"), self.options.model, "--calibrate", self.path("calibration.npz")]
        return run(command + ["--threads", self.options.threads, "--quiet", *arguments])

    def floats(self):
        self.compile(["--emit", "mlirbc", "--to", "float", "-o", self.path("float.mlirbc")])
        return self.answers(self.path("float.mlirbc"))

    def row(self, settings):
        """Answers, places kept, biases absorbed, seconds."""
        arguments = ["--recipe", "w8a8-integer", "--report", self.path("report.json"), "-o", self.path("model.so")]
        for setting in PLAIN + self.options.set + settings:
            arguments += ["--set", setting]
        seconds = self.compile(arguments)
        with open(self.path("report.json")) as file:
            sites = (json.load(file)["migration"] or {"sites": []})["sites"]
        kept = [site for site in sites if site["kept"]]
        absorbed = sum(site["greatest_shift"] != 0 for site in kept)
        return self.answers(self.path("model.so")), len(kept), absorbed, seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("data")
    parser.add_argument("names", nargs="*", metavar="NAME", help="; ".join(ROWS))
    parser.add_argument("--calibration", type=int, default=None, help="samples of calibration")
    parser.add_argument("--samples", type=int, default=None, help="samples of evaluation")
    parser.add_argument("--set", action="append", default=[], help="settings of all rows")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "release"))
    options = parser.parse_intermixed_args()
    for name in options.names:
        if name not in ROWS:
            parser.error(f"expected one of {'; '.join(ROWS)}, but found {name}")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, folder)
        reference = bench.floats()
        choices = reference.argmax(1)
        print(f"{os.path.basename(options.model)}, {len(reference)} samples\n")
        print("| | places | absorbed | agreement | SQNR, dB | seconds |\n|---|---|---|---|---|---|", flush=True)
        for name in options.names or ROWS:
            answers, places, absorbed, seconds = bench.row(ROWS[name])
            found = answers.argmax(1)
            db = 10 * np.log10((reference**2).sum() / ((answers - reference) ** 2).sum())
            same = np.mean(found == choices)
            print(f"| {name} | {places} | {absorbed} | {same:.3f} | {db:.2f} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
