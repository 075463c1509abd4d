#!/bin/sh
# What the stock program prints, and what it leaves in the catalog.
# SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")/.."
work=build/tests
mkdir -p "$work"
# shellcheck source=../../../tools/expect.sh
. ../../tools/expect.sh

stock=build/stock
catalog=$work/catalog.tsv
{
  printf 'tea-01\tGreen tea\t4.50\t7\t40\n'
  printf 'cup-01\tCup\t8.00\t19\t3\n'
} > "$catalog"
{
  printf '1\tcup-01\t2\t16.00\n'
  printf '2\tcup-01\t1\t8.00\n'
} > "$work/journal.tsv"

expect 0 "list is sorted" $stock "$catalog" list <<'END'
sku                price   stock  name
cup-01              8.00       3  Cup
tea-01              4.50      40  Green tea
END

expect 0 "low shows what runs out" $stock "$catalog" low <<'END'
sku                price   stock  name
cup-01              8.00       3  Cup
END

expect 0 "add" $stock "$catalog" add cup-01 7 <<'END'
cup-01: 10
END

expect 0 "take" $stock "$catalog" take tea-01 38 <<'END'
tea-01: 2
END

expect 0 "the catalog was written" cat "$catalog" <<END
$(printf '# sku\tname\tprice\tvat\tstock')
$(printf 'cup-01\tCup\t8.00\t19\t10')
$(printf 'tea-01\tGreen tea\t4.50\t7\t2')
END

expect 1 "nothing is taken that is not there" $stock "$catalog" take tea-01 3 <<'END'
stock: only 2 of tea-01 left
END

expect 1 "unknown product" $stock "$catalog" add milk 1 <<'END'
stock: no product milk
END

expect 1 "bad number" $stock "$catalog" add tea-01 -1 <<'END'
stock: not a number: -1
END

expect 0 "sold sums up the journal" $stock "$catalog" sold $work/journal.tsv <<'END'
sku             sold         total
cup-01             3         24.00
END

expect 2 "usage" $stock "$catalog" lost <<'END'
usage: stock CATALOG list
       stock CATALOG low [COUNT]
       stock CATALOG add SKU COUNT
       stock CATALOG take SKU COUNT
       stock CATALOG sold JOURNAL
END

exit "$failures"
