#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whole-model tests: `run.py [--build DIR] [--junit FILE] [--full] [MODEL ...]`.

For each model: float code against onnxruntime, quantization to a library, its score, its bytes run after run, and the
integers of every CPU level against the interpreter. --full interprets the float graph of MobileNetV2 on every evaluation
sample instead of a few. Bounds are those of the project's goals, not what was measured.
"""

import argparse
import json
import os
import re
import struct
import sys

import numpy as np
from harness import ROOT, Project, Run, load, machine_levels, measured
from junit import Results
from model_library import ModelLibrary

# Model -> metrics that must be reached, and samples that the interpreter takes of the float graph (None: all).
MODELS = {
    "digits_mlp": ({"acc": 0.966}, None),
    "mnist_cnn": ({"acc": 0.998}, None),
    "mobilenet_v2": ({"agree": 289 / 365, "agree_conf": 0.93}, 8),
}
FLOAT_BOUND = 1e-4  # max|a-b| / max|b|
MEMORY_BOUND = 10**9  # bytes of resident memory that quantizing MobileNetV2 may take


class ModelTests:
    def __init__(self, project, results, model, full):
        self.project, self.results, self.model = project, results, model
        self.bounds, self.samples = MODELS[model]
        self.samples = None if full else self.samples
        self.task, self.folder = project.task(model)
        self.calibration, self.evaluation = (os.path.join(self.folder, f"{n}.npz") for n in ("calibration", "evaluation"))

    def check(self, name, passed, message=""):
        self.results.add(f"{self.model}: {name}", bool(passed), str(message))
        return passed

    def path(self, suffix):
        return self.project.path(f"{self.model}{suffix}")

    def quantc(self, output, *options):
        return [self.project.tool("quantc"), self.task.model, "--recipe", "w8a8-integer", "--calibrate", self.calibration,
                "--target", "cpu", "-o", output, *options]  # fmt: skip

    def quant_run(self, file, inputs, outputs=None, *options):
        return [self.project.tool("quant-run"), file, "--inputs", inputs, *(["--outputs", outputs] if outputs else []),
                *options]  # fmt: skip

    def subset(self):
        """The evaluation samples that the interpreter takes of the float graph, as a file of their own."""
        arrays = {name: array[: self.samples] for name, array in load(self.evaluation).items()}
        np.savez(self.path(".subset.npz"), **arrays)
        return self.path(".subset.npz")

    def extreme_inputs(self, scale, zero_point):
        """Random values, all minimum, all maximum, and ties of the input's quantization."""
        rng = np.random.default_rng(0)
        arrays = {}
        for name, array in load(self.evaluation).items():
            shape = (1, *array.shape[1:])
            low, high = array.min(), array.max()
            ties = (rng.integers(-zero_point, 256 - zero_point, shape) + np.float32(0.5)) * np.float32(scale)
            cases = [rng.uniform(low, high, shape), rng.normal(0, 10 * high, shape), np.full(shape, low),
                     np.full(shape, high), np.full(shape, -1e30), np.full(shape, 1e30), np.zeros(shape), ties]  # fmt: skip
            arrays[name] = np.concatenate(cases).astype(np.float32)
        np.savez(self.path(".extreme.npz"), **arrays)
        return self.path(".extreme.npz")

    def test_float(self):
        """The float graph, compiled in process and interpreted, against onnxruntime."""
        reference = load(os.path.join(self.folder, "float.npz"))[self.task.output]
        for name, inputs, options in (("compiled", self.evaluation, []), ("interpreted", self.subset(), ["--interpret"])):
            run = Run(self.quant_run(self.task.model, inputs, self.path(".float.npz"), *options))
            if not self.check(f"float, {name}, runs", run.ok, "" if run.ok else run):
                continue
            got = load(self.path(".float.npz"))[self.task.output]
            error = np.abs(got - reference[: len(got)]).max() / np.abs(reference).max()
            self.check(f"float, {name}, equals onnxruntime", error < FLOAT_BOUND, f"{len(got)} samples, error {error:.2e}")

    def test_quantize(self):
        """The main job: exit code, certificate, memory, and the same bytes each time."""
        run, seconds, peak = measured(self.quantc(self.path(".so"), "--report", self.path(".json")))
        self.check("quantizes", run.ok, f"{seconds:.1f} s, {peak / 2**20:.0f} MiB" if run.ok else run)
        if not run.ok:
            return False
        print("\n".join(f"    {line}" for line in run.text.strip().splitlines()))
        self.check("summary has at most 20 lines", len(run.text.strip().splitlines()) <= 20)
        with open(self.path(".json")) as file:
            proof = json.load(file)["proof"]
        self.check("certificate: integer-only", proof["integer_only"], proof)
        proved = proof["accumulators_proven"] and proof["accumulators"] > 0 and proof["accumulator_width"] <= 32
        self.check("certificate: all accumulators proved", proved, proof)
        if self.model == "mobilenet_v2":
            self.check("peak memory", peak < MEMORY_BOUND, f"{peak / 2**20:.0f} MiB")
        for name, options in (("again", []), ("with two threads", ["--threads", "2"])):
            os.makedirs(self.project.path("again"), exist_ok=True)  # the same file name: it is the library's soname
            again = self.project.path(os.path.join("again", f"{self.model}.so"))
            other = Run(self.quantc(again, *options))
            same = other.ok and read(self.path(".so")) == read(again)
            self.check(f"the same bytes {name}", same, "" if other.ok else other)
        return True

    def test_score(self):
        outputs = self.path(".out.npz")
        run = Run(self.quant_run(self.path(".so"), self.evaluation, outputs))
        if not self.check("library runs", run.ok, "" if run.ok else run):
            return
        score = self.project.score(self.task, self.folder, outputs)
        for metric, bound in self.bounds.items():
            self.check(f"{metric} >= {bound:.4f}", score[metric] >= round(bound, 4), score)

    def test_levels(self):
        """Interpreter of the integer graph = library of every level the machine has, 1 and 2 threads."""
        module = self.path(".mlirbc")
        run = Run(self.quantc(self.path(".mlirbc"), "--emit", "mlirbc", "--threads", "2"))
        if not self.check("writes the integer graph", run.ok, "" if run.ok else run):
            return
        scale, zero_point = self.input_quantization(module)
        self.check("input has a scale", 0 < scale < 1, f"scale {scale}, zero point {zero_point}")
        sets = {"evaluation": self.evaluation, "extreme": self.extreme_inputs(scale, zero_point)}
        expected = {}
        for name, inputs in sets.items():
            run = Run(self.quant_run(module, inputs, self.path(f".{name}.expected.npz"), "--interpret"))
            if not self.check(f"interpreter runs, {name} inputs", run.ok, "" if run.ok else run):
                return
            expected[name] = load(self.path(f".{name}.expected.npz"))
        for level, available in machine_levels().items():
            if not available:
                self.results.skip(f"{self.model}: {level}", "this machine lacks it")
                continue
            library = self.path(f".{level}.so")
            run = Run(self.quantc(self.path(f".{level}.so"), "--cpu", level, "--threads", "2"))
            if not self.check(f"{level}: compiles", run.ok, "" if run.ok else run):
                continue
            self.check(f"{level}: self-test", *ModelLibrary(library).self_test())
            for threads in (1, 2):
                for name, inputs in sets.items():
                    got = self.outputs(library, inputs, threads)
                    self.check(f"{level}, {threads} threads, {name} inputs: interpreter = library", *equal(got, expected[name]))

    def outputs(self, library, inputs, threads):
        run = Run(self.quant_run(library, inputs, self.path(".level.npz"), "--threads", threads))
        return load(self.path(".level.npz")) if run.ok else str(run)

    def input_quantization(self, module):
        """Scale and zero point of the quantize op on the model's input, from the module's text."""
        text = Run([self.project.tool("quant-opt"), module, "--mlir-elide-elementsattrs-if-larger=16"]).text
        operands = re.search(r"qnn\.quantize %\w+, (%\w+), (%\w+)", text)
        values = []
        for name in operands.groups():
            value = re.search(re.escape(name) + r" = \w+\.constant dense<([^>]+)>", text)[1]
            is_hex = value.startswith("0x")
            values.append(struct.unpack(">f", bytes.fromhex(value[2:]))[0] if is_hex else float(value))
        return values[0], int(values[1])

    def test_strict(self):
        """Integers at the border, no float instruction anywhere in the library."""
        run = Run(self.quantc(self.path(".strict.so"), "--strict", "--io-type", "int8", "--threads", "2"))
        if not self.check("strict int8 library compiles", run.ok, "" if run.ok else run):
            return
        run = Run([sys.executable, os.path.join(ROOT, "test", "tools", "check_no_float.py"), self.path(".strict.so")])
        self.check("strict int8 library computes nothing in float", run.ok, run)

    def all(self):
        self.test_float()
        if self.test_quantize():
            self.test_score()
            self.test_levels()
            self.test_strict()


