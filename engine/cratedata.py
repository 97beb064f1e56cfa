"""CrateData: the content of a crate, each file and directory once; and small entities. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from engine.content.cid import Cid
from engine.summary import Output

Json = dict[str, Any]


def refs(ids: Iterable[str]) -> list[Json]:
    """Return references to entities, as JSON-LD has them."""
    return [{"@id": one} for one in ids]


class CrateData:
    """Content by its CID, and which formal parameters it is an example of."""

    def __init__(self, kinds: Mapping[Cid, Literal["File", "Dataset"]]) -> None:
        self._kinds = kinds
        self._examples: dict[Cid, dict[str, None]] = {}

    @property
    def content(self) -> dict[str, Cid]:
        """What is to be written: path in the crate -> content."""
        return {self._id(cid).rstrip("/"): cid for cid in self._examples}

    def note(self, cid: Cid, parameter: str) -> None:
        """Enter content as an example of a parameter."""
        self._examples.setdefault(cid, {})[parameter] = None

    def kind(self, cid: Cid | None) -> str:
        """Return what content is; of none, what most is."""
        return self._kinds[cid] if cid is not None else "File"

    def refs(self, cids: Iterable[Cid]) -> list[Json]:
        """Return references to content, each once."""
        return refs(self._id(cid) for cid in dict.fromkeys(cids))

    def entities(self) -> Iterator[Json]:
        """Yield what is said of each."""
        for cid, parameters in self._examples.items():
            yield {
                "@id": self._id(cid),
                "@type": self.kind(cid),
                "name": str(cid),
                "identifier": f"ipfs://{cid}",
                "exampleOfWork": refs(parameters),
            }

    def _id(self, cid: Cid) -> str:
        return f"data/{cid}" + "/" * (self._kinds[cid] == "Dataset")


def each(output: Output) -> tuple[Cid, ...]:
    """Return the content that is an output of a workflow."""
    if isinstance(output, tuple):
        return output
    return () if output is None else (output,)


def formal(uri: str, name: str, kind: str) -> Json:
    """Return a formal parameter."""
    return {"@id": uri, "@type": "FormalParameter", "name": name, "additionalType": kind}


def instance(what: str, step: str) -> str:
    """Return the name of something of an instance: no address may have the brackets of "a[1]"."""
    return f"#{what}/{step.replace('[', '/').rstrip(']')}"


def usage(step: str, name: str, value: int) -> Json:
    """Return how much a step used of something."""
    return {
        "@id": f"{instance('usage', step)}/{name}",
        "@type": "PropertyValue",
        "name": name,
        "propertyID": f"urn:tallystick:usage:{name}",
        "value": str(value),
    }


def status(*, failed: bool) -> Json:
    """Return how an action ended."""
    name = "FailedActionStatus" if failed else "CompletedActionStatus"
    return {"@id": f"http://schema.org/{name}"}
