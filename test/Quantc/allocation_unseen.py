#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A loss of one run against one of several: the same order of magnitude in every layer's narrowest width."""

import json
import sys


def losses(path):
    with open(path, encoding="utf-8") as file:
        return {layer["node"]: layer["widths"][0]["noise"] for layer in json.load(file)["layers"]}


several, one = map(losses, sys.argv[1:3])
assert several.keys() == one.keys()
for node, loss in several.items():
    assert loss / 30 < one[node] < 30 * loss, (node, loss, one[node])
