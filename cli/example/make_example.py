#!/usr/bin/env python3
"""Makes the embedded example: a slice of Fashion-MNIST and a ResNet-8 trained on all of it.

    make_example.py data     writes fashion-mnist/*.gz
    make_example.py train    writes resnet8-fashion-mnist/{model.json,group1-shard1of1.bin}

The source is Debian's package dataset-fashion-mnist, the framework Debian's python3-torch. LAYERS
is the only description of the network: training and export both walk it, so they cannot disagree.
"""

import argparse
import gzip
import json
import struct
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

HERE = Path(__file__).resolve().parent
DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
DATA_FOLDER = HERE / "fashion-mnist"
MODEL_FOLDER = HERE / "resnet8-fashion-mnist"
EMBEDDED_COUNTS = {"train": 5000, "t10k": 2000}

CLASSES = [
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
]
IMAGE_SIZE = 28
PIXEL_MEAN, PIXEL_STD = 72.9, 90.0
BATCH_NORM_EPSILON = 1e-3
MAX_SHIFT = 2

IDX_IMAGES_MAGIC, IDX_LABELS_MAGIC = 0x803, 0x801


# Data


def read_images(folder, split):
    """Reads an IDX image file as uint8 [count, height, width]."""
    content = gzip.decompress((folder / f"{split}-images-idx3-ubyte.gz").read_bytes())
    magic, count, height, width = struct.unpack_from(">4I", content)
    assert magic == IDX_IMAGES_MAGIC, f"reading {split} images: magic {magic:#x}, wanted 0x803"
    return np.frombuffer(content, np.uint8, offset=16).reshape(count, height, width)


def read_labels(folder, split):
    """Reads an IDX label file as uint8 [count]."""
    content = gzip.decompress((folder / f"{split}-labels-idx1-ubyte.gz").read_bytes())
    magic, count = struct.unpack_from(">2I", content)
    assert magic == IDX_LABELS_MAGIC, f"reading {split} labels: magic {magic:#x}, wanted 0x801"
    return np.frombuffer(content, np.uint8, count, offset=8)


def write_gzip(path, content):
    """Writes `content` compressed, with neither name nor time, so that equal input gives equal files."""
    with open(path, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as zipped:
        zipped.write(content)
    print(f"{path.relative_to(HERE)}: {path.stat().st_size} bytes")


def write_data(source):
    """Writes the first images and labels of both splits as IDX files."""
    DATA_FOLDER.mkdir(exist_ok=True)
    for split, count in EMBEDDED_COUNTS.items():
        images, labels = read_images(source, split)[:count], read_labels(source, split)[:count]
        images_header = struct.pack(">4I", IDX_IMAGES_MAGIC, *images.shape)
        labels_header = struct.pack(">2I", IDX_LABELS_MAGIC, *labels.shape)
        write_gzip(DATA_FOLDER / f"{split}-images-idx3-ubyte.gz", images_header + images.tobytes())
        write_gzip(DATA_FOLDER / f"{split}-labels-idx1-ubyte.gz", labels_header + labels.tobytes())


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("step", choices=["data"])
    parser.add_argument("--source", type=Path, default=DEBIAN_FOLDER, help="folder of the IDX files")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    write_data(arguments.source)


if __name__ == "__main__":
    main()
