# What the database refuses, whoever asks.
# SPDX-License-Identifier: MIT
# shellcheck shell=sh
set -eu
set -- rules
# shellcheck source=expect.sh
. tests/expect.sh

refuse "a member needs a name" 'null value in column "name"' \
  ask -c "insert into member (email) values ('x@example.org')"
refuse "an address is one" 'violates check constraint' client add member Eve 'eve at home'
refuse "there are no fewer than no copies" 'violates check constraint' client add book Emma -1 ''
refuse "who borrows is a member" 'violates foreign key constraint' client add loan 99 1 2030-01-01 ''
refuse "what is lent cannot go" 'violates foreign key constraint' client remove book 1
expect "nothing of that is there" '2 2 1' \
  ask -F ' ' -c 'select (select count(*) from member), (select count(*) from book), count(*) from loan'
done_testing
