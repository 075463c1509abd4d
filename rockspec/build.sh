#!/bin/sh
# What LuaRocks runs to build ggen-lua, in the source tree.
# SPDX-License-Identifier: MIT
set -eu
html=ON
if ! [ -d web/node_modules/uplot ] || ! [ -d web/node_modules/esbuild ]; then
  html=OFF
  echo 'ggen-lua is built without the page of perf html (./dev setup run installs what it takes)'
fi
cmake --preset release "-DGGEN_HTML=$html"
cmake --build --preset release
