# shellcheck shell=sh
# What both set-up commands share: make a Debian 12 machine ready. Read by `demo` and `test`, not
# run by itself. Every part first looks whether its work is done, so repeating it is quick and needs
# no network.
#
#   packages     nix-bin, bubblewrap, libseccomp2 and python3-venv, for the tests also chromium,
#                graphviz and gcc, by apt-get (sudo unless root)
#   environment  Python packages at the versions of python.lock, in .venv
#   node         an IPFS node, built from its pinned source, for the tests
#   inputs       the pinned files of a recipe, checked and put in the Nix store that tally uses
#
# $SETUP_INPUTS names a directory of inputs fetched earlier or elsewhere (default: the user's cache).

root=$(cd "$(dirname "$0")/.." && pwd)
export HOME="${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}"
export SETUP_INPUTS="${SETUP_INPUTS:-${XDG_CACHE_HOME:-$HOME/.cache}/tallystick/inputs}"

say() { printf 'setup: %s\n' "$*" >&2; }

fail() { # what, what to do; 3 = something needed is not available, as tally itself has it
  printf 'setup: %s\n       %s\n' "$1" "$2" >&2
  exit 3
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else fail "not root, and there is no sudo, for: $*" "run it as root once, then this again"
  fi
}

# ---- packages ------------------------------------------------------------------------------------

find_python() { # ensurepip is what Debian keeps in python3-venv
  for python in python3 /usr/bin/python3 python3.13 python3.12 python3.11; do
    "$python" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && return
  done
  return 1
}

missing_packages() { # extras
  command -v nix-store >/dev/null || echo nix-bin
  command -v bwrap >/dev/null || echo bubblewrap
  PATH="$PATH:/sbin:/usr/sbin" ldconfig -p | grep -q 'libseccomp\.so\.2 ' || echo libseccomp2
  find_python || echo python3-venv
  [ "$1" = "[dev]" ] || return 0
  command -v chromium >/dev/null || echo chromium # pages are opened in it, and graphs read by dot
  command -v dot >/dev/null || echo graphviz
  command -v gcc >/dev/null || echo gcc # a library that is shipped is made again, and compared
}

install_packages() {
  as_root apt-get update -qq || return
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
    "$@" >/dev/null
}

packages() { # extras
  missing=$(missing_packages "$1" | tr '\n' ' ')
  [ -n "$missing" ] || return 0
  command -v apt-get >/dev/null ||
    fail "missing: $missing" "install them with this system's own package manager, then run this again"
  say "installing $missing"
  # shellcheck disable=SC2086 # one word per package
  install_packages ca-certificates $missing ||
    fail "could not install: $missing" "read why above; or have root install them, then run this again"
  missing=$(missing_packages "$1" | tr '\n' ' ')
  [ -z "$missing" ] || fail "still missing: $missing" "Python must be 3.11 or newer; Debian 12 has it"
}

# ---- environment ---------------------------------------------------------------------------------

has_environment() { # what it was made from; one with [dev] serves the demo too
  present=$(cat "$root/.venv/made-from" 2>/dev/null) || return 1
  [ "$present" = "$1" ] || [ "$present" = "$1[dev]" ] || return 1
  "$root/.venv/bin/tally" --version >/dev/null
}

environment() { # extras: "" or "[dev]"
  made_from=$(cat "$root/pyproject.toml" "$root/setup/python.lock" | sha256sum)$1
  if ! has_environment "$made_from"; then
    say "installing Python packages in .venv"
    find_python
    # what only lacks [dev] is added to: a tally that runs in it goes on
    has_environment "${made_from%"[dev]"}" || "$python" -m venv --clear "$root/.venv"
    "$root/.venv/bin/python" -m pip install -q --disable-pip-version-check \
      -c "$root/setup/python.lock" -e "$root$1" ||
      fail "could not install the Python packages" "they come from PyPI: read why above, then run this again"
    printf '%s' "$made_from" >"$root/.venv/made-from"
  fi
  PATH=$root/.venv/bin:$PATH
}

# ---- inputs --------------------------------------------------------------------------------------

fetch() ( # lock file
  export LOCK="$1"
  IFS='
'
  # shellcheck disable=SC2046 # an option a line, or none
  exec "$root/examples/env/fetch-inputs" "$SETUP_INPUTS" $(python "$root/setup/store.py") >/dev/null
)

explain_missing() { # lock file; fetch-inputs keeps its clients quiet, so ask them again aloud
  mkdir "$SETUP_INPUTS/.get.aloud"
  grep -v '^#' "$1" | while read -r kind name source _; do
    if [ -z "$kind" ] || [ -e "$SETUP_INPUTS/$name" ]; then continue; fi
    say "could not fetch $name ($source):"
    case $kind in
      deb) (cd "$SETUP_INPUTS/.get.aloud" && apt-get download -qq "$source" >&2) || : ;;
      whl | src) pip download -q --no-deps -d "$SETUP_INPUTS/.get.aloud" "$source" >&2 || : ;;
    esac
    break
  done
  rm -rf "$SETUP_INPUTS"/.get.*
}

inputs() { # lock file
  mkdir -p "$SETUP_INPUTS"
  say "fetching and checking the inputs of ${1#"$root"/}"
  fetch "$1" && return 0
  say "again, with fresh package lists"
  rm -rf "$SETUP_INPUTS"/.get.*
  as_root apt-get update -qq
  fetch "$1" && return 0
  rm -rf "$SETUP_INPUTS"/.get.*
  explain_missing "$1"
  fail "the inputs of the environments are incomplete" \
    "they are packages of Debian 12 (bookworm) and PyPI: use its mirror, or set SETUP_INPUTS to a copy of them"
}

ready() { # extras of the Python package, then lock files
  cd "$root"
  packages "$1"
  environment "$1"
  # an IPFS node, for the tests alone; where it cannot be had, those that need it say so
  [ "$1" != "[dev]" ] || "$root/setup/kubo/install" >/dev/null || say "no IPFS node to test with"
  [ "$1" != "[dev]" ] || "$root/setup/validators/install" >/dev/null || say "nothing to validate exports with"
  shift
  # shellcheck source=/dev/null
  . "$root/examples/env/nixenv.sh"
  for lock; do inputs "$root/$lock"; done
}
