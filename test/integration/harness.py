# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the whole-model tests share: paths, tools, models with their data, runs of commands, CPU levels."""

import os
import subprocess
import sys

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, *folder) for folder in (("scripts", "models"), ("test", "tools"), ("test", "bench"))]
import tasks  # noqa: E402

# Level -> flags of /proc/cpuinfo that it needs.
LEVELS = {
    "portable": "",
    "x86-64-v2": "ssse3 sse4_1 sse4_2 popcnt",
    "x86-64-v3": "avx avx2 fma f16c bmi1 bmi2",
    "x86-64-v3-vnni": "avx2 fma avx_vnni",
    "x86-64-v4": "avx512f avx512bw avx512cd avx512dq avx512vl",
    "x86-64-v4-vnni": "avx512f avx512bw avx512dq avx512vl avx512_vnni",
}


def machine_levels():
    """{level: runs on this machine}."""
    with open("/proc/cpuinfo") as file:
        flags = set(next((line for line in file if line.startswith("flags")), "").split())
    return {level: set(needed.split()) <= flags for level, needed in LEVELS.items()}


def cpu_name():
    with open("/proc/cpuinfo") as file:
        return next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "unknown CPU")


class Run:
    """Outcome of a command: code, text of stdout and stderr, maximum resident set in bytes."""

    def __init__(self, command, timeout=1800):
        self.command = [str(part) for part in command]
        process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            output, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
            output += f"\nstill running after {timeout} s".encode()
        self.code, self.text = process.returncode, output.decode(errors="replace")

    @property
    def ok(self):
        return self.code == 0

    def __str__(self):
        tail = " | ".join(self.text.strip().splitlines()[-4:])
        return f"code {self.code}: {tail}"[:600]


def measured(command, timeout=1800):
    """(Run, wall seconds, peak resident bytes) of a command, through a process of its own that counts its children."""
    script = (
        "import resource, subprocess, sys, time\n"
        "start = time.monotonic()\n"
        "code = subprocess.run(sys.argv[1:]).returncode\n"
        "peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss\n"
        "print(f'\\nMEASURED {time.monotonic() - start:.3f} {peak}', flush=True)\n"
        "sys.exit(code)\n"
    )
    run = Run([sys.executable, "-c", script, *map(str, command)], timeout)
    fields = run.text.rsplit("MEASURED ", 1)
    seconds, peak = fields[1].split()[:2] if len(fields) == 2 else ("nan", "0")
    run.text = fields[0].rstrip()
    return run, float(seconds), int(peak) * 1024


class Project:
    """Tools of one build, and the development models below `models` (QUANTC_MODELS, default build/models)."""

    def __init__(self, build):
        self.build = os.path.abspath(build)
        self.models = os.path.abspath(os.environ.get("QUANTC_MODELS", os.path.join(ROOT, "build", "models")))
        self.out = os.path.join(self.build, "integration")
        os.makedirs(self.out, exist_ok=True)

    def tool(self, name):
        return os.path.join(self.build, "bin", name)

    def path(self, name):
        return os.path.join(self.out, name)

    def fetch(self):
        """Brings models and data; seconds when they are there. Stops the tests when it fails."""
        scripts = os.path.join(ROOT, "scripts", "models")
        for script in ("fetch_models.py", "fetch_data.py"):
            run = Run([sys.executable, os.path.join(scripts, script), self.models])
            if not run.ok:
                raise SystemExit(f"{script}: {run}")

    def task(self, model):
        """(task of scripts/models/tasks.py, folder with calibration.npz, evaluation.npz and float.npz)."""
        task = tasks.make_task(model, self.models)
        folder = os.path.join(self.models, "export", model)
        if not os.path.exists(os.path.join(folder, "float.npz")):
            tasks.export(task, folder)
            for _ in tasks.save_outputs(task, tasks.float_outputs(task), os.path.join(folder, "float.npz")):
                pass
        return task, folder

    def score(self, task, folder, outputs):
        """Metrics of an .npz of outputs against labels and the float model."""
        reference = tasks.read_outputs(os.path.join(folder, "float.npz"), task.output)
        return task.score(tasks.read_outputs(outputs, task.output), reference)


def load(path):
    """Arrays of an .npz by name."""
    with np.load(path) as archive:
        return {name: archive[name] for name in archive.files}
