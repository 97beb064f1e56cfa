"""Mask a share of the text: shard.py CORPUS.json TOKENIZER.json PART SHARD SHARDS COPIES SHARD.npz

PART is train or test. Of its blocks, number SHARD of SHARDS is every SHARDSth. Each sequence is
masked COPIES times, each time elsewhere. SHARD.npz holds whole and seen sequences (n, LENGTH), hidden
places (n, HIDDEN), and how many pieces the tokenizer has.
"""

import json
import sys
from pathlib import Path

import bpe
import mask
import numpy as np

SEED = 4_805


def main(
    corpus: str, tokenizer: str, part: str, shard: str, shards: str, copies: str, out: str
) -> None:
    """Encode and mask the blocks of this shard, and write them."""
    coder = bpe.Tokenizer(tokenizer)
    wanted = part == "test"
    blocks = [block for block in json.loads(Path(corpus).read_text()) if block["test"] == wanted]
    mine = blocks[int(shard) :: int(shards)]
    cut = [row for block in mine for row in mask.sequences(coder.encode(block["text"]))]
    whole = np.tile(np.array(cut, np.int32), (int(copies), 1))
    rng = np.random.default_rng([SEED, wanted, int(shard)])
    seen, places = mask.hide(rng, whole, len(coder.pieces))
    np.savez(
        out,
        whole=whole,
        seen=seen.astype(np.int32),
        places=places.astype(np.int32),
        pieces=len(coder.pieces),
    )
    first = coder.decode(seen[0].tolist())
    print(f"{len(whole)} sequences of {len(mine)} blocks; the first: {first}")


if __name__ == "__main__":
    main(*sys.argv[1:])
