#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Draws Pareto fronts that writeFrontCsv wrote: `allocation_front.py FRONT.csv... OUT.png`."""

import csv
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402


def main(paths, picture):
    figure, axes = plt.subplots(figsize=(7, 5))
    for path in paths:
        with open(path, newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        axes.step([float(row[0]) for row in rows], [float(row[1]) for row in rows], "o-", where="post", label=path)
        axes.set_xlabel(header[0])
    axes.set_ylabel("loss")
    axes.legend()
    figure.savefig(picture, dpi=120)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(sys.argv[1:-1], sys.argv[-1])
