-- Rules for every Lua file; `./dev lint` runs them.
-- SPDX-License-Identifier: MIT
std = "luajit"
max_line_length = 100
codes = true
self = false
unused_secondaries = false
exclude_files = { "build/**", "**/build/**", "**/.ggen/**" }

-- Pipelines see the tables of the sandbox, not more: reading any other global is a mistake.
files["lua/ggen/types/*.lua"] = { ignore = { "2", "4", "5" } } -- annotations without code
files["tests/spec/**/*_spec.lua"] = { std = "luajit+busted" }
files["tests/spec/run.lua"] = { globals = { "arg", "os.exit" } }
