# Rows about make.toml: short pipelines, hooks, workspaces, the state. One function for each, as in rows_run.sh.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154 # the names of run.sh

ROWS+=" phases hooks workspaces state check-phases list-workspaces memory-workspaces"

PHASES="init setup build test deploy"

# DIRECTORY HOOKS [COMMAND]: five phases that are each COMMAND (`true`), and with "hooks" one `true` more on either side
# of each; script.sh is the shell's way to do the same.
write_phases() {
  mkdir -p "$1"
  local phase command=${3:-true}
  {
    printf '[project]\nname = "phases"\n'
    for phase in $PHASES; do printf '[lifecycle.%s]\ncommand = "%s"\n' "$phase" "$command"; done
    [ "$2" = hooks ] && {
      for phase in $PHASES; do printf '[lifecycle.pre-%s]\ncommand = "true"\n' "$phase"; done
      for phase in $PHASES; do printf '[lifecycle.post-%s]\ncommand = "true"\n' "$phase"; done
      echo '[hooks]'
      for phase in $PHASES; do
        printf 'before_%s = ["pre-%s"]\nafter_%s = ["post-%s"]\n' "$phase" "$phase" "$phase" "$phase"
      done
    }
    true
  } > "$1/make.toml"
  {
    for phase in $PHASES; do
      if [ "$command" = true ]; then echo "sh -c true"; else echo "$command"; fi
      [ "$2" = hooks ] && printf 'sh -c true\nsh -c true\n'
    done
    true
  } > "$1/script.sh"
}

# DIRECTORY COUNT PARALLEL PHASE...: workspaces with a make.toml each, whose phases write one small file each; loop.sh
# is the shell's way to do the same, and halves.sh that for ten of them, five beside five.
write_workspaces() {
  local directory=$1 count=$2 parallel=$3 i phase
  shift 3
  mkdir -p "$directory"
  {
    for ((i = 1; i <= count; i++)); do printf '[workspace.w%d]\npath = "w%d"\n' "$i" "$i"; done
    for phase; do printf '[lifecycle.%s]\nparallel = %s\ncommand = "true"\n' "$phase" "$parallel"; done
  } > "$directory/make.toml"
  for ((i = 1; i <= count; i++)); do
    mkdir -p "$directory/w$i"
    for phase; do
      printf '[lifecycle.%s]\ncommand = "echo %s > %s.out"\n' "$phase" "$phase" "$phase"
    done > "$directory/w$i/make.toml"
  done
  {
    echo "for w in w*/; do"
    for phase; do echo "  (cd \$w && exec sh -c 'echo $phase > $phase.out') || exit 1"; done
    echo "done"
  } > "$directory/loop.sh"
  {
    echo "("
    sed 's/in w\*/in w[1-5]/' "$directory/loop.sh"
    echo ") & first=\$!"
    sed 's/in w\*/in w[6-9] w10/' "$directory/loop.sh"
    echo "wait \$first"
  } > "$directory/halves.sh"
}

row_phases() {
  write_phases "$work/phases" plain
  # A state of its own in each round.
  compare 41 -b "rm -f '$work/phases/.ggen/state.json'" \
    "$ggen" -C "$work/phases" run init setup build test deploy ::: sh "$work/phases/script.sh"
  row "5_phase_pipeline, against a script with five \`sh -c true\`" "<= 1.3 x" "$(ms 1) against $(ms 2)" \
    "$(ratio_to 2)" "$(at_most "$(ratio_to 2)" 1.3)"
  # A `true` of a make.toml needs no process (lua/ggen/lifecycle/builtins.lua); these do.
  write_phases "$work/programs" plain /bin/true
  sed 's/^/sh -c /' "$work/programs/script.sh" > "$work/programs/shells.sh"
  compare 41 -b "rm -f '$work/programs/.ggen/state.json'" \
    "$ggen" -C "$work/programs" run init setup build test deploy ::: sh "$work/programs/script.sh" \
    ::: sh "$work/programs/shells.sh"
  row "five phases that are \`/bin/true\`, against a script with five \`/bin/true\`" "-" \
    "$(ms 1) against $(ms 2)" "$(ratio_to 2)" -
  row "the same, against a script with five \`sh -c /bin/true\`" "-" "$(ms 1) against $(ms 3)" "$(ratio_to 3)" -
}

