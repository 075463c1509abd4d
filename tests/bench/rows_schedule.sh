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

# ROUNDS DIRECTORY: what each run takes, from process start to end, and what the simulation makes of it: "next" before
# it, from the runs until then; "replay" afterwards, from its own times alone. Fills `predicted`, `actual` and `ratio`,
# medians.
predict() { # next|replay ROUNDS DIRECTORY
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
  row "a long chain and 16 short tasks at -j2: \`critical-path\` against \`fifo\`" "<= 0.85 x" "$(ms 1) against $(ms 2)" \
    "$(ratio_to 2)" "$(at_most "$(ratio_to 2)" 0.85)"
}

row_orders() {
  write_chain "$work/orders-chain"
  write_layers "$work/orders-layers"
  local name
  for name in chain layers; do
    quietly "$ggen" -C "$work/orders-$name" run -j2 --no-cache
    found=$("$ggen" lua "$here/orders.lua" "$work/orders-$name" 2 1000)
    row "$([ $name = chain ] && echo "the same tasks, simulated" || echo "50 tasks in 5 layers"): \`critical-path\` against the best of 1,000 random orders" "<= 1.02 x" \
      "$(seconds 1) s against $(awk '{ printf "%.3f", $2 }' <<< "$found") s" "$(field 1 3)" "$(at_most "$(field 1 3)" 1.02)"
  done
}
