// Whoever names a task, a branch or a file may not like the reader: nothing of it becomes markup,
// runs, or moves other letters; and records that are damaged are still shown.
// SPDX-License-Identifier: MIT
import { readFileSync } from "node:fs";
import { alter, open, reportOf, text, texts } from "./lib/browser.mjs";
import { smallHistory, smallRecord } from "./lib/sample.mjs";

const NAMES = ["</script><script>window.pwned = 1</script>", "<img src=x onerror='window.pwned = 1'>",
  "<!--<script>", "]]>", "\u2028\u2029", "\u202egnihtemos", "&lt;b&gt;", "${window.pwned = 1}", "' onmouseover='window.pwned = 1"];

export default function (test, { binary, assert }) {
  test("hostile texts everywhere are only texts", async browser => {
    for (const [at, name] of NAMES.entries()) {
      if (at % 3) continue; // three of them in one page
      const record = smallRecord(), [one, two, three] = [name, NAMES[at + 1], NAMES[at + 2]];
      Object.assign(record, { pipeline: one, machine: two, id: record.id, ggen: three, command: ["run", one] });
      record.git = { commit: two, branch: three, dirty: false };
      record.tasks.forEach((task, i) => Object.assign(task, { id: [one, two, three][i % 3] + i, reason: three, message: two }));
      record.critical_path = [one + 0];
      record.phases[0].name = two;
      record.fresh = [three];
      record.notes = [{ level: one, text: two }];
      const lines = smallHistory(record);
      const page = await open(browser, reportOf(binary, record, lines));
      await page.click(".spacer .row >> nth=1");
      await page.hover("#timeline", { position: { x: 200, y: 50 } });
      assert.equal(await page.evaluate(() => window.pwned), undefined);
      assert.equal(await page.locator("img, #page script").count(), 0);
      assert.deepEqual(page.problems, []);
      assert.doesNotMatch(await text(page, "main"), /[\u2028\u2029\u202e]/);
    }
  });

  test("text is shown as it was written", async browser => {
    const record = smallRecord();
    record.pipeline = NAMES[0];
    record.tasks[0].id = NAMES[6];
    const page = await open(browser, reportOf(binary, record));
    assert.equal(await text(page, "h1"), NAMES[0]);
    assert.ok((await texts(page, ".spacer .id")).includes(NAMES[6]));
  });

  test("only the page's own script may run", async browser => {
    const file = reportOf(binary, smallRecord());
    const page = await open(browser, file);
    await page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "window.pwned = 1";
      document.body.append(script);
    });
    assert.equal(await page.evaluate(() => window.pwned), undefined);
    assert.match(page.problems.join("\n"), /Content Security Policy/);
    assert.doesNotMatch(readFileSync(file, "utf8").replace(/http:\/\/www\.w3\.org\/[\w/]*/g, ""), /https?:\/\//);
  });

  test("bytes that are no UTF-8, and a file with a name", async browser => {
    const json = JSON.stringify(smallRecord()).replace("schema.proto changed", "caf\u0001 changed");
    const bytes = Buffer.from(json.replace("\\u0001", "\u0001"));
    bytes[bytes.indexOf(1)] = 0xe9; // Latin-1
    assert.throws(() => reportOf(binary, bytes), { status: 2 }); // JSON is UTF-8: the record is refused
    const page = await open(browser, reportOf(binary, smallRecord(), [], ["-o", "\u202e<b>.html"], "\u202e<b>.html"));
    assert.deepEqual(page.problems, []);
  });

  test("times and numbers that cannot be", async browser => {
    const file = alter(reportOf(binary, smallRecord(), smallHistory(smallRecord())), spoil);
    const page = await open(browser, file);
    assert.deepEqual(page.problems, []);
    assert.equal(await page.$("#broken"), null);
    assert.equal(await text(page, "#shown"), "9 tasks");
    assert.doesNotMatch(await text(page, "main"), /NaN|Infinity|undefined|\[object/);
  });

  // Our own reader refuses most of it.
  function spoil({ record, history }) {
    Object.assign(record.tasks[0], { start: -5, duration: -1, user: -3, peak_memory: -7, worker: -1 });
    Object.assign(record.tasks[1], { start: 1e300, duration: 1e300, worker: 123456789 });
    Object.assign(record.tasks[3], { needs: [-1, 99, 3.5, "x", null], worker: 1.5 });
    Object.assign(record.tasks[4], { duration: null, start: "soon", id: null, reason: 7 });
    record.tasks[5].needs = [5];
    Object.assign(record.totals, { wall: -1, cpu: null, tasks: "many" });
    record.phases = [{ name: "backwards", start: 5, duration: -9, tasks: -1 }];
    record.time = "yesterday";
    Object.assign(history.runs[3], { wall: -5, hit_rate: "all", time: 7, command: null, status: null });
    history.phases[0].values = ["long", -1];
    history.tasks = [{ name: 7, values: null }, null];
  }

  test("lists that are missing", async browser => {
    const page = await open(browser, alter(reportOf(binary, smallRecord()), ({ record, history }) => {
      for (const key of ["critical_path", "phases", "fresh", "notes", "command", "git"]) delete record[key];
      for (const key of ["runs", "tasks", "phases"]) delete history[key];
    }));
    assert.deepEqual(page.problems, []);
    assert.equal(await text(page, "#shown"), "7 tasks");
  });
}
