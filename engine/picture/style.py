"""Style: the colours of a picture, on light and on dark. Pure.

One sheet for a picture that stands alone and for one in a page. Plain rules, without variables:
converters of SVG know no more.
"""

from typing import Final

_LIGHT: Final = """\
.graph { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace }
.graph .paper { fill: #ffffff }
.graph .box { fill: #ffffff; stroke: #8b949e; stroke-width: 1.2 }
.graph .name { fill: #1f2328; font-size: 13px; font-weight: 600; text-anchor: middle }
.graph .note { fill: #59636e; font-size: 11px; text-anchor: middle }
.graph .edge { fill: none; stroke: #8b949e; stroke-width: 1.4 }
.graph .gather { stroke-width: 2.6 }
.graph .order { stroke-dasharray: 5 4 }
.graph .tip { fill: #8b949e }
.graph .ran { fill: #2da44e }
.graph .reused { fill: #3b82d6 }
.graph .failed { fill: #d1242f }
.graph .skipped { fill: #c4cbd3 }
.graph .pending { fill: #e8ebee }
.graph .has-failed .box { stroke: #d1242f }
.graph .conditional .box { stroke-dasharray: 4 3 }
"""
_DARK: Final = """\
.graph .paper { fill: #0d1117 }
.graph .box { fill: #1c2128; stroke: #768390 }
.graph .name { fill: #e6edf3 }
.graph .note { fill: #9da7b3 }
.graph .edge { stroke: #768390 }
.graph .tip { fill: #768390 }
.graph .ran { fill: #3fb950 }
.graph .reused { fill: #58a6ff }
.graph .failed { fill: #f85149 }
.graph .skipped { fill: #57606a }
.graph .pending { fill: #30363d }
.graph .has-failed .box { stroke: #f85149 }
"""

SHEET: Final = f"{_LIGHT}@media screen and (prefers-color-scheme: dark) {{\n{_DARK}}}\n"
