"""Fit the judge, who takes no part in choosing: judge.py DATA HOW JUDGE

Kernel ridge regression on the images of DATA that nothing else learns from: a picture is as much a
three as it is near to known threes and far from what is none. HOW has `smooth`, the distance at which
pictures are still alike, and `penalty`. JUDGE holds its images and what each
counts for. It is also said how many test images are told rightly.
"""

import json
import sys

import numpy as np

import captions
import codes

DIGITS = 10
WAYS = ((1, 1), (0, 1), (2, 1), (1, 0), (1, 2))  # down and right, in a frame of one pixel


def moved(pixels: np.ndarray) -> np.ndarray:
    """Return pictures as they are, and moved by one pixel in four directions, (N, 64) to (5 N, 64)."""
    flat = np.pad(pixels.reshape(-1, codes.SIDE, codes.SIDE), ((0, 0), (1, 1), (1, 1)))
    some = [flat[:, down : down + codes.SIDE, right : right + codes.SIDE] for down, right in WAYS]
    return np.concatenate(some).reshape(-1, codes.SIDE**2)


def likeness(one: np.ndarray, other: np.ndarray, smooth: float) -> np.ndarray:
    """Return how alike pictures are, (N, 64) and (M, 64) to (N, M): 1 is the same, 0 is far."""
    apart = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2 * one @ other.T
    return np.exp(-apart / (2 * smooth**2))


def fit(pixels: np.ndarray, labels: np.ndarray, smooth: float, penalty: float) -> np.ndarray:
    """Return what each known picture counts for, (N, 10)."""
    wanted = 2 * np.eye(DIGITS)[labels] - 1
    alike = likeness(pixels, pixels, smooth)
    return np.linalg.solve(alike + penalty * np.eye(len(pixels)), wanted)


def says(judge: dict, pixels: np.ndarray) -> np.ndarray:
    """Return which digit the judge takes each picture for, (N)."""
    alike = likeness(pixels, judge["pixels"], float(judge["smooth"]))
    return (alike @ judge["counts"]).argmax(axis=1)


def main(data: str, how: str, out: str) -> None:
    """Fit the judge to its part of DATA, and write it."""
    with np.load(data) as arrays:
        pixels, labels, part = arrays["pixels"], arrays["labels"], arrays["part"]
    mine, test = (part == captions.PARTS.index(one) for one in ("judge", "test"))
    known, told = moved(pixels[mine]), np.tile(labels[mine], len(WAYS))
    settings = json.loads(how)
    counts = fit(known, told, settings["smooth"], settings["penalty"])
    judge = {"pixels": known, "counts": counts, "smooth": settings["smooth"]}
    np.savez(out, **judge)
    right = (says(judge, pixels[test]) == labels[test]).mean()
    print(f"{right:.1%} of the test images are told rightly")


if __name__ == "__main__":
    main(*sys.argv[1:])
