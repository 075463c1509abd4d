-- Which changes are taken for those of the runs themselves.
-- SPDX-License-Identifier: MIT
local own_changes = require("ggen.watch.own_changes")

describe("changes of the runs themselves", function()
  local own, now

  local function begin(ends_runs, rounds)
    own, now = own_changes.new(ends_runs, rounds), 1000
  end

  -- A run in which files change, each so many seconds after its beginning.
  local function run(files)
    now = now + 100
    own:begin(now)
    local changes = {}
    for path, after in pairs(files) do
      changes[#changes + 1] = { path = path, kind = "changed", time = now + after }
    end
    local left, found = own:came(changes)
    local names = {}
    for i, event in ipairs(left) do names[i] = event.path end
    table.sort(names)
    return names, found
  end

  it("are those that come in three runs in a row at the same moment", function()
    begin()
    assert.same({ "a" }, run({ a = 1.0 }))
    assert.same({ "a" }, run({ a = 1.1 }))
    local left, found = run({ a = 0.9 })
    assert.same({}, left)
    assert.same({ "a" }, found)
  end)

  it("are not those that somebody saves at any moment", function()
    begin()
    for _, after in ipairs({ 3, 9, 5, 20, 1, 7, 40, 2, 11 }) do
      local left, found = run({ a = after })
      assert.same({ "a" }, left)
      assert.is_nil(found)
    end
    -- Nobody saves the same file in each of so many.
    local _, found = run({ a = 60 })
    assert.same({ "a" }, found)
  end)

  it("may come at any moment where changes end runs", function()
    begin(true)
    for i = 1, 50 do
      local left, found = run({ a = (i * 7) % 11 })
      assert.same({ "a" }, left)
      assert.is_nil(found)
    end
  end)

  it("take two more runs where changes end runs", function()
    begin(true)
    for _ = 1, 4 do assert.same({ "a" }, run({ a = 0.1 })) end
    assert.same({}, run({ a = 0.1 }))
  end)

  it("begin anew when somebody else has changed something", function()
    begin()
    run({ a = 1 })
    run({ a = 1 })
    own:forget()
    assert.same({ "a" }, run({ a = 1 }))
    assert.same({ "a" }, run({ a = 1 }))
    assert.same({}, run({ a = 1 }))
  end)

  it("are known by their directory when they have another name each time", function()
    begin()
    run({ ["log/1"] = 0.1 })
    run({ ["log/2"] = 0.1 })
    local left, found = run({ ["log/3"] = 0.1, ["src/a"] = 0.1 })
    assert.same({ "src/a" }, left)
    assert.same({ "log/" }, found)
    begin()
    for i = 1, 2 do run({ ["out-" .. i] = 0.1 }) end
    assert.same({ "./" }, select(2, run({ ["out-3"] = 0.1 })))
  end)

  it("leave others in the same directory alone when the file is known", function()
    begin()
    run({ ["src/stamp"] = 0.1, ["src/a"] = 3 })
    run({ ["src/stamp"] = 0.1, ["src/b"] = 3.1 })
    local left, found = run({ ["src/stamp"] = 0.1, ["src/c"] = 3 })
    assert.same({ "src/c" }, left)
    assert.same({ "src/stamp" }, found)
  end)

  it("are not told again in the same run, and end when the file was left alone", function()
    begin(true)
    for _ = 1, 5 do run({ a = 1 }) end
    local function again(after)
      return (own:came({ { path = "a", kind = "changed", time = now + after } }))
    end
    assert.same({}, again(2))
    assert.same({}, again(5))
    assert.same({}, again(8))
    assert.equal(1, #again(60))
  end)

  it("are remembered by a start in the place of another", function()
    begin()
    run({ a = 1 })
    run({ a = 1 })
    begin(false, own.rounds)
    assert.same({}, run({ a = 1 }))
  end)

  it("do not grow without a bound", function()
    begin()
    local many = {}
    for i = 1, 2000 do many[("d%d/f"):format(i)] = i / 100 end
    for _ = 1, 30 do run(many) end
    assert.is_true(#own.rounds <= own_changes.MOST_ROUNDS)
    local count = 0
    for _ in pairs(own.rounds[1]) do count = count + 1 end
    assert.is_true(count <= 50)
  end)
end)
