# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""int8 matrix product with fused requantization on a GPU, checked exactly and timed beside torch.

    gemm.py make M K N FILE.mlir     a dyad module; compile it: quantc FILE.mlir --target cuda:sm_80 -o FILE.so
    gemm.py run M K N FILE.so...     on a machine with a GPU and torch: check every output, then time

The weights follow from the sizes, so both steps agree on them.
"""

import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))


def problem(m, k, n):
    """Weights [n, k], bias, multipliers and shifts such that outputs fill their range."""
    random = np.random.RandomState(m * 7 + k * 3 + n)
    weight = random.randint(-127, 128, (n, k), dtype=np.int8)
    bias = random.randint(-100000, 100000, n).astype(np.int32)
    multiplier = (random.randint(1 << 22, 1 << 23, n) * 2 + 1).astype(np.int32)
    # A sum of k products of about 74 * 74 in size becomes about 50 output steps.
    spread = np.sqrt(k) * 74 * 74
    shift = np.full(n, int(np.round(np.log2(spread / 50 * 3 * 2**22))), np.int32)
    return weight, bias, multiplier, shift


ZERO_IN, ZERO_OUT = 131, 117


def make(m, k, n, path):
    weight, bias, multiplier, shift = problem(m, k, n)

    def constant(name, array, kind):
        text = "x".join(str(d) for d in array.shape)
        return f'  %{name} = dyad.constant dense<"0x{array.tobytes().hex().upper()}"> : tensor<{text}x{kind}>\n'

    with open(path, "w", encoding="utf8") as file:
        file.write(f"func.func @main(%x: tensor<{m}x{k}xui8>) -> tensor<{m}x{n}xui8> {{\n")
        file.write(constant("w", weight, "si8") + constant("b", bias, "si32"))
        file.write(constant("m", multiplier, "si32") + constant("s", shift, "si32"))
        file.write(f"  %zx = dyad.constant dense<{ZERO_IN}> : tensor<ui8>\n")
        file.write("  %zi = dyad.constant dense<0> : tensor<si32>\n")
        file.write(f"  %zo = dyad.constant dense<{ZERO_OUT}> : tensor<ui8>\n")
        file.write(
            f"  %acc = dyad.linear %x, %w, %b, %zx : (tensor<{m}x{k}xui8>, tensor<{n}x{k}xsi8>, tensor<{n}xsi32>, "
            f'tensor<ui8>) -> tensor<{m}x{n}xsi32> loc("gemm")\n'
            "  %y = dyad.requantize %acc, %zi, %m, %s, %zo {clamp_lo = 0 : i32, clamp_hi = 255 : i32} : "
            f"(tensor<{m}x{n}xsi32>, tensor<si32>, tensor<{n}xsi32>, tensor<{n}xsi32>, tensor<ui8>) -> "
            f'tensor<{m}x{n}xui8> loc("gemm")\n'
            f"  return %y : tensor<{m}x{n}xui8>\n}}\n"
        )


def median_time(torch, function, repeats=50):
    """Median microseconds between events around single calls, with the L2 flushed before each."""
    flush = torch.empty(64 << 20, dtype=torch.int32, device="cuda")
    times = []
    for i in range(repeats + 10):
        flush.fill_(i)
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        function()
        end.record()
        torch.cuda.synchronize()
        times.append(begin.elapsed_time(end) * 1e3)
    return float(np.median(times[10:]))


def run(m, k, n, path):
    import torch
    from model_library import ModelLibrary

    weight, bias, multiplier, shift = problem(m, k, n)
    library = ModelLibrary(path)
    model = library.context(profile=True)
    flush = torch.empty(64 << 20, dtype=torch.int32, device="cuda")
    device = lambda array, kind: torch.from_numpy(array).to("cuda").to(kind)
    w = device(weight, torch.float64)
    times, wrong = [], 0
    for i in range(60):
        x = torch.randint(0, 256, (m, k), dtype=torch.uint8, device="cuda")
        y = torch.randint(0, 256, (m, n), dtype=torch.uint8, device="cuda")
        flush.fill_(i)
        torch.cuda.synchronize()
        model.run_at([x.data_ptr()], [y.data_ptr()])
        times.append(sum(ns for (_, kind), ns in zip(library.steps(), model.profile(), strict=True) if kind == "conv") / 1e3)
        if i % 10 == 0:
            # Exact: sums stay far below 2^53.
            acc = ((x.double() - ZERO_IN) @ w.T).to(torch.int64) + device(bias, torch.int64)
            mult, s = device(multiplier, torch.int64), device(shift, torch.int64)
            expected = (((acc * mult + (1 << (s - 1))) >> s) + ZERO_OUT).clamp(0, 255).to(torch.uint8)
            wrong += int((expected != y).sum())
            used = len(torch.unique(y))
    operations = 2.0 * m * k * n
    rate = lambda us: f"{us:9.1f} us {operations / us / 1e6:8.0f} TOP/s"
    print(f"{m} x {k} x {n}: {wrong} wrong outputs of {6 * m * n} ({used} different codes)")
    print(f"  quantc {path}: {rate(float(np.median(times[10:])))} (u8 out, requantized)")
    a8 = torch.randint(-128, 128, (m, k), dtype=torch.int8, device="cuda")
    b8 = torch.randint(-128, 128, (n, k), dtype=torch.int8, device="cuda")
    a16 = torch.randn(m, k, dtype=torch.bfloat16, device="cuda")
    b16 = torch.randn(n, k, dtype=torch.bfloat16, device="cuda")
    if m > 16:
        print(f"  torch int8 _int_mm:  {rate(median_time(torch, lambda: torch._int_mm(a8, b8.T)))} (s32 out)")
    print(f"  torch bf16 mm:       {rate(median_time(torch, lambda: a16 @ b16.T))} (bf16 out)")
    return wrong


def main():
    command, m, k, n, *paths = sys.argv[1:]
    sizes = int(m), int(k), int(n)
    if command == "make":
        make(*sizes, paths[0])
        return 0
    return int(sum(run(*sizes, path) for path in paths) > 0)


if __name__ == "__main__":
    sys.exit(main())
