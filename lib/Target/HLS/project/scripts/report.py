#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""report.py PROJECT: prints report.json, and build/sim.json beside it when `make sim` has written one."""

import json
import os
import sys


def band(pair):
    low, high = pair
    return str(low) if low == high else f"{low}-{high}"


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else "."
    with open(os.path.join(root, "report.json")) as file:
        report = json.load(file)
    print(f"{report['model']}, recipe {report['recipe']}: estimates")
    print(f"{'process':40} {'fold':>12} {'cycles':>10} {'LUT':>13} {'FF':>13} {'DSP':>5} {'BRAM18':>6}")
    for unit in report["units"]:
        area, fold = unit["area"], f"{unit['simd']}x{unit['pe']}"
        print(f"{unit['process']:40} {fold:>12} {unit['interval']:>10} {band(area['lut']):>13} "
              f"{band(area['ff']):>13} {area['dsp']:>5} {area['bram18']:>6}")
    total = report["area"]
    print(f"{'total with streams':40} {'':>12} {report['interval']:>10} {band(total['lut']):>13} "
          f"{band(total['ff']):>13} {total['dsp']:>5} {total['bram18']:>6}")
    if "part" in report:
        part = report["part"]
        print(f"{part['name']:40} {'':>12} {'':>10} {part['lut']:>13} {part['ff']:>13} {part['dsp']:>5} {part['bram18']:>6}")
    print(f"interval {report['interval']} cycles, latency {report['latency']} cycles; "
          f"{report['frames_per_second_at_assumed_clock']:.1f} frames/s at an assumed clock of "
          f"{report['assumed_clock_mhz']:g} MHz")
    sim_path = os.path.join(root, "build", "sim.json")
    if os.path.exists(sim_path):
        with open(sim_path) as file:
            sim = json.load(file)
        if sim["interval"]:
            error = 100 * (report["interval"] - sim["interval"]) / sim["interval"]
            print(f"simulated interval {sim['interval']} cycles: the estimate is {error:+.2f} % off")
        if sim["frame_end"]:
            error = 100 * (report["latency"] - sim["frame_end"][0]) / sim["frame_end"][0]
            print(f"simulated latency {sim['frame_end'][0]} cycles: the estimate is {error:+.2f} % off")


if __name__ == "__main__":
    main()
