"""Candidates: who could run a step, the likeliest to begin it at once first. Pure."""

from collections.abc import Iterable

from engine.step import Platform
from peers.dialling import Dialling
from peers.known import Known
from peers.peer_record import Notice, current, runs


def candidates(
    notices: Iterable[Notice],
    known: Known,
    dialling: Dialling,
    now_ms: int,
    platform: Platform,
    cores: int,
    memory: int,
) -> tuple[Notice, ...]:
    """Return the current records of those that could; free, connected and reached ones first."""

    def rank(notice: Notice) -> tuple[object, ...]:
        peer = notice.signer
        return (
            notice.record.free_slots == 0,
            not known.connected(peer),
            not known.reached(peer),
            dialling.failures(peer),
            -notice.record.free_slots,
            peer,
        )

    able = (
        notice
        for notice in notices
        if current(notice.record, now_ms) and runs(notice.record, platform, cores, memory)
    )
    return tuple(sorted(able, key=rank))
