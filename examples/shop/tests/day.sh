#!/bin/sh
# A day in the shop: both programs on the same files.
# SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")/.."
work=build/day
rm -rf "$work"
mkdir -p "$work"
# shellcheck source=../tools/expect.sh
. tools/expect.sh

stock=packages/stock/build/stock
receipt=packages/receipt/build/receipt
catalog=$work/catalog.tsv
journal=$work/journal.tsv
cp data/catalog.tsv "$catalog"

for cart in data/carts/*; do
  $receipt "$catalog" "$cart" "$journal" > "$work/receipt"
done

expect 0 "the last receipt" cat "$work/receipt" <<'END'
RECEIPT 3
------------------------------------------
Tea pot
  2 x 24.99                          49.98
Cup, white
  3 x 8.00                           24.00
------------------------------------------
TOTAL                                73.98
  tax 19% within                     11.81
END

expect 0 "what was sold" $stock "$catalog" sold "$journal" <<'END'
sku             sold         total
cup-01             2         16.00
cup-02             3         24.00
pot-01             3         74.97
tea-01             9         40.50
END

expect 0 "what has to be ordered" $stock "$catalog" low 2 <<'END'
sku                price   stock  name
cup-02              8.00       0  Cup, white
pot-01             24.99       1  Tea pot
tea-02              3.95       0  Black tea
END

expect 0 "the delivery" $stock "$catalog" add tea-02 60 <<'END'
tea-02: 60
END

exit "$failures"
