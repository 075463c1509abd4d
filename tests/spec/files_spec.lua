-- SPDX-License-Identifier: MIT
local files = require("ggen.files")
local fs = require("ggen.core.fs")

describe("files", function()
  local dir
  before_each(function() dir = assert(fs.make_temp_dir("ggen-files-")) end)
  after_each(function() assert(fs.remove(dir, { recursive = true })) end)

  it("writes with the directories above", function()
    assert.is_true(files.write(dir .. "/a/b/c", "1"))
    assert.equal("1", fs.read(dir .. "/a/b/c"))
    local ok, message = files.write(dir .. "/a/b/c/d", "2")
    assert.is_nil(ok)
    assert.matches("a/b/c/d", message)
  end)

  it("changes what a file holds", function()
    local path = dir .. "/x/state.json"
    local function add(value) return { count = (value and value.count or 0) + 1 } end
    assert.is_true(files.update(path, add))
    assert.is_true(files.update(path, add))
    assert.equal('{"count":2}\n', fs.read(path))
    assert.is_true(files.update(path, function() end))
    assert.equal('{"count":2}\n', fs.read(path))
  end)

  it("says of a damaged file that it is, and of a missing one nothing", function()
    local path = dir .. "/state.json"
    local got
    local function look(value, problem) got = { value, problem } end
    files.update(path, look)
    assert.same({}, got)
    assert(fs.write(path, "{"))
    files.update(path, look)
    assert.is_nil(got[1])
    assert.is_string(got[2])
  end)

  it("lets go of its lock when the change raises", function()
    local path = dir .. "/state.json"
    assert.has_error(function() files.update(path, function() error("no", 0) end) end, "no")
    assert.is_true(files.update(path, function() return { 1 } end))
    assert.equal("[1]\n", fs.read(path))
    local ok, message = files.update(path, function() return { print } end)
    assert.is_nil(ok)
    assert.is_string(message)
    assert.equal(7, files.hold(path, function() return 7 end))
  end)

  it("tries without waiting", function()
    local path = dir .. "/new/state.json"
    local called, value = files.try(path, function()
      assert.is_false(files.try(path, function() error("never") end))
      assert.is_true(files.try(path .. "2", function() end))
      return 7
    end)
    assert.same({ true, 7 }, { called, value })
    assert.has_error(function() files.try(path, function() error("no", 0) end) end, "no")
    assert.is_true(files.try(path, function() end))
  end)
end)
