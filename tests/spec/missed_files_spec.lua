-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")
local missed = require("ggen.missed_files")

describe("missed files", function()
  local dir
  local function write(path)
    assert(fs.mkdir(dir .. "/" .. path:match("^(.*)/")))
    assert(fs.write(dir .. "/" .. path, "x"))
  end
  before_each(function()
    dir = assert(fs.make_temp_dir("ggen-missed-"))
    for _, path in ipairs({ "p/src/a.c", "p/src/util.h", "p/include/deep/api.h", "p/data/big.csv",
      "p/lib/tool/__init__.py", "p/lib/one.py", "p/web/parts/menu.js", "p/out/made", "p/-x/y",
      "p/a b/c", "p/.ggen/x", "room/src/a.c" }) do
      write(path)
    end
  end)
  after_each(function() assert(fs.remove(dir, { recursive = true })) end)

  local function of(text, cwd)
    return missed.of(text, { root = dir .. "/p", room = dir .. "/room",
      cwd = dir .. "/p" .. (cwd or ""), ours = function(path) return path == "out/made" end })
  end

  it("are named by programs in many ways", function()
    assert.same({ "src/util.h" }, of("cat: can't open 'src/util.h': No such file or directory"))
    assert.same({ "src/util.h" }, of("cat: ./src/util.h: No such file"))
    assert.same({ "src/util.h" }, of("Error: " .. dir .. "/p/src/util.h does not exist."))
    assert.same({ "src/util.h" }, of("cannot open util.h", "/src"))
    assert.same({ "src/util.h" }, of("a.c:1:10: fatal error: util.h: No such file", "/src"))
    assert.same({ "include/deep/api.h" },
      of("src/a.c:3:10: fatal error: api.h: No such file or directory"))
    assert.same({ "include/deep/api.h" }, of("fatal error: 'deep/api.h' file not found"))
    assert.same({ "lib/one.py" }, of("ModuleNotFoundError: No module named 'lib.one'"))
    assert.same({ "lib/tool/" }, of("ImportError: lib/tool"))
    assert.same({ "web/parts/menu.js" }, of("Error: Cannot find module './parts/menu'", "/web"))
    assert.same({ "data/" }, of("ls: data: No such file or directory"))
  end)

  it("are none that were there, that the task makes, or that are nowhere", function()
    assert.same({}, of("cat: src/a.c: No such file"))
    assert.same({}, of("cat: out/made: No such file"))
    assert.same({}, of("cat: src/none.h: No such file, ../../etc/passwd, .ggen/x, /etc/passwd"))
    assert.same({}, of("util.h is nice"))
    assert.same({}, of(""))
    assert.same({}, of("\0\255/../..//...  [[%d+"))
  end)

  it("are three at most", function()
    assert.equal(3, #of("src/util.h include/deep/api.h data/big.csv lib/one.py web/parts/menu.js"))
  end)
end)
