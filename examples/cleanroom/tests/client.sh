# The generated client.
# SPDX-License-Identifier: MIT
# shellcheck shell=sh
set -eu
set -- client
# shellcheck source=expect.sh
. tests/expect.sh

expect "what is there" "1 | Alice | 2 | 9.50
2 | Ulysses | 1 | " client list book
expect "a new book has the next number" 3 client add book "Bobby'); drop table loan;--" 1 0
expect "its title is a title" "3 | Bobby'); drop table loan;-- | 1 | 0.00" \
  sh -c 'sh build/client.sh list book | tail -n 1'
expect "the loans are there" '1 | 1 | 1 | 2030-01-31 | ' client list loan
expect "a book goes" '' client remove book 3
refuse "values are counted" 'usage: client.sh add book TITLE COPIES PRICE' client add book Emma
refuse "what is no entity" 'usage: client.sh' client list dragon
done_testing
