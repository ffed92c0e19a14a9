#!/bin/sh
# Builds .venv from requirements/dev.lock with nothing but Python 3.11 or newer; does nothing where it is current.
# PYTHON=/path/to/python chooses the interpreter. uv is used where it is installed, because it is faster.
set -eu
cd "$(dirname "$0")/.."

LOCK=requirements/dev.lock
STAMP=.venv/.installed
NEEDED_MB=1500
OLDEST="3, 11"

wanted=$(cksum < "$LOCK")
if [ "$(cat "$STAMP" 2>/dev/null || true)" = "$wanted" ] && .venv/bin/python -c '' 2>/dev/null; then
    exit 0
fi

say() { printf '%s\n' "$*" >&2; }
stop() { say "$@"; exit 1; }
new_enough() { "$1" -c "import sys; sys.exit(sys.version_info < ($OLDEST))" >/dev/null 2>&1; }
has_venv() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }
has_pip() { "$1" -m pip --version >/dev/null 2>&1; }
UV=
if uv --version >/dev/null 2>&1; then UV=uv; fi

candidates() {
    for version in 3.11 3.12 3.13 3.14; do
        echo "python$version"
        for folder in /usr/bin /usr/local/bin /opt/homebrew/bin; do echo "$folder/python$version"; done
        for found in "$HOME/.pyenv/versions/$version".*/bin/python; do echo "$found"; done
    done
    echo python3
    echo python
}

choose() {
    seen= ; incomplete=
    if [ -n "${PYTHON:-}" ]; then list=$PYTHON; else list=$(candidates); fi
    for candidate in $list; do
        command -v "$candidate" >/dev/null 2>&1 || continue
        if ! new_enough "$candidate"; then
            "$candidate" -c '' >/dev/null 2>&1 || continue  # a shim without a Python behind it
            seen="$seen
  $candidate is $("$candidate" --version 2>&1)"
        elif [ -n "$UV" ] || has_venv "$candidate" || has_pip "$candidate"; then
            CHOSEN=$candidate
            return
        else
            incomplete=$candidate
        fi
    done
    [ -z "$incomplete" ] || stop "$incomplete cannot make virtual environments: its package 'venv' is missing." \
        "Install it (Debian and Ubuntu: apt install python3-venv) or set PYTHON=/path/to/another/python."
    stop "Python 3.11 or newer is needed and was not found.${seen:+ Found only:$seen}
Install one, or set PYTHON=/path/to/python."
}

free=$(df -Pk . | awk 'NR == 2 { print int($4 / 1024) }')
[ "$free" -ge "$NEEDED_MB" ] || stop "The virtual environment needs $NEEDED_MB MB; $(pwd) has $free MB free."

choose
say "Building .venv with $CHOSEN ($("$CHOSEN" --version 2>&1)); this takes a minute."
rm -f "$STAMP"
export PIP_DISABLE_PIP_VERSION_CHECK=1
if [ -n "$UV" ]; then
    uv venv -q --clear --python "$CHOSEN" .venv
    packages() { uv pip "$@" --python .venv/bin/python; }
elif has_venv "$CHOSEN"; then
    "$CHOSEN" -m venv --clear .venv
    packages() { .venv/bin/python -m pip "$@"; }
else
    "$CHOSEN" -m venv --clear --without-pip .venv
    packages() { "$CHOSEN" -m pip --python .venv/bin/python "$@"; }
fi
# The lock names every package, so none is looked up (--no-deps): where one package asks for another with an extra, as
# in coverage[toml], pip would find the newest version instead of the lock's and refuse it because it has no hash.
packages install -q --no-deps --require-hashes --only-binary :all: -r "$LOCK" ||
    stop "The packages of $LOCK could not be installed (see above). Is there a network, and does" \
    "this Python have ready-built packages? Python 3.11 to 3.13 are tested; PYTHON=… chooses another."
conflicts=$(packages check 2>&1) ||
    stop "The packages of $LOCK do not fit together:" "$conflicts" "Renew the lock: make lock."
printf '%s' "$wanted" > "$STAMP"
