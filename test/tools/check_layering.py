#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks which folder includes which, and the sizes of files and functions: `check_layering.py ROOT`.

A folder may include folders of lower levels and itself. LEVELS is the table of docs/Architecture.md; the longest
prefix of a path decides. Size budgets are those of CONTRIBUTING.md. Exit code 1 when anything is out of order.
"""

import os
import re
import subprocess
import sys

LEVELS = {
    "Runtime": 0, "Support": 0,
    "Numerics": 1,
    "Kernels": 2, "Allocation": 2, "PTQ": 2,
    "Interfaces": 3,
    "Dialect/ONNX/IR": 4, "Dialect/NN/IR": 4, "Dialect/QNN/IR": 4, "Dialect/Dyad/IR": 4, "Dialect/Kern/IR": 4,
    "Dialect/HLS/IR": 4,
    "Dialect/ONNX/Proto": 5, "Dialect/ONNX/Utils": 5, "Analysis": 5, "Calibration": 5,
    "Reference": 6,
    "Dialect/ONNX/Transforms": 7, "Dialect/NN/Transforms": 7, "Dialect/QNN/Transforms": 7,
    "Dialect/Dyad/Transforms": 7, "Dialect/Kern/Transforms": 7, "Dialect/HLS/Transforms": 7,
    "Conversion/ONNXToNN": 7, "Conversion/ONNXToLoops": 7, "Conversion/NNToDyad": 7, "Conversion/NNToONNX": 7, "Conversion/ToKern": 7, "Conversion/KernToLLVM": 7,
    "Conversion/KernToGPU": 7, "Conversion/DyadToHLS": 7,
    "Import": 8, "Export": 8, "Target/CPU": 8, "Target/HLS": 8,
    "Target/LLVM": 9,
    "Execution": 10, "Target/GPU": 10,
    "InitAll.h": 10, "Pipelines": 11,
    "CAPI": 12,
    "tools": 13,
}  # fmt: skip
SAME_LEVEL = {("Dialect/QNN/IR", "Dialect/NN/IR")}
# Folders that generated code sees, or that must stay free of the IR.
NO_MLIR = ("Runtime", "Support", "Numerics", "Kernels", "Allocation", "PTQ", "Calibration")
NO_LLVM = ("Runtime", "Numerics", "Kernels/Native")
PASSES = re.compile(r"Conversion/|Dialect/\w+/Transforms$")
PASS_FREE = ("Import", "Export", "Target/CPU", "Target/GPU", "Target/HLS", "Target/LLVM")  # emitters and readers decide nothing
BUDGETS = {".cpp": 800, ".c": 800, ".h": 400, ".td": 600, ".mlir": 400, "CMakeLists.txt": 150}
FUNCTION_BUDGET = 60
INCLUDE = re.compile(r'^\s*(?:#\s*)?include\s+[<"]([^>"]+)[>"]', re.M)

# Comments, literals and preprocessor lines say nothing about blocks.
NOT_CODE = re.compile(
    r'//[^\n]*|/\*.*?\*/|^[ \t]*#(?:\\\n|[^\n])*|R"(?P<end>[^\s()\\]*)\(.*?\)(?P=end)"|"(?:\\.|[^"\\\n])*"|'
    r"(?<!\w)'(?:\\.|[^'\\\n])+'",
    re.S | re.M,
)
CODE_TOKEN = re.compile(r"[{}();]|[^\s{}();]+")
SCOPE = re.compile(
    r'(?:template .*?> )*(?:(?:static|typedef|inline) )*(?:namespace|class|struct|union|enum|extern "")'
    r"(?:(?! : )[^(])*(?: : .*)?$"  # a base class may have parentheses
)


def component(path):
    """The entry of LEVELS that PATH (below lib/ or include/quantc/) belongs to, or None."""
    parts = path.split("/")
    return next((key for n in range(len(parts), 0, -1) if (key := "/".join(parts[:n])) in LEVELS), None)


def tracked_files(root):
    """Paths that git tracks; every file where ROOT is no repository of its own."""
    if os.path.exists(os.path.join(root, ".git")):
        listing = subprocess.run(["git", "-C", root, "ls-files"], capture_output=True, text=True, check=True).stdout
        return [name for name in listing.splitlines() if os.path.isfile(os.path.join(root, name))]
    return [os.path.relpath(os.path.join(folder, name), root) for folder, _, names in os.walk(root) for name in names]


def include_errors(path, text):
    own = re.sub(r"^(lib|include/quantc)/", "", path)
    source = component(own)
    if source is None:
        yield f"{path}: folder is not in the table of levels"
        return
    for name in INCLUDE.findall(text):
        if name.startswith("mlir/") and source in NO_MLIR:
            yield f"{path}: {source} may not include MLIR, but includes {name}"
        if name.startswith(("llvm/", "mlir/")) and own.startswith(NO_LLVM):
            yield f"{path}: expected nothing of LLVM, but found {name}"
        target = component(name[len("quantc/") :]) if name.startswith("quantc/") else None
        if target in (None, source):
            continue
        if source in PASS_FREE and PASSES.match(target):
            yield f"{path}: {source} may not include passes, but includes {name}"
        elif LEVELS[target] >= LEVELS[source] and (source, target) not in SAME_LEVEL:
            yield f"{path}: {source} (level {LEVELS[source]}) may not include {name} (level {LEVELS[target]})"
        elif source == "Runtime":
            yield f"{path}: Runtime may include nothing of quantc, but includes {name}"


def block_kind(head):
    """What the brace after HEAD, the code since the last statement or block, opens: its kind."""
    if SCOPE.match(head):
        return "scope"
    if "(" not in head or head.endswith("=") or re.search(r"= \[", head):
        return "data"
    # A member initializer, not yet the body.
    return "data" if re.search(r"\) : ", head) and not head.endswith((")", "}")) else "function"


def functions(text):
    """The first line and the number of lines of each function: a block with parentheses before it, outside of others.
    What is nested in a function belongs to it."""
    code = NOT_CODE.sub(lambda m: ('""' if '"' in m.group()[:2] else "") + "\n" * m.group().count("\n"), text)
    blocks, head, first, parentheses = [], "", 0, 0
    line, end = 1, 0
    for token in CODE_TOKEN.finditer(code):
        line, end = line + code.count("\n", end, token.start()), token.start()
        word = token.group()
        if blocks and blocks[-1][0] != "scope":  # inside: only the end counts
            if word in "{}":
                blocks[-1][1] += 1 if word == "{" else -1
            if not blocks[-1][1]:
                kind, _, start, before = blocks.pop()
                head, first = (before + " {}", start) if kind == "data" else ("", 0)
                if kind == "function":
                    yield start, line - start + 1
        elif word == "{":
            kind = "data" if parentheses else block_kind(head)
            blocks.append([kind, 1, first or line, head])
            head, first = "", 0
        elif word == "}" and blocks:
            blocks.pop()
            head, first = "", 0
        elif word == ";" and not parentheses or word in ("public:", "private:", "protected:"):
            head, first = "", 0
        else:
            parentheses += (word == "(") - (word == ")")
            head, first = f"{head} {word}".strip(), first or line


def function_errors(path, text):
    for first, lines in functions(text):
        if lines > FUNCTION_BUDGET:
            yield f"{path}:{first}: a function of {lines} lines, but the budget is {FUNCTION_BUDGET}"


def check(root):
    for path in sorted(tracked_files(root)):
        name, suffix = os.path.basename(path), os.path.splitext(path)[1]
        if name not in BUDGETS and suffix not in BUDGETS:
            continue
        with open(os.path.join(root, path), encoding="utf8", errors="replace") as file:
            text = file.read()
        lines, budget = text.count("\n"), BUDGETS.get(name, BUDGETS.get(suffix))
        if lines > budget:
            yield f"{path}: {lines} lines, but the budget is {budget}"
        if path.startswith(("lib/", "include/", "tools/", "test/")) and suffix in (".cpp", ".c", ".h"):
            yield from function_errors(path, text)
        if path.startswith(("lib/", "include/quantc/", "tools/")) and suffix in (".cpp", ".c", ".h", ".td"):
            yield from include_errors(path, text)


def main():
    errors = list(check(sys.argv[1] if len(sys.argv) > 1 else "."))
    print("\n".join(errors) if errors else "layering and sizes: in order")
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
