"""Sampling: which recorded steps are run again, who chose them, and what that proves of others."""

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal

from cli.report import counted, human_seconds, note, some
from engine.attestations import UnknownVersion
from engine.content.blocks import BlockStore
from engine.content.cid import Cid
from engine.errors import Damaged, Refused, Unavailable
from engine.evidence import attestation
from engine.run import RunStep
from engine.sample import check_seed, fitting, order
from engine.summary import load_run
from engine.thin import MAX_PICKS, THIN, Thin, is_drawn, picked, repeatable
from engine.values import dataclass
from engine.workflow.units import parse_time

if TYPE_CHECKING:
    from engine.verdict import StepVerdict

MOST_NAMED: Final = 5  # steps

_SEED_BYTES: Final = 16
_ASK: Final = "'tally export RUN FILE.car --thin --sample N --seed SEED', then --seed SEED here"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks for on the command line."""

    steps: tuple[str, ...] = ()  # by name or id; none: all
    count: int | None = None
    budget: str | None = None  # as "10min"
    seed: str | None = None

    @property
    def is_sample(self) -> bool:
        """Whether steps are to be drawn."""
        return self.count is not None or self.budget is not None


@dataclass(frozen=True, slots=True)
class Sampled:
    """The steps that are to be run again."""

    steps: tuple[RunStep, ...]  # as drawn, or else in the order of the run
    of: int  # how many they were chosen from
    seed: str = ""  # "" when they were not drawn
    chosen_by: Literal["you", "maker"] = "you"  # who is at this command; who made the bundle
    is_given: bool = False  # the seed was named, and may have been known before

    @property
    def is_part(self) -> bool:
        """Whether there are others."""
        return len(self.steps) < self.of

    @property
    def is_fair(self) -> bool:
        """Whether what comes of these says something of the others."""
        return bool(self.seed) and self.chosen_by == "you"


def draw(
    store: BlockStore, run: Cid, steps: Sequence[RunStep], wanted: Wanted, thin: Thin | None
) -> Sampled:
    """Return which steps are to be run again, of all of a run that can be; `thin`: of those in it.

    Raises: Refused for what is not there, and a seed without a sample; Unavailable when the budget
    is too short for any; Damaged when a thin bundle is not what it says.
    """
    if thin is not None:
        return _of_thin(store, steps, wanted, thin)
    pool = _named(steps, wanted.steps)
    if not wanted.is_sample:
        if wanted.seed is not None:
            raise Refused("a seed draws a sample", fix="add --sample N or --budget TIME")
        return Sampled(pool, len(pool))
    seed = secrets.token_hex(_SEED_BYTES) if wanted.seed is None else check_seed(wanted.seed)
    drawn = tuple(pool[at] for at in order(seed, run, [step.id for step in pool]))
    chosen = _first(store, drawn, wanted)
    return Sampled(chosen, len(pool), seed, is_given=wanted.seed is not None)


def thin_of(store: BlockStore, run: Cid, wanted: Wanted) -> tuple[Cid, Thin]:
    """Put in a store which steps of a run somebody is to get, and return that.

    Raises: as draw; Refused for too many.
    """
    steps = repeatable(store, load_run(store, run))
    chosen = draw(store, run, steps, wanted, None)
    if not 0 < len(chosen.steps) <= MAX_PICKS:
        fix = f"take 1 to {MAX_PICKS}: the file of a run has all of them"
        raise Refused(f"a sample of {counted(len(chosen.steps), 'step')} is none", fix=fix)
    places = {step: at for at, step in enumerate(steps)}
    # of a part of the steps no seed draws what it draws of all of them
    seed = "" if wanted.steps else chosen.seed
    thin = Thin(tuple(places[step] for step in chosen.steps), seed, run)
    store.put([THIN.block(thin)])
    return THIN.cid(thin), thin


def _of_thin(store: BlockStore, steps: Sequence[RunStep], wanted: Wanted, thin: Thin) -> Sampled:
    """Return the steps of a thin bundle, or the first of them."""
    here = picked(thin, steps)
    if thin.seed and not is_drawn(thin, steps):
        what = f"its steps are not those that its seed '{thin.seed}' draws"
        raise Damaged(what, where=str(thin.whole), fix="believe nothing of it")
    check_given(thin, wanted)
    if wanted.count is not None and wanted.count > len(here) and not wanted.steps:
        note(f"the bundle has {counted(len(here), 'step')}, not {wanted.count}: all it has are run")
    if wanted.steps:
        return Sampled(_first(store, _named(here, wanted.steps), wanted), len(steps))
    by: Literal["you", "maker"] = "you" if wanted.seed and thin.seed else "maker"
    return Sampled(_first(store, here, wanted), len(steps), thin.seed, by, is_given=True)


def check_given(thin: Thin, wanted: Wanted) -> None:
    """Look whether a sample was drawn as whoever verifies asked.

    Raises: Refused when it was not.
    """
    if wanted.seed is not None and wanted.seed != thin.seed:
        what = f"it was not drawn with seed '{wanted.seed[:80]}'"
        was = f"its seed is '{thin.seed}'" if thin.seed else "its maker chose the steps"
        raise Refused(f"{what}: {was}", fix=f"have one made with yours: {_ASK}")


def _named(steps: Sequence[RunStep], names: tuple[str, ...]) -> tuple[RunStep, ...]:
    from engine.rerun import choose

    if not names:
        return tuple(steps)
    found = {step for name in names for step in choose(steps, name)}
    return tuple(step for step in steps if step in found)


def _first(store: BlockStore, drawn: tuple[RunStep, ...], wanted: Wanted) -> tuple[RunStep, ...]:
    """Return as many of the first as are wanted, and fit."""
    drawn = drawn[: wanted.count]
    if wanted.budget is None:
        return drawn
    budget_ms = parse_time(wanted.budget)
    count = fitting(budget_ms, (_wall_ms(store, step) for step in drawn))
    if not count:
        what = (
            f"'{drawn[0].id}' was drawn first, and took {human_seconds(_wall_ms(store, drawn[0]))}"
        )
        fix = "give more time; another draw, until a short step comes first, would prove less"
        raise Unavailable(f"no step fits the budget: {what}", fix=fix)
    return drawn[:count]


def _wall_ms(store: BlockStore, step: RunStep) -> int:
    """Return how long a step took, as is attested; 0 where nothing is."""
    try:
        return attestation(store, step.attestations[0]).wall_ms if step.attestations else 0
    except UnknownVersion:
        return 0


def bound(sampled: Sampled, verdicts: Sequence["StepVerdict"]) -> int | None:
    """Return how many percent of all can be wrong, at 95 % confidence; None: that is not known."""
    from engine.verdict import can_be_wrong, of_run

    if not sampled.is_fair or of_run(verdicts) not in ("reproduced", "equivalent"):
        return None
    return can_be_wrong(len(sampled.steps), sampled.of)


def in_words(sampled: Sampled, verdicts: Sequence["StepVerdict"]) -> str:
    """Return what a sample proves of the others; "" when there is nothing to be said of them."""
    if not sampled.is_part:
        return ""
    percent, count = bound(sampled, verdicts), f"{len(sampled.steps)} of {sampled.of}"
    if sampled.chosen_by == "maker":
        which = some([step.id for step in sampled.steps], MOST_NAMED)
        text = f"{count} ({which}), {_chosen(sampled)}: they prove nothing of the others"
        return f"{text}; for that, have one made with a seed of yours: {_ASK}"
    if percent is None:
        return f"drawn with --seed {sampled.seed!r}" if sampled.seed else ""
    same = all(one.verdict == "identical" for one in verdicts)
    text = f"{count} {'identical' if same else 'identical or equivalent'}: under {percent} % can be"
    text += f" wrong, at 95 % confidence; drawn with --seed {sampled.seed!r}"
    unknown = ", which whoever made the run must not have known"
    return text + (unknown if sampled.is_given else "")


def _chosen(sampled: Sampled) -> str:
    by = "whoever made the bundle"
    return (
        f"drawn with seed '{sampled.seed}', which {by} chose" if sampled.seed else f"chosen by {by}"
    )


def sample_json(sampled: Sampled, verdicts: Sequence["StepVerdict"]) -> dict[str, object] | None:
    """Return what a sample is and proves, for scripts; None when they were named, or all."""
    if not sampled.seed and sampled.chosen_by == "you":
        return None
    return {
        "steps": len(sampled.steps),
        "of": sampled.of,
        "seed": sampled.seed or None,
        "chosen_by": sampled.chosen_by,
        "can_be_wrong_percent": bound(sampled, verdicts),
    }
