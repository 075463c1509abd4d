# Rows about scheduling: what is predicted, who goes first, who shares the slots and the memory. One function for each,
# as in rows_run.sh.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154 # the names of run.sh

ROWS+=" predict path orders nested memory"

# DIRECTORY: 5 layers of 10 tasks, each of which needs two of the layer before; 20 to 300 ms of a processor each.
write_layers() {
  mkdir -p "$1"
  cat > "$1/pipeline.lua" <<END
local p = require("ggen").pipeline "layers"
local lot = 7
local function draw(limit)
  lot = lot * 16807 % 2147483647
  return lot % limit
end
for layer = 1, 5 do
  for i = 0, 9 do
    local needs = layer > 1 and { ("t%d-%d"):format(layer - 1, i), ("t%d-%d"):format(layer - 1, draw(10)) } or {}
    if needs[1] == needs[2] then needs[2] = nil end
    local seconds = ("%.3f"):format(0.02 + draw(280) / 1000)
    p:task(("t%d-%d"):format(layer, i)) { run = { "$tools/work", "0", seconds, "0" }, needs = needs }
  end
end
return p
END
}

# DIRECTORY: 16 short tasks, and a chain of 5 long ones that is declared after them. They take time but no processor:
# what is measured is the order.
write_chain() {
  mkdir -p "$1"
  cat > "$1/pipeline.lua" <<END
local p = require("ggen").pipeline "chain"
if os.getenv("SCHEDULER") then p:use(os.getenv("SCHEDULER")) end
for i = 1, 16 do p:task("short" .. i) { run = { "$tools/work", "0", "0", "0.05" } } end
for i = 1, 5 do
  p:task("long" .. i) { run = { "$tools/work", "0", "0", "0.2" }, needs = i > 1 and { "long" .. i - 1 } or {} }
end
return p
END
}

# The median of the numbers, one in a line.
median() { sort -g | awk '{ x[NR] = $1 } END { print NR % 2 ? x[(NR + 1) / 2] : (x[NR / 2] + x[NR / 2 + 1]) / 2 }'; }

# next|replay ROUNDS DIRECTORY: what each run takes, from process start to end, and what the simulation makes of it:
# "next" before it, from the runs until then; "replay" afterwards, from its own times alone. Fills `predicted`, `actual`
# and `ratio`, medians.
predict() {
  local start finish guess i scheduler=critical-path
  # A run that knows of none before it starts tasks in the order of declaration.
  [ "$1" = next ] || scheduler=fifo
  guess() {
    "$ggen" -C "$1" simulate -j2 --sched $scheduler --json | awk '/"makespan"/ { sub(/.*: /, ""); print $0 + 0 }'
  }
  quietly "$ggen" -C "$3" run -j2 --no-cache
  for ((i = 0; i < $2; i++)); do
    if [ "$1" = next ]; then guess=$(guess "$3"); else rm "$3/.ggen/timings"; fi
    start=$EPOCHREALTIME
    quietly "$ggen" -C "$3" run -j2 --no-cache
    finish=$EPOCHREALTIME
    [ "$1" = next ] || guess=$(guess "$3")
    awk -v guess="$guess" -v start="$start" -v finish="$finish" 'BEGIN {
      actual = finish - start
      printf "%.4f %.3f %.3f\n", guess / actual, guess, actual
    }'
  done > "$work/predictions"
  ratio=$(median < "$work/predictions")
  predicted=$(cut -d ' ' -f 2 "$work/predictions" | median)
  actual=$(cut -d ' ' -f 3 "$work/predictions" | median)
}

