// Runs that have little to show say so.
// SPDX-License-Identifier: MIT
import { open, reportOf, text, texts } from "./lib/browser.mjs";
import { lineOf, smallRecord } from "./lib/sample.mjs";

function nothingRan() {
  const record = smallRecord();
  Object.assign(record, { tasks: [], critical_path: [], phases: [], notes: [], status: "ok", code: 0,
    fresh: ["codegen", "build", "test"] });
  Object.assign(record.totals, { wall: 0.004, tasks: 3, fresh: 3, restored: 0, ran: 0, failed: 0, skipped: 0,
    hit_rate: 1, misses: 0, critical_path: 0, peak_memory: 0 });
  return record;
}

export default function (test, { binary, assert }) {
  test("everything up to date", async browser => {
    const page = await open(browser, reportOf(binary, nothingRan()));
    assert.equal(await text(page, "#nothing-ran"), "Nothing had to run: 3 tasks up to date, 1 m 23 s saved.");
    assert.equal(await text(page, "#no-misses"), "Nothing missed: every result was there.");
    assert.deepEqual(await texts(page, "#f-wall .value, #f-path .value, #f-memory .value"), ["4 ms", "–", "–"]);
    assert.equal(await page.$("#timeline"), null);
    assert.deepEqual(page.problems, []);
  });

  test("no tasks at all", async browser => {
    const record = nothingRan();
    record.fresh = [];
    Object.assign(record.totals, { tasks: 0, fresh: 0, hit_rate: null, saved: 0 });
    const page = await open(browser, reportOf(binary, record));
    assert.equal(await text(page, "#nothing-ran"), "The run had no tasks.");
    assert.deepEqual(await texts(page, "#f-hits .value, #f-hits .note"), ["–", "nothing could be a hit"]);
    assert.deepEqual(page.problems, []);
  });

  test("no history, and the first run", async browser => {
    const record = smallRecord();
    let page = await open(browser, reportOf(binary, record));
    assert.equal(await text(page, "#no-history"), "No history yet: each run adds a point here.");
    page = await open(browser, reportOf(binary, record, [lineOf(record)]));
    assert.equal(await text(page, "#no-history"), "Of “ggen-lua run ci” there is one run in the history of 1: the next ones make a trend.");
    assert.deepEqual(page.problems, []);
  });

  test("a command that never ran before is compared with no other one", async browser => {
    const record = smallRecord();
    const lines = [1, 2, 3].map(i => lineOf(record, { id: `other-${i}`, command: "run lint" }));
    const page = await open(browser, reportOf(binary, record, lines));
    assert.equal(await text(page, "#no-history"),
      "Of “ggen-lua run ci” there are no runs in the history of 3: the next ones make a trend.");
    assert.equal(await page.$("#t-wall"), null);
    assert.deepEqual(page.problems, []);
  });
}
