"""Turn a shard of the images into codes: encode.py DATA CODEBOOK SHARD SHARDS CODES

The shard has every SHARDS-th image, from the SHARD-th on. CODES holds codes, (images, 16), and at,
(images), where in DATA each is.
"""

import sys

import numpy as np

import codes


def main(data: str, codebook: str, shard: str, shards: str, out: str) -> None:
    """Write the codes of one shard of DATA."""
    with np.load(data) as arrays, np.load(codebook) as book:
        at = np.arange(int(shard), len(arrays["labels"]), int(shards))
        np.savez(out, at=at, codes=codes.encode(book["codebook"], arrays["pixels"][at]))
    print(f"{len(at)} images")


if __name__ == "__main__":
    main(*sys.argv[1:])