row_predict() {
  write_lua54 "$work/predict-lua54"
  mkdir "$work/predict-shop"
  (cd "$root/examples/shop" && tar -c --exclude=.ggen --exclude=build .) | tar -x -C "$work/predict-shop"
  write_layers "$work/layers"
  local name directory verdict
  for name in "\`examples/lua54\`" "\`examples/shop\`" "50 tasks in 5 layers"; do
    case $name in
      *lua54*) directory=$work/predict-lua54/ggen ;;
      *shop*) directory=$work/predict-shop ;;
      *) directory=$work/layers ;;
    esac
    predict replay 5 "$directory"
    verdict=$(awk -v x="$ratio" 'BEGIN { print (x >= 0.9 && x <= 1.1 ? "pass" : "miss") }')
    row "$name at -j2: the makespan of a recorded run, simulated, against what it took" "within 10 %" \
      "$predicted s against $actual s" "$ratio" "$verdict"
    predict next 5 "$directory"
    row "the same: predicted from the runs before, against the next one" - "$predicted s against $actual s" "$ratio" -
  done
}

row_path() {
  write_chain "$work/chain"
  quietly "$ggen" -C "$work/chain" run -j2 --no-cache
  compare 9 env SCHEDULER=scheduler.critical-path "$ggen" -C "$work/chain" run -j2 --no-cache \
    ::: env SCHEDULER=scheduler.fifo "$ggen" -C "$work/chain" run -j2 --no-cache
  row "a long chain and 16 short tasks at -j2: \`critical-path\` against \`fifo\`" "<= 0.85 x" \
    "$(ms 1) against $(ms 2)" "$(ratio_to 2)" "$(at_most "$(ratio_to 2)" 0.85)"
}

row_orders() {
  write_chain "$work/orders-chain"
  write_layers "$work/orders-layers"
  local name what="the same tasks, simulated"
  for name in chain layers; do
    quietly "$ggen" -C "$work/orders-$name" run -j2 --no-cache
    found=$("$ggen" lua "$here/orders.lua" "$work/orders-$name" 2 1000)
    row "$what: \`critical-path\` against the best of 1,000 random orders" "<= 1.02 x" \
      "$(seconds 1) s against $(awk '{ printf "%.3f", $2 }' <<< "$found") s" "$(field 1 3)" \
      "$(at_most "$(field 1 3)" 1.02)"
    what="50 tasks in 5 layers, simulated"
  done
}

# DIRECTORY: two trees of C files, of 16 and 8, with a Makefile each, and a pipeline with a task for each tree, whose
# command is $MAKE; by-hand.sh builds both in the ways one could write down.
write_makes() {
  local tree count i
  for tree in one two; do
    mkdir -p "$1/$tree"
    count=$([ $tree = one ] && echo 16 || echo 8)
    for ((i = 1; i <= count; i++)); do
      awk -v n="$i" 'BEGIN {
        for (i = 0; i < 30; i++) {
          printf "int f%d_%d(int x) { for (int i = 0; i < x; i++) x ^= x * %d + i; return x; }\n", n, i, i + n
        }
      }' > "$1/$tree/f$i.c"
    done
    cat > "$1/$tree/Makefile" <<'END'
OBJECTS = $(patsubst %.c, %.o, $(wildcard *.c))
all: $(OBJECTS)
%.o: %.c
	gcc -O2 -c -o $@ $<
END
  done
  cat > "$1/pipeline.lua" <<'END'
local p = require("ggen").pipeline "makes"
for _, tree in ipairs { "one", "two" } do
  p:task(tree) { run = "exec " .. os.getenv("MAKE_COMMAND") .. " -s -C " .. tree, pass_env = { "MAKE_COMMAND" } }
end
return p
END
  cat > "$1/by-hand.sh" <<'END'
cd "$(dirname "$0")" || exit
case $1 in
  in-turn) make -s -j2 -C one && make -s -j2 -C two ;;
  one-each) make -s -C one & make -s -C two && wait $! ;;
  two-each) make -s -j2 -C one & make -s -j2 -C two && wait $! ;;
esac
END
}

