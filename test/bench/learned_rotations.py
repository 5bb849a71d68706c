# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What learned rotations give: `learned_rotations.py MODEL CALIBRATION EVALUATION OUTPUT [NAME...] [--build DIR] [--set OPTION=VALUE]`.

Weights and activations of 4 bits in groups of 64, rounded to nearest; a row for each way of rotating. SQNR of one output against the float
network, over the runs of EVALUATION, whose arrays learning never sees; the loss of the runs of CALIBRATION that learning holds out.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

BASE = {
    "activations": "row",
    "activation-bits": 4,
    "activation-group": 64,
    "activation-clip": 0.84,
    "weight-format": "int4:g64:sym",
    "weight-search": "mse",
    "weight-rounding": "nearest",
    "rotate": "online",
}
ROWS = {
    "not rotated": {"rotate": "none"},
    "fixed": {},
    "local, R1": {"rotate-learn": "local", "rotate-learn-heads": "false"},
    "local": {"rotate-learn": "local"},
    "mse": {"rotate-learn": "mse"},
    "mse, scales": {"rotate-learn": "mse", "rotate-learn-scales": "true"},
    "mse, cayley": {"rotate-learn": "mse", "rotate-optimizer": "cayley", "rotate-rate": 1.5},
    "kl": {"rotate-learn": "kl"},
    "kl, scales": {"rotate-learn": "kl", "rotate-learn-scales": "true"},
    "kl-top": {"rotate-learn": "kl-top"},
}


def run(*command):
    process = subprocess.run(command, capture_output=True, text=True)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{process.stderr}")


def outputs(build, module, data, name, threads):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "outputs.npz")
        run(os.path.join(build, "bin", "quant-run"), module, "--inputs", data, "--outputs", path, "--threads", threads)
        with np.load(path) as arrays:
            if name not in arrays.files:
                sys.exit(f"expected an output of {', '.join(arrays.files)}, but found {name}")
            return arrays[name].astype(np.float64)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("model", "calibration", "evaluation", "output"):
        parser.add_argument(name)
    parser.add_argument("rows", nargs="*", metavar="NAME", help="; ".join(ROWS))
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--set", action="append", default=[], metavar="OPTION=VALUE", help="for all rows")
    parser.add_argument("--threads", default="1")
    options = parser.parse_intermixed_args()
    for name in options.rows:
        if name not in ROWS:
            parser.error(f"expected one of {'; '.join(ROWS)}, but found {name}")
    print("| rotations | SQNR, dB | loss held out | before | learned in s |\n|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        module, report = os.path.join(folder, "q.mlirbc"), os.path.join(folder, "q.json")

        def compiled(stage, settings):
            settings = [x for setting in settings for x in ("--set", setting)]
            run(os.path.join(options.build, "bin", "quantc"), options.model, "--calibrate", options.calibration, "--to", stage, "--emit", "mlirbc",
                "-o", module, "--report", report, "--quiet", "--threads", options.threads, *settings)  # fmt: skip
            return outputs(options.build, module, options.evaluation, options.output, options.threads)

        expected = compiled("float", [])
        for name in options.rows or ROWS:
            error = compiled("quantized", [f"{key}={value}" for key, value in {**BASE, **ROWS[name]}.items()] + options.set) - expected
            with open(report) as file:
                found = json.load(file)
            learned = found["learned_rotations"]
            losses = [""] * 2 if not learned or learned[0]["by"] == "rows" else [f"{learned[0][key]:.3g}" for key in ("loss", "loss_before")]
            seconds = f"{found['learning_seconds']:.0f}" if learned else ""
            decibels = 10 * np.log10((expected**2).sum() / (error**2).sum())
            print(f"| {name} | {decibels:.2f} | {' | '.join(losses)} | {seconds} |", flush=True)


if __name__ == "__main__":
    main()
