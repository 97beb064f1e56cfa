"""Remedy: what a user does when this machine does not let a sandbox be built.

Kernels refuse unprivileged user namespaces in a few known ways; each has its switch.
"""

from pathlib import Path
from typing import Final

_SWITCHES: Final = (
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "Ubuntu's AppArmor forbids user namespaces to programs without a profile: "
        "`sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0` "
        "(in /etc/sysctl.d to keep it)",
    ),
    (
        "/proc/sys/kernel/unprivileged_userns_clone",
        "0",
        "this Debian kernel has user namespaces switched off: "
        "`sudo sysctl kernel.unprivileged_userns_clone=1` (in /etc/sysctl.d to keep it)",
    ),
    (
        "/proc/sys/user/max_user_namespaces",
        "0",
        "user namespaces are switched off (the default of RHEL 7): "
        "`sudo sysctl user.max_user_namespaces=15000` (in /etc/sysctl.d to keep it)",
    ),
)
_CONTAINER: Final = (
    "in a container, allow user namespaces and mounts "
    "(`--security-opt seccomp=unconfined --security-opt apparmor=unconfined "
    "--security-opt systempaths=unconfined`), or run on the host; `tally doctor` says more"
)


def advise(why: str, root: Path = Path("/")) -> str:
    """Return the fix for this machine; `root` holds its proc/."""
    for path, value, fix in _SWITCHES:
        switch = root / path[1:]
        if switch.is_file() and switch.read_text().strip() == value:
            return fix
    if "No space left on device" in why:
        return "too many namespaces or mounts are in use: end other sandboxes and try again"
    return _CONTAINER
