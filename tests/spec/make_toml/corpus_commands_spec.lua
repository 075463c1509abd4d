-- What the program says of real make.toml files, which are not ours to keep here (see
-- corpus_spec.lua). corpus_commands.txt has how `check` ends and a digest of `list --json` for
-- each. GGEN_CORPUS_UPDATE=1 writes it anew. Two of them can be run without a network.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local corpus = require("corpus")
local fs = require("ggen.core.fs")
local hash = require("ggen.core.hash")
local process = require("ggen.core.process")

local here = assert(fs.realpath(debug.getinfo(1, "S").source:match("^@(.*)/[^/]*$")))
local golden = here .. "/corpus_commands.txt"

local function ggen(dir, ...)
  local argv = { fs.realpath("/proc/self/exe"), ... }
  return async.await(function(resume)
    return assert(process.run({ argv = argv, cwd = dir, capture = 4 * 1024 * 1024,
      env = { PATH = os.getenv("PATH"), HOME = dir, GGEN_LUA_PATH = os.getenv("GGEN_LUA_PATH") },
    }, resume))
  end)
end

local function last_line(text) return text:gsub("\n$", ""):match("[^\n]*$") end

describe("real make.toml files", function()
  local dir
  local names = corpus.make_tomls()
  before_each(function() dir = fs.make_temp_dir() end)
  after_each(function() fs.remove(dir, { recursive = true }) end)
  if #names == 0 then
    it("are not there", function() pending("there is no corpus") end)
    return
  end

  -- A project of its own, whose name is always the same.
  local function project(name)
    local at = dir .. "/" .. name .. "/project"
    assert(fs.mkdir(at))
    assert(fs.write(at .. "/make.toml", assert(fs.read(corpus.path .. "/make-toml/" .. name))))
    return at
  end

  it("are checked and listed as before", function()
    local lines = {}
    for _, name in ipairs(names) do
      local at = project(name)
      local checked, listed = ggen(at, "check"), ggen(at, "list", "--json", "--all")
      local first = checked.code == 0 and last_line(checked.stdout)
        or checked.stderr:match("^[^\n]*")
      local json = listed.stdout:gsub(at, "")
      lines[#lines + 1] = ("%s\n  check ends with %d: %s\n  list --json: %d, %s\n"):format(name,
        checked.code, first, listed.code, listed.code == 0 and hash.bytes(json):sub(1, 16) or "")
    end
    local text = table.concat(lines)
    if os.getenv("GGEN_CORPUS_UPDATE") then assert(fs.write(golden, text)) end
    assert.equal(assert(fs.read(golden)), text)
  end)

  it("13-examples-index runs from end to end", function()
    local at = project("13-examples-index.toml")
    local list = {}
    for name in ggen(at, "list", "--names").stdout:gmatch("%S+") do list[#list + 1] = name end
    assert.equal(7, #list)
    local result = ggen(at, "run", unpack(list))
    assert.equal(0, result.code, result.stderr)
    assert.matches("7 tasks: 7 ok", result.stdout)
    local state = assert(fs.read(at .. "/.ggen/state.json"))
    assert.equal(7, select(2, state:gsub('"success": true', "")))
  end)

  it("10-full-stack-app runs from end to end", function()
    local at = project("10-full-stack-app.toml")
    for _, name in ipairs({ "backend", "frontend", "shared" }) do
      assert(fs.mkdir(at .. "/" .. name))
    end
    local result = ggen(at, "run", "build", "test", "deploy")
    assert.equal(0, result.code, result.stdout .. result.stderr)
    assert.matches("^15 tasks: 15 ok in ", last_line(result.stdout))
  end)
end)
