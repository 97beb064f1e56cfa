"""Terms of a JSON Schema: the few forms that the workflow file's is put together from. Pure.

Draft 7, which every editor knows; docs/adr/0091 says why no later one.
"""

from typing import Any, Final, TypeAlias

from engine.workflow.names import NAME
from engine.workflow.parse import MAX_TABLE

Schema: TypeAlias = dict[str, Any]

DIALECT: Final = "http://json-schema.org/draft-07/schema#"

TEXT: Final[Schema] = {"type": "string", "minLength": 1}
CID: Final[Schema] = {"type": "string", "pattern": "^baf[a-z2-7]{56}$"}
FOREIGN_CID: Final[Schema] = {  # of content that others made: engine/content/foreign_cid.py
    "type": "string",
    "pattern": "^(ipfs://|/ipfs/)?(Qm[1-9A-HJ-NP-Za-km-z]{44}|[bBfFkKuz][0-9A-Za-z_-]{5,320})/?$",
}


def said(description: str, schema: Schema, *examples: object, **more: object) -> Schema:
    """Return a schema with what an editor shows of it: what it is, examples, a `default`."""
    shown: Schema = {"examples": list(examples)} if examples else {}
    return {"description": description, **schema, **shown, **more}


def closed(properties: dict[str, Schema], *required: str) -> Schema:
    """Return a map with these keys and no other."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def named(value: Schema, most: int = MAX_TABLE, pattern: str = NAME) -> Schema:
    """Return a map from names that the author chooses."""
    return {
        "type": "object",
        "patternProperties": {f"^{pattern}$": value},
        "additionalProperties": False,
        "maxProperties": most,
    }


def matching(pattern: str) -> Schema:
    """Return text that is all of a pattern."""
    return {"type": "string", "pattern": f"^{pattern}$"}


def list_of(item: Schema, most: int) -> Schema:
    """Return a list."""
    return {"type": "array", "items": item, "maxItems": most}
