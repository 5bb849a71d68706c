# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The photographs of fetch_data.py as arrays. Offline and seeded.

The same package versions give the same arrays; the random draws happen in a fixed order that is part of the
metrics, so changes here change every score.
"""

import functools
import os
import warnings

import numpy as np

import fetch_data

warnings.filterwarnings("ignore", message="Palette images with Transparency")

IMAGENET_MEAN = np.float32([0.485, 0.456, 0.406])
IMAGENET_STD = np.float32([0.229, 0.224, 0.225])


def imagenet_input(images):
    """uint8 [N, H, W, 3] -> normalized float32 [N, 3, H, W]."""
    return ((images.astype(np.float32) / 255 - IMAGENET_MEAN) / IMAGENET_STD).transpose(0, 3, 1, 2)


class Data:
    """What fetch_data.py unpacked, as arrays. Slow parts are cached in ROOT/cache."""

    def __init__(self, root):
        self.root = root

    def package_file(self, name):
        return os.path.join(self.root, "packages", name)

    def cached(self, name, make):
        """The array in ROOT/cache/NAME.npy, made by `make()` the first time."""
        path = os.path.join(self.root, "cache", f"{name}.npy")
        if not os.path.exists(path):
            array = make()
            os.makedirs(os.path.dirname(path), exist_ok=True)
            np.save(path, array)
        return np.load(path)

    # Photographs

    @functools.cached_property
    def photographs(self):
        """Paths of colour photographs of at least 240 pixels, near-duplicates removed.

        A picture counts as a colour photograph when red and blue differ by more than 6 on average and its
        64x64 version has more than 250 colours at 5 bits each. Two pictures are near-duplicates when their
        8x8 grey versions, thresholded at the mean, are equal.
        """
        from PIL import Image

        kept, seen = [], set()
        for path in fetch_data.package_files(self.root, fetch_data.PHOTO_PATTERNS):
            try:
                image = Image.open(path).convert("RGB")
            except Exception:  # a broken or exotic file is no photograph
                continue
            if min(image.size) < 240:
                continue
            smooth = np.asarray(image.resize((64, 64))).astype(float)
            coarse = np.asarray(image.resize((64, 64), Image.NEAREST)) // 8
            colours = len(np.unique(coarse.reshape(-1, 3), axis=0))
            if np.abs(smooth[..., 0] - smooth[..., 2]).mean() <= 6 or colours <= 250:
                continue
            grey = np.asarray(image.convert("L").resize((8, 8))).astype(float)
            fingerprint = (grey > grey.mean()).tobytes()
            if fingerprint not in seen:
                seen.add(fingerprint)
                kept.append(path)
        return kept

    def crops(self, parity, per_photo, size):
        """Square random crops (60 to 100 % of the short side), bicubic to `size`; uint8 [N, size, size, 3].

        Photographs at even positions (parity 0) calibrate, those at odd positions evaluate.
        """
        return self.cached(f"crops_{parity}_{per_photo}_{size}", lambda: self._crops(parity, per_photo, size))

    def _crops(self, parity, per_photo, size):
        from PIL import Image

        rng, crops = np.random.default_rng(parity), []
        for path in self.photographs[parity::2]:
            image = Image.open(path).convert("RGB")
            width, height = image.size
            for _ in range(per_photo):
                side = int(min(width, height) * rng.uniform(0.6, 1))
                x = rng.integers(0, width - side + 1)
                y = rng.integers(0, height - side + 1)
                crop = image.crop((x, y, x + side, y + side))
                crops.append(np.asarray(crop.resize((size, size), Image.BICUBIC)))
        return np.stack(crops)

    def labelled_photographs(self, size):
        """foolbox's 20 ImageNet photographs (centre square, bicubic) and their classes."""
        from PIL import Image

        images, classes = [], []
        for path in fetch_data.package_files(self.root, fetch_data.LABELLED_PHOTO_PATTERNS):
            image = Image.open(path).convert("RGB")
            width, height = image.size
            side = min(width, height)
            box = (
                (width - side) // 2,
                (height - side) // 2,
                (width + side) // 2,
                (height + side) // 2,
            )
            images.append(np.asarray(image.crop(box).resize((size, size), Image.BICUBIC)))
            classes.append(int(path[: -len(".jpg")].split("_")[-1]))
        return np.stack(images), np.array(classes)
