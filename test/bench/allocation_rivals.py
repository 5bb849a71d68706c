#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""An allocation against the uniform one and random ones of equal size: top-1 agreement, SQNR and divergence from float.

    .venv/bin/python test/bench/allocation_rivals.py MODEL OUT [--widths 4,8] [--uniform 5] [--count 20]
        [--samples N] [--calibration N] [--set weight-rounding=gptq]

Widths of the allocation come from calibration data; every rival is compiled from the same calibration with the same
recipe, and its integer code compared with float on evaluation data. Prints Markdown; OUT receives the tables and
result.json.
"""

import argparse
import math
import os
import statistics
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__))]
from allocation_reality import Bench, add_arguments, cpu_name, print_order, random_allocations  # noqa: E402


def sqnr(trial):
    return -10 * math.log10(trial["measured"]["noise"])


def print_row(name, trial):
    found = trial["measured"]
    print(f"| {name} | {trial['costs']['bits'] / 8e6:.3f} | {found['agreement']:.4f} | {sqnr(trial):.2f} | {found['divergence']:.4f} |")


def print_of_random(name, choose, trials):
    """Each column by itself: the best agreement and the best SQNR may be two allocations."""
    measured = [trial["measured"] for trial in trials]
    worst_to_best = [
        choose(m["agreement"] for m in measured),
        choose(map(sqnr, trials)),
        -choose(-m["divergence"] for m in measured),
    ]
    size = statistics.median(t["costs"]["bits"] for t in trials) / 8e6
    print(f"| {name} | {size:.3f} | {worst_to_best[0]:.4f} | {worst_to_best[1]:.2f} | {worst_to_best[2]:.4f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_arguments(parser)
    parser.add_argument("--widths", default="4,8", help="of the allocation and the random ones")
    parser.add_argument("--uniform", type=int, default=5, help="width of the uniform rival")
    parser.add_argument("--count", type=int, default=20, help="random rivals")
    arguments = parser.parse_args()

    bench = Bench(arguments)
    widths = sorted({*map(int, arguments.widths.split(",")), arguments.uniform})
    every = ",".join(map(str, widths))
    if not os.path.exists(bench.at("sensitivity.json")):
        bench.quantc(every)
    problem = bench.allocate(arguments.widths)
    budget = next(r["budget"] for r in problem["resources"] if r["name"] == "bits")
    allocated = [f"{node}={label}" for node, label in bench.report()["widths"].items()]
    uniform = [f"{group['name']}=w{arguments.uniform}" for group in problem["groups"]]
    rivals = random_allocations(problem, 0, budget, arguments.count, seed=1)
    trials = bench.attempt(every, {"allocated": [allocated], "random": rivals, "uniform": [uniform]})  # in this order

    print(f"{arguments.model}, {cpu_name()}, {arguments.samples} evaluation samples, {arguments.calibration} for calibration, "
          f"{' '.join(arguments.set)}\n")  # fmt: skip
    print("| widths | MB of codes | top-1 agreement | SQNR dB | divergence |\n|---|---:|---:|---:|---:|")
    print_row(f"allocated, {arguments.widths}", trials[0])
    print_row(f"uniform, {arguments.uniform}", trials[-1])
    for name, choose in (("best", max), ("median", statistics.median), ("worst", min)):
        print_of_random(f"{arguments.count} random, {arguments.widths}: {name}", choose, trials[1:-1])
    for order in bench.report()["orders"]:
        print_order(order)


if __name__ == "__main__":
    main()
