#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""hls_sweep.py MODEL.onnx CALIBRATION OUT [--part xc7z020] [--points 16] [--simulate]: interval against area.

Folds one model for a row of target intervals, writes OUT.csv and OUT.png, and marks the Pareto points (no other point has both
fewer cycles and fewer LUTs). With --simulate every project is compiled, its golden vectors are checked, and the simulated
interval, stalls included, stands beside the estimate. The PNG wants matplotlib; --plot draws it from an OUT.csv that is there.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
QUANTC = os.path.join(ROOT, "build", "release", "bin", "quantc")


def project(args, interval, folder):
    """The report of one folding, or None where it does not fit."""
    command = [QUANTC, args.model, "--recipe", args.recipe, "--calibrate", args.calibration, "--target", f"hls:{args.part}", "-o", folder,
               "--quiet", "--set", f"hls-interval={interval}", "--set", "hls-utilization=100", "--golden", "1"]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode != 0:
        if run.returncode == 2 and ("does not fit" in run.stderr or "every unit reaches" in run.stderr):
            return None
        sys.exit(run.stderr)
    with open(os.path.join(folder, "report.json")) as file:
        return json.load(file)


def simulate(folder):
    subprocess.run(["make", "-s", "csim", "sim"], cwd=folder, check=True, capture_output=True)
    with open(os.path.join(folder, "build", "sim.json")) as file:
        return json.load(file)["interval"]


def mark_pareto(rows):
    for row in rows:
        row["pareto"] = int(not any(
            other["interval"] <= row["interval"] and other["lut_high"] <= row["lut_high"]
            and (other["interval"], other["lut_high"]) != (row["interval"], row["lut_high"]) for other in rows))


def plot(rows, path, title):
    try:
        import matplotlib
    except ImportError:
        sys.exit(f"{path}: not drawn, because matplotlib is not installed; the CSV is written (--plot draws it later)")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.5))
    axes.vlines([r["interval"] for r in rows], [r["lut_low"] for r in rows], [r["lut_high"] for r in rows], color="0.8", zorder=1)
    axes.scatter([r["interval"] for r in rows], [r["lut_high"] for r in rows], color="0.5", s=18, label="folding", zorder=2)
    best = sorted((r for r in rows if r["pareto"]), key=lambda r: r["interval"])
    axes.plot([r["interval"] for r in best], [r["lut_high"] for r in best], "o-", color="C3", ms=5, label="Pareto points", zorder=3)
    axes.set_xscale("log")
    axes.set_xlabel("interval, cycles per frame")
    axes.set_ylabel("estimated LUTs (band; upper end marked)")
    axes.set_title(title)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=130)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("calibration")
    parser.add_argument("out")
    parser.add_argument("--part", default="xczu7ev")
    parser.add_argument("--recipe", default="w8a8-integer")
    parser.add_argument("--points", type=int, default=16)
    parser.add_argument("--simulate", action="store_true")
    parser.add_argument("--plot", action="store_true", help="only draw OUT.png from OUT.csv")
    args = parser.parse_args()
    if args.plot:
        with open(args.out + ".csv", newline="") as file:
            rows = [{k: float(v) for k, v in row.items() if v} for row in csv.DictReader(file)]
        plot(rows, args.out + ".png", f"{os.path.basename(args.model)} on {args.part}")
        return
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        fastest = project(args, 0, folder)
        if fastest is None:
            sys.exit(f"{args.model} does not fit {args.part}")
        target = fastest["interval"]
        for _ in range(args.points):
            report = project(args, target, folder)
            target = int(target * 1.6)
            if report is None:
                continue
            area = report["area"]
            row = {"interval": report["interval"], "latency": report["latency"], "lut_low": area["lut"][0], "lut_high": area["lut"][1],
                   "ff_high": area["ff"][1], "dsp": area["dsp"], "bram18": area["bram18"]}
            if rows and rows[-1]["interval"] == row["interval"]:
                continue
            if args.simulate:
                row["simulated"] = simulate(folder)
                row["error_percent"] = round(100 * (row["interval"] - row["simulated"]) / row["simulated"], 2)
            rows.append(row)
            print(", ".join(f"{k} {v}" for k, v in row.items()), flush=True)
    mark_pareto(rows)
    with open(args.out + ".csv", "w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    plot(rows, args.out + ".png", f"{os.path.basename(args.model)} on {args.part}")


if __name__ == "__main__":
    main()