def read(path):
    with open(path, "rb") as file:
        return file.read()


def equal(got, expected):
    """(all arrays are equal bit for bit, how many values differ)."""
    if isinstance(got, str):
        return False, got
    if got.keys() != expected.keys() or any(got[n].shape != expected[n].shape for n in got):
        return False, f"expected {({n: a.shape for n, a in expected.items()})}, but found {({n: a.shape for n, a in got.items()})}"
    differing = sum(int((got[n].view(np.uint8) != expected[n].view(np.uint8)).any(-1).sum()) for n in got)
    return differing == 0, f"{differing} rows differ of {sum(a.size // a.shape[-1] for a in got.values())}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"of {', '.join(MODELS)}; default: all")
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "release"))
    parser.add_argument("--junit")
    parser.add_argument("--full", action="store_true", help="interpret the float graph on every evaluation sample")
    arguments = parser.parse_args()
    project, results = Project(arguments.build), Results("integration")
    project.fetch()
    for model in arguments.models or MODELS:
        ModelTests(project, results, model, arguments.full).all()
    if arguments.junit:
        results.write(arguments.junit)
    print(f"{len(results.cases) - results.failed} checks passed or not run, {results.failed} failed")
    sys.exit(1 if results.failed else 0)


if __name__ == "__main__":
    main()
