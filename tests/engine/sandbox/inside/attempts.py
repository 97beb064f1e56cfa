"""All attempts by name, and making one."""

import json
import os
import signal

from . import calls, neighbours, standing, view
from .calls import Refused
from .table import FAMILIES, SYSCALLS

ATTEMPTS = {
    **{f"call {name}": lambda n=name: calls.system_call(n) for name in SYSCALLS},
    **{f"socket {name}": lambda n=name: calls.socket_family(n) for name in FAMILIES},
    **{f"see {path}": lambda p=path: view.visible(p) for path in view.HIDDEN},
    **{f"write {path}": lambda p=path: view.writable(p) for path in view.UNWRITABLE},
    **{f"turn {path}": lambda p=path: view.knob(p) for path in view.KERNEL_KNOBS},
    **{
        function.__name__.replace("_", " "): function
        for module in (calls, view, neighbours, standing)
        for function in module.FUNCTIONS
    },
}


def attempt(name):
    """Make one attempt in a process of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        signal.alarm(10)
        try:
            said = [True, str(ATTEMPTS[name]())]
        except (Refused, OSError, ValueError) as error:
            said = [False, str(error) or repr(error)]
        os.write(writing, json.dumps(said).encode())
        os._exit(0)
    os.close(writing)
    said = b"".join(iter(lambda: os.read(reading, 4096), b""))
    os.close(reading)
    _, ended = os.waitpid(child, 0)
    return json.loads(said) if said else [False, f"ended by {ended}"]
