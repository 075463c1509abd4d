-- Tests the docs. Runs the examples of the README and of docs/: writes their files, types their
-- commands into the real binary and compares what comes out with what the page shows. Without PAGES
-- also: whether docs/reference/ is what the sources say, and the completions.
--   ggen-lua lua tests/docs/run.lua [--binary PATH] [--update] [--keep] [--containers] [PAGES]
-- --update writes what came out into the pages; --keep leaves the folders and names them;
-- --containers runs the sessions, too, that need the container engine of DOCKER_HOST.
-- The markers are described in page.lua.
-- SPDX-License-Identifier: MIT
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path

local async = require("ggen.async")
local fs = require("ggen.core.fs")
local process = require("ggen.core.process")

local fields = require("fields")
local page = require("page")

local root = assert(fs.realpath(here .. "/../.."))
local options, names = {}, {}
for i = 1, #arg do
  if arg[i - 1] == "--binary" then
    options.binary = arg[i]
  elseif arg[i]:find("^%-%-") then
    options[arg[i]:sub(3)] = true
  else
    names[#names + 1] = arg[i]
  end
end
local binary = assert(fs.realpath(type(options.binary) == "string" and options.binary
  or "/proc/self/exe"))

-- Pages whose text is written by hand. Those in docs/reference/ are made from the sources, and the
-- figures of benchmarks.md belong to one machine.
local function pages()
  if #names > 0 then return names end
  local found = { "README.md" }
  for _, path in ipairs(assert(fs.glob(root .. "/docs", { "*.md", "guides/*.md" }))) do
    if path ~= "benchmarks.md" then found[#found + 1] = "docs/" .. path end
  end
  return found
end

-- A folder for one page: bin/ in front of PATH, home/, and you/ with the folders of the examples.
local function make_place()
  local base = assert(fs.make_temp_dir("ggen-docs-"))
  local place = { base = base, bin = base .. "/bin", you = base .. "/home/you" }
  assert(fs.mkdir(place.bin))
  assert(fs.mkdir(place.you))
  os.execute(("ln -s '%s' '%s/ggen-lua'"):format(binary, place.bin))
  return place
end

local function environment(place)
  local env = { PATH = place.bin .. ":/usr/local/bin:/usr/bin:/bin", HOME = place.you,
    LANG = "C.UTF-8", SHELL = "/bin/bash", GGEN_PLUGIN_BUDGET = "off" }
  for _, name in ipairs({ "GGEN_LUA_PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS",
    options.containers and "DOCKER_HOST" }) do
    env[name] = os.getenv(name)
  end
  return env
end

-- A copy of this project, as far as the README needs it: examples/shop, and a ./dev that runs the
-- binary without building it.
local DEV = [[
#!/bin/sh
command=$1
shift
[ "$command" = run ] || exit 2
[ $# -gt 0 ] || set -- -C examples/shop run
exec ggen-lua "$@"
]]

local function make_project(dir)
  assert(fs.mkdir(dir .. "/examples"))
  os.execute(("cp -r '%s/examples/shop' '%s/examples' && rm -rf '%s'/examples/shop/build"
    .. " '%s'/examples/shop/packages/*/build"):format(root, dir, dir, dir))
  assert(fs.write(dir .. "/dev", DEV))
  os.execute(("chmod +x '%s/dev'"):format(dir))
end

local function start_folder(place, name)
  local dir = place.you .. "/" .. name
  if name == "ggen-lua" then make_project(dir) else assert(fs.mkdir(dir)) end
  return dir
end

local function add_to(path, lines)
  local text = assert(fs.read(path))
  local before, last = text:match("^(.*\n)(return [^\n]*\n)$")
  if not before then error("the file has no return at its end", 0) end
  return before .. table.concat(lines, "\n") .. "\n\n" .. last
end

local function type_command(command, dir, place)
  local result = async.await(function(resume)
    return assert(process.run({
      argv = { "/bin/bash", "-c", command }, cwd = dir, env = environment(place),
      capture = 4 * 1024 * 1024, timeout = 300,
    }, resume))
  end)
  local text = (result.stdout .. result.stderr):gsub(place.base:gsub("%p", "%%%0"), "")
  local lines = {}
  for line in text:gmatch("([^\n]*)\n?") do lines[#lines + 1] = line end
  while lines[#lines] == "" do lines[#lines] = nil end
  return lines, result.code
end

local function show(lines)
  return #lines > 0 and "    " .. table.concat(lines, "\n    ") or "    (nothing)"
end

local json_fields = {} -- of all JSON that was printed

-- Runs one session; returns what is wrong with it and the edits that would mend it.
local function run_session(block, dir, place)
  local problems, edits = {}, {}
  local commands = page.session(block)
  local expected_code = tonumber(block.value:match("exit (%d+)")) or 0
  for i, entry in ipairs(commands) do
    local actual, code = type_command("exec 2>&1; " .. entry.command, dir, place)
    fields.collect(actual, json_fields)
    if not page.fits(entry.expected, actual, block.value:find("any order", 1, true) ~= nil,
      block.value:find("any numbers", 1, true) ~= nil) then
      problems[#problems + 1] = ("%d: %s\n  expected:\n%s\n  came out:\n%s"):format(
        entry.first - 1, entry.command, show(entry.expected), show(actual))
      edits[#edits + 1] = { first = entry.first, count = #entry.expected, lines = actual }
    end
    local wanted = i == #commands and expected_code or 0
    if code ~= wanted then
      problems[#problems + 1] = ("%d: %s\n  exit code %d, expected %d"):format(entry.first - 1,
        entry.command, code, wanted)
    end
  end
  return problems, edits
end

local function run_block(block, state, place)
  if block.kind == "in" then
    state.dir = start_folder(place, block.value)
    return {}, {}
  end
  state.dir = state.dir or start_folder(place, "hello")
  if block.kind == "run" then return run_session(block, state.dir, place) end
  local path = state.dir .. "/" .. block.value
  local text = block.kind == "add" and add_to(path, block.lines)
    or table.concat(block.lines, "\n") .. "\n"
  assert(fs.mkdir(path:match("^(.*)/")))
  assert(fs.write(path, text))
  return {}, {}
end

local function rewrite(text, edits)
  local lines = {}
  for line in text:gmatch("([^\n]*)\n") do lines[#lines + 1] = line end
  table.sort(edits, function(a, b) return a.first > b.first end)
  for _, edit in ipairs(edits) do
    for _ = 1, edit.count do table.remove(lines, edit.first) end
    for i, line in ipairs(edit.lines) do table.insert(lines, edit.first + i - 1, line) end
  end
  return table.concat(lines, "\n") .. "\n"
end

-- Runs one page given as text. Returns how many sessions were good, the problems, the edits.
local function run_page(text)
  local blocks, message, line = page.blocks(text)
  if not blocks then return 0, { ("%d: %s"):format(line, message) }, {} end
  local place, state = make_place(), {}
  local good, problems, all_edits = 0, {}, {}
  for _, block in ipairs(blocks) do
    if block.kind ~= "shown" then
      local left_out = block.kind == "run" and block.value:find("with containers", 1, true)
        and not options.containers
      local ok, found, edits = true, {}, {}
      if not left_out then ok, found, edits = pcall(run_block, block, state, place) end
      if not ok then found, edits = { ("%d: %s"):format(block.line, tostring(found)) }, {} end
      if #found == 0 and block.kind == "run" and not left_out then good = good + 1 end
      for _, problem in ipairs(found) do problems[#problems + 1] = problem end
      for _, edit in ipairs(edits) do all_edits[#all_edits + 1] = edit end
    end
  end
  if options.keep then print(place.base) else fs.remove(place.base, { recursive = true }) end
  return good, problems, all_edits
end

-- A test that cannot fail proves nothing: a page that shows something else must be found out.
local PLANTED = {
  { "<!-- run -->\n```console\n$ echo two\none\n```\n", 1 },
  { "<!-- run -->\n```console\n$ false\n```\n", 1 },
  { "<!-- run: exit 3, any order -->\n```console\n$ printf 'b\\na\\n'; exit 3\na\nb\n```\n", 0 },
  { "<!-- run -->\n```console\n$ printf 'a\\nb 0.12 s\\n'\n...\nb 9.00 s\n```\n", 0 },
  { "<!-- run: any numbers -->\n```console\n$ echo 'a1  12 % 3.4 KiB'\na1 7 % 120 B\n```\n", 0 },
  { "<!-- run: any numbers -->\n```console\n$ echo 'a1  12 %'\na2 12 %\n```\n", 1 },
  { "<!-- run: any numbers -->\n```console\n$ echo '968 us  2 s'\n1.3 ms 968 ms\n```\n", 0 },
  { "```console\n$ true\n```\n", 1 },
  { "<!-- file: a.lua -->\n```lua\nlocal a\nreturn a\n```\n<!-- add: a.lua -->\n```lua\nb\n```\n"
    .. "<!-- run -->\n```console\n$ cat a.lua\nlocal a\nb\n\nreturn a\n```\n", 0 },
}

local passed, failed = 0, 0
for i, case in ipairs(PLANTED) do
  local _, problems = run_page(case[1])
  if #problems == case[2] then passed = passed + 1 else
    failed = failed + 1
    print(("planted page %d: %d problems expected, got %d"):format(i, case[2], #problems))
    print(table.concat(problems, "\n"))
  end
end

for _, path in ipairs(pages()) do
  local text = assert(fs.read(root .. "/" .. path))
  local good, problems, edits = run_page(text)
  passed, failed = passed + good, failed + #problems
  for _, problem in ipairs(problems) do print(path .. ":" .. problem) end
  if options.update and #edits > 0 then
    assert(fs.write(root .. "/" .. path, rewrite(text, edits)))
    print("updated " .. path)
  end
end
-- Another program of tests, whose last line says how many passed.
local function run_program(argv)
  local result = async.await(function(resume)
    return assert(process.run({ argv = argv, cwd = root, env = require("ggen.core.env").all(),
      capture = 1024 * 1024, timeout = 300 }, resume))
  end)
  local text = result.stdout .. result.stderr
  local good, bad = text:match("(%d+) passed, (%d+) failed%s*$")
  passed, failed = passed + (tonumber(good) or 0), failed + (tonumber(bad) or 1)
  if bad ~= "0" then print(table.concat(argv, " ") .. "\n" .. text) end
end

if #names == 0 then
  run_program({ binary, "lua", "docs/generate.lua", "--check" })
  run_program({ "bash", "tests/docs/completion.sh", binary })
  run_program({ "python3", "tests/docs/workflows.py", unpack(pages()) })
end

-- Whatever JSON the examples print has to be described.
for _, name in ipairs(fields.missing(json_fields, assert(fs.read(root .. "/docs/formats.md")))) do
  failed = failed + 1
  print(("docs/formats.md: nothing about the field %q"):format(name))
end
print(("docs: %d passed, %d failed"):format(passed, failed))
return failed == 0 and 0 or 1
