// What a reader does: point, click, tap, type, sort, filter, zoom.
// SPDX-License-Identifier: MIT
import { becomes, open, placeOf, reportOf, text, texts } from "./lib/browser.mjs";
import { smallHistory, smallRecord } from "./lib/sample.mjs";

const ids = page => texts(page, ".spacer .row .id");
const chosen = page => text(page, "#details h3");

export default function (test, { binary, assert }) {
  const report = () => reportOf(binary, smallRecord(), smallHistory(smallRecord()));

  test("a task under the pointer is shown", async browser => {
    const page = await open(browser, report());
    const at = await placeOf(page, 5.5, 0);
    await page.mouse.move(at.x, at.y);
    assert.equal(await text(page, ".tip"), "web#build● Ran · 6.00 s · critical pathschema#build made something else");
    const between = await placeOf(page, 5.5, 1);
    await page.mouse.move(between.x, between.y);
    assert.equal(await page.isVisible(".tip"), false);
    await becomes(page, "#cpu-readout", /^1.8 cores at 5.50 s, 1 task running$/);
    await becomes(page, "#memory-readout", /^512 MiB at 5.50 s, 1 task running$/);
  });

  test("a click keeps a task, and its neighbours can be gone to", async browser => {
    const page = await open(browser, report());
    const at = await placeOf(page, 3, 1);
    await page.mouse.click(at.x, at.y);
    assert.equal(await chosen(page), "api#test");
    assert.deepEqual(await texts(page, "#details dl > div"), ["Duration3.00 s", "Startedat 2.00 s, worker 2",
      "Processor2.70 s, 90 % of one", "Peak memory64.0 MiB", "Attempts2", "Waited forschema#build"]);
    assert.deepEqual(await texts(page, '.row[aria-selected="true"] .id'), ["api#test"]);
    await page.click("#details .name");
    assert.equal(await chosen(page), "schema#build");
    assert.deepEqual(await texts(page, "#details .name"), ["web#build", "api#test"]);
    await page.click("#details .close");
    assert.equal(await page.$("#details h3"), null);
  });

  test("a tap keeps a task", async browser => {
    const page = await open(browser, report(), { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
    const at = await placeOf(page, 9, 0);
    await page.touchscreen.tap(at.x, at.y);
    assert.equal(await chosen(page), "web#test");
    assert.equal(await text(page, "#details .reason"), "exit code 2 · src/a.c changed");
  });

  test("the timeline by the keyboard", async browser => {
    const page = await open(browser, report());
    await page.focus("#timeline");
    const seen = [];
    for (const key of ["ArrowRight", "ArrowRight", "ArrowDown", "End", "ArrowUp", "Home", "ArrowLeft"]) {
      await page.keyboard.press(key);
      seen.push(await chosen(page));
    }
    assert.deepEqual(seen, ["schema#build", "web#build", "api#test", "api#test", "web#build", "schema#build", "schema#build"]);
    await page.keyboard.press("Escape");
    assert.equal(await page.$("#details h3"), null);
  });

  test("the view: buttons, keys, dragging, all charts together", async browser => {
    const page = await open(browser, report());
    const says = async expected => {
      const box = await page.locator("#cpu .u-over").boundingBox();
      await page.mouse.move(box.x + box.width / 2 - 3, box.y + 20);
      await page.mouse.move(box.x + box.width / 2, box.y + 20);
      await becomes(page, "#cpu-readout", expected);
    };
    await says(/ at 6\.2[45] s/);
    const [from, to] = [await placeOf(page, 8, 1), await placeOf(page, 12, 1)];
    await page.mouse.move(from.x, from.y);
    await page.mouse.down();
    await page.mouse.move(to.x, to.y, { steps: 4 });
    await page.mouse.up();
    await says(/^0\.3 cores at (9\.99|10\.0) s/);
    await page.focus("#timeline");
    await page.keyboard.press("0");
    await says(/ at 6\.2[45] s/);
    await page.focus("#timeline");
    await page.keyboard.press("Home");
    await page.keyboard.press("+");
    await says(/ at 3\.1[123] s/);
    await page.click("#zoom-all");
    await says(/ at 6\.2[45] s/);
  });

  test("the table sorts", async browser => {
    const page = await open(browser, report());
    await page.click('[data-column="task"]');
    assert.deepEqual(await ids(page), ["api#test", "deploy", "docs#build", "schema#build", "store#build", "tools#build",
      "web#build", "web#lint", "web#test"]);
    assert.equal(await page.getAttribute(".head .task", "aria-sort"), "ascending");
    await page.click('[data-column="task"]');
    assert.equal((await ids(page))[0], "web#test");
    await page.click('[data-column="memory"]');
    assert.deepEqual((await ids(page)).slice(0, 3), ["web#build", "schema#build", "api#test"]);
    await page.click('[data-column="start"]');
    assert.deepEqual((await ids(page)).slice(0, 3), ["schema#build", "web#lint", "docs#build"]);
  });

  test("the table filters", async browser => {
    const page = await open(browser, report());
    await page.fill("#filter", "A.C ");
    assert.deepEqual(await ids(page), ["web#test", "web#lint"]);
    assert.equal(await text(page, "#shown"), "2 of 9 tasks");
    await page.click('.chips [data-kind="failed"]');
    assert.deepEqual(await ids(page), ["web#test"]);
    await page.click('.chips [data-kind="restored"]');
    await page.fill("#filter", "");
    assert.deepEqual(await ids(page), ["web#test", "docs#build"]);
    await page.fill("#filter", "nothing like that");
    assert.match(await text(page, ".spacer"), /^No task matches/);
  });

  test("a reason leads to its tasks", async browser => {
    const page = await open(browser, report());
    await page.click('.reason-text:text("src/a.c changed")');
    assert.deepEqual(await ids(page), ["web#test", "web#lint"]);
  });

  test("a row chosen by a click and by keys is chosen everywhere", async browser => {
    const page = await open(browser, report());
    await page.click(".spacer .row >> nth=0");
    assert.equal(await chosen(page), "web#build");
    assert.equal(await page.$eval("#trend-of", menu => menu.selectedOptions[0].textContent), "web#build");
    await page.focus("#rows");
    await page.keyboard.press("ArrowDown");
    assert.equal(await chosen(page), "web#test");
    await page.keyboard.press("End");
    assert.equal(await chosen(page), "store#build");
  });

  test("a point of a trend is read", async browser => {
    const page = await open(browser, report());
    await page.locator("#t-wall .u-over").hover(); // scrolls; the chart learns of that with an event
    const box = await page.locator("#t-wall .u-over").boundingBox();
    await page.mouse.move(box.x + box.width * 2.5 / 8, box.y + 20);
    await becomes(page, "#t-wall .readout", /^12.0 s · critical path 12.0 s · 1 Nov 2026, 12:00 · 4f2c91a$/);
  });
}
