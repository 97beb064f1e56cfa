"""Leader: the program that gives a command in a sandbox a terminal of its own. No I/O here.

    /.leader PROGRAM ARGUMENT...

It makes itself the leader of a session, takes its standard input as that session's terminal and
becomes PROGRAM. Then Ctrl-C reaches what runs in the foreground and nothing else, and a shell has
job control. bubblewrap cannot do this, and an environment need not have a program that can; so
this one is made here, of 61 bytes of x86-64 code (docs/adr/0050).
"""

import struct
from typing import Final

PLACE: Final = "/.leader"  # where a sandbox has it
NOT_EXECUTED: Final = 126  # what it exits with when PROGRAM cannot be executed, as a shell does

_CODE: Final = bytes.fromhex(
    "b870000000 0f05"  # mov eax, 112 (setsid);  syscall
    "b810000000 31ff"  # mov eax, 16 (ioctl);    xor edi, edi (standard input)
    "be0e540000 31d2"  # mov esi, TIOCSCTTY;     xor edx, edx
    "0f05"  #            syscall
    "488b0c24"  #        mov rcx, [rsp]          the number of arguments
    "488b7c2410"  #      mov rdi, [rsp+16]       PROGRAM
    "488d742410"  #      lea rsi, [rsp+16]       PROGRAM ARGUMENT...
    "488d54cc10"  #      lea rdx, [rsp+rcx*8+16] the environment
    "b83b000000 0f05"  # mov eax, 59 (execve);   syscall
    "bf7e000000"  #      mov edi, NOT_EXECUTED
    "b83c000000 0f05"  # mov eax, 60 (exit);     syscall
)
_BASE: Final = 0x40_0000  # where a program is loaded by custom
_HEADERS: Final = 64 + 56


def program() -> bytes:
    """Return the program: an ELF header, one segment that can be read and executed, the code."""
    size = _HEADERS + len(_CODE)
    identity = b"\x7fELF" + bytes((2, 1, 1)) + bytes(9)  # 64 bits, little-endian
    numbers = (2, 62, 1, _BASE + _HEADERS, 64, 0, 0, 64, 56, 1, 0, 0, 0)  # an executable, x86-64
    header = struct.pack("<HHIQQQIHHHHHH", *numbers)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, _BASE, _BASE, size, size, 4096)
    return identity + header + segment + _CODE
