# Sourced by test and check: every rule that needs no run of the program.

failed=""

# step NAME COMMAND...: runs on after a failure, so that one run tells everything.
step() {
  local name="$1"
  shift
  say "== $name"
  "$@" || failed="$failed $name"
}

lint() {
  step "ruff" "$python" -m ruff check .
  step "format" "$python" -m ruff format --check .
  step "mypy" "$python" -m mypy
  step "imports" "$venv/bin/lint-imports"
}

finish() {
  [ -z "$failed" ] || fail "failed:$failed"
  say "All passed."
}
