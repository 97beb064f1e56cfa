#!/bin/sh
# Build preload.bin from preload.c beside it: `sh preload.sh OUT`. The same gcc gives the same bytes.
exec gcc -shared -fPIC -Os -nostdlib -ffreestanding -fno-builtin -fno-stack-protector \
    -fcf-protection=none -fno-asynchronous-unwind-tables -fno-ident -fvisibility=default \
    -mno-red-zone -Wall -Wextra -Wno-builtin-declaration-mismatch -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,relro \
    -Wl,-soname,shim.so -s -o "$1" "$(dirname "$0")/preload.c"
