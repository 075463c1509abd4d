-- SPDX-License-Identifier: MIT
local bash = require("ggen.make_toml.bash")

local NEED = {
  "mkdir -p src/{a,b}", "echo {1..3}", "mkdir a/{b/{c,d},e}", "cp x{,.bak}", "true && echo {a,b}",
  "[[ -f x ]]", "if [[ -f x ]]; then echo; fi", "true && [[ $a == b ]]", "! [[ -e x ]]",
  "diff <(sort a) <(sort b)", "tee >(cat) < x", "make &> log", "make |& tee log", "cat <<< x",
  "function f { :; }", "function f() { :; }", "a=(1 2)", "a+=(3)", "echo ${a[@]}", 'echo "${a[0]}"',
  "declare -A map", "echo $'a\\n'", "echo ${a//x/y}", 'echo "${a^^}"', "echo ${a:0:3}",
  "echo ${!name}", "source x.sh", "set -euo pipefail", "set -e; set -o pipefail; a | b",
  "x=$( [[ -f y ]] && echo z)", "for f in {a,b}; do echo $f; done",
  "cat <<EOF\n{a,b}\nEOF\nmkdir {a,b}", "echo 'it''s' {a,b}", "for ((i=0; i<3; i++)); do :; done",
  "coproc cat", "echo a 2>/dev/null &>> x",
}

local FINE = {
  "", "make", "echo '{a,b}'", 'echo "{a,b}"', "echo \\{a,b}", "echo ${a:-b,c}", "echo ${a}",
  "echo {a}", "echo { a, b; }", "{ echo a; echo b; }", "[ -f x ]", "echo '[[ x ]]'",
  "echo [[ x", "cat < x > y 2>&1", "cmd >&2", "a & b", "a && b || c", "(cd x; y)",
  "f() { echo; }", "function_name x", "echo function f", "echo source x", "x='a=(1)'",
  "echo $(date) $((1 + 2)) $a$b", "cat <<EOF\n{a,b} [[ <(x)\nEOF", "cat <<-'END'\n\t{a,b}\n\tEND\n",
  "echo x # {a,b} [[", "# [[ x", "case $x in a) echo;; esac", "echo ${a%.*} ${a##*/} ${#a}",
  "docker ps --format '{{.ID}},{{.Name}}'", "find . -exec rm {} +", "xargs -I{} echo {}",
  "curl -d '{\"a\":1,\"b\":2}' x", "awk '{print $1,$2}' f", "git log --format=%H", "echo ${a:-x}",
  "echo ${a:+{b}}", "sed 's/{a,b}/x/'", "case a in a|b) :;; esac", "[ a = b ] && echo {}",
  "grep -c '^\\[\\[' x", "set -eu", "echo a,b {", "a=b c=d cmd", "test $# -gt 0", "echo 2>&1",
  "export A=1", "jq '.[] | {a,b}' x", "echo ${a:=1} ${b:?no}", "echo `date`",
}

describe("make_toml.bash", function()
  it("finds what sh does not have", function()
    for _, text in ipairs(NEED) do assert.is_string(bash.needs(text), text) end
  end)

  it("leaves alone what sh has, and what is quoted", function()
    for _, text in ipairs(FINE) do assert.is_nil(bash.needs(text), text) end
  end)

  it("tells the line", function()
    assert.equal(3, select(2, bash.needs("a\nb\nmkdir {a,b}\nc")))
    assert.equal(1, select(2, bash.needs("mkdir {a,b}")))
  end)

  it("ends for every truncation and for hostile texts", function()
    for _, list in ipairs({ NEED, FINE }) do
      for _, text in ipairs(list) do
        for length = 0, #text do bash.needs(text:sub(1, length)) end
      end
    end
    for _, text in ipairs({ ("{"):rep(20000), ("${"):rep(20000), ("<<a\n"):rep(2000),
      ("$("):rep(20000), ("{a "):rep(20000), ('"${a'):rep(10000), ("'"):rep(20001),
      ("[["):rep(20000), "\\", "$", "<", "&", "{,", ("{a{"):rep(9000) .. ("}"):rep(9000) }) do
      bash.needs(text)
    end
  end)
end)
