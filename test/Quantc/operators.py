# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""operators.py PAGE [--list]: questions to the table of operators that `quantc --list-ops` prints.

Are all ops of the installed ONNX listed, and are a listed op's opsets all that the standard has from 7 on? Has each row a test that runs
it? For the float path that is one of ONNX's node tests that is in scope and known to pass in some mode (test/conformance), or a case of
our own: a name that a script or module of test/Conversion/ONNXToLoops gives to a node. For the integer path it is a node in
test/Conversion/ONNXToNN, or a node test. What is listed below as an exception has to be one. With --list: the tests of each row.
"""

import ast
import collections
import glob
import os
import re
import sys

import onnx
from onnx import defs

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "test", "conformance"))
import run as conformance  # noqa: E402

# Rows without a test, with the reason.
UNTESTED = {}
# Ops of the default domain that the standard does not have.
FOREIGN = {"SimplifiedLayerNormalization"}
# Versions of an op that the float path refuses, with the reason.
OLD_FORMS = {}


def rows(page):
    """{domain: {op: (integer, its opsets and limits, float, its opsets and limits)}}; a section may be of several domains."""
    table, domains = collections.defaultdict(dict), []
    for line in page.splitlines():
        if line.startswith("## "):
            domains = ["" if name == "ai.onnx" else name for name in line[3:].split(", ")]
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) == 5 and cells[0] != "Op" and not cells[0].startswith("---"):
            for domain in domains:
                table[domain][cells[0]] = tuple(cells[1:])
    return table


def node_tests():
    """{op: [case]} of node tests that pass in at least one mode."""
    known, found = conformance.known_failures(), collections.defaultdict(list)
    folder = os.path.join(os.path.dirname(onnx.__file__), "backend", "test", "data", "node")
    for name in sorted(os.listdir(folder)):
        model = conformance.model_of(name)
        failing = all((mode, name) in known for mode in conformance.MODES)
        if conformance.scope(name, model) or failing:
            continue
        graphs = [model.graph]
        while graphs:
            for node in graphs.pop().node:
                found[node.domain, node.op_type].append(name)
                graphs += [a.g for a in node.attribute if a.type == onnx.AttributeProto.GRAPH]
    return found


def own_tests(folder):
    """{op: [file]} of the files under a folder of tests. Python: a string that is the first argument of a call, or alone in a list."""
    found = collections.defaultdict(set)
    for path in glob.glob(os.path.join(ROOT, "test", folder, "**", "*"), recursive=True):
        name = os.path.relpath(path, ROOT)
        if path.endswith(".mlir"):
            with open(path, encoding="utf-8") as file:
                for domain_op in re.findall(r'onnx\.node "([\w.]+)"', file.read()):
                    found[domain_op.rpartition(".")[2]].add(name)
        elif path.endswith(".py"):
            with open(path, encoding="utf-8") as file:
                for node in ast.walk(ast.parse(file.read())):
                    if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"[A-Z]\w+", node.value):
                        found[node.value].add(name)
    return found


def ranges(text):
    """[(first, last)] of the opsets that a cell begins with."""
    found = []
    for part in text.split(";")[0].split(","):
        if match := re.fullmatch(r"\s*(\d+)-(\d+)", part):
            found.append((int(match[1]), int(match[2])))
    return found


def check_standard(table):
    problems = []
    versions = collections.defaultdict(set)
    for schema in defs.get_all_schemas_with_history():
        versions[schema.domain, schema.name].add((schema.since_version, schema.deprecated))
    for (domain, op), since in sorted(versions.items()):
        if domain in ("ai.onnx.ml", "ai.onnx.preview.training"):
            continue
        if op not in table[domain]:
            problems.append(f"{domain or 'ai.onnx'} {op}: the standard has it, the table does not")
            continue
        taken = ranges(table[domain][op][3])
        for version, deprecated in sorted(since):
            newer = [v for v, _ in since if v > version]
            last = min(newer) - 1 if newer else defs.onnx_opset_version() if domain == "" else version
            if domain or deprecated or last < 7 or table[domain][op][2] == "-" or (op, version) in OLD_FORMS:
                continue
            if not any(first <= max(version, 7) and last <= end for first, end in taken):
                problems.append(f"{op}: the float path does not take all of opsets {max(version, 7)} to {last}")
    for op in table[""]:
        if ("", op) not in versions and op not in FOREIGN:
            problems.append(f"{op}: the table has it, the standard does not")
    return problems


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        table = rows(file.read())
    problems = check_standard(table)
    nodes, floats, integers = node_tests(), own_tests("Conversion/ONNXToLoops"), own_tests("Conversion/ONNXToNN")
    counts = collections.Counter()
    for domain, ops in table.items():
        for op, (integer, integer_limits, floating, _) in ops.items():
            name = f"{domain}.{op}" if domain else op
            if "?" in integer or ("nn." in integer and not integer_limits):
                problems.append(f"{name}: lib/Pipelines/Operators.def and the conversion table do not fit each other: '{integer}', '{integer_limits}'")
            for path, cell, own in (("integer", integer, integers), ("float", floating, floats)):
                tests = nodes.get((domain, op), []) + sorted(own.get(op, []))
                if cell == "-" or (path == "integer" and not integer_limits):
                    continue
                counts[path] += 1
                counts[path, "tested"] += bool(tests)
                if "--list" in sys.argv:
                    print(f"{path} {name}: {len(tests)} {' '.join(tests[:4])}")
                if bool(tests) == (name in UNTESTED):
                    problems.append(f"{name} ({path} path): " + ("has tests: " + tests[0] if tests else "nothing tests it"))
    for problem in problems:
        print(problem)
    print(f"float path: {counts['float', 'tested']} of {counts['float']} rows are tested; integer path: "
          f"{counts['integer', 'tested']} of {counts['integer']}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
