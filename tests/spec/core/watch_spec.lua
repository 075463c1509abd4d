-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local fs = require("ggen.core.fs")
local watch = require("ggen.core.watch")

describe("watch", function()
  local root

  before_each(function() root = assert(fs.make_temp_dir("ggen-watch-")) end)
  after_each(function() fs.remove(root, { recursive = true }) end)

  local function write(name) assert(fs.write(root .. "/" .. name, "x")) end

  it("calls back when it has been quiet", function()
    local events = async.await(function(resume)
      local w
      w = assert(watch.start({ root = root, quiet = 0.001 }, function(events)
        w:close()
        resume(events)
      end))
      write("a")
      return w
    end)
    assert.equal(1, #events)
    assert.equal("a", events[1].path)
    assert.equal("created", events[1].kind)
    assert.is_true(math.abs(os.time() - events[1].time) < 60)
    assert.is_nil(events[1].ignored)
    assert.is_nil(events[1].directory)
    assert.is_nil(events.overflow)
  end)

  it("hands over what has come when it is asked to", function()
    local batches = {}
    assert(fs.mkdir(root .. "/skipped"))
    local w = assert(watch.start({ root = root, also = { "kept.o" }, skip = { "skipped" },
      quiet = 3600, longest = 3600 }, function(events) batches[#batches + 1] = events end))
    assert.equal(1, w:directories())
    w:flush()
    assert.equal(0, #batches)
    assert(fs.write(root .. "/.gitignore", "*.o\n"))
    w:flush()
    write("x.o")
    write("kept.o")
    write("skipped/y")
    assert(fs.mkdir(root .. "/dir"))
    w:flush()
    assert.equal(2, #batches)
    local told = {}
    for _, event in ipairs(batches[2]) do told[event.path] = event end
    assert.is_true(told["x.o"].ignored)
    assert.is_nil(told["kept.o"].ignored)
    assert.is_true(told["dir"].directory)
    assert.is_nil(told["skipped/y"])
    assert.same({}, w:problems())
    w:close()
    w:flush()
    w:close()
    assert.equal(0, w:directories())
  end)

  it("raises what on_batch raises while it hands over, and goes on", function()
    local fail = true
    local calls = 0
    local w = assert(watch.start({ root = root }, function()
      calls = calls + 1
      if fail then error("no") end
    end))
    write("a")
    local ok, message = pcall(w.flush, w)
    assert.is_false(ok)
    assert.is_truthy(message:find("no", 1, true))
    fail = false
    write("b")
    w:flush()
    assert.equal(2, calls)
    w:close()
  end)

  it("is not collected while it waits, and says when it has ended", function()
    local weak = setmetatable({}, { __mode = "v" })
    local answer = async.await(function(resume)
      weak.watch = assert(watch.start({ root = root, quiet = 0.001 }, function(...)
        local first = ...
        if first == nil then resume({ ... }) end
      end))
      collectgarbage()
      collectgarbage()
      assert(fs.remove(root, { recursive = true }))
      return weak.watch
    end)
    assert.is_nil(answer[1])
    assert.is_truthy(answer[2]:find("was removed or moved away", 1, true))
    assert.equal("not_found", answer[3])
  end)

  it("refuses a root that is not there, raises for what is no option", function()
    local w, message, kind = watch.start({ root = root .. "/missing" }, function() end)
    assert.is_nil(w)
    assert.is_truthy(message)
    assert.equal("not_found", kind)
    assert.has_error(function() watch.start({}, function() end) end)
    assert.has_error(function() watch.start({ root = root }) end)
    assert.has_error(function() watch.start({ root = root, quiet = -1 }, function() end) end)
    assert.has_error(function() watch.start({ root = root, also = "a" }, function() end) end)
  end)
end)
