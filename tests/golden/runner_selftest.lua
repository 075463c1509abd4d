-- Shows that the golden runner can fail: small case files with a wrong expectation each must be
-- reported, and right ones must pass. Drives run.lua as a program, with nothing of it loaded here.
--   ggen-lua lua tests/golden/runner_selftest.lua
-- SPDX-License-Identifier: MIT
local here = arg[0]:match("^(.*)/[^/]*$") or "."

local function capture(command)
  local pipe = assert(io.popen(command .. " 2>&1; echo \"exit $?\""))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

local folder = capture("mktemp -d"):match("^([^\n]+)")
local binary = capture("readlink -f /proc/" .. "$PPID" .. "/exe"):match("^([^\n]+)")
local case_path = folder .. "/self.case"

local function write(text)
  local file = assert(io.open(case_path, "wb"))
  file:write(text)
  file:close()
end

local function read()
  local file = assert(io.open(case_path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local function run(options)
  return capture(("GITHUB_ACTIONS=true SELFTEST_SECRET=1 '%s' lua '%s/run.lua' %s '%s'")
    :format(binary, here, options or "", case_path))
end

local passed, failed = 0, 0

local function check(what, ok, output)
  if ok then
    passed = passed + 1
  else
    failed = failed + 1
    print("runner_selftest: " .. what .. "\n" .. output)
  end
end

-- Each: name, case text, exit code, texts that must be in the output of the runner.
local samples = {
  { "a right case passes",
    "== CASE a\nFILE x/y.txt\n    one\n\n    two\nRUN cat x/y.txt; pwd; echo w >&2; exit 3\n"
      .. "STDOUT\n    one\n\n    two\n    {{dir}}\nSTDERR\n    w\nEXIT 3\n",
    0, { "1 passed, 0 failed" } },
  { "placeholders fit what they name",
    "== CASE a\nRUN echo 'took 12.5 ms, pid 77, a/b'; printf 'x\\033'\n"
      .. "STDOUT\n    took {{time}}, pid {{num}}, {{any}}\n    x{{0x1b}}{{no newline}}\n",
    0, { "1 passed" } },
  { "a placeholder is not a free pass",
    "== CASE a\nRUN echo took long\nSTDOUT\n    took {{time}}\n", 1,
    { "- took {{time}}", "+ took long" } },
  { "a literal is compared byte for byte", "== CASE a\nRUN echo aXc\nSTDOUT\n    a.c\n", 1,
    { "- a.c", "+ aXc", "0 passed, 1 failed" } },
  { "a missing newline is seen", "== CASE a\nRUN printf x\nSTDOUT\n    x\n", 1, { "+ x" } },
  { "an extra line is seen", "== CASE a\nRUN seq 3\nSTDOUT\n    1\n    2\n", 1, { "+ 3" } },
  { "unexpected output is seen", "== CASE a\nRUN echo hi\n", 1, { "stdout differs", "+ hi" } },
  { "unexpected errors are seen", "== CASE a\nRUN echo hi >&2\n", 1, { "stderr differs", "+ hi" } },
  { "a wrong exit code is seen", "== CASE a\nRUN exit 4\n", 1, { "exit code 4, expected 0" } },
  { "any number of lines",
    "== CASE a\nRUN seq 50\nSTDOUT\n    1\n    {{...}}\n    50\n", 0, { "1 passed" } },
  { "but the right ends",
    "== CASE a\nRUN seq 50\nSTDOUT\n    1\n    {{...}}\n    49\n", 1, { "+ 50" } },
  { "lines in any order",
    "== CASE a\nRUN printf 'b\\na\\n'\nSTDOUT UNORDERED\n    a\n    b\n", 0, {} },
  { "any order, but each once",
    "== CASE a\nRUN printf 'a\\na\\n'\nSTDOUT UNORDERED\n    a\n    b\n", 1,
    { "- b" } },
  { "a missing part is seen",
    "== CASE a\nRUN echo abc\nSTDOUT CONTAINS\n    bd\n", 1, { "missing: bd" } },
  { "an unwanted part is seen",
    "== CASE a\nRUN echo abc\nSTDOUT NOT\n    b\n", 1, { "unwanted: abc" } },
  { "a command that hangs is ended", "== CASE a\nRUN sleep 60\nTIMEOUT 0.2\n", 1,
    { "did not end within 0.2 s" } },
  { "a process left behind is seen",
    "== CASE a\nRUN\n    setsid sh -c 'echo > up; exec sleep 60' >/dev/null 2>&1 &\n"
      .. "    until [ -e up ]; do :; done\n",
    1, { "left a process behind", "sleep 60" } },
  { "the environment is fixed",
    "== CASE a\nRUN echo $GITHUB_ACTIONS$SELFTEST_SECRET.\nSTDOUT\n    .\n", 0, {} },
  { "a case that runs nothing is an error", "== CASE a\nFILE x\n    y\n", 2, { "runs nothing" } },
  { "a mark for outputs in a file is an error",
    "== CASE a\nFILE x\n    sleep({{time}})\nRUN true\n", 2, { "a file has the mark {{time}}" } },
  { "an unknown placeholder is an error", "== CASE a\nRUN echo x\nSTDOUT\n    {{nope}}\n", 1,
    { "unknown placeholder {{nope}}" } },
}

for _, sample in ipairs(samples) do
  local name, text, code, finds = unpack(sample)
  write(text)
  local output = run()
  local ok = output:find("exit " .. code .. "\n$") ~= nil
  for _, find in ipairs(finds) do ok = ok and output:find(find, 1, true) ~= nil end
  check(name, ok, output)
end

-- --update makes a wrong case right, keeps the placeholders that fit, and nothing else changes.
write("Prose.\n\n== CASE a\nRUN printf 'pid 12\\nnew\\n'; echo e >&2; exit 2\n"
  .. "STDOUT\n    pid {{num}}\n    old\n\nEnd.\n")
run("--update")
local updated = read()
check("--update rewrites the expectation", updated ==
  "Prose.\n\n== CASE a\nRUN printf 'pid 12\\nnew\\n'; echo e >&2; exit 2\n"
  .. "STDOUT\n    pid {{num}}\n    new\n"
  .. "STDERR\n    e\nEXIT 2\n\nEnd.\n", updated)
local output = run()
check("an updated case passes", output:find("1 passed, 0 failed", 1, true) ~= nil, output)

os.execute("rm -rf '" .. folder .. "'")
print(("runner_selftest: %d of %d"):format(passed, passed + failed))
return failed == 0 and 0 or 1
