#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Options of `quantc --list-options` and their named values that no code of pages of Markdown holds."""

import re
import sys

with open(sys.argv[1], encoding="utf-8") as listing:
    options = re.findall(r"^([a-z][a-z0-9-]*) \((.*)\)$", listing.read(), re.MULTILINE)
text = ""
for path in sys.argv[2:]:
    with open(path, encoding="utf-8") as page:
        text += page.read()
assert len(options) > 50, options
missing = [name for name, _ in options if f"`{name}`" not in text]
for name, values in options:
    if "|" in values and values != "true|false" and re.fullmatch(r"[a-z0-9+|-]+", values):
        missing += [f"{name}: {value}" for value in values.split("|") if f"`{value}`" not in text]
sys.exit("not documented: " + ", ".join(missing) if missing else 0)
