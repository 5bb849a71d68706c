#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Bit allocation against reality: predicted and measured loss and latency of allocations that quantc compiles.

    .venv/bin/python test/bench/allocation_reality.py MODEL OUT [--build DIR] [--samples N] [--runs N] [--widths 4,8]

15 allocations of different size lie on the front of predicted loss, evenly by size; 15 random ones have the same size
(within 1 %). Predictions are sums over layers of losses that quantc measured one layer at a time on calibration data;
measurements compare compiled integer code with compiled float code on evaluation data. Latencies are predicted by a
table of steps inside a library of each width, and measured on whole runs of each allocation's library. Libraries of
widths and of allocations take turns in one process; a second line compares with the table that was made before, which
the machine's load has changed since. OUT receives the tables, result.json, and loss.png and latency.png.
"""

import argparse
import csv
import json
import os
import random
import sys

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "test", "integration")]
from harness import Project, Run, cpu_name  # noqa: E402


def padded(samples, length):
    """Samples of different lengths as one array each, with zeros behind (masks are zero there)."""
    names = samples[0]
    return {
        name: np.concatenate([np.pad(s[name], ((0, 0), (0, length - s[name].shape[1]))) for s in samples])
        for name in names
    }


def write_samples(source, target, count):
    """The first `count` samples of a stack, or of a folder with one file a sample, as one stack."""
    if os.path.isdir(source):
        files = sorted(os.listdir(source))[:count]
        samples = [dict(np.load(os.path.join(source, name))) for name in files]
        np.savez(target, **padded(samples, 128))
        return
    with np.load(source) as arrays:
        np.savez(target, **{name: arrays[name][:count] for name in arrays.files})


def labels_of(problem, choice):
    return [f"{group['name']}={group['candidates'][i]['label']}" for group, i in zip(problem["groups"], choice)]


def front_allocations(path, count):
    """`count` allocations of the front, evenly by size."""
    with open(path, newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    sizes = np.array([float(row[0]) for row in rows])
    wanted = np.linspace(sizes[0], sizes[-1], count)
    chosen = [int(np.abs(sizes - size).argmin()) for size in wanted]
    return [[f"{name}={label}" for name, label in zip(header[2:], rows[i][2:])] for i in chosen]


def random_allocations(problem, resource, target, count, seed):
    """Different random choices whose cost lies in [0.99, 1] of `target`: any start, then random changes towards it."""
    rng = random.Random(seed)
    costs = [[c["costs"][resource] for c in group["candidates"]] for group in problem["groups"]]
    found = []
    while len(found) < count:
        choice = [rng.randrange(len(c)) for c in costs]
        for _ in range(10000):
            total = sum(c[i] for c, i in zip(costs, choice))
            if 0.99 * target <= total <= target:
                if choice not in found:
                    found.append(choice)
                break
            g = rng.randrange(len(costs))
            other = rng.randrange(len(costs[g]))
            if (costs[g][other] > costs[g][choice[g]]) == (total < target):
                choice[g] = other
    return [labels_of(problem, choice) for choice in found]


def draw(path, groups, x_label, y_label, log):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 5))
    for name, x, y in groups:
        axes.plot(x, y, "o", label=name)
    if log:
        axes.set_xscale("log")
        axes.set_yscale("log")
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def print_order(order):
    """Trials that all measure alike have no order."""
    if "spearman" in order:
        print(f"{order['group']:15} {order['loss']}: Spearman {order['spearman']:.3f}, 95 % [{order['low']:.3f}, {order['high']:.3f}]")


def points(trials, metric):
    return [t["predicted_loss"] for t in trials], [t["measured"][metric] for t in trials]


def report_latency(name, trials, key):
    predicted = np.array([t[key] for t in trials]) / 1000
    found = np.array([t["measured_latency"] for t in trials]) / 1000
    error = np.abs(predicted / found - 1)
    print(f"latency, {name}: measured {found.min():.0f}..{found.max():.0f} us, predicted {predicted.min():.0f}.."
          f"{predicted.max():.0f} us; error: median {np.median(error):.1%}, greatest {error.max():.1%}")  # fmt: skip
    return predicted, found


def run(command):
    done = Run(command, timeout=7200)
    print(done.text, flush=True)
    if not done.ok:
        sys.exit(done.code)


class Bench:
    """A model with its data in a folder, and quantc on it."""

    def __init__(self, arguments):
        self.project, self.arguments = Project(arguments.build), arguments
        os.makedirs(arguments.out, exist_ok=True)
        data = arguments.data or os.path.join(self.project.models, "export", arguments.model)
        for kind, count in (("calibration", arguments.calibration), ("evaluation", arguments.samples)):
            source = os.path.join(data, kind)
            write_samples(source if os.path.isdir(source) else source + ".npz", self.at(kind + ".npz"), count)

    def at(self, name):
        return os.path.join(self.arguments.out, name)

    def quantc(self, widths, *options):
        """Runs it with a budget of bits and the sensitivities of the folder, measured the first time."""
        command = [
            self.project.tool("quantc"), os.path.join(self.project.models, "onnx", self.arguments.model + ".onnx"),
            "--calibrate", self.at("calibration.npz"), "--allow-float", "--effective-bits", str(self.arguments.bits),
            "--set", "allocation-widths=" + widths, "--set", f"allocation-runs={self.arguments.runs}",
            "--set", "allocation-loss=" + self.arguments.loss, "--report", self.at("report.json"),
        ]  # fmt: skip
        for option in self.arguments.set:
            command += ["--set", option]
        known = os.path.exists(self.at("sensitivity.json"))
        command += ["--sensitivity" if known else "--save-sensitivity", self.at("sensitivity.json"), *options]
        run(command)

    def allocate(self, widths, *options):
        """The problem that it solved; its fronts are in the folder."""
        self.quantc(widths, "--allocation-report", self.at("front"), *options)
        with open(self.at("front/problem.json"), encoding="utf-8") as file:
            return json.load(file)

    def report(self):
        with open(self.at("report.json"), encoding="utf-8") as file:
            return json.load(file)["allocation"]

    def attempt(self, widths, allocations, *options):
        """What became of each allocation: a list, or lists by name."""
        with open(self.at("trials.json"), "w", encoding="utf-8") as file:
            json.dump(allocations, file)
        self.quantc(widths, "--try-allocations", self.at("trials.json"), "--evaluate", self.at("evaluation.npz"), "--set", "allocation-search=0", *options)
        trials = self.report()["trials"]
        with open(self.at("result.json"), "w", encoding="utf-8") as file:
            json.dump(trials, file, indent=1)
        return trials


def add_arguments(parser):
    parser.add_argument("model", help="name of a development model")
    parser.add_argument("out")
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "release"))
    parser.add_argument("--data", help="folder with the model's exported calibration and evaluation data")
    parser.add_argument("--samples", type=int, default=64, help="evaluation samples")
    parser.add_argument("--calibration", type=int, default=48, help="calibration samples")
    parser.add_argument("--runs", type=int, default=16, help="calibration runs for sensitivities")
    parser.add_argument("--bits", type=float, default=5, help="mean bits of the allocations of equal size")
    parser.add_argument("--loss", default="auto")
    parser.add_argument("--set", action="append", default=[], help="recipe options")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_arguments(parser)
    parser.add_argument("--widths", default="2,3,4,5,6,7,8")
    parser.add_argument("--count", type=int, default=15)
    arguments = parser.parse_args()

    bench = Bench(arguments)
    problem = bench.allocate(arguments.widths, "--save-latency", bench.at("latency.json"))
    budget = next(r["budget"] for r in problem["resources"] if r["name"] == "bits")
    different = front_allocations(bench.at("front/front-size.csv"), arguments.count)
    equal = random_allocations(problem, 0, budget, arguments.count, seed=1)
    trials = bench.attempt(arguments.widths, {"different sizes": different, "equal size": equal}, "--latency", bench.at("latency.json"))

    classes = "divergence" in trials[0]["measured"] and arguments.loss in ("auto", "divergence")
    metric = "divergence" if classes else "noise"
    print(f"{arguments.model}, {cpu_name()}, {arguments.samples} evaluation samples, widths {arguments.widths}")
    for order in bench.report()["orders"]:
        print_order(order)
    groups = [("different sizes", *points(trials[: len(different)], metric)), ("equal size", *points(trials[len(different) :], metric))]
    draw(bench.at("loss.png"), groups, f"predicted {metric}", f"measured {metric}", log=True)
    groups = [("in turns", *report_latency("in turns", trials, "latency_in_turns")),
              ("from the table", *report_latency("from the table", trials, "predicted_latency"))]  # fmt: skip
    draw(bench.at("latency.png"), groups, "predicted us", "measured us", log=False)


if __name__ == "__main__":
    main()
