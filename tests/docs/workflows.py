# The workflows that the docs show, for GitHub to run: is each one YAML, does it have what runs a
# step, does it bring the ggen-lua that it calls.
#   python3 tests/docs/workflows.py PAGE...
# SPDX-License-Identifier: MIT
import re
import sys

import yaml


class Strict(yaml.SafeLoader):
    """Refuses a key that stands twice, which YAML does not allow and GitHub refuses."""


def mapping(loader, node):
    keys = [key.value for key, _ in node.value]
    twice = {key for key in keys if keys.count(key) > 1}
    if twice:
        raise yaml.MarkedYAMLError(problem=f"stands twice: {', '.join(twice)}",
                                   problem_mark=node.start_mark)
    return loader.construct_mapping(node, deep=True)


Strict.add_constructor("tag:yaml.org,2002:map", mapping)


def problems_of(text):
    try:
        page = yaml.load(text, Loader=Strict)
    except yaml.YAMLError as error:
        return [str(error)]
    found = []
    whole = isinstance(page, dict)
    lists = [job.get("steps") for job in page.get("jobs", {}).values()] if whole else [page]
    if not lists:
        found.append("no jobs")
    for steps in lists:
        if not isinstance(steps, list):
            found.append("no list of steps")
            continue
        brought = not whole  # steps to put into a workflow
        for step in steps:
            name = step.get("name") or step.get("uses") or step.get("run")
            if ("run" in step) == ("uses" in step):
                found.append(f"{name}: a step has either run or uses")
            run, values = step.get("run", ""), step.get("with", {})
            brought = brought or "GITHUB_PATH" in run
            if re.search(r"(^|\s)ggen-lua (run|perf)", run) and not brought:
                found.append(f"{name}: nothing has brought ggen-lua")
            key = str(values.get("key", ""))
            if "github.run_id" in key and "github.run_attempt" not in key:
                found.append(f"{name}: the key of a job that is run again exists already")
            if ".ggen/runs" in str(values.get("path", "")):
                found.append(f"{name}: hundreds of megabytes that nobody reads again")
    return found


passed = failed = 0
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        content = file.read()
    for block in re.finditer(r"^```yaml\n(.*?)^```$", content, re.MULTILINE | re.DOTALL):
        problems = problems_of(block[1])
        line = content.count("\n", 0, block.start()) + 1
        for problem in problems:
            print(f"{path}:{line}: {problem}")
        failed += bool(problems)
        passed += not problems
# It has to find what is wrong.
for wrong in ("a: [", "a: 1\na: 2", "jobs: {x: {steps: [{name: a}]}}", "jobs: {}",
              "jobs: {x: {steps: [{run: ggen-lua run}]}}"):
    if not problems_of(wrong):
        failed += 1
        print(f"nothing wrong with {wrong!r}?")
print(f"workflows: {passed} passed, {failed} failed")
sys.exit(failed != 0)
