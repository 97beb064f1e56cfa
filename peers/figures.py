r"""Figures: what a peer counts of itself, as Prometheus reads it. Pure.

https://prometheus.io/docs/instrumenting/exposition_formats/, version 0.0.4. No figure names a peer:
who may read them on this machine is not only its user.

>>> figures = Figures()
>>> figures.put(PEERS, 3)
>>> print(figures.text().split("\n")[2])
tallystick_peers 3
"""

import re
from typing import Final, NamedTuple

MAX_SERIES: Final = 64  # of one metric; strangers have a say in some labels: the rest is OTHER
MAX_LABEL: Final = 80  # characters
OTHER: Final = "other"

_NUMBER: Final = re.compile(r"\d+")


class Metric(NamedTuple):
    """One thing that is measured or counted."""

    name: str  # without the prefix
    kind: str  # "gauge" or "counter"
    text: str  # what it is, one line
    labels: tuple[str, ...] = ()


def gauge(name: str, text: str, *labels: str) -> Metric:
    """Return a metric that goes up and down."""
    return Metric(name, "gauge", text, labels)


def counter(name: str, text: str, *labels: str) -> Metric:
    """Return a metric that counts since the peer began."""
    return Metric(f"{name}_total", "counter", text, labels)


SESSIONS: Final = gauge(
    "sessions", "Connections by channel: control, bulk; the handshake is done.", "channel"
)
PEERS: Final = gauge("peers", "Peers whose record is known.")
STEPS: Final = gauge(
    "steps",
    "Steps of others at hand: state is leased, which all are, or running.",
    "state",
)
STEPS_ENDED: Final = counter(
    "steps_ended",
    "Steps that ended: side is for_others or by_others; state is done, failed or returned.",
    *("side", "state"),
)
SENT: Final = counter("sent_bytes", "Bytes of messages sent, by channel.", "channel")
RECEIVED: Final = counter("received_bytes", "Bytes of messages received, by channel.", "channel")
FAULTS: Final = counter("faults", "Connections ended as the other end broke the protocol.", "why")
RELAYED: Final = counter("relayed_bytes", "Bytes that were passed on between two others.")
RELAYS: Final = gauge("relays", "Connections of two others that are passed on now.")
NETWORK_MEMORY: Final = gauge("network_memory_bytes", "Resident memory of the network process.")
NETWORK_STARTS: Final = counter("network_starts", "How often the network process was started.")


class Figures:
    """The figures of one peer; for one thread."""

    def __init__(self) -> None:
        self._series: dict[Metric, dict[tuple[str, ...], int]] = {}

    def put(self, metric: Metric, value: int, *labels: str) -> None:
        """Set what a metric is now, or has counted so far."""
        series, key = self._at(metric, labels)
        series[key] = value

    def count(self, metric: Metric, *labels: str, by: int = 1) -> None:
        """Count on."""
        series, key = self._at(metric, labels)
        series[key] = series.get(key, 0) + by

    def text(self) -> str:
        """Return all figures as Prometheus reads them."""
        lines: list[str] = []
        for metric in sorted(self._series):
            name = f"tallystick_{metric.name}"
            lines += [f"# HELP {name} {metric.text}", f"# TYPE {name} {metric.kind}"]
            for labels, value in sorted(self._series[metric].items()):
                lines.append(f"{name}{_labelled(metric.labels, labels)} {value}")
        return "\n".join([*lines, ""])

    def _at(
        self, metric: Metric, labels: tuple[str, ...]
    ) -> tuple[dict[tuple[str, ...], int], tuple[str, ...]]:
        if len(labels) != len(metric.labels):
            raise ValueError(f"{metric.name} has the labels {metric.labels}")
        series = self._series.setdefault(metric, {})
        key = tuple(map(_label, labels))
        is_full = key not in series and len(series) >= MAX_SERIES - 1
        return series, (OTHER,) * len(labels) if is_full and labels else key


def _label(text: str) -> str:
    """Return a label: numbers in a reason would make each a series of its own."""
    short = _NUMBER.sub("N", text[:MAX_LABEL])
    return "".join(c if c.isprintable() else "?" for c in short)


def _labelled(names: tuple[str, ...], values: tuple[str, ...]) -> str:
    if not names:
        return ""
    pairs = zip(names, map(_escaped, values), strict=True)
    return "{" + ",".join(f'{name}="{value}"' for name, value in pairs) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
