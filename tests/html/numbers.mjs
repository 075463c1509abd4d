// What the page says is what the record says.
// SPDX-License-Identifier: MIT
import { open, reportOf, text, texts } from "./lib/browser.mjs";
import { bigRecord, lineOf, smallHistory, smallRecord } from "./lib/sample.mjs";

export default function (test, { binary, assert }) {
  const report = () => reportOf(binary, smallRecord(), smallHistory(smallRecord()));

  test("the head and the figures", async browser => {
    const page = await open(browser, report());
    assert.equal(await page.title(), "shop: failed, 12.5 s · ggen-lua");
    assert.equal(await text(page, "#status"), "✕ failed");
    assert.deepEqual(await texts(page, ".facts > *"), ["ggen-lua run ci", "2 Nov 2026, 20:23",
      "main 4f2c91a5e, with changes", "linux-x86_64/2 cpus/24 GiB/sample cpu", "2 jobs"]);
    const figures = { wall: "12.5 s usually 13.0 s (median of 7)", path: "12.0 s 96 % of the wall time",
      hits: "50 % 3 hits, 3 missed", saved: "1 m 23 s by results that were there", cpu: "17.3 s 1.4 cores of 2 on average",
      memory: "512 MiB the most of one task", disk: "1.5 KiB 3 files; 5.0 MiB hashed",
      tasks: "9 5 ran, 1 restored, 2 up to date, 1 failed, 1 skipped" };
    for (const [id, expected] of Object.entries(figures)) {
      const parts = await texts(page, `#f-${id} .value, #f-${id} .note`);
      assert.equal(parts.join(" "), expected, id);
    }
    assert.deepEqual(await texts(page, "#notes li"), ["warning the cache could not be written: no space left on device"]);
    assert.deepEqual(page.problems, []);
  });

  test("the timeline and what it derives", async browser => {
    const page = await open(browser, report());
    assert.equal(await text(page, "#work .heading .note"), "6 tasks on 2 workers; 3 tasks of 12.0 s on the critical path");
    assert.deepEqual(await texts(page, "#work .legend li"),
      ["Ran", "Ran, not cached", "Restored", "✕Failed", "Critical path"]);
    // From 2 s to 5 s: 11 s in 6 s and 2.7 s in 3 s; 512 MiB and 64 MiB.
    assert.equal(await text(page, "#cpu-readout"), "at most 2.7 cores");
    assert.equal(await text(page, "#memory-readout"), "at most 576 MiB");
  });

  test("hits, misses and their reasons", async browser => {
    const page = await open(browser, report());
    assert.deepEqual(await texts(page, ".counts li"), ["3 ran 33 %", "1 ran, not cached 11 %", "1 restored 11 %",
      "2 up to date 22 %", "✕1 failed 11 %", "1 skipped 11 %"]);
    assert.deepEqual(await texts(page, "#reasons li"), ["schema#build made something else1 task6.00 s",
      "src/a.c changed2 tasks5.00 s", "schema.proto changed1 task2.00 s", "needs web#test, which failed1 task0 s"]);
  });

  test("the trends are of runs of this command, and of what ran", async browser => {
    const page = await open(browser, report());
    assert.equal(await text(page, "#trends .heading .note"),
      "8 runs of “ggen-lua run ci” on this class of machine, of 16 recorded");
    assert.equal(await text(page, "#t-wall .readout"), "12.5 s · median 13.0 s");
    assert.equal(await text(page, "#t-hits .readout"), "50 % · median 50 %");
    assert.equal(await text(page, "#t-memory .readout"), "512 MiB · median 512 MiB");
    assert.equal(await text(page, "#t-one .readout"), "8.00 s · median 8.00 s");
    // 5, 6, 7, 9, 10 and 11 s: neither the run that restored it nor this one, which failed.
    await page.selectOption("#trend-of", { label: "web#build" });
    assert.equal(await text(page, "#t-one .readout"), "6.00 s · median 8.00 s");
  });

  test("what took long: first what the run has", async browser => {
    const record = smallRecord(), lines = smallHistory(record);
    for (const line of lines) {
      if (line.id === record.id) continue;
      line.phases = [{ name: "another", duration: 99 }];
      line.tasks.push({ ...(line.tasks[0] || { cpu: 1, peak_memory: 1, cache: "miss", code: 0, retries: 0 }), id: "gone", duration: 90 });
    }
    record.phases = [];
    const page = await open(browser, reportOf(binary, record, lines));
    assert.deepEqual(await page.$$eval("#trend-of optgroup", groups => groups.map(group => group.label)),
      ["Tasks, the longest first", "Not in this run"]);
    assert.equal(await page.$eval("#trend-of", menu => menu.selectedOptions[0].textContent), "web#build");
    assert.deepEqual(await texts(page, "#trend-of optgroup:last-child option"), ["another", "release", "gone"]);
  });

  test("more lanes than jobs are explained", async browser => {
    const record = smallRecord();
    record.tasks[4].worker = 3;
    const page = await open(browser, reportOf(binary, record));
    assert.equal(await text(page, "#work .heading .note"),
      "6 tasks in 3 lanes, of 2 jobs and tasks that take none; 3 tasks of 12.0 s on the critical path");
  });

  test("-n says how much of the history", async browser => {
    const page = await open(browser, reportOf(binary, smallRecord(), smallHistory(smallRecord()), ["-n", "6"]));
    assert.match(await text(page, "#trends .heading .note"), /^3 runs of .* of 6 recorded$/);
  });

  test("the table", async browser => {
    const page = await open(browser, report());
    assert.equal(await text(page, "#shown"), "9 tasks");
    const rows = await page.$$eval(".spacer .row", nodes => nodes.map(node => [...node.children].map(cell => cell.textContent.trim())));
    assert.equal(rows.length, 9);
    assert.deepEqual(rows[0], ["web#buildcritical", "● Ran", "schema#build made something else", "2.00 s", "6.00 s", "11.0 s", "512 MiB"]);
    assert.deepEqual(rows[1], ["web#testcritical", "✕ Failed", "exit code 2 · src/a.c changed", "8.00 s", "4.00 s", "1.30 s", ""]);
    assert.deepEqual(rows[2], ["api#test", "◆ Ran, not cached", "", "2.00 s", "3.00 s", "2.70 s", "64.0 MiB"]);
    assert.deepEqual(rows[5].slice(0, 5), ["docs#build", "↺ Restored", "", "1.00 s", "20 ms"]);
    assert.deepEqual(rows.slice(6).map(row => row.slice(0, 3)), [["deploy", "– Skipped", "needs web#test, which failed"],
      ["tools#build", "✓ Up to date", ""], ["store#build", "✓ Up to date", ""]]);
  });

  test("10,000 tasks: the numbers, and few elements", async browser => {
    const record = bigRecord(10000);
    const page = await open(browser, reportOf(binary, record, [lineOf(record), lineOf(record, { id: "x" })]));
    assert.equal(await text(page, "#shown"), "10,000 tasks");
    assert.match(await text(page, "#work .heading .note"), /^10,000 tasks on 16 workers; 104 tasks of .* on the critical path$/);
    const longest = record.tasks.reduce((most, one) => one.duration > most.duration ? one : most);
    assert.equal((await text(page, ".spacer .row .id")), longest.id);
    const elements = () => page.evaluate(() => document.querySelectorAll("*").length);
    assert.ok(await elements() < 1500);
    await page.$eval("#rows", rows => { rows.scrollTop = rows.scrollHeight; });
    await page.waitForFunction(() => [...document.querySelectorAll(".spacer .row")].some(row => row.dataset.at === "9999"));
    assert.ok(await elements() < 1500);
    assert.deepEqual(page.problems, []);
  });
}
