-- The JUnit file: it fits the schema whatever tasks print and are called, and says what happened.
-- SPDX-License-Identifier: MIT
local a_run = require("a_run")
local async = require("ggen.async")
local fs = require("ggen.core.fs")
local output = require("ggen.core.output")
local process = require("ggen.core.process")

local schema = assert(fs.realpath(debug.getinfo(1, "S").source:match("^@(.*)/[^/]*$")
  .. "/../../schema/junit.xsd"))

-- What xmllint has against a file; nil when it has nothing.
local function complaints(path)
  local result = async.await(function(resume)
    return assert(process.run({
      argv = { "xmllint", "--noout", "--nonet", "--schema", schema, path },
      env = { PATH = os.getenv("PATH") }, capture = 1024 * 1024 }, resume))
  end)
  if result.code ~= 0 then return result.stdout .. result.stderr end
end

describe("observer.junit", function()
  local folder

  before_each(function() folder = assert(fs.make_temp_dir("ggen-junit-spec-")) end)
  after_each(function() assert(fs.remove(folder, { recursive = true })) end)

  -- The file that a run leaves. `ends`: what tasks printed and how they failed, by id.
  local function written(changes, params, ends, project)
    params = params or {}
    params.path = "report.xml"
    local impl = a_run.use("observer.junit", params, { project_dir = folder })
    for id, result in pairs(ends or {}) do
      local log = output.log({})
      impl:on_task_log({ id = id }, log)
      local sink = output.callback(function() end)
      if result.streamed then log:attach(sink) end
      log:write("out", result.printed)
      result.status, result.attempts, result.log = "failed", 1, log
      impl:on_task_end({ id = id }, result)
      log:close()
      sink:close()
    end
    local run = a_run.run(a_run.record(changes), project or a_run.project(folder))
    run.project.dir = folder
    impl:on_run_end(run)
    assert.same({}, run.said)
    assert.is_nil(complaints(folder .. "/report.xml"))
    return assert(fs.read(folder .. "/report.xml"))
  end

  it("has those that were up to date, whatever they are called", function()
    local text = written({ tasks = {}, fresh = { "web#build", "t:v=a#b", 't:v=<"&>', "t:v=ä\27" } })
    local cases = {}
    for line in text:gmatch("<testcase[^\n]*") do cases[#cases + 1] = line end
    assert.same({ '<testcase name="build" classname="web" time="0.000"/>',
      '<testcase name="t:v=a#b" classname="shop" time="0.000"/>',
      '<testcase name="t:v=&lt;&quot;&amp;&gt;" classname="shop" time="0.000"/>',
      '<testcase name="t:v=ä\239\191\189" classname="shop" time="0.000"/>' }, cases)
    assert.truthy(text:find('name="shop" id="1" package="shop" tests="3"', 1, true))
  end)

  it("has a suite for each workspace and a case for each task", function()
    -- A suite is one line of attributes.
    assert.equal([[
<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="shop" id="0" package="shop" tests="4" failures="0" errors="0" skipped="0"
 time="1.510" timestamp="2026-11-02T20:23:00" hostname="localhost">
    <properties>
      <property name="ggen-lua" value="0.6.0"/>
      <property name="pipeline" value="shop"/>
      <property name="run" value="20261102T202300.123-f841ad"/>
      <property name="command" value="run"/>
      <property name="status" value="ok"/>
      <property name="commit" value="1402f91c1402f91c1402f91c1402f91c1402f91c"/>
      <property name="branch" value="main"/>
      <property name="machine" value="linux-x86_64/2 cpus/24 GiB/cpu"/>
      <property name="jobs" value="2"/>
      <property name="wall" value="2.5"/>
      <property name="hit_rate" value="0.4"/>
    </properties>
    <testcase name="codegen" classname="shop" time="1.000"/>
    <testcase name="lint" classname="shop" time="0.500"/>
    <testcase name="pack" classname="shop" time="0.010"/>
    <testcase name="build" classname="shop" time="0.000"/>
    <system-out/>
    <system-err/>
  </testsuite>
  <testsuite name="web" id="1"]], (written():gsub('"0" time="1.510"', '"0"\n time="1.510"')
      :match("^(.-<testsuite name=\"web\" id=\"1\")")))
    assert.truthy(written():find('<testcase name="test" classname="web" time="1.400"/>', 1, true))
  end)

  it("has what failed, what was skipped, and what failed and may", function()
    local text = written({ code = 1, status = "failed", tasks = {
      { id = "a", status = "failed", code = 3, start = 0, duration = 1 },
      { id = "b", status = "skipped", reason = "a failed", start = 1, duration = 0 },
      { id = "c", status = "optional", code = 4, start = 1, duration = 1 },
      { id = "d", status = "failed", code = 124, message = "timed out", start = 1, duration = 1 },
    } }, { tail = 2 }, { a = { code = 3, printed = "one\ntwo\nthree <&>]]>\n" },
      d = { code = 124, timed_out = true, message = "timed out", printed = "x\n" } })
    assert.truthy(text:find('failures="2" errors="0" skipped="2"', 1, true))
    assert.truthy(text:find('<failure message="exit code 3" type="exit code">two\n'
      .. 'three &lt;&amp;&gt;]]&gt;\n</failure>', 1, true), text)
    assert.truthy(text:find('<skipped message="a failed"/>', 1, true))
    assert.truthy(text:find('<skipped message="failed, and is optional: exit code 4"/>', 1, true))
    assert.truthy(text:find('<failure message="timed out" type="timeout">x', 1, true))
  end)

  it("has the end of what a task printed, also when it was shown as it came", function()
    local lines = {}
    for i = 1, 50000 do lines[i] = "line " .. i end
    for _, streamed in ipairs({ true, false }) do
      local text = written({ code = 1, status = "failed", tasks = {
        { id = "a", status = "failed", code = 1, start = 0, duration = 1 } } }, { tail = 100000 },
        { a = { code = 1, streamed = streamed, printed = table.concat(lines, "\n") .. "\n" } })
      assert.truthy(text:find("line 50000\n</failure>", 1, true))
      assert.is_true(#text < 70000)
    end
  end)

  it("is XML whatever comes", function()
    local bytes = {}
    for i = 0, 255 do bytes[#bytes + 1] = string.char(i) end
    local all = table.concat(bytes)
    local hostile = all .. "\27[31mred\27[0m \237\160\128 \239\191\191 \239\191\190"
      .. " \244\144\128\128 \240\159\154\128 \192\175 <![CDATA[ ]]> <!-- -- --> &#0; &amp;"
      .. " \"'\r\n\r x"
    local text = written({ pipeline = hostile, machine = hostile, code = 1, status = "failed",
      tasks = { { id = hostile, status = "failed", code = 1, start = 0, duration = 1,
        message = hostile }, { id = "b", status = "skipped", reason = hostile } } }, nil,
      { [hostile] = { code = 1, message = hostile, printed = hostile } })
    assert.truthy(text:find("red", 1, true))
    assert.truthy(text:find("\240\159\154\128", 1, true))
    assert.is_nil(text:find("[%z\1-\8\11\12\14-\31]"))
  end)

  it("does not look green when the run was not", function()
    for status, message in pairs({ gate = "a gate said no", interrupted = "interrupted",
      timeout = "the time of the run was over" }) do
      local text = written({ status = status, code = 3 })
      assert.equal(1, select(2, text:gsub('<testsuite name="shop"', "")))
      assert.truthy(text:find(('<testcase name="(run)" classname="shop" time="0.000">\n'
        .. '<failure message="%s" type="%s"/>'):format(message, status):gsub("\n", "\n      "), 1,
        true), text)
    end
  end)

  it("may have a suite for each phase", function()
    local project = a_run.project(folder)
    local ids = { "codegen", "web#test" }
    project.phases = { { id = "release", members = { 1, 2 } }, { id = "ci", members = { 2 } } }
    project.id = function(_, index) return ids[index] end
    local text = written(nil, { suites = "phase" }, nil, project)
    assert.truthy(text:find('<testcase name="test" classname="release"', 1, true))
    assert.truthy(text:find('<testcase name="lint" classname="shop"', 1, true))
    assert.is_nil(text:find('classname="ci"', 1, true))
  end)

  it("of a run of nothing is a file without suites", function()
    assert.equal('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n</testsuites>\n',
      written({ tasks = {}, fresh = {} }))
  end)

  -- A schema that takes everything would prove nothing.
  it("is held against a schema that refuses", function()
    local good = written()
    for _, change in ipairs({ { ' tests="4"', "" }, { 'time="1.000"', 'time="-1"' },
      { 'time="1.000"', 'time="1e9"' }, { "<system%-out/>", "" },
      { 'timestamp="[^"]*"', 'timestamp="now"' }, { "<testsuites>", '<testsuites tests="1">' },
      { "<testcase ", '<testcase surprise="1" ' }, { 'id="1"', 'id="0"' } }) do
      assert(fs.write(folder .. "/bad.xml", (good:gsub(change[1], change[2]))))
      assert.is_string(complaints(folder .. "/bad.xml"), change[1])
    end
  end)
end)
