#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""lint.py PROJECT: whether the sources stay inside the subset of C++ that synthesis takes.

In all of qhls/*.h, defines.h, weights/*.h and top.cpp: no exceptions, virtuals, allocation, recursion-prone constructs, floats
or standard containers; every loop has a constant trip count of the form `for (int i = 0; i < BOUND; ++i)`; pragmas stand first
in the body that they are about. In top.cpp: every stream is declared once with a depth, written once and read once, and stands
in the order of processes. In the weights: ROMs hold as many values as their dimensions say, each inside its element type.
Exit code 1 when anything is found; one line each.
"""

import os
import re
import sys

BANNED = [
    (r"\bnew\b|\bdelete\b|\bmalloc\b|\bfree\b", "dynamic allocation"),
    (r"\bthrow\b|\btry\b|\bcatch\b", "exceptions"),
    (r"\bvirtual\b|\bdynamic_cast\b|\btypeid\b", "run-time types"),
    (r"\bstd::(vector|string|map|function|queue|deque|list)\b", "a standard container"),
    (r"\bdouble\b|\bfloat\b", "floating point"),
    (r"\bwhile\b|\bdo\s*\{|\bgoto\b", "a loop without a trip count"),
]
LOOP = re.compile(r"\bfor\s*\(")
COUNTED = re.compile(r"\bfor\s*\(\s*int\s+(\w+)\s*=\s*0\s*;\s*(?:\1\s*<|\1\s*\+\s*1\s*<)\s*[^;]+;\s*\+\+\1\s*\)")
BODY_PRAGMA = re.compile(r"\bQHLS_(PIPELINE|UNROLL)\s*\(\s*\)")
UNIT = re.compile(r"qhls::(\w+)(?:<([^()]*)>)?\(([^;]*)\);")
INTERNAL = ("config.h", "border.h")  # spelling of pragmas; host code


class Lint:
    def __init__(self, root):
        self.root = root
        self.found = []

    def read(self, name):
        with open(os.path.join(self.root, name)) as file:
            return file.read()

    def report(self, name, text, position, message):
        self.found.append(f"{name}:{text.count(chr(10), 0, position) + 1}: {message}")

    def subset(self, name):
        text = strip_comments_keep_lines(self.read(name))
        for pattern, message in BANNED:
            for match in re.finditer(pattern, text):
                self.report(name, text, match.start(), f"expected none of {message}, but found '{match.group()}'")
        for match in LOOP.finditer(text):
            counted = COUNTED.match(text, match.start())
            if not counted:
                self.report(name, text, match.start(), "expected a loop from 0 to a constant in steps of 1")
                continue
            bound = re.search(r"<\s*([^;]+);", counted.group()).group(1)
            for word in re.findall(r"[A-Za-z_]\w*", bound):
                if re.search(rf"\b(?:int|long|unsigned|auto)\s+{word}\s*[=;]", text) and not re.search(
                    rf"\b(?:const|constexpr)\s+(?:static\s+)?int\s+{word}\b", text
                ):
                    self.report(name, text, match.start(), f"expected a constant trip count, but found the variable '{word}'")
        for match in BODY_PRAGMA.finditer(text):
            before = text[: match.start()].rstrip()
            if not before.endswith("{") or not re.search(r"\bfor\s*\([^{}]*\)\s*\{$", before[-400:]):
                self.report(name, text, match.start(), f"expected QHLS_{match.group(1)} first in the body of a loop")

    def streams(self):
        text = strip_comments_keep_lines(self.read("top.cpp"))
        header = strip_comments_keep_lines(self.read("top.h"))
        ports = re.findall(r"hls::stream<\w+>\s*&\s*(\w+)", header)
        declared, written, read = {}, {}, {}
        for match in re.finditer(r"QHLS_STREAM\((\w+),\s*(\w+),\s*([^)]*)\)", text):
            name, depth = match.group(2), match.group(3).strip()
            if name in declared:
                self.report("top.cpp", text, match.start(), f"expected one declaration of {name}, but found two")
            if not depth.isdigit() or int(depth) < 1:
                self.report("top.cpp", text, match.start(), f"expected a depth of {name}, but found '{depth}'")
            declared[name] = match.start()
        calls = list(UNIT.finditer(text))
        if not calls:
            self.report("top.cpp", text, 0, "expected processes, but found none")
        for match in calls:
            outputs = OUTPUTS.get(match.group(1))
            if outputs is None:
                self.report("top.cpp", text, match.start(), f"expected a unit of the library, but found {match.group(1)}")
                continue
            arguments = [a.strip() for a in match.group(3).split(",")]
            streams = [a for a in arguments if a in declared or a in ports]
            inputs = INPUTS.get(match.group(1), 1)
            for name in streams[:inputs]:
                if name in read:
                    self.report("top.cpp", text, match.start(), f"expected one reader of {name}, but found two")
                read[name] = match.start()
                if name in declared and name not in written:
                    self.report("top.cpp", text, match.start(), f"expected the writer of {name} before its reader")
            for name in streams[inputs:]:
                if name in written:
                    self.report("top.cpp", text, match.start(), f"expected one writer of {name}, but found two")
                written[name] = match.start()
        for name, position in declared.items():
            for role, table in (("writer", written), ("reader", read)):
                if name not in table:
                    self.report("top.cpp", text, position, f"expected a {role} of {name}, but found none")
        for name in ports:
            if (name in written) == (name in read):
                self.report("top.cpp", text, 0, f"expected {name} to be read or written")
        region = text[text.find("{") :]
        order = [m.start() for m in re.finditer(r"QHLS_INTERFACE_AXIS|QHLS_CONTROL|QHLS_DATAFLOW\(\)|QHLS_STREAM|QHLS_PROCESS", region)]
        first_process = region.find("QHLS_PROCESS")
        for word in ("QHLS_INTERFACE_AXIS", "QHLS_CONTROL", "QHLS_DATAFLOW()", "QHLS_STREAM"):
            if region.rfind(word) > first_process >= 0:
                self.report("top.cpp", text, 0, f"expected {word} in front of the processes")
        if not order or "QHLS_DATAFLOW_END()" not in region:
            self.report("top.cpp", text, 0, "expected a dataflow region")

    def widths(self):
        """Words of streams: a width converter's lanes divide, and both sides of a stream have one type."""
        defines = strip_comments_keep_lines(self.read("defines.h"))
        types = {m.group(3): (m.group(1), int(m.group(2))) for m in re.finditer(r"typedef\s+qhls::word<(.+?),\s*(\d+)>\s+(\w+);", defines)}
        structs = {
            m.group(1): {k: int(v) for k, v in re.findall(r"static const int (\w+) = (-?\d+);", m.group(2))}
            for m in re.finditer(r"struct (\w+) \{(.*?)\};", defines, re.S)
        }
        top = strip_comments_keep_lines(self.read("top.cpp"))
        lanes_of = lambda stream: types.get(stream + "_t", (None, 0))[1]
        for match in UNIT.finditer(top):
            unit, template, arguments = match.group(1), match.group(2) or "", [a.strip() for a in match.group(3).split(",")]
            config = structs.get(template.strip(), {})
            expected = {
                "mvau": [config.get("simd"), config.get("pe")],
                "depthwise": [config.get("lanes"), config.get("lanes")],
                "window": [config.get("lanes"), config.get("lanes")],
                "window_parallel": [config.get("lanes"), config.get("lanes", 0) * config.get("kernel_h", 0) * config.get("kernel_w", 0)],
            }.get(unit)
            if expected is None:
                continue
            for stream, lanes in zip(arguments, expected):
                if lanes_of(stream) != lanes:
                    self.report("top.cpp", top, match.start(), f"expected {lanes} lanes in {stream}, but found {lanes_of(stream)}")

    def roms(self, name):
        text = strip_comments_keep_lines(self.read(name))
        for match in re.finditer(r"static const (qhls::rom_(?:int|uint)<(\d+)>) (\w+)((?:\[\d+\])+) = \{(.*?)\};", text, re.S):
            signed, bits = "uint" not in match.group(1), int(match.group(2))
            size = 1
            for d in re.findall(r"\[(\d+)\]", match.group(4)):
                size *= int(d)
            values = [int(v) for v in re.findall(r"-?\d+", match.group(5))]
            if len(values) != size:
                self.report(name, text, match.start(), f"expected {size} values in {match.group(3)}, but found {len(values)}")
            low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
            if values and (min(values) < low or max(values) > high):
                self.report(name, text, match.start(), f"expected values of {bits} bits in {match.group(3)}, but found {min(values)}..{max(values)}")

    def run(self):
        units = sorted(os.listdir(os.path.join(self.root, "qhls")))
        for name in units:
            if name.endswith(".h") and name not in INTERNAL:
                self.subset(f"qhls/{name}")
        for name in ("defines.h", "top.cpp"):
            self.subset(name)
        weights = os.path.join(self.root, "weights")
        for name in sorted(os.listdir(weights)) if os.path.isdir(weights) else []:
            self.roms(f"weights/{name}")
        self.streams()
        self.widths()
        return self.found


# Streams that a unit reads; the others it writes.
INPUTS = {"add": 2, "mul": 2, "concat": 2, "constant": 0}
OUTPUTS = dict.fromkeys(
    "window window_parallel mvau depthwise pointwise add mul reduce_max reduce_sum global_sum width_converter duplicate concat "
    "pad repeat spread constant transpose discard".split(),
    1,
)


def strip_comments_keep_lines(text):
    keep = lambda match: re.sub(r"[^\n]", " ", match.group())
    text = re.sub(r"/\*.*?\*/", keep, text, flags=re.S)
    text = re.sub(r"//[^\n]*", keep, text)
    return re.sub(r'"(?:\\.|[^"\\\n])*"', lambda m: '"' + "_" * (len(m.group()) - 2) + '"', text)


def main():
    found = Lint(sys.argv[1] if len(sys.argv) > 1 else ".").run()
    for line in found:
        print(line)
    print(f"lint: {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
