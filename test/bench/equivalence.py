#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What transforms of channels do to a float model: its outputs by compiled code, and how far channels stand out.

    equivalence.py MODEL.onnx DATA [--build BUILD] [--limit N] [--layers FILE.md] [NAME ...]

DATA is what quantc calibrates with and quant-run reads; of a folder of .npz files, the first N of the most frequent
shapes. NAME selects transforms; each is a pipeline of quant-opt on the float graph; migrations, kept wherever the
algebra of channels lets them through, take their ranges and rows from the same N inputs. Prints Markdown, a row for each transform: how many places it changed and refused; the root mean square
of the difference of an output to the untransformed model's over that of the output, worst of outputs and inputs; and
kurtosis (normal numbers: 3) and max/rms of rows of what linear maps read, median and worst over layers. Then the
reasons of refusals. FILE.md gets the two figures for each layer.
"""

import argparse
import collections
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile

import numpy as np

NORMS = "nn-fold-norms,nn-layer-norm-to-rms"
TRANSFORMS = {
    "R1": NORMS + ",nn-rotate{heads=false max-explicit=2}",
    "R2": "nn-rotate{residual=false}",
    "R3": "qnn-rotate-online{inputs=false heads=false}",
    "R4": "qnn-rotate-online{scores=false heads=false}",
    "heads": "qnn-rotate-online{scores=false inputs=false}",
    "R2 + heads": "nn-rotate{residual=false},qnn-rotate-online{scores=false inputs=false}",
    "all": NORMS + ",nn-rotate{max-explicit=2},qnn-rotate-online",
    "smoothquant": "qnn-migrate{method=smoothquant alpha=0.5 check=false channels=CHANNELS}",
    "os+": "qnn-migrate{method=os+ check=false channels=CHANNELS}",
    "awq": "qnn-migrate{method=awq check=false channels=CHANNELS}",
    "equalize": "qnn-migrate{method=equalize check=false}",
}
BEFORE, AFTER = "raise-nodes-to-nn,func.func(nn-recognize-norms),canonicalize", "lower-nn-to-nodes,canonicalize"
REMARK = re.compile(r"remark: (?:loc\(.*?\): )?(.*)")
DONE = re.compile(r"is rotated:|is rotated at|are rotated|are mixed at|is migrated by")
REFUSED = re.compile(r"is not rotated:|are not rotated:|are not mixed:|keeps its|stays a|is not migrated:|not shifted:")


def run(command):
    process = subprocess.run(command, capture_output=True, text=True)
    if process.returncode:
        sys.exit(f"{' '.join(command)}\n{process.stderr}")
    return process.stderr


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.bin = os.path.join(options.build, "bin")

    def path(self, name):
        return os.path.join(self.folder, name)

    def outputs(self, module):
        """Each float output, a row of values for each run; and the figures of each layer's input."""
        common = ["--inputs", self.options.data, "--threads", self.options.threads, "--limit", str(self.options.limit)]
        run([os.path.join(self.bin, "quant-run"), module, "--outputs", self.path("outputs.npz"), *common])
        run([os.path.join(self.bin, "quant-run"), module, "--outliers", self.path("outliers.json"), *common])
        arrays = np.load(self.path("outputs.npz"))
        floats = {name: arrays[name] for name in arrays.files if arrays[name].dtype.kind == "f"}
        with open(self.path("outliers.json")) as file:
            figures = {each["name"]: each for each in json.load(file)["inputs"]}
        return {k: v.reshape(self.options.limit, -1).astype(np.float64) for k, v in floats.items()}, figures

    def channels(self):
        """Ranges and rows of what linear maps read."""
        target = self.path("channels.npz")
        if not os.path.exists(target):
            command = [os.path.join(self.bin, "quantc"), self.options.model, "--calibrate", self.options.data]
            command += ["--set", "migrate=smoothquant", "--set", "migrate-alpha=0.5", "--set", "migrate-check=none"]
            command += ["--threads", self.options.threads, "--emit", "mlirbc", "--to", "observed", "--quiet"]
            run(command + ["--save-channels", target, "-o", self.path("observed.mlirbc")])
        return target

    def transformed(self, module, pipeline):
        """The transformed module and what the passes say."""
        target = self.path("transformed.mlirbc")
        if "qnn-migrate" in pipeline:  # of the module
            pipeline = pipeline.replace("CHANNELS", self.channels())
        else:
            pipeline = f"func.func({pipeline})"
        text = f"builtin.module({BEFORE},{pipeline},{AFTER})"
        command = [os.path.join(self.bin, "quant-opt"), module, "--emit-bytecode", "-o", target]
        return target, run(command + ["--pass-pipeline=" + text])


