# What the template "audited" adds.
# SPDX-License-Identifier: MIT
# shellcheck shell=sh
set -eu
set -- history
# shellcheck source=expect.sh
. tests/expect.sh

ask -c "update book set copies = 7 where id = 1"
client add book Emma 1 '' >/dev/null
client remove book 3
expect "a change, with what was before" 'update 2 7' ask -F ' ' \
  -c "select what, before->>'copies', after->>'copies' from history where entity = 'book' and id = 1
    order by number desc limit 1"
expect "a life" "insert
delete" sh -c 'sh build/client.sh history book 3 | cut -d " " -f 1'
expect "who did it" "$(ask -c 'select current_user')" \
  ask -c "select distinct who from history where entity = 'book'"
expect "the room was as new" 0 ask -c "select count(*) from history where id > 3"
done_testing
