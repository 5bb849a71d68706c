# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""run.py [--build DIR] [--mode static|constants|dynamic]... [--every N] [--only TEXT] [--jobs N] [--junit FILE] [--page FILE]

ONNX's own node tests, by ONNX's own runner and tolerances, over quantc.backend: each model is compiled and run in this machine's
code. Modes: `static` takes the models as they are; `constants` makes initializers of all inputs but the first, as exporters do;
`dynamic` forgets every size of the inputs. `--every N` takes each N-th case, and all cases of quantized ops.

What is known to fail stands in known-failures.txt, a line a case, with its reason; a failure that is not there and a pass that is
there are both failures of this run, and so is a docs/NodeTests.md that says something else; `--page` writes it. `--known` replaces
known-failures.txt by what this run found, which must be a whole one. The last line counts.
"""

import argparse
import collections
import multiprocessing
import os
import sys
import time
import unittest
import xml.sax.saxutils

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PAGE = os.path.join(ROOT, "docs", "NodeTests.md")
MODES = ("static", "constants", "dynamic")
QUANTIZED = ("QuantizeLinear", "DequantizeLinear", "QLinear", "MatMulInteger", "ConvInteger", "DynamicQuantizeLinear")


def constants(model, inputs):
    """The model with all inputs but the first as initializers, and the inputs that are left."""
    from onnx import ModelProto, numpy_helper
    changed = ModelProto()
    changed.CopyFrom(model)
    graph = changed.graph
    for value, array in list(zip(graph.input, inputs))[1:]:
        graph.initializer.append(numpy_helper.from_array(array, value.name))
    del graph.input[1:]
    return changed, inputs[:1]


def dynamic(model):
    """The model without the sizes of its inputs and outputs; ranks stay."""
    from onnx import ModelProto
    changed = ModelProto()
    changed.CopyFrom(model)
    for value in list(changed.graph.input) + list(changed.graph.output) + list(changed.graph.value_info):
        for dim in value.type.tensor_type.shape.dim:
            dim.Clear()
    return changed


def backend(mode):
    """A backend module for ONNX's runner that changes each model as the mode says."""
    import quantc.backend as quantc

    class Late:
        """Compiles when the inputs are known."""

        def __init__(self, model):
            self.model = model

        def run(self, inputs, **kwargs):
            model, rest = constants(self.model, list(inputs))
            return quantc.prepare(model).run(rest)

    class Changed(quantc.QuantcBackend):
        @classmethod
        def prepare(cls, model, device="CPU", **kwargs):
            if mode == "constants" and len(model.graph.input) > 1:
                return Late(model)
            return super().prepare(dynamic(model) if mode == "dynamic" else model, device)

    return Changed


def cases(mode):
    """name -> unittest.TestCase of every node test for the CPU."""
    import onnx.backend.test
    runner = onnx.backend.test.BackendTest(backend(mode), __name__)
    suite = runner.test_cases["OnnxBackendNodeModelTest"]
    found = {}
    for name in sorted(dir(suite)):
        if name.startswith("test_") and name.endswith("_cpu"):
            found[name[:-len("_cpu")]] = suite(name)
    return found


def model_of(name):
    import onnx
    folder = os.path.join(os.path.dirname(onnx.__file__), "backend", "test", "data", "node", name)
    return onnx.load(os.path.join(folder, "model.onnx"))


def scope(name, model):
    """Why a case is out of scope (docs/NodeTests.md), or None."""
    kinds = {value.type.WhichOneof("value") for value in list(model.graph.input) + list(model.graph.output)}
    ops = {(node.domain, node.op_type) for node in model.graph.node}
    types = {value.type.tensor_type.elem_type for value in list(model.graph.input) + list(model.graph.output)}
    if any(domain == "ai.onnx.ml" for domain, _ in ops):
        return "ai.onnx.ml"
    if any(domain == "ai.onnx.preview.training" for domain, _ in ops):
        return "training"
    if ("", "ImageDecoder") in ops:
        return "image decoding"
    if "bernoulli" in name:
        return "random numbers"
    if kinds - {"tensor_type"}:
        return "sequences and optionals"
    return "strings" if 8 in types else None


def run_one(case, queue):
    result = unittest.TestResult()
    case.run(result)
    problems = result.failures + result.errors
    text = problems[0][1].strip() if problems else (result.skipped[0][1] if result.skipped else "")
    lines = [line for line in text.splitlines() if line.strip()]
    queue.put(" ".join(lines[-1].split()) if lines else ("" if result.wasSuccessful() else "failed"))


def outcome(case):
    """The reason of a failure, or "" for a pass; a crash is a failure of the case alone."""
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    process = context.Process(target=run_one, args=(case, queue))
    process.start()
    process.join(300)
    if process.is_alive():
        process.kill()
        process.join()
        return "did not end in 300 s"
    return queue.get() if not queue.empty() else f"ended with code {process.exitcode}"


def run_share(mode, names, queue):
    for name in names:
        queue.put((name, outcome(cases_of(mode)[name])))
    queue.put(None)


def outcomes(mode, names, jobs):
    """(name, outcome) of each case, from `jobs` processes."""
    cases_of(mode)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    workers = [context.Process(target=run_share, args=(mode, names[i::jobs], queue)) for i in range(jobs)]
    for worker in workers:
        worker.start()
    running = jobs
    while running:
        item = queue.get()
        if item is None:
            running -= 1
        else:
            yield item
    for worker in workers:
        worker.join()


