#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whole models as HLS projects: `hls.py [--build DIR] [--junit FILE] [--full]`.

Each project's testbench compares every beat with the interpreter's integers, on the whole evaluation set and on extreme
inputs, under g++ and clang++; the lint finds nothing; interval and latency of the simulated clock are within 5 % of the
estimate; no beat is left in a stream and nothing deadlocks (the testbench fails otherwise). Small networks at 8 bits, some
frames of them under the address and undefined-behaviour sanitizers, and the mutations: of a network without windows, and of
one with windows, forks and a residual. --full adds 4-bit and mixed widths, all frames under the sanitizers, and MobileNetV2
on 20 images.
"""

import argparse
import json
import os
import re
import sys
import tempfile

import numpy as np
from harness import ROOT, Project, Run, load
from junit import Results

MIXED = "node-bits=Conv_1=w6a8,Conv_4=w3a5,Gemm_8=w2a4,Gemm_10=w8a6"
# Name -> (model, part, options of quantc, evaluation samples; None: all). The second list is for --full.
SMALL = {
    "digits_mlp": ("digits_mlp", "xc7z020", (), None),
    "mnist_cnn": ("mnist_cnn", "xc7z020", (), None),
}
LARGE = {
    "mnist_cnn W4A4": ("mnist_cnn", "xc7z020", ("--set", "weight-bits=4", "--set", "activation-bits=4"), None),
    "mnist_cnn mixed": ("mnist_cnn", "xc7z020", ("--set", MIXED), None),
    "mobilenet_v2": ("mobilenet_v2", "xcvu9p", (), 20),
}
CYCLE_BOUND = 0.05  # |estimate - simulation| / simulation
SANITIZED_FRAMES = 12  # without --full: the extreme inputs, which are 10, and some of the data

sys.path.append(os.path.join(ROOT, "test", "Quantc"))
import hls_cycles  # noqa: E402


class ProjectTest:
    def __init__(self, project, results, name, case, full):
        self.project, self.results, self.name, self.full = project, results, name, full
        self.model, self.part, self.options, self.samples = case
        self.folder = project.path("hls." + re.sub(r"\W", "_", name))
        self.task, self.data = project.task(self.model)

    def check(self, name, passed, message=""):
        self.results.add(f"{self.name}, hls: {name}", bool(passed), str(message))
        return passed

    def evaluation(self):
        """(file of the evaluation samples, how many)."""
        path = os.path.join(self.data, "evaluation.npz")
        arrays = {name: array[: self.samples] for name, array in load(path).items()}
        count = len(next(iter(arrays.values())))
        if self.samples is not None:
            path = self.project.path("hls.subset.npz")
            np.savez(path, **arrays)
        return path, count

    def generate(self):
        path, self.count = self.evaluation()
        run = Run([self.project.tool("quantc"), self.task.model, "--recipe", "w8a8-integer", "--calibrate",
                   os.path.join(self.data, "calibration.npz"), "--target", f"hls:{self.part}", "--golden", "-1",
                   "--golden-data", path, *self.options, "-o", self.folder])  # fmt: skip
        return self.check("writes a project", run.ok, "" if run.ok else run)

    def make(self, *arguments):
        return Run(["make", "-C", self.folder, *arguments], timeout=1800)

    def compare(self, target, compiler):
        self.make("clean")
        run = self.make(target, f"CXX={compiler}")
        found = re.search(r"(\d+) frames, \d+ beats, (\d+) mismatches", run.text)
        frames, mismatches = (int(found[1]), int(found[2])) if found else (0, -1)
        passed = run.ok and mismatches == 0 and frames >= self.count
        self.check(f"{target}, {compiler}: every beat equals the interpreter's", passed,
                   f"{frames} frames, {mismatches} mismatches" if found else run)  # fmt: skip

    def cycles(self):
        run = self.make("sim", "FRAMES=3")
        if not self.check("simulated clock runs to its end", run.ok, "" if run.ok else run):
            return
        with open(os.path.join(self.folder, "build", "sim.json")) as file:
            simulated = json.load(file)
        with open(os.path.join(self.folder, "report.json")) as file:
            report = json.load(file)
        for name, estimate, found in [("interval", report["interval"], simulated["interval"]),
                                      ("latency", report["latency"], simulated["frame_end"][0])]:  # fmt: skip
            error = abs(estimate - found) / found
            self.check(f"cycles, {name}", error <= CYCLE_BOUND, f"{found} simulated, {estimate} estimated, {error:.2%} off")

    def sanitize(self):
        """The first frames; all of them take minutes."""
        program = os.path.join("build", "csim-sanitize")
        run = self.make(program, "CXX=clang++-22")
        if run.ok:
            run = Run([os.path.join(self.folder, program), "--golden=" + os.path.join(self.folder, "tb", "golden"),
                       f"--frames={SANITIZED_FRAMES}"], timeout=1800)  # fmt: skip
        passed = run.ok and f"{SANITIZED_FRAMES} frames" in run.text and " 0 mismatches" in run.text
        self.check("clean under the sanitizers, clang++-22", passed, run)

    def all(self):
        if not self.generate():
            return
        self.compare("csim", "clang++-22")
        self.compare("csim", "g++")
        self.cycles()
        run = self.make("lint")
        self.check("lint", run.ok and "0 findings" in run.text, run)
        if self.full:
            self.compare("sanitize", "g++")
        self.sanitize()


def mutations(results, name, folder):
    run = Run([sys.executable, os.path.join(ROOT, "test", "integration", "hls_mutations.py"), folder], timeout=1800)
    results.add(f"{name}, hls: every mutation is found", run.ok, run.text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "release"))
    parser.add_argument("--junit")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join([*SMALL, *LARGE])}")
    arguments = parser.parse_args()
    project, results = Project(arguments.build), Results("hls")
    project.fetch()
    cases = SMALL | LARGE if arguments.full or arguments.names else SMALL
    for name in arguments.names or cases:
        test = ProjectTest(project, results, name, cases[name], arguments.full)
        test.all()
        if name == "digits_mlp":
            mutations(results, name, test.folder)
            with tempfile.TemporaryDirectory() as folder:
                mutations(results, "residual", hls_cycles.write_project(project.tool("quantc"), hls_cycles.residual, folder))
    if arguments.junit:
        results.write(arguments.junit)
    print(f"{len(results.cases) - results.failed} checks passed or not run, {results.failed} failed")
    sys.exit(1 if results.failed else 0)


if __name__ == "__main__":
    main()
