#!/usr/bin/env bash
# `plugin pack`: the rock has what it should, the same bytes each time, and LuaRocks takes it.
# SPDX-License-Identifier: MIT
set -euo pipefail
suite=pack
# shellcheck source=support.sh
source "$(dirname "$0")/support.sh"
mkdir bin
ln -s "$GGEN_LUA" bin/ggen-lua
PATH=$PWD/bin:$PATH
rock=ggen-scheduler-mine-0.1.0-1

ggen-lua plugin new scheduler mine >/dev/null
cd ggen-scheduler-mine
check "it makes rocks of sources and of what is installed" says "$rock.all.rock" \
  ggen-lua plugin pack --binary
check "git ignores them" test -z "$(git status --porcelain --ignored=no -- ./*.rock)"

# Later, elsewhere, by another mask, with other times and with more that git ignores.
cp -r . ../elsewhere
(cd ../elsewhere && umask 077 && find . -name '*.lua' -exec touch {} + && mkdir lua_modules &&
  touch lua_modules/x && ggen-lua plugin pack --binary -o out >/dev/null)
check "the same files give the same bytes" cmp $rock.src.rock ../elsewhere/out/$rock.src.rock
check "those of what is installed, too" cmp $rock.all.rock ../elsewhere/out/$rock.all.rock
rm -r ../elsewhere

check "LuaRocks installs the sources" luarocks install --tree ../tree --deps-mode none $rock.src.rock
check "and what was installed" luarocks install --tree ../tree2 --deps-mode none $rock.all.rock
check "with the same files" diff -r ../tree/share ../tree2/share
mkdir ../server && cp $rock.src.rock ../server
check "a server is made of it" luarocks-admin make-manifest --lua-version 5.1 ../server
check "which has it" says "0.1.0-1" luarocks search --porcelain --only-server=../server ggen-scheduler-mine

# change FILE SED TEXT: what does not agree is said.
change() {
  local file=$1 status=0
  cp "$file" ../kept
  sed -i "$2" "$file"
  fails 2 "$3" ggen-lua plugin pack || status=$?
  cp ../kept "$file"
  return "$status"
}
plugin=lua/ggen/plugins/scheduler/mine.lua
check "another version of the plugin" change $plugin 's/0\.1\.0/0.2.0/' 'has the version 0.2.0, and the rockspec 0.1.0-1'
check "another name" change $plugin 's/name = "mine"/name = "yours"/' 'says that its name is "yours"'
check "a broken plugin" change $plugin 's/setup = /seutp = /' 'did you mean "setup"'
check "another tag" change $rock.rockspec 's/v0\.1\.0/v1/' 'source.tag is v1'
check "nothing in the changelog" change CHANGELOG.md 's/0\.1\.0//' 'CHANGELOG.md says nothing of 0.1.0'
check "a file that is not there" change $rock.rockspec 's/mine\.lua"/other.lua"/' 'there is no file'
check "another name of the rock" change $rock.rockspec 's/"ggen-scheduler-mine"/"other"/' 'its name has to be other-0.1.0-1.rockspec'
check "sources that are an archive" change $rock.rockspec 's/git+https/https/' 'luarocks pack'
check "a rockspec that is no Lua" change $rock.rockspec '1s/^/{/' 'rockspec: rockspec:1: '
check "one that does not end" change $rock.rockspec '1s/^/while true do end /' 'took more than'
check "one that wants to do something" change $rock.rockspec '1s/^/os.exit(9) /' 'os'
check "a module that git ignores" change .gitignore '1s/^/mine.lua\n/' 'does git ignore lua/ggen/plugins/scheduler/mine.lua'
mkdir lua/ggen/plugins/scheduler/mine
part=lua/ggen/plugins/scheduler/mine/part.lua
echo 'return { number = 5 }' >$part
check "a module that the rockspec does not have" fails 2 "$part is no module of the rockspec" ggen-lua plugin pack
sed -i "s|\"$plugin\",|&\n    [\"ggen.plugins.scheduler.mine.part\"] = \"$part\",|" $rock.rockspec
sed -i 's/setup = function(params)/&\n    assert(require("ggen.plugins.scheduler.mine.part").number == 5)/' $plugin
check "that it has" says "$rock.src.rock" ggen-lua plugin pack -o ../parts
check "a plugin of two files keeps its contract" says "0 failed" ggen-lua plugin test --schedules 20
mkdir ../takes && printf 'local p = require("ggen").pipeline "x"\np:use "scheduler.mine"\np:task "a" { run = "true" }\nreturn p\n' >../takes/pipeline.lua
for tier in "" "--trust=process"; do
  check "a project takes both ${tier:-in}" says 'added scheduler.mine' \
    ggen-lua -C ../takes plugin add ../parts/$rock.src.rock ${tier:+$tier}
  check "and runs them ${tier:-in}" says '1 task: 1 ok' ggen-lua -C ../takes run --force
done
ln -s /etc/hostname link
check "a link" fails 2 'link is a link' ggen-lua plugin pack
rm link
check "no rockspec" fails 2 'no rockspec here' ggen-lua -C spec plugin pack
check "two" bash -c "cp $rock.rockspec two.rockspec; $(declare -f fails); fails 2 'name one of' ggen-lua plugin pack && rm two.rockspec"
check "a directory that cannot be written" fails 2 '/proc/x' ggen-lua plugin pack -o /proc/x
printf '#!/bin/sh\nexit 127\n' >../bin/luarocks && chmod +x ../bin/luarocks
check "no LuaRocks" fails 2 'apt-get install luarocks' ggen-lua plugin pack
summary
