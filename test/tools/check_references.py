#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks what the project's text refers to: `check_references.py ROOT`.

Every [NUM-...] label that code cites is a rule of docs/Numerics.md, every pass in a Passes.td names its doctest, and
every test file that a .td or .md file names exists. Exit code 1 when something is missing.
"""

import os
import re
import subprocess
import sys

LABEL = re.compile(r"\[(NUM-[A-Z]+-\d+)\]")
DEFINED = re.compile(r"\*\*\[(NUM-[A-Z]+-\d+)\]")
TEST_FILE = re.compile(r"\btest/[\w/.-]+\.(?:mlir|test|py)\b")
PASS = re.compile(r"^def (\w+)\s*:\s*Pass<(.*?)^}", re.M | re.S)


def check(root):
    listing = subprocess.run(["git", "-C", root, "ls-files"], capture_output=True, text=True, check=True).stdout
    with open(os.path.join(root, "docs", "Numerics.md")) as file:
        defined = set(DEFINED.findall(file.read()))
    if not defined:
        yield "docs/Numerics.md: defines no label"
    for path in listing.splitlines():
        full = os.path.join(root, path)
        if not path.endswith((".td", ".md", ".h", ".cpp", ".c", ".mlir", ".py")) or not os.path.isfile(full):
            continue
        with open(full, encoding="utf8", errors="replace") as file:
            text = file.read()
        for label in sorted(set(LABEL.findall(text)) - defined):
            yield f"{path}: cites [{label}], which docs/Numerics.md does not define"
        if path.endswith((".td", ".md")):
            for name in sorted(set(TEST_FILE.findall(text))):
                if not os.path.exists(os.path.join(root, name)):
                    yield f"{path}: names {name}, which does not exist"
        if os.path.basename(path) == "Passes.td":
            for name, body in PASS.findall(text):
                if not TEST_FILE.search(body):
                    yield f"{path}: {name} names no doctest"


def main():
    errors = list(check(sys.argv[1] if len(sys.argv) > 1 else "."))
    print("\n".join(errors) if errors else "references: in order")
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