row_nested() {
  write_makes "$work/makes"
  local clean="rm -f $work/makes/one/*.o $work/makes/two/*.o" best i most
  compare 5 -b "$clean" env MAKE_COMMAND=make "$ggen" -C "$work/makes" run -j2 --no-cache \
    ::: sh "$work/makes/by-hand.sh" in-turn ::: sh "$work/makes/by-hand.sh" one-each \
    ::: sh "$work/makes/by-hand.sh" two-each ::: env "MAKE_COMMAND=make -j8" "$ggen" -C "$work/makes" run -j2 --no-cache
  best=2
  for i in 3 4; do
    [ "$(awk -v a="$(ratio_to $i)" -v b="$(ratio_to $best)" 'BEGIN { print (a > b) }')" = 0 ] || best=$i
  done
  local names=(- - "make -j2 in turn" "make in each" "make -j2 in each")
  row "two tasks with a \`make\` each at -j2, against the best of three ways by hand" "<= 1.05 x" \
    "$(seconds 1) s against $(seconds $best) s (\`${names[$best]}\`)" "$(ratio_to $best)" \
    "$(at_most "$(ratio_to $best)" 1.05)"
  local forced against
  forced=$(seconds 5)
  against=$(awk -v a="$(ratio_to $best)" -v b="$(ratio_to 5)" 'BEGIN { print a / b }')
  eval "$clean"
  most=$(MAKE_COMMAND="make" "$tools/watch" cc1 "$ggen" -C "$work/makes" run -j2 --no-cache | cut -f 2)
  row "the same: compilers at once" "<= 3" "$most" - "$(at_most "$most" 3)"
  eval "$clean"
  most=$(MAKE_COMMAND="make -j8" "$tools/watch" cc1 "$ggen" -C "$work/makes" run -j2 --no-cache 2> /dev/null | cut -f 2)
  row "the same with \`make -j8\`, which leaves the shared slots" - "$forced s, $most compilers at once" "$against" -
}

# DIRECTORY: 20 tasks of 100 to 300 MB, that take a while once they have it.
write_memory() {
  mkdir -p "$1"
  cat > "$1/pipeline.lua" <<END
local p = require("ggen").pipeline "memory"
if (os.getenv("SCHEDULER") or "") ~= "" then p:use(os.getenv("SCHEDULER")) end
local lot = 11
for i = 1, 20 do
  lot = lot * 16807 % 2147483647
  p:task("t" .. i) { run = { "$tools/work", tostring(100 + lot % 201), "0", "0.1" } }
end
return p
END
}

# NAME=VALUE OPTIONS: the most memory that the tasks of a run have at once, in MB.
memory_at_once() {
  found=$(env "$1" "$tools/watch" work "$ggen" -C "$work/memory" run "${@:2}" --no-cache) || return
  megabytes 1
}

row_memory() {
  write_memory "$work/memory"
  # The first run knows nothing; the memory is looked at in the second one.
  quietly env SCHEDULER=scheduler.resource "$ggen" -C "$work/memory" run -j4 --memory 400MB --no-cache
  local peak two best=2
  peak=$(memory_at_once SCHEDULER=scheduler.resource -j4 --memory 400MB)
  row "20 tasks of 100 to 300 MB, \`--memory 400MB\`, nothing declared, second run: memory at once" "<= 400 MB" \
    "$peak MB" - "$(at_most "$peak" 400)"
  compare 5 env SCHEDULER=scheduler.resource "$ggen" -C "$work/memory" run -j4 --memory 400MB --no-cache \
    ::: "$ggen" -C "$work/memory" run -j1 --no-cache ::: "$ggen" -C "$work/memory" run -j2 --no-cache
  # By hand: the most slots with which the memory is enough. With one it is.
  two=$(memory_at_once SCHEDULER= -j2)
  [ "$(at_most "$two" 400)" = miss ] || best=3
  row "the same, against the best \`-j\` that keeps to it" "<= 1.15 x" \
    "$(seconds 1) s against $(seconds $best) s (\`-j$((best - 1))\`; \`-j2\`: $(seconds 3) s with $two MB)" \
    "$(ratio_to $best)" "$(at_most "$(ratio_to $best)" 1.15)"
}
