# Sourced by run, test and check: finds Python, keeps .venv up to date. Works with bash 3.2.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
venv="$root/.venv"
python="$venv/bin/python"

# Python keeps what it has compiled: otherwise each process compiles all that it imports.
unset PYTHONDONTWRITEBYTECODE

say() { printf '%s\n' "$*" >&2; }

fail() { say "scripts/$(basename "$0"): $*"; exit 1; }

# suits PYTHON: whether it can run the program. What constraints.txt names has no wheels for a newer
# one, nor for a Python that a Mac with Apple silicon translates from Intel's instructions.
suits() {
  "$1" -c 'import platform, sys
at_home = sys.platform != "darwin" or platform.machine() == "arm64"
sys.exit(not (at_home and (3, 11) <= sys.version_info[:2] <= (3, 14)))' >/dev/null 2>&1
}

# opens_a_window PATH: a Mac without Apple's command line tools has a python3 that is none: it only
# offers to install them.
opens_a_window() {
  [ "$(uname)" = Darwin ] && [ "${1#/usr/bin/}" != "$1" ] && ! xcode-select -p >/dev/null 2>&1
}

# Prints the path of uv, which may have been installed since this terminal was opened.
find_uv() { command -v uv || command -v "$HOME/.local/bin/uv" || command -v /opt/homebrew/bin/uv; }

# Prints a Python that suits, tried versions first: the one that MTP_MLX_PYTHON names, else the
# first that is found, else one that uv fetches.
find_python() {
  local candidate path uv
  if [ -n "${MTP_MLX_PYTHON:-}" ]; then
    suits "$MTP_MLX_PYTHON" && command -v "$MTP_MLX_PYTHON"
    return
  fi
  for candidate in python3.13 python3.12 python3.11 python3.14 python3 python \
    "$HOME"/.pyenv/versions/3.1[1234]*/bin/python /opt/homebrew/bin/python3.1[1234] \
    /usr/local/bin/python3.1[1234] \
    /Library/Frameworks/Python.framework/Versions/3.1[1234]/bin/python3; do
    path="$(command -v "$candidate")" || continue
    if ! opens_a_window "$path" && suits "$path"; then
      printf '%s\n' "$path"
      return
    fi
  done
  uv="$(find_uv)" || return 1
  "$uv" python install -q 3.13 >&2 && "$uv" python find --system 3.13
}

# Fails where MLX has no wheel for the machine, before anything is downloaded.
require_machine() {
  [ "$(uname)" = Darwin ] || return 0
  local version
  if [ "$(uname -m)" != arm64 ]; then
    [ "$(sysctl -n hw.optional.arm64 2>/dev/null)" = 1 ] ||
      fail "MLX needs a Mac with Apple silicon, and this one has an Intel processor."
    fail "This terminal runs under Rosetta, where MLX does not. In the Finder, open Get Info of the" \
      "terminal's program, take the tick from 'Open using Rosetta', and start it again."
  fi
  version="$(sw_vers -productVersion)"
  [ "${version%%.*}" -ge 14 ] ||
    fail "macOS 15 or newer is needed, and this is $version. Update it in System Settings."
}

# require_python: prints a Python that suits, or fails with what to install.
require_python() {
  find_python && return
  if [ -n "${MTP_MLX_PYTHON:-}" ]; then
    fail "MTP_MLX_PYTHON is $MTP_MLX_PYTHON, and no Python 3.11 to 3.14 for this machine."
  elif [ "$(uname)" = Darwin ]; then
    fail "Python 3.11 to 3.14 is needed, and macOS brings none. Install Python 3.13 from python.org" \
      "or with 'brew install python@3.13', or install uv; then run this again."
  fi
  fail "Python 3.11 to 3.14 is needed. Install one (on Debian or Ubuntu: apt install python3" \
    "python3-venv), or install uv; then run this again."
}

# What an installation depends on: the two files, and where it lies.
fingerprint() { printf '%s\n' "$root" | cat - "$root/pyproject.toml" "$root/constraints.txt" | cksum; }

# make_environment: .venv with a working Python in it.
make_environment() {
  suits "$python" && "$python" -c "import pip" >/dev/null 2>&1 && return
  local base
  base="$(require_python)" || exit 1
  rm -rf "$venv"
  "$base" -m venv "$venv" || fail "$base cannot make a virtual environment. On Debian or" \
    "Ubuntu: apt install python3-venv."
}

# install REQUIREMENT: with uv where it is there, else with pip. Neither compiles: of thousands of
# modules a few hundred are ever imported, and Python keeps what it has compiled of those.
install() {
  local uv
  if uv="$(find_uv)" &&
    "$uv" pip install -q --python "$python" -c "$root/constraints.txt" -e "$1" 2>/dev/null; then
    return
  fi
  "$python" -m pip install -q --disable-pip-version-check --no-compile \
    -c "$root/constraints.txt" -e "$1"
}

# set_up [dev]: does nothing where the last set-up still holds.
set_up() {
  local now stamp="$venv/.set-up-${1:-run}"
  now="$(fingerprint)"
  if [ -x "$python" ]; then  # false also for a link to a Python that is gone
    [ "$now" = "$(cat "$stamp" 2>/dev/null)" ] && return
    [ "$now" = "$(cat "$venv/.set-up-dev" 2>/dev/null)" ] && return
  fi
  require_machine
  say "Setting up .venv: this takes a few minutes the first time."
  make_environment
  install "$root${1:+[$1]}" || fail "The set-up failed. Check the network, then run this again."
  printf '%s\n' "$now" >"$stamp"
}

# On Linux, MLX's own BLAS is many times slower than OpenBLAS loaded before it.
preload_openblas() {
  [ "$(uname)" = Linux ] && [ -z "${LD_PRELOAD+set}" ] || return 0
  local library
  library="$(PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null |
    sed -n 's/.*libopenblas\.so\.0 (.*64.*) => //p' | head -n 1)"
  if [ -z "$library" ]; then
    for library in /usr/lib/*/libopenblas.so.0 /usr/lib64/libopenblas.so.0 \
      /usr/lib/libopenblas.so.0 ''; do
      [ -e "$library" ] && break
    done
  fi
  [ -n "$library" ] && export LD_PRELOAD="$library"
  return 0
}
