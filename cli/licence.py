"""Licence: what is said of it when something is published. It is the author's word, and not law."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from cli.report import note

if TYPE_CHECKING:
    from cli.draft import Said
    from peers.resource import Opened, Resource

_JOINS: Final = frozenset({"AND", "OR", "WITH"})
# what most are published under; a word that is none of these may well be right, and is only said
_NAMES: Final = """
0BSD AFL-3.0 AGPL-3.0-only AGPL-3.0-or-later Apache-2.0 Artistic-2.0 BSD-2-Clause
BSD-3-Clause BSL-1.0 BlueOak-1.0.0 CC-BY-3.0 CC-BY-4.0 CC-BY-NC-4.0 CC-BY-NC-ND-4.0 CC-BY-
NC-SA-4.0 CC-BY-ND-4.0 CC-BY-SA-3.0 CC-BY-SA-4.0 CC0-1.0 CECILL-2.1 ECL-2.0 EPL-2.0
EUPL-1.2 GPL-2.0-only GPL-2.0-or-later GPL-3.0-only GPL-3.0-or-later ISC LGPL-2.1-only
LGPL-2.1-or-later LGPL-3.0-only LGPL-3.0-or-later MIT MIT-0 MPL-2.0 MS-PL NCSA ODC-By-1.0
ODbL-1.0 OFL-1.1 PDDL-1.0 PostgreSQL Python-2.0 UPL-1.0 Unlicense Zlib
"""
_KNOWN: Final = frozenset(_NAMES.split())


def tell_licence(
    found: "Resource", said: "Said", origin: "Sequence[Opened]", before: "Resource | None"
) -> None:
    """Say under which licence it is published, and whose choice that was."""
    if not found.licence:
        return note("licence: none is named; '--licence SPDX' names one, as MIT or CC-BY-4.0")
    if said.licence is None and before is None and origin:
        whose = f"{origin[0].resource.name}@{origin[0].resource.version}"
        note(f"licence: {found.licence}, as {whose} has it; '--licence SPDX' names another")
    else:
        note(f"licence: {found.licence}")
    if odd := unknown(found.licence):
        where = "its names are at https://spdx.org/licenses/"
        note(f"licence: is '{odd}' one that SPDX has? {where}; it is published as it is")
    return None


def unknown(expression: str) -> str:
    """Return the first word of an SPDX expression that is no common licence; "" for none.

    >>> unknown("MIT OR (Apache-2.0 WITH LLVM-exception)"), unknown("BLAH")
    ('', 'BLAH')
    """
    words = expression.replace("(", " ").replace(")", " ").split()
    excepted = {after for word, after in pairwise(words) if word == "WITH"}
    for word in words:
        is_odd = word not in _KNOWN | _JOINS | excepted and not word.startswith("LicenseRef-")
        if is_odd:
            return word
    return ""
