"""Clock code: what is written over functions of the vDSO, so that static programs see a set clock.

x86-64 code, a few instructions each. The clock of the real time is set; how long something takes
is left alone.
"""

import struct
from typing import Final

from engine.determinism.conditions import Conditions
from engine.determinism.shim import HELD_S, LATER_S

_REAL: Final = "21090000"  # bits 0, 5, 8 and 11: the clocks that say what time it is


def patches(conditions: Conditions) -> dict[str, bytes]:
    """Return what is written over the functions of the vDSO, by their names."""
    found: dict[str, bytes] = {}
    if conditions.time == "held":
        found |= _held(struct.pack("<q", HELD_S).hex())
    elif conditions.time == "varied":
        found |= _later(struct.pack("<i", LATER_S).hex())
    if conditions.random == "held":
        # mov rax, -ENOSYS; ret: programs then ask as before there was this function
        found["__vdso_getrandom"] = bytes.fromhex("48c7c0daffffff c3")
    return found


def _held(seconds: str) -> dict[str, bytes]:
    return {
        "__vdso_clock_gettime": bytes.fromhex(
            "83ff0b 7722"  #              cmp edi, 11; ja 1f
            f"b8{_REAL} 0fa3f8 7318"  #   mov eax, REAL; bt eax, edi; jnc 1f
            f"48b8{seconds} 488906"  #    mov rax, SECONDS; mov [rsi], rax
            "48c7460800000000"  #         mov qword [rsi+8], 0
            "31c0 c3"  #                  xor eax, eax; ret
            "b8e4000000 0f05 c3"  #    1: mov eax, 228 (clock_gettime); syscall; ret
        ),
        "__vdso_gettimeofday": bytes.fromhex(
            "4885ff 7415"  #              test rdi, rdi; jz 1f
            f"48b8{seconds} 488907"  #    mov rax, SECONDS; mov [rdi], rax
            "48c7470800000000"  #         mov qword [rdi+8], 0
            "31c0 c3"  #               1: xor eax, eax; ret
        ),
        "__vdso_time": bytes.fromhex(
            f"48b8{seconds} 4885ff 7403"  # mov rax, SECONDS; test rdi, rdi; jz 1f
            "488907 c3"  #                  mov [rdi], rax; 1: ret
        ),
    }


def _later(seconds: str) -> dict[str, bytes]:
    return {
        "__vdso_clock_gettime": bytes.fromhex(
            "b8e4000000 0f05"  #          mov eax, 228 (clock_gettime); syscall
            "85c0 7516 83ff0b 7711"  #    test eax, eax; jnz 1f; cmp edi, 11; ja 1f
            f"b9{_REAL} 0fa3f9 7307"  #   mov ecx, REAL; bt ecx, edi; jnc 1f
            f"488106{seconds} c3"  #      add qword [rsi], SECONDS; 1: ret
        ),
        "__vdso_gettimeofday": bytes.fromhex(
            "b860000000 0f05"  #          mov eax, 96 (gettimeofday); syscall
            "4885ff 7407"  #              test rdi, rdi; jz 1f
            f"488107{seconds} c3"  #      add qword [rdi], SECONDS; 1: ret
        ),
        "__vdso_time": bytes.fromhex(
            f"b8c9000000 0f05 4805{seconds}"  # mov eax, 201 (time); syscall; add rax, SECONDS
            "4885ff 7403 488907 c3"  #          test rdi, rdi; jz 1f; mov [rdi], rax; 1: ret
        ),
    }
