// Colours, themes, a phone: what can be told of the looks without eyes.
// SPDX-License-Identifier: MIT
import { colorOf, open, pixel, placeOf, reportOf, text } from "./lib/browser.mjs";
import { bigRecord, smallHistory, smallRecord } from "./lib/sample.mjs";

const paper = page => page.evaluate(() => getComputedStyle(document.body).backgroundColor);

export default function (test, { binary, assert }) {
  const report = () => reportOf(binary, smallRecord(), smallHistory(smallRecord()));

  test("bars have the colour of how they ended, the critical path is marked", async browser => {
    const page = await open(browser, report());
    const at = async (seconds, lane, down = 0) => {
      const place = await placeOf(page, seconds, lane);
      return pixel(page, { x: place.x, y: place.y + down });
    };
    assert.equal(await at(7, 0), await colorOf(page, "ran"));
    assert.equal(await at(11, 0), await colorOf(page, "failed"));
    assert.equal(await at(4, 1), await colorOf(page, "off"));
    assert.equal(await at(7, 0, 12), await colorOf(page, "ink"));
    assert.equal(await at(4, 1, 12), await colorOf(page, "off"));
    await page.click("#path-only");
    assert.notEqual(await at(4, 1), await colorOf(page, "off"));
    assert.equal(await at(7, 0), await colorOf(page, "ran"));
  });

  test("light and dark: the system's choice, and the switch", async browser => {
    const page = await open(browser, report(), { colorScheme: "dark" });
    const dark = "rgb(21, 23, 26)", light = "rgb(252, 251, 249)";
    assert.equal(await paper(page), dark);
    const place = await placeOf(page, 7, 0);
    assert.equal(await pixel(page, place), await colorOf(page, "ran"));
    await page.click("#theme");
    assert.equal(await text(page, "#theme"), "○ Light");
    assert.equal(await paper(page), light);
    const again = await placeOf(page, 7, 0);
    await page.waitForFunction(() => true); // a frame, in which it is drawn anew
    assert.equal(await pixel(page, again), await colorOf(page, "ran"));
    await page.reload();
    assert.equal(await paper(page), light);
    await page.click("#theme");
    assert.equal(await paper(page), dark);
    await page.emulateMedia({ colorScheme: "light" });
    await page.click("#theme");
    assert.equal(await paper(page), light);
  });

  for (const width of [320, 390, 768]) {
    test(`a screen of ${width} pixels needs no scrolling sideways`, async browser => {
      const record = smallRecord();
      record.tasks[0].id = "a-name-that-is-long-because-somebody-likes-that#build-everything-and-more-of-it";
      record.tasks[0].reason = "src/" + "x".repeat(200) + ".c changed";
      const page = await open(browser, reportOf(binary, record, smallHistory(record)), { viewport: { width, height: 800 } });
      await page.click(".spacer .row >> nth=4");
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= width);
      assert.deepEqual(page.problems, []);
    });
  }

  test("a narrower window makes narrower charts", async browser => {
    const page = await open(browser, report());
    await page.setViewportSize({ width: 500, height: 800 });
    await page.waitForFunction(() => document.querySelector("#timeline canvas").getBoundingClientRect().width <= 500);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= 500);
  });

  test("on a phone all columns can be sorted by", async browser => {
    const page = await open(browser, report(), { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
    const edges = await page.$$eval(".head button", keys => keys.map(key => key.getBoundingClientRect().right));
    assert.equal(edges.length, 7);
    for (const edge of edges) assert.ok(edge <= 360, `${edge}`);
    await page.tap('[data-column="memory"]');
    assert.equal(await page.getAttribute(".head .memory", "aria-sort"), "descending");
  });

  test("200 workers fit", async browser => {
    const page = await open(browser, reportOf(binary, bigRecord(2000, 200)));
    const box = await page.locator("#timeline").boundingBox();
    assert.ok(box.height < 900);
    assert.deepEqual(page.problems, []);
  });
}
