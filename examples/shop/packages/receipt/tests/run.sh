#!/bin/sh
# What the receipt program prints, and what it books.
# SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")/.."
work=build/tests
mkdir -p "$work"
# shellcheck source=../../../tools/expect.sh
. ../../tools/expect.sh

receipt=build/receipt
catalog=$work/catalog.tsv
journal=$work/journal.tsv
rm -f "$journal"
{
  printf 'tea-01\tGreen tea\t4.50\t7\t5\n'
  printf 'cup-01\tCup\t8.00\t19\t3\n'
} > "$catalog"
printf 'tea-01 2\ncup-01\n' > "$work/cart"
printf 'tea-01\nmilk\n' > "$work/bad"

expect 0 "an offer" $receipt "$catalog" "$work/cart" <<'END'
OFFER
------------------------------------------
Green tea
  2 x 4.50                            9.00
Cup                                   8.00
------------------------------------------
TOTAL                                17.00
  tax 7% within                       0.59
  tax 19% within                      1.28
END

expect 0 "a sale" sh -c '"$@" | head -n 1' sh $receipt "$catalog" "$work/cart" "$journal" <<'END'
RECEIPT 1
END

expect 0 "the next sale" sh -c '"$@" | head -n 1' sh $receipt "$catalog" "$work/cart" "$journal" <<'END'
RECEIPT 2
END

expect 1 "no sale of what is not there" $receipt "$catalog" "$work/cart" "$journal" <<'END'
receipt: only 1 of tea-01 left
END

expect 0 "the journal has what was sold" cat "$journal" <<END
$(printf '# receipt\tsku\tquantity\ttotal')
$(printf '1\ttea-01\t2\t9.00')
$(printf '1\tcup-01\t1\t8.00')
$(printf '2\ttea-01\t2\t9.00')
$(printf '2\tcup-01\t1\t8.00')
END

expect 1 "a bad line has its number" $receipt "$catalog" "$work/bad" <<'END'
receipt: build/tests/bad:2: no product milk
END

expect 2 "usage" $receipt "$catalog" <<'END'
usage: receipt CATALOG CART [JOURNAL]
END

exit "$failures"