row_hooks() {
  write_phases "$work/hooks" hooks
  compare 41 -b "rm -f '$work/hooks/.ggen/state.json'" \
    "$ggen" -C "$work/hooks" run init setup build test deploy ::: sh "$work/hooks/script.sh"
  row "the same with 10 hooks, against fifteen" "<= 1.3 x" "$(ms 1) against $(ms 2)" \
    "$(ratio_to 2)" "$(at_most "$(ratio_to 2)" 1.3)"
}

row_workspaces() {
  write_workspaces "$work/in-turn" 10 false build
  write_workspaces "$work/parallel" 10 true build
  # A state of its own in each round, as above.
  compare 41 -b "rm -f '$work/in-turn/.ggen/state.json'" \
    "$ggen" -C "$work/in-turn" run build ::: sh -c "cd '$work/in-turn' && exec sh loop.sh"
  row "10_workspace_build, one after another, against a loop in the shell" "<= 1.3 x" "$(ms 1) against $(ms 2)" \
    "$(ratio_to 2)" "$(at_most "$(ratio_to 2)" 1.3)"
  compare 41 -b "rm -f '$work/parallel/.ggen/state.json' '$work/in-turn/.ggen/state.json'" \
    "$ggen" -C "$work/parallel" run -j2 build ::: "$ggen" -C "$work/in-turn" run build
  row "the same, -j2 against one after another" "<= 0.65 x" "$(ms 1) against $(ms 2)" "$(ratio_to 2)" \
    "$(at_most "$(ratio_to 2)" 0.65)"
  # What two processors make of it when nobody has to do anything else.
  compare 41 sh -c "cd '$work/in-turn' && exec sh halves.sh" ::: sh -c "cd '$work/in-turn' && exec sh loop.sh"
  row "for comparison: the shell's loop in two halves at once, against the loop" "-" "$(ms 1) against $(ms 2)" \
    "$(ratio_to 2)" -
}

row_state() {
  found=$("$ggen" lua "$here/state.lua" "$work")
  row "state_persistence: load, add, save with 100 records" "<= 1 ms" "$(in_ms "${found%%	*}")" - \
    "$(at_most "${found%%	*}" 0.001)"
  if ! command -v strace > /dev/null; then
    row "the same: system calls" "<= 10" "not measured: no strace" - -
    return 0
  fi
  # Whatever has to do with the file, the one it is written to first, and the lock.
  local calls
  write_phases "$work/phases" plain
  "$ggen" -C "$work/phases" run build > "$work/log"
  strace -f -y -o "$work/calls" "$ggen" -C "$work/phases" run init setup build test deploy > "$work/log"
  calls=$(grep -c '/\.ggen/[^/">]*state' "$work/calls")
  row "the same: system calls of a run of five phases" "<= 10" "$calls" - "$(at_most "$calls" 10)"
}

row_check_phases() {
  mkdir -p "$work/check"
  {
    printf '[project]\nname = "check"\n'
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
      printf '[lifecycle.p%d]\ndescription = "Phase %d"\ncommands = ["echo %d", "true"]\ndepends_on = [%s]\n' \
        "$i" "$i" "$i" "$([ "$i" = 1 ] || echo "\"p$((i - 1))\"")"
    done
    printf '[hooks]\nbefore_p3 = ["p1"]\nafter_p16 = ["echo done"]\n'
  } > "$work/check/make.toml"
  compare 41 "$ggen" -C "$work/check" check
  row "\`check\` of a file with 16 phases: time of the processor" "<= 10 ms" "$(busy_ms 1)" - \
    "$(at_most "$(field 1 5)" 0.010)"
}

row_list_workspaces() {
  # shellcheck disable=SC2086 # names of phases
  write_workspaces "$work/many" 200 false $PHASES
  compare 21 "$ggen" -C "$work/many" list --reload
  row "200 workspaces with a make.toml of 5 phases each, \`list\`" "<= 60 ms" "$(ms 1)" - \
    "$(at_most "$(field 1 1)" 0.060)"
  "$ggen" -C "$work/many" run --dry-run init > "$work/log"
  compare 21 "$ggen" -C "$work/many" list
  row "the same, with a snapshot" "-" "$(ms 1)" - -
}

row_memory_workspaces() {
  # shellcheck disable=SC2086 # names of phases
  write_workspaces "$work/many-parallel" 200 true $PHASES
  # shellcheck disable=SC2086
  compare 3 "$ggen" -C "$work/many-parallel" run --reload -j2 $PHASES
  row "a run of 200 workspaces with 5 phases: peak memory" "<= 30 MB" "$(megabytes 1) MB" - \
    "$(at_most "$(megabytes 1)" 30)"
}
