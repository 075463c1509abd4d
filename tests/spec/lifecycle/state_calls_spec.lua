-- How often a run touches the state file, counted by strace: whatever the number of phases.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local fs = require("ggen.core.fs")
local process = require("ggen.core.process")

local BINARY = fs.realpath("/proc/self/exe")

local function run(argv, cwd)
  local env = { GGEN_CACHE_DIR = cwd .. "/cache" }
  for name, value in pairs(require("ggen.environment").base()) do env[name] = value end
  return async.await(function(resume)
    local handle = process.run({ argv = argv, cwd = cwd, env = env }, resume)
    if not handle then resume({ code = 127 }) end
  end)
end

describe("the state file", function()
  local dir

  setup(function() dir = fs.make_temp_dir(fs.temp_dir(), "ggen-calls-") end)
  teardown(function() fs.remove(dir, { recursive = true }) end)

  -- The system calls that name the file: opens to read, opens to write, renames.
  local function count(name, text)
    local own = dir .. "/" .. name
    fs.mkdir(own)
    for path, content in pairs(text) do
      fs.mkdir(own .. "/" .. (path:match("^(.*)/") or "."), { parents = true })
      fs.write(own .. "/" .. path, content)
    end
    local all = { calls = 0, writes = 0, reads = 0 }
    for _ = 1, 2 do
      all = { calls = 0, writes = 0, reads = 0 }
      -- The search for leaks traces as well, and there can be one tracer.
      local result = run({ "strace", "-E", "ASAN_OPTIONS=detect_leaks=0", "-f", "-qq", "-s",
        "4096", "-o", dir .. "/trace", "-e",
        "trace=open,openat,rename,renameat,renameat2,unlink,unlinkat,stat,newfstatat,link,linkat",
        BINARY, "run", "-o", "none", "init", "setup", "build", "test", "deploy" }, own)
      assert.equal(0, result.code)
      for line in fs.read(dir .. "/trace"):gmatch("[^\n]+") do
        if line:find("/.ggen/state.json", 1, true) then
          all.calls = all.calls + 1
          local writes = line:find("O_WRONLY") or line:find("rename") or line:find("link")
          if writes then all.writes = all.writes + 1 end
          if line:find("O_RDONLY") then all.reads = all.reads + 1 end
        end
      end
    end
    return all
  end

  local PHASES = { "init", "setup", "build", "test", "deploy" }

  local function phases()
    local lines = { "[lifecycle]" }
    for _, phase in ipairs(PHASES) do lines[#lines + 1] = phase .. '.command = "true"' end
    return table.concat(lines, "\n") .. "\n"
  end

  it("is read once and written once, however many phases and workspaces", function()
    if run({ "strace", "-V" }, dir).code ~= 0 then return pending("there is no strace") end
    local hooks = "[hooks]\nbefore_build = ['init']\nafter_build = ['test']\n"
    local workspaces = "[workspace]\nmembers = ['a', 'b', 'c']\n"
    for name, files in pairs({
      plain = { ["make.toml"] = phases() },
      hooks = { ["make.toml"] = phases() .. hooks },
      workspaces = { ["make.toml"] = workspaces .. phases(), ["a/x"] = "", ["b/x"] = "",
        ["c/x"] = "" },
      strict = { ["make.toml"] = "compat = 'strict'\n" .. phases() .. hooks },
    }) do
      local found = count(name, files)
      assert.same({ 1, 2 }, { found.reads, found.writes }, name)
      assert.is_true(found.calls <= 5, ("%s: %d calls"):format(name, found.calls))
    end
  end)
end)
