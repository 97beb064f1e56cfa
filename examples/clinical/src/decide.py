"""Choose from which score a mass is flagged: decide.py INNER SCORES RULE THRESHOLD JUDGED

RULE is {"rule": "sensitivity", "at_least": 0.99}, the highest threshold at which so many of the
malignant masses in INNER are flagged, or {"rule": "fixed", "at": 0.5}. INNER has training patients
only: who is in SCORES has no part in the choice. THRESHOLD is what was chosen, and what it gave on
INNER; JUDGED is SCORES with the threshold, and 1 for who is flagged.
"""

import json
import sys
from pathlib import Path

import numpy as np

import measures

PLACES = 9  # of the scores


def threshold(rule: dict, scores: np.ndarray, labels: np.ndarray) -> float:
    """Return the score from which a mass is flagged."""
    if rule["rule"] == "fixed":
        return float(rule["at"])
    if rule["rule"] != "sensitivity":
        raise SystemExit(f"no rule is called {rule['rule']!r}: sensitivity or fixed")
    malignant = np.sort(scores[labels == 1])[::-1]
    needed = int(np.ceil(rule["at_least"] * len(malignant)))
    return float(malignant[needed - 1])


def main(inner: str, scores: str, rule: str, chosen: str, judged: str) -> None:
    """Choose on INNER, judge SCORES and write both."""
    seen = measures.read_scores(inner)
    cut = threshold(json.loads(rule), seen["score"], seen["label"])
    flagged = seen["score"] >= cut
    sensitivity, specificity = measures.rates(flagged, seen["label"], np.ones(len(flagged)))
    noted = {
        "chosen_on": len(flagged),
        "rule": json.loads(rule),
        "sensitivity_there": round(sensitivity, 6),
        "specificity_there": round(specificity, 6),
        "threshold": cut,
    }
    Path(chosen).write_text(json.dumps(noted, indent=2, sort_keys=True) + "\n")
    head, *rows = Path(scores).read_text().splitlines()
    with Path(judged).open("w") as lines:
        lines.write(f"{head},threshold,flagged\n")
        for row in rows:
            flag = int(float(row.rpartition(",")[2]) >= cut)
            lines.write(f"{row},{cut:.{PLACES}f},{flag}\n")
    print(f"flagged from {cut:.4f}, chosen on {len(flagged)} patients")


if __name__ == "__main__":
    main(*sys.argv[1:])
