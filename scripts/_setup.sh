# Sourced by run, test and check: finds Python, keeps .venv up to date. Works with bash 3.2.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
venv="$root/.venv"
python="$venv/bin/python"

say() { printf '%s\n' "$*" >&2; }

fail() { say "scripts/$(basename "$0"): $*"; exit 1; }

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

# Prints a Python of at least 3.11, tried versions first.
find_python() {
  local candidate
  for candidate in python3.13 python3.12 python3.11 python3 python \
    "$HOME"/.pyenv/versions/3.1[123]*/bin/python /opt/homebrew/bin/python3.1[123] \
    /usr/local/bin/python3.1[123]; do
    if new_enough "$candidate"; then
      command -v "$candidate"
      return
    fi
  done
  if command -v uv >/dev/null 2>&1; then
    uv python install -q 3.13 >&2 && uv python find 3.13
    return
  fi
  return 1
}

# What an installation depends on: the two files, and where it lies.
fingerprint() { printf '%s\n' "$root" | cat - "$root/pyproject.toml" "$root/constraints.txt" | cksum; }

# make_environment: .venv with a working Python in it.
make_environment() {
  new_enough "$python" && "$python" -c "import pip" >/dev/null 2>&1 && return
  local base
  base="$(find_python)" || fail "Python 3.11 or newer is needed. Install it from python.org."
  rm -rf "$venv"
  "$base" -m venv "$venv" || fail "$base cannot make a virtual environment. On Debian or" \
    "Ubuntu: apt install python3-venv."
}

# install REQUIREMENT: with uv where it is there, else with pip.
install() {
  if command -v uv >/dev/null 2>&1 &&
    uv pip install -q --python "$python" -c "$root/constraints.txt" -e "$1" 2>/dev/null; then
    return
  fi
  "$python" -m pip install -q --disable-pip-version-check -c "$root/constraints.txt" -e "$1"
}

# set_up [dev]: does nothing where the last set-up still holds.
set_up() {
  local now stamp="$venv/.set-up-${1:-run}"
  now="$(fingerprint)"
  if [ -x "$python" ]; then  # false also for a link to a Python that is gone
    [ "$now" = "$(cat "$stamp" 2>/dev/null)" ] && return
    [ "$now" = "$(cat "$venv/.set-up-dev" 2>/dev/null)" ] && return
  fi
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
