# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""qdq_nodes.py [--build DIR] [--samples N] [--dim NAME=SIZE]... QDQ.onnx FEEDS: each quantized operator of a file on its own, against onnxruntime.

The file is one of onnxruntime's quantize_static (QDQ); FEEDS is a folder of .npz files, one a run, or one .npz whose arrays hold a run a row. onnxruntime runs
the whole file without its fusions and gives every tensor that is stored in integers. Then each operator is cut out, from the
integers that it reads to those that it writes, compiled by quantc, and run on onnxruntime's integers: so a difference is the operator's own and not one that grew
on the way. Printed: by operator, how many output integers differ and by how many steps. Where the standard defines integers exactly
(convolutions and products with a float scale, movement, tables of one input) none should; where it computes in float (additions, products, means)
one step is possible.
"""

import argparse
import collections
import glob
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import helper

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAIR = ("QuantizeLinear", "DequantizeLinear")


def load_feeds(path, count):
    if os.path.isdir(path):
        return [dict(np.load(f)) for f in sorted(glob.glob(os.path.join(path, "*.npz")))[:count]]
    arrays = dict(np.load(path))
    return [{k: a[i : i + 1] for k, a in arrays.items()} for i in range(min(count, len(next(iter(arrays.values())))))]


class File:
    def __init__(self, path, dims):
        self.model = onnx.load(path)
        for value in list(self.model.graph.input) + list(self.model.graph.output):
            for dim in value.type.tensor_type.shape.dim:
                if dim.dim_param in dims:
                    dim.dim_value = dims[dim.dim_param]
        graph = self.model.graph
        self.constants = {t.name: t for t in graph.initializer}
        self.producer = {out: node for node in graph.node for out in node.output}
        self.stored = [n for n in graph.node if n.op_type == "QuantizeLinear" and n.input[0] not in self.constants]

    def constant_tree(self, name):
        """Nodes that make a tensor out of constants alone, or None."""
        if not name or name in self.constants:
            return []
        node = self.producer.get(name)
        if node is None:
            return None
        parts = [self.constant_tree(i) for i in node.input]
        return None if None in parts else [n for part in parts for n in part] + [node]

    def cut(self, quantize):
        """Nodes of the operator that `quantize` stores and the tensors it reads; None when it reads float."""
        nodes, inputs, pending, seen = [quantize], [], [quantize.input[0]], set()
        while pending:
            name = pending.pop()
            if name in seen or name in self.constants or not name:
                continue
            seen.add(name)
            tree = self.constant_tree(name)
            if tree is not None:
                nodes += [n for n in tree if n not in nodes]
                continue
            node = self.producer.get(name)
            if node is None:
                return None
            if node not in nodes:
                nodes.append(node)
            if node.op_type == "DequantizeLinear":
                if node.input[0] not in inputs:
                    inputs.append(node.input[0])
            else:
                pending += node.input
        nodes.sort(key=list(self.model.graph.node).index)
        return nodes, inputs


def run_all(file, feeds):
    """Every stored tensor, by run."""
    model = onnx.ModelProto()
    model.CopyFrom(file.model)
    have = {o.name for o in model.graph.output}
    for node in file.stored:
        if node.output[0] not in have:
            model.graph.output.append(onnx.ValueInfoProto(name=node.output[0]))
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [o.name for o in session.get_outputs()]
    runs = [dict(zip(names, session.run(None, feed), strict=True)) for feed in feeds]
    return [{**run, **feed} for run, feed in zip(runs, feeds, strict=True)]


def compile_cut(quantc, file, nodes, inputs, output, run, folder):
    def info(name):
        return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(run[name].dtype), run[name].shape)

    used = {i for node in nodes for i in node.input}
    graph = helper.make_graph(nodes, "operator", [info(i) for i in inputs], [info(output)], [t for n, t in file.constants.items() if n in used])
    model = helper.make_model(graph, opset_imports=file.model.opset_import, ir_version=file.model.ir_version)
    path, library = os.path.join(folder, "operator.onnx"), os.path.join(folder, "operator.so")
    onnx.save(model, path)
    done = subprocess.run([quantc, path, "--allow-float", "--quiet", "-o", library], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{[n.name for n in nodes]}: {done.stderr}")
    return library


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "release"))
    parser.add_argument("--samples", type=int, default=4)
    parser.add_argument("--dim", action="append", default=[])
    parser.add_argument("model")
    parser.add_argument("feeds")
    arguments = parser.parse_args()
    quantc, quant_run = (os.path.join(arguments.build, "bin", tool) for tool in ("quantc", "quant-run"))
    file = File(arguments.model, {k: int(v) for k, v in (d.split("=") for d in arguments.dim)})
    runs = run_all(file, load_feeds(arguments.feeds, arguments.samples))
    counts, operators, skipped = collections.defaultdict(collections.Counter), collections.Counter(), collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        for quantize in file.stored:
            cut = file.cut(quantize)
            kind = "+".join(sorted({n.op_type for n in cut[0] if n.op_type not in PAIR})) if cut else "reads float"
            if not cut or not cut[1] or not kind:
                skipped[kind or "a pair alone"] += 1
                continue
            nodes, inputs = cut
            library = compile_cut(quantc, file, nodes, inputs, quantize.output[0], runs[0], folder)
            data, out = os.path.join(folder, "in"), os.path.join(folder, "out.npz")
            os.makedirs(data, exist_ok=True)
            for i, run in enumerate(runs):
                np.savez(os.path.join(data, f"{i}.npz"), **{name: run[name] for name in inputs})
            subprocess.run([quant_run, library, "--inputs", data, "--outputs", out], check=True, capture_output=True)
            ours = dict(np.load(out))[quantize.output[0]].astype(int).ravel()
            theirs = np.stack([run[quantize.output[0]] for run in runs]).astype(int).ravel()
            operators[kind] += 1
            sizes, numbers = np.unique(np.abs(ours - theirs), return_counts=True)
            counts[kind].update({int(s): int(n) for s, n in zip(sizes, numbers, strict=True)})
    print(f"onnxruntime {onnxruntime.__version__}, {os.path.basename(arguments.model)}, {len(runs)} runs")
    worst = 0
    for kind, count in sorted(counts.items()):
        total, spread = sum(count.values()), ", ".join(f"{n} by {s}" for s, n in sorted(count.items()) if s)
        worst = max(worst, *count)
        print(f"  {operators[kind]:3} {kind:40} {total - count[0]:8} of {total:9} integers differ ({spread or 'none'})")
    print("  not compared:", ", ".join(f"{n} ({k})" for k, n in sorted(skipped.items())) or "none")
    print(f"  largest difference: {worst} steps")
    return 0


if __name__ == "__main__":
    sys.exit(main())
