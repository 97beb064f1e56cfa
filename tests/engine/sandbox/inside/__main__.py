"""Make the attempts that are named, or all, and print {name: [got through?, what happened]}."""

import json
import os
import sys

from . import standing
from .attempts import ATTEMPTS, attempt
from .table import FILE

standing.SPARE += standing.open_descriptors()
if os.path.isdir("/build"):
    open(FILE, "w").close()
print(json.dumps({name: attempt(name) for name in sys.argv[1:] or ATTEMPTS}))
