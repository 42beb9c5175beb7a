# Sourced by test and check: every rule that needs no run of the program.

failed=""
notes=""  # the folder of what steps write that run beside others

# step NAME COMMAND...: runs on after a failure, so that one run tells everything.
step() {
  local name="$1"
  shift
  say "== $name"
  "$@" || failed="$failed $name"
}

# beside NAME COMMAND...: as step, while other steps run. What it writes waits for `join NAME`.
beside() {
  local name="$1"
  shift
  [ -n "$notes" ] || { notes="$(mktemp -d)"; trap 'rm -rf "$notes"' EXIT; }
  { "$@" >"$notes/$name.log" 2>&1 && : >"$notes/$name.passed"; } &
}

# join NAME: waits for what runs beside, and shows what failed.
join() {
  wait
  if [ -e "$notes/$1.passed" ]; then
    say "== $1: passed ($(tail -n 1 "$notes/$1.log"))"
  else
    say "== $1"
    cat "$notes/$1.log" >&2
    failed="$failed $1"
  fi
}

lint() {
  step "ruff" "$python" -m ruff check .
  step "format" "$python" -m ruff format --check .
  step "mypy" "$python" -m mypy
  step "imports" "$venv/bin/lint-imports"
}

# every_rule: all of lint, and whether it passed.
every_rule() {
  lint
  [ -z "$failed" ]
}

finish() {
  [ -z "$failed" ] || fail "failed:$failed"
  say "All passed."
}
