// The wall: letters for its farthest reader, nothing to click, whole rows only. On the fixture.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startFixture } from "./fixture/server.js";
import { PATIENCE, WALL, keep, launch, open, violations } from "./support.js";

let browser;
let served;

before(async () => {
  served = await startFixture({ speed: 600 });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await served?.close();
});

const wall = (query) => new URL(`/wall/overview${query}`, served.url);

test("no letter is smaller than the farthest reader can read, and nothing runs over the edge", async () => {
  for (const rule of ["aqi-very-bad", "aqi-poor", "no2-hour-limit", "device-fault", "station-silent"]) {
    for (const subject of ["TN-LONGAN", "TN-BENLUC"]) served.world.raise(rule, subject);
  }
  const { context, page, seen } = await open(browser, wall("?m=5&pitch=0.63"), WALL);
  await page.locator("[data-part=chart] canvas").waitFor({ timeout: PATIENCE });
  await page.locator("[data-label]").first().waitFor({ timeout: PATIENCE });
  await page.waitForTimeout(500);
  const least = (4.65 * 5) / 0.63 / 0.727;
  const small = await page.evaluate((least) => {
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      const at = node.parentElement;
      if (node.textContent.trim() === "" || at.closest(".reader-only, noscript, title, .uplot")) continue;
      const size = Number.parseFloat(getComputedStyle(at).fontSize);
      if (size < least - 0.1) found.push(`${size}: ${node.textContent}`);
    }
    return found;
  }, least);
  assert.deepEqual(small, []);
  const size = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]);
  assert.ok(size[0] <= WALL.width && size[1] <= WALL.height, String(size));
  assert.equal(await page.locator("button:visible, a:visible, select:visible, input:visible").count(), 0, "nothing to click");
  assert.ok((await page.locator("[data-kpi]").count()) <= 8);
  const rows = await page.locator("[data-alert]").evaluateAll((rows) => rows.map((row) => row.getBoundingClientRect().bottom));
  const list = await page.locator(".alerts ul").evaluate((list) => list.getBoundingClientRect().bottom);
  assert.ok(rows.length > 0 && rows.length <= 6);
  assert.ok(rows.every((bottom) => bottom <= list + 1), "whole rows only");
  const more = await page.getByRole("region", { name: "Cảnh báo" }).getByText(/^\+\d+/).innerText();
  assert.equal(Number(more.match(/\d+/)[0]) + rows.length, served.world.alerts.open().length);
  const cut = await page.evaluate(() => {
    const bottom = document.querySelector(".overview-grid").getBoundingClientRect();
    return [...document.querySelectorAll(".kpi > *, .feed-strip li, .legend li")].filter((it) => {
      const box = it.getBoundingClientRect();
      const tile = (it.closest(".kpi, .feed-strip, .map") ?? it).getBoundingClientRect();
      return box.bottom > tile.bottom + 1 || box.bottom > bottom.bottom + 1;
    }).map((it) => it.textContent);
  });
  assert.deepEqual(cut, [], "nothing is cut at the foot of its tile");
  assert.deepEqual(await violations(page), []);
  await keep(page, "wall-3840");
  assert.deepEqual(seen.errors, []);
  await context.close();
});

test("a nearer reader gets smaller letters", async () => {
  const { context, page } = await open(browser, wall("?m=3&pitch=0.63"), WALL);
  const size = await page.evaluate(() => Number.parseFloat(getComputedStyle(document.documentElement).fontSize));
  assert.ok(Math.abs(size - (4.65 * 3) / 0.63 / 0.727) < 0.1, String(size));
  await context.close();
});

test("a wall loads the page again when the server has another build", async () => {
  const { context, page, seen } = await open(browser, wall(""), WALL);
  const loaded = () => seen.requests.filter((url) => url.includes("/wall/")).length;
  assert.equal(loaded(), 1);
  await served.kill();
  served.build = "another";
  await served.revive();
  const until = Date.now() + PATIENCE;
  while (loaded() < 2 && Date.now() < until) await page.waitForTimeout(100);
  assert.equal(loaded(), 2);
  // A context that is closed in the middle of a navigation does not answer: the new page comes first.
  await page.locator("[data-part=chart] canvas").waitFor({ timeout: PATIENCE });
  await context.close();
});
