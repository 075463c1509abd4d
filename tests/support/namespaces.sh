# For suites whose files run in namespaces of their own: what they start ends with them. Sourced by
# tests/containers/run.sh and tests/rocks/run.sh, which set `suite`.
# shellcheck shell=bash
# SPDX-License-Identifier: MIT

: "${suite:?}"
# shellcheck source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

folder=
child=
# The namespace of processes ends with its first one.
end() {
  [[ -z $child ]] || kill -s KILL "$child" 2>/dev/null || true
  wait
  [[ -z $folder ]] || rm -rf "$folder"
}

# Makes the directory `folder`, which goes with us.
make_folder() {
  folder=$(mktemp -d)
  trap end EXIT
  trap 'exit 143' TERM INT HUP
}

# end_as COMMAND...: runs what makes the namespaces, and ends as it does.
end_as() {
  local status=0
  "$@" &
  child=$!
  wait "$child" || status=$?
  child=
  exit "$status"
}

# count_part NAME COMMAND...: counts what the last line of its output says. How long it took is what
# folder/NAME.seconds has, when that is there.
count_part() {
  local name=$1 output status=0 started=$SECONDS seconds
  shift
  # Into a file: a pipe would be held open by whatever is left.
  "$@" >"$folder/output" 2>&1 </dev/null || status=$?
  output=$(<"$folder/output")
  if [[ $output =~ .*[a-z]:\ ([0-9]+)\ passed,\ ([0-9]+)\ failed ]]; then
    passed=$((passed + BASH_REMATCH[1]))
    failed=$((failed + BASH_REMATCH[2]))
    ((BASH_REMATCH[2] == 0 && status == 0)) || printf '%s\n' "$output"
    ((BASH_REMATCH[2] > 0 || status == 0)) || failed=$((failed + 1))
  else
    failed=$((failed + 1))
    printf '%s\n%s: ended with %d, and no count\n' "$output" "$name" "$status"
  fi
  seconds=$((SECONDS - started))
  [[ ! -f $folder/$name.seconds ]] || seconds=$(<"$folder/$name.seconds")
  printf -- '-- %s: %d s\n' "$name" "$seconds"
}