def equal_shapes(data, limit, folder):
    """A folder of links to the first files of the shapes that most files have; other data as it is."""
    files = sorted(os.listdir(data)) if os.path.isdir(data) else []
    groups = collections.defaultdict(list)
    for name in (each for each in files if each.endswith(".npz")):
        with np.load(os.path.join(data, name)) as arrays:
            groups[tuple(sorted((key, value.shape) for key, value in arrays.items()))].append(name)
    if not groups:
        return data
    os.mkdir(folder)
    for name in max(groups.values(), key=len)[:limit]:
        os.symlink(os.path.abspath(os.path.join(data, name)), os.path.join(folder, name))
    return folder


def difference(before, after):
    """The worst of runs and outputs."""
    worst = 0.0
    for name, reference in before.items():
        error = np.sqrt(((after[name] - reference) ** 2).sum(1) / (reference**2).sum(1))
        worst = max(worst, error.max())
    return worst


def summary(figures, key):
    values = [each[key] for each in figures.values()]
    return f"{statistics.median(values):.1f} | {max(values):.1f}"


def write_layers(path, tables):
    names = list(next(iter(tables.values())))
    with open(path, "w") as file:
        print("| input | " + " | ".join(f"{t} kurtosis | {t} max/rms" for t in tables) + " |", file=file)
        print("|---" * (1 + 2 * len(tables)) + "|", file=file)
        for name in names:
            cells = [t.get(name) for t in tables.values()]
            text = " | ".join(f"{c['kurtosis']:.2f} | {c['max_to_rms']:.2f}" if c else "- | -" for c in cells)
            print(f"| {name} | {text} |", file=file)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("data")
    parser.add_argument("names", nargs="*", metavar="NAME", help="; ".join(TRANSFORMS))
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--limit", type=int, default=4, help="inputs to run")
    parser.add_argument("--layers", default="")
    parser.add_argument("--threads", default="2")
    options = parser.parse_intermixed_args()
    for name in options.names:
        if name not in TRANSFORMS:
            parser.error(f"expected one of {'; '.join(TRANSFORMS)}, but found {name}")
    with tempfile.TemporaryDirectory() as folder:
        options.data = equal_shapes(options.data, options.limit, os.path.join(folder, "data"))
        bench, module = Bench(options, folder), os.path.join(folder, "float.mlirbc")
        command = [os.path.join(bench.bin, "quantc"), options.model, "--emit", "mlirbc", "--to", "float", "--quiet"]
        run(command + ["--calibrate", options.data, "-o", module])
        before, plain = bench.outputs(module)
        print(f"{os.path.basename(options.model)}, {options.limit} inputs\n")
        print("| transform | changed | refused | relative RMS | kurtosis, median | worst | max/rms, median | worst |")
        print("|---|---|---|---|---|---|---|---|")
        print(f"| none | | | | {summary(plain, 'kurtosis')} | {summary(plain, 'max_to_rms')} |", flush=True)
        tables, reasons = {"none": plain}, {}
        for name in options.names or TRANSFORMS:
            changed, remarks = bench.transformed(module, TRANSFORMS[name])
            said = [each for each in REMARK.findall(remarks) if not each.endswith("rotated already")]
            done, refused = [list(filter(kind.search, said)) for kind in (DONE, REFUSED)]
            reasons[name] = collections.Counter(re.sub(r"'[^']*'", "...", each) for each in refused)
            after, tables[name] = bench.outputs(changed)
            figures = f"{summary(tables[name], 'kurtosis')} | {summary(tables[name], 'max_to_rms')}"
            error = difference(before, after)
            print(f"| {name} | {len(done)} | {len(refused)} | {error:.1e} | {figures} |", flush=True)
    for name, found in reasons.items():
        for reason, count in found.items():
            print(f"\n{name}, {count} times: {reason}")
    if options.layers:
        write_layers(options.layers, tables)


if __name__ == "__main__":
    main()
