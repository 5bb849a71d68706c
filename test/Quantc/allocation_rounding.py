#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Losses of a table with data-driven rounding: others, and in the sum less, than those of nearest codes in the narrowest width."""

import json
import sys


def table(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


nearest, rounded = map(table, sys.argv[1:3])
assert (nearest["rounding"], rounded["rounding"]) == ("nearest", "gptq")
losses = []
for a, b in zip(nearest["layers"], rounded["layers"], strict=True):
    assert a["node"] == b["node"]
    first, second = a["widths"][0], b["widths"][0]
    assert first["weight_error"] == second["weight_error"]
    losses.append((first["noise"], second["noise"]))
assert all(a != b for a, b in losses) and sum(b for _, b in losses) < sum(a for a, _ in losses), losses