def explained(text):
    """An exception's text without its type's module."""
    head, colon, rest = text.partition(": ")
    return f"{head.split('.')[-1]}: {rest}" if colon else text


def known_failures():
    known = {}
    with open(os.path.join(HERE, "known-failures.txt"), encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                head, _, reason = line.strip().partition(": ")
                known[tuple(head.split())] = reason
    return known


def chosen(names, every, only):
    quantized = [name for name in names if any(op.lower() in name for op in QUANTIZED)]
    return [name for i, name in enumerate(names) if only in name and (i % every == 0 or name in quantized)]


def page(known, scopes):
    """Text of docs/NodeTests.md: what known-failures.txt, which every run checks, says about the whole suite."""
    inside = [name for name, reason in scopes.items() if not reason]
    quantized = [name for name in inside if any(op.lower() in name for op in QUANTIZED)]
    lines = ["# ONNX's node tests", "",
             "Written by `test/conformance/run.py --page docs/NodeTests.md`; how cases run, and what the modes are, stands there. Tolerances are",
             "ONNX's own (rtol 1e-3, atol 1e-7; exact shapes and types). Suite: onnx 1.22.0.", "",
             "| mode | passed | in scope | of them quantized ops | in scope |", "|---|---|---|---|---|"]
    for mode in MODES:
        fails = {name for m, name in known if m == mode}
        lines.append(f"| {mode} | {len(inside) - len(fails)} | {len(inside)} | {len(quantized) - len(fails & set(quantized))} | "
                     f"{len(quantized)} |")
    outside = collections.Counter(reason for reason in scopes.values() if reason)
    lines += ["", "Out of scope: " + ", ".join(f"{reason} {count}" for reason, count in sorted(outside.items())) + ".",
              "", "## Failures in scope", "", "| case | modes | reason |", "|---|---|---|"]
    reasons = collections.defaultdict(list)
    for (mode, name), reason in known.items():
        reasons[name, reason].append(mode)
    for (name, reason), modes in sorted(reasons.items()):
        lines.append(f"| {name} | {', '.join(modes)} | {reason.replace('|', '/')} |")
    return "\n".join(lines) + "\n"


def write_known(results):
    with open(os.path.join(HERE, "known-failures.txt"), "w", encoding="utf-8") as file:
        file.write("# MODE CASE: REASON (written by run.py --known)\n")
        for mode, found in results.items():
            file.writelines(f"{mode} {name}: {explained(reason)[:200]}\n" for name, reason in sorted(found.items()) if reason)
    return 0


def write_junit(path, results, unexpected):
    rows = []
    for mode, found in results.items():
        for name in [*found, *(name for m, name in unexpected if m == mode and name not in found)]:
            problem = unexpected.get((mode, name))
            body = f"<failure>{xml.sax.saxutils.escape(problem)}</failure>" if problem else ""
            rows.append(f'<testcase classname="conformance.{mode}" name="{name}">{body}</testcase>')
    with open(path, "w", encoding="utf-8") as file:
        file.write("<testsuite>" + "\n".join(rows) + "</testsuite>\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--mode", action="append", choices=MODES)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--junit")
    parser.add_argument("--page")
    parser.add_argument("--known", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    sys.path.insert(0, os.path.join(ROOT, args.build, "python"))

    known, results, unexpected = known_failures(), {}, {}
    scopes = {name: scope(name, model_of(name)) for name in sorted(cases_of("static"))}
    if args.page:
        with open(args.page, "w", encoding="utf-8") as file:
            file.write(page(known, scopes))
        return 0
    for mode in args.mode or MODES:
        start, found = time.monotonic(), {}
        names = [name for name in chosen(sorted(cases_of(mode)), args.every, args.only) if not scopes[name]]
        for name, reason in outcomes(mode, names, args.jobs):
            found[name] = reason
            expected = (mode, name) in known
            if found[name] and not expected:
                unexpected[mode, name] = found[name]
                print(f"failed {mode} {name}: {explained(found[name])[:300]}", flush=True)
            elif not found[name] and expected:
                unexpected[mode, name] = "passes, but known-failures.txt lists it"
                print(f"passed {mode} {name}, but known-failures.txt lists it", flush=True)
            elif args.verbose:
                print(f"{'known failure' if found[name] else 'passed'} {mode} {name}", flush=True)
        results[mode] = found
        print(f"{mode}: {sum(not r for r in found.values())} of {len(found)} pass in {time.monotonic() - start:.0f} s", flush=True)
    if args.junit:
        write_junit(args.junit, results, unexpected)
    if args.known:
        return write_known(results)
    with open(PAGE, encoding="utf-8") as file:
        if not args.only and file.read() != page(known, scopes):
            unexpected["static", "page"] = "docs/NodeTests.md is not what --page writes"
            print("failed: docs/NodeTests.md is not what --page writes")
    print(f"{sum(len(found) for found in results.values())} cases, {len(unexpected)} unexpected")
    return 1 if unexpected else 0


_cases = {}


def cases_of(mode):
    if mode not in _cases:
        _cases[mode] = cases(mode)
    return _cases[mode]


if __name__ == "__main__":
    sys.exit(main())
