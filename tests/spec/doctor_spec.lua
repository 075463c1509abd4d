-- The doctor where a machine or a plugin stands in for others: its limits, its mounts, its time.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local fs = require("ggen.core.fs")
local machine = require("ggen.machine")
local place = require("ggen.doctor.place")
local report_of = require("ggen.doctor.report")

local function with_root(files, fn)
  local root = assert(fs.make_temp_dir("ggen-doctor-"))
  for path, text in pairs(files) do
    fs.mkdir(root .. path:match("^(.*)/"))
    assert(fs.write(root .. path, text))
  end
  machine.root = root
  local ok, problem = pcall(fn)
  machine.root = ""
  fs.remove(root, { recursive = true })
  assert(ok, problem)
end

local function said(report, pattern)
  for _, finding in ipairs(report.findings) do
    if finding.text:find(pattern) then return finding end
  end
end

describe("the doctor's look at the machine", function()
  local sandbox = require("ggen.core.sandbox")
  local kernel = sandbox.kernel
  after_each(function() sandbox.kernel = kernel end)

  local function look(limit, watches, instances, parts)
    local report = report_of.new("machine")
    sandbox.kernel = function() return parts or { landlock = 7, seccomp = true } end
    with_root({ ["/proc/meminfo"] = "MemTotal: 1024 kB\nMemAvailable: 512 kB\n",
      ["/proc/self/limits"] = "Limit  Soft Limit  Hard Limit  Units\n"
        .. "Max open files            " .. limit .. "    4096    files\n",
      ["/proc/sys/fs/inotify/max_user_watches"] = watches,
      ["/proc/sys/fs/inotify/max_user_instances"] = instances }, function()
      require("ggen.doctor.machine").run(report)
    end)
    return report
  end

  it("is content with usual limits", function()
    local report = look("1024", "65536\n", "128\n")
    for _, finding in ipairs(report.findings) do assert.equal("ok", finding.level) end
    assert.matches("1.0 MiB of memory, 512.0 KiB of it free", report.findings[1].text)
    assert.equal("ok", said(look("unlimited", "65536", "128"), "any number of open files").level)
  end)

  it("says how low ones are raised", function()
    local report = look("256", "8192\n", "64\n")
    local files, watches = said(report, "256 open files"), said(report, "8192 watches")
    assert.same({ "note", "ulimit -n 4096, before a run with many tasks at once" },
      { files.level, files.fix })
    assert.same({ "note", "sudo sysctl fs.inotify.max_user_watches=524288"
      .. " fs.inotify.max_user_instances=512, and the same in a file of /etc/sysctl.d" },
      { watches.level, watches.fix })
    assert.equal("note", said(look("1024", "", ""), "not known").level)
  end)

  it("says what a sandbox for plugins lacks", function()
    local function with(parts) return said(look("1024", "65536", "128", parts), "plugins") end
    assert.equal("ok", with({ landlock = 1, seccomp = true }).level)
    assert.matches("has no Landlock:", with({ landlock = 0, seccomp = true }).text)
    assert.matches("has no seccomp:", with({ landlock = 7, seccomp = false }).text)
    assert.matches("has no seccomp and Landlock:", with({ landlock = 0, seccomp = false }).text)
  end)
end)

describe("the doctor's look at a file system", function()
  it("finds the innermost and uppermost mount", function()
    local line = "%d 1 8:1 / %s rw,relatime shared:1 - %s /dev/x rw\n"
    with_root({ ["/proc/self/mountinfo"] = line:format(1, "/", "ext4")
      .. line:format(2, "/data", "xfs") .. line:format(3, "/data", "btrfs")
      .. line:format(4, "/with\\040space", "tmpfs") .. "nonsense\n" }, function()
      assert.same({ "ext4", "/" }, { place.file_system("/datas") })
      assert.same({ "btrfs", "/data" }, { place.file_system("/data/you/x") })
      assert.same({ "tmpfs", "/with space" }, { place.file_system("/with space") })
    end)
    with_root({}, function() assert.is_nil(place.file_system("/")) end)
  end)

  it("leaves nothing behind", function()
    local dir = assert(fs.make_temp_dir("ggen-doctor-"))
    local found = place.look(dir)
    assert.is_nil(found.problem)
    assert.same({}, fs.list(dir))
    fs.remove(dir, { recursive = true })
    assert.is_string(place.look(dir).problem)
    assert.equal(dir:match("^(.*)/"), place.existing(dir .. "/a/b"))
  end)

  it("says that coarse time stamps cost something", function()
    local report = report_of.new("x")
    place.tell(report, "it", "/x", { kind = "vfat", step = 2 }, "")
    place.tell(report, "it", "/x", { kind = "ext3" }, "")
    for i = 1, 2 do
      assert.equal("note", report.findings[i].level)
      assert.matches("finer time stamps", report.findings[i].fix)
    end
    assert.is_true(place.tell(report, "it", "/x", { kind = "ext4", reflink = false,
      step = 0.004 }, ""))
    assert.equal("it is on ext4, without reflinks, time stamps 4 ms apart",
      report.findings[3].text)
    assert.is_false(place.tell(report, "it", "/x", { problem = "Read-only file system" }, "go"))
    assert.same({ topic = "x", level = "problem", fix = "go",
      text = "nothing can be written in /x: Read-only file system" }, report.findings[4])
  end)
end)

describe("the doctor's look at a project", function()
  it("does not wait for a plugin that hangs", function()
    local dir = assert(fs.make_temp_dir("ggen-doctor-"))
    assert(fs.write(dir .. "/hangs.lua", [[
      return { name = "hangs", kind = "observer", version = "1", api = 1, desc = "Hangs",
        setup = function()
          return { health = function(_, report)
            report:ok("begun")
            require("ggen").async.await(function() end)
          end }
        end }]]))
    assert(fs.write(dir .. "/pipeline.lua", [[
      local p = require("ggen").pipeline "x"
      p:use "./hangs.lua"
      p:task "a" { run = "true" }
      return p]]))
    local report = report_of.new("project")
    require("ggen.doctor.project").run(report, { place = async.future(),
      needs_engine = async.future(), project = async.future() },
      { directory = dir, color = "never", load_timeout = 10 }, 0.01)
    fs.remove(dir, { recursive = true })
    assert.same({ topic = "plugin ./hangs.lua", level = "problem",
      text = "no answer within 0.01 s", fix = "tell whoever wrote it" },
      said(report, "no answer"))
    assert.equal("plugin ./hangs.lua", said(report, "begun").topic)
  end)
end)
