# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""large_import.py [--build DIR] [--folder DIR] [--layers N] [--check] [--junit FILE]

Memory and time that a model of nearly 2 GB needs to be read: with its weights inside the file (just below what protobuf can hold), and in a
file beside it. Weights are holes in the files, so that a disk has nothing to write; reading them is reading memory. Measured:

    import   quant-translate --import-onnx, bytecode to /dev/null: which looks at no weight
    copy     the same to a file system in memory (/dev/shm), where it has room: each weight is read once
    check    quantc --check: the ledger, which quantizes all weights (with --check)

RSS counts mapped pages of the files; "own" is without them. Goals, which --junit makes a test: the import needs at most 1.1 times the size of
the weights, if they are inside, even when they are copied out, and at most 0.1 times their size, if they are beside the file.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import onnx
from onnx import TensorProto, helper

WIDTH = 4096
BYTES = 4 * WIDTH * WIDTH


def varint(number):
    out = bytearray()
    while number >= 128:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out + bytes([number]))


def field(number, payload_size):
    """Head of a length-delimited field of the wire format."""
    return varint(number << 3 | 2) + varint(payload_size)


def skeleton(layers):
    """A chain of matrix products, without the weights."""
    nodes, last = [], "x"
    for i in range(layers):
        nodes.append(helper.make_node("MatMul", [last, f"w{i}"], [f"y{i}"], name=f"product{i}"))
        last = f"y{i}"
    info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, WIDTH]) for name in ("x", last)]
    graph = helper.make_graph(nodes, "large", [info[0]], [info[1]])
    return graph, helper.make_model(helper.make_graph([], "large", [], []), opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def write_inline(path, layers):
    graph, model = skeleton(layers)
    model.ClearField("graph")
    heads = []
    for i in range(layers):
        tensor = TensorProto(dims=[WIDTH, WIDTH], data_type=TensorProto.FLOAT, name=f"w{i}").SerializeToString() + field(9, BYTES)
        heads.append(field(5, len(tensor) + BYTES) + tensor)
    body = graph.SerializeToString()
    size = len(body) + sum(map(len, heads)) + layers * BYTES
    with open(path, "wb") as file:
        file.write(model.SerializeToString() + field(7, size) + body)
        for head in heads:
            file.write(head)
            file.seek(BYTES, os.SEEK_CUR)
        file.truncate(file.tell())
    assert os.path.getsize(path) < 2**31, "protobuf holds less than 2 GiB"


def write_external(path, layers):
    graph, model = skeleton(layers)
    for i in range(layers):
        tensor = TensorProto(dims=[WIDTH, WIDTH], data_type=TensorProto.FLOAT, name=f"w{i}", data_location=TensorProto.EXTERNAL)
        for key, value in (("location", "weights.bin"), ("offset", str(i * BYTES)), ("length", str(BYTES))):
            tensor.external_data.add(key=key, value=value)
        graph.initializer.append(tensor)
    model.graph.CopyFrom(graph)
    onnx.save(model, path)
    with open(os.path.join(os.path.dirname(path), "weights.bin"), "wb") as file:
        file.truncate(layers * BYTES)


def measure(command):
    """(seconds, peak RSS, peak RSS without files, exit code), in bytes."""
    start, own, done = time.monotonic(), [0], threading.Event()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def watch():
        while not done.wait(0.02):
            try:
                with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
                    for line in file:
                        if line.startswith("RssAnon"):
                            own[0] = max(own[0], int(line.split()[1]) * 1024)
            except OSError:
                return

    watcher = threading.Thread(target=watch)
    watcher.start()
    errors = process.stderr.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - start
    done.set()
    watcher.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 5):
        sys.exit(f"{' '.join(command)}: exit code {process.returncode}\n{errors[-2000:]}")
    return seconds, usage.ru_maxrss * 1024, own[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--folder")
    parser.add_argument("--layers", type=int, default=31)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--junit")
    options = parser.parse_args()
    tool = lambda name: os.path.join(options.build, "bin", name)  # noqa: E731
    print(f"{'model':9} {'what':8} {'size MiB':>9} {'seconds':>8} {'RSS MiB':>8} {'ratio':>6} {'own MiB':>8}")
    missed = []
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for kind, write, goal in (("inline", write_inline, 1.1), ("external", write_external, 0.1)):
            path = os.path.join(folder, kind + ".onnx")
            write(path, options.layers)
            size = options.layers * BYTES
            runs = {"import": [tool("quant-translate"), "--import-onnx", path, "--emit-bytecode", "-o", "-"]}
            if kind == "inline" and os.path.isdir("/dev/shm") and shutil.disk_usage("/dev/shm").free > 2 * size:
                runs["copy"] = [tool("quant-translate"), "--import-onnx", path, "-o", "/dev/shm/quantc-large-import.mlirbc"]
            if options.check:
                runs["check"] = [tool("quantc"), path, "--check", "--quiet"]
            for what, command in runs.items():
                seconds, rss, own = measure(command)
                if what == "copy":
                    os.remove(command[-1])
                print(f"{kind:9} {what:8} {size / 2**20:9.0f} {seconds:8.1f} {rss / 2**20:8.0f} {rss / size:6.2f} {own / 2**20:8.0f}", flush=True)
                if what != "check" and rss > goal * size:
                    missed.append(f"{kind}, {what}: {rss / size:.2f} times the weights, expected at most {goal}")
    for text in missed:
        print(text)
    if options.junit:
        failure = f"<failure>{'; '.join(missed)}</failure>" if missed else ""
        with open(options.junit, "w", encoding="utf-8") as file:
            file.write(f'<testsuite><testcase classname="bench" name="large_import">{failure}</testcase></testsuite>\n')
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
