"""facts: which Python this is, as JSON in $out. A builder, so that nothing of it runs outside."""

from __future__ import annotations

import json
import os
import platform
import sys
import sysconfig


def main() -> int:
    """Build, as Nix asks by the environment."""
    told = {
        "implementation": platform.python_implementation(),
        "version": platform.python_version(),
        "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        "machine": platform.machine(),
    }
    try:
        told["libc"] = os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (AttributeError, ValueError, OSError):
        told["libc"] = ""
    with open(os.environ["out"], "w", encoding="utf-8") as file:
        json.dump(told, file, sort_keys=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
