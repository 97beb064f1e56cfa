"""Judge what was drawn: evaluate.py METRICS DATA CODEBOOK ASKED JUDGE RANKED BASELINE KEEP CODES...

Each kind of picture is judged by the same rules: real ones that nobody learnt from, those as their codes show
them (`decoded`), candidates as they were drawn (`sampled`), the KEEP best of each caption
(`reranked`), and both baselines.
"""

import json
import sys
from pathlib import Path

import numpy as np

import captions
import codes
import frechet
import judge
import prior
import traits

NEAR = 2  # codes in which a picture that is nearly a copy may differ
COMPONENTS = 16  # of the space in which sets of pictures are compared


def best(ranked: dict, keep: int) -> np.ndarray:
    """Return the codes of the `keep` best of each caption, (captions, keep, 16)."""
    chosen = ranked["order"][:, :keep, None]
    return np.take_along_axis(ranked["codes"], chosen, axis=1)


def told_rightly(known: dict, pixels: np.ndarray, digits: np.ndarray) -> float:
    """Return the share of pictures, (groups, many, 64), that the judge takes for their group's digit."""
    said = judge.says(known, pixels.reshape(-1, codes.SIDE**2)).reshape(pixels.shape[:2])
    return float((said == np.array(digits)[:, None]).mean())


def plain(wanted: dict) -> bool:
    """Say whether a caption says nothing of any trait."""
    return all(wanted[name] is None for name in traits.NAMES)


def shown(wanted: list[dict], pixels: np.ndarray, limits: np.ndarray) -> dict[str, float]:
    """Return how often pictures, (captions, many, 64), show what their captions say of a trait.

    Of real pictures a third does by chance. `unseen` is of both traits of captions that say what no
    caption did that was learnt from, `seen` of both traits of the others; there chance is a ninth.
    """
    some = [at for at, one in enumerate(wanted) if not plain(one)]
    wanted, pixels = [wanted[at] for at in some], pixels[some]
    asked = np.array([[one[name] for name in traits.NAMES] for one in wanted])
    unseen = np.array([one["unseen"] for one in wanted])
    digits = np.repeat([one["digit"] for one in wanted], pixels.shape[1])
    found = traits.third(pixels.reshape(-1, codes.SIDE**2), digits, limits)
    fits = found.reshape(*pixels.shape[:2], 2) == asked[:, None]  # (captions, many, traits)
    return {
        "lean": float(fits[..., 1].mean()),
        "seen": float(fits[~unseen].all(axis=-1).mean()),
        "unseen": float(fits[unseen].all(axis=-1).mean()),
        "weight": float(fits[..., 0].mean()),
    }


def apart(learnt: np.ndarray, real: np.ndarray, sets: dict[str, np.ndarray]) -> dict[str, float]:
    """Return how far sets of pictures, (…, 64), are from real ones, and parts of the baselines' distances."""
    space = frechet.components(learnt, COMPONENTS)
    found = {
        name: frechet.distance(some.reshape(-1, codes.SIDE**2) @ space, real @ space)
        for name, some in sets.items()
    }
    return found | {
        "sampled_of_blind": found["sampled"] / found["blind"],
        "sampled_of_told": found["sampled"] / found["told"],
    }


def differing(learnt: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Return in how many codes each of some, (…, 16), differs from the nearest that was learnt from."""
    flat = drawn.reshape(-1, codes.PLACES)
    return np.array([(one != learnt).sum(axis=1).min() for one in flat])


def copied(learnt: np.ndarray, sets: dict[str, np.ndarray]) -> dict[str, dict[str, float]]:
    """Return how near sets of codes are to those learnt from, and which share are copies, or nearly."""
    away = {name: differing(learnt, one) for name, one in sets.items()}
    return {
        "copies": {name: float((one == 0).mean()) for name, one in away.items()},
        "differing": {name: float(one.mean()) for name, one in away.items()},
        "near_copies": {name: float((one <= NEAR).mean()) for name, one in away.items()},
    }


def rounded(found: dict) -> dict:
    """Return the same to six places."""
    return {name: rounded(one) if isinstance(one, dict) else round(one, 6) for name, one in found.items()}


def main(
    metrics: str, data: str, codebook: str, asked: str, known: str, ranked: str, baseline: str,
    keep: str, *shards: str,
) -> None:  # fmt: skip
    """Write METRICS."""
    arrays, expert, order, other = (dict(np.load(one)) for one in (data, known, ranked, baseline))
    looks, every = np.load(codebook)["codebook"], prior.gather(shards)
    learn, test = (arrays["part"] == captions.PARTS.index(one) for one in ("learn", "test"))
    wanted = [json.loads(Path(asked).read_text())[at] for at in order["asked"]]
    drawn = {"sampled": order["codes"], "reranked": best(order, int(keep))}
    without = {name: other[name] for name in ("told", "blind")}
    groups = dict.fromkeys(drawn, [one["digit"] for one in wanted])
    groups |= dict.fromkeys(without, other["digits"])
    # what says nothing of traits is as mixed in them as real images are
    some = [plain(one) for one in wanted]
    sets = {name: one[some] for name, one in drawn.items()} | without
    seen = {"real": arrays["pixels"][test], "decoded": codes.decode(looks, every[test])}
    alike = {"real": arrays["pixels"][learn], "decoded": codes.decode(looks, every[learn])}
    alike |= {name: codes.decode(looks, one) for name, one in sets.items()}
    pictures = {name: codes.decode(looks, one) for name, one in (drawn | without).items()}
    labels = arrays["labels"][test]
    by_label = {name: told_rightly(expert, one[:, None], labels) for name, one in seen.items()}
    by_group = {name: told_rightly(expert, one, groups[name]) for name, one in pictures.items()}
    report = copied(every[learn], sets | {"test": every[test]}) | {
        "frechet": apart(alike["real"], seen["real"], alike),
        "judge": by_label | by_group,
        "shown": {name: shown(wanted, pictures[name], arrays["bounds"]) for name in drawn},
        "test_images": int(test.sum()),
    }
    text = json.dumps(rounded(report), indent=2, sort_keys=True)
    Path(metrics).write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
