-- What `plugin new scheduler NAME` begins with.
-- SPDX-License-Identifier: MIT
return {
  plugin = [==[
-- Who is next: of the tasks that are ready, those that match a pattern start first.
local ggen = require("ggen")

-- Params are checked where the pipeline gives them: a wrong pattern is an error of its line.
local function problem_of(pattern)
  local _, message = ggen.std.glob.match(pattern, "")
  return message
end

---@type ggen.Plugin
return {
  name = "@NAME@",
  kind = "scheduler",
  version = "@VERSION@",
  api = "^1",
  desc = "Start the tasks that match a pattern first",
  params = {
    first = { type = "list", of = { type = "string", check = problem_of }, single = true,
      default = {}, desc = "Globs of task ids: what matches one goes before what matches a later"
        .. " one, and before all others." },
  },
  setup = function(params)
    return {
      ---Asked once for each task that becomes ready: the highest number starts first. Must not
      ---wait.
      priority = function(_, task)
        for i, pattern in ipairs(params.first) do
          if ggen.std.glob.match(pattern, task.id) then return #params.first - i + 1 end
        end
        return 0
      end,
    }
  end,
}
]==],
  spec = [==[
local plugin = require("ggen.plugins.scheduler.@NAME@")

describe("scheduler.@NAME@", function()
  local function order(first, ids)
    local scheduler = plugin.setup({ first = first }, {})
    local numbers = {}
    for i, id in ipairs(ids) do numbers[i] = scheduler:priority({ id = id }) end
    return numbers
  end

  it("gives what matches an earlier pattern the higher number", function()
    assert.same({ 0, 2, 1, 2 }, order({ "test*", "lint" }, { "build", "test", "lint", "test-all" }))
  end)

  it("changes nothing without a pattern", function()
    assert.same({ 0, 0 }, order({}, { "a", "b" }))
  end)
end)
]==],
  use = [==[p:use "scheduler.@NAME@" { first = { "lint", "test*" } }]==],
  example = [==[
p:use "scheduler.@NAME@" { first = { "lint", "test*" } }

p:task "build" { run = "echo building" }
p:task "test" { run = "echo testing" }
p:task "lint" { run = "echo linting" }
]==],
  example_spec = [==[
  it("starts what is named first", function()
    local output = ggen_lua("run", "--force", "-j1")
    assert.truthy(output:find("linting.*testing.*building"), output)
  end)
]==],
}
