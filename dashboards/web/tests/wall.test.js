// The wall: letters for its farthest reader, nothing to click, whole rows only. On the fixture.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startFixture } from "./fixture/server.js";
import { PATIENCE, WALL, keep, launch, open, settled, violations } from "./support.js";

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
  await settled(page);
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

// A laptop's screen, Full HD, 4K, screens beside and above each other; readers near and far, pixels small and large.
const WALLS = [
  [1920, 1080, ""],
  [1920, 1080, "m=3&pitch=0.63"],
  [1920, 1080, "m=2&pitch=0.5"],
  [1920, 1080, "m=30&pitch=0.1"],
  [1366, 768, "m=4&pitch=0.7"],
  [1080, 1920, "m=5&pitch=0.63"],
  [3840, 1080, "m=6&pitch=0.9"],
  [3840, 2160, "m=8&pitch=0.63"],
];

for (const [width, height, query] of WALLS) {
  test(`at ${width}×${height} "${query}" everything is whole, on one page or several`, async () => {
    const seen = new Set();
    for (let number = 1, pages = 1; number <= pages; number++) {
      const language = number % 2 === 0 ? "en" : "vi";
      const { context, page } = await open(browser, wall(`?${query}&lang=${language}&page=${number}`), { width, height });
      await page.locator(".wall-body .panel").first().waitFor({ timeout: PATIENCE });
      await page.getByText(/Đang tải…|Loading…|Đang tải bản đồ…|Loading the map…/).first().waitFor({ state: "detached", timeout: PATIENCE });
      await page.evaluate(() => document.fonts.ready);
      const told = page.locator(".paged");
      if ((await told.count()) > 0) {
        const [at, of] = (await told.innerText()).match(/\d+/g).map(Number);
        assert.equal(at, number);
        pages = of;
      }
      assert.equal(await page.locator("html").getAttribute("lang"), language);
      await keep(page, `wall-${width}x${height}-${query.replaceAll(/\W/g, "_")}-${number}`);
      assert.deepEqual(await flaws(page), [], `page ${number} of ${pages}`);
      for (const part of await page.evaluate(() => [...document.querySelectorAll("[data-kpi], .map, .alerts, .trend, .feed-strip")].map((it) => it.dataset.kpi ?? it.classList[1]))) seen.add(part);
      await context.close();
    }
    for (const part of ["map", "alerts", "trend", "feed-strip", "aqi", "balance"]) assert.ok(seen.has(part), `${part} has its place`);
  });
}

/** Texts that are cut or lie on each other, panels that do. A name may be shortened, with the sign for it. */
function flaws(page) {
  return page.evaluate(() => {
    const found = [];
    const shown = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      const at = node.parentElement;
      if (node.textContent.trim() === "" || at.closest(".reader-only, noscript, title, .feed-strip h2")) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      for (const { left, top, right, bottom } of range.getClientRects()) {
        // The box of a letter is higher than the letter.
        const air = 0.15 * (bottom - top);
        const whole = { left, top: top + air, right, bottom: bottom - air };
        const seen = { ...whole };
        let shortened = false;
        for (let it = at; it; it = it.parentElement) {
          const style = getComputedStyle(it);
          if (style.overflowX === "visible" && it !== document.body) continue;
          const box = it === document.body ? { left: 0, top: 0, right: innerWidth, bottom: innerHeight } : it.getBoundingClientRect();
          if (style.textOverflow === "ellipsis" && seen.right > box.right) shortened = true;
          seen.left = Math.max(seen.left, box.left);
          seen.top = Math.max(seen.top, box.top);
          seen.right = Math.min(seen.right, box.right);
          seen.bottom = Math.min(seen.bottom, box.bottom);
        }
        if (seen.right - seen.left < 1 || seen.bottom - seen.top < 1) {
          if (mustStand(at) && whole.bottom > innerHeight) found.push(`below the edge: ${node.textContent}`);
          continue;
        }
        const low = seen.top > whole.top + 1.5 || seen.bottom < whole.bottom - 1.5;
        const narrow = seen.right < whole.right - 1.5 || seen.left > whole.left + 1.5;
        if (low || (narrow && !shortened)) found.push(`cut: ${node.textContent}`);
        shown.push({ node, ...seen });
      }
    }
    const meet = (one, other) =>
      Math.min(one.right, other.right) - Math.max(one.left, other.left) > 1.5 &&
      Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > 1.5;
    shown.forEach((one, index) => {
      for (const other of shown.slice(index + 1)) {
        if (one.node !== other.node && meet(one, other)) found.push(`"${one.node.textContent}" on "${other.node.textContent}"`);
      }
    });
    const panels = [...document.querySelectorAll(".panel, header")].map((it) => ({ name: it.className, box: it.getBoundingClientRect() }));
    panels.forEach(({ name, box }, index) => {
      if (box.right > innerWidth + 1 || box.bottom > innerHeight + 1) found.push(`${name} beyond the edge`);
      for (const other of panels.slice(index + 1)) if (meet(box, other.box)) found.push(`${name} on ${other.name}`);
    });
    return found;

    function mustStand(it) {
      return it.closest("header, .kpi h3, .alert-rule, .strip-name") !== null;
    }
  });
}

test("the pages turn by themselves, and what is critical and nobody's holds the alerts on the screen", async () => {
  const context = await browser.newContext({ viewport: { width: 1920, height: 1080 } });
  const page = await context.newPage();
  await page.clock.install();
  await page.goto(String(wall("?m=5&pitch=0.63")));
  const paged = page.locator(".paged");
  await paged.waitFor({ timeout: PATIENCE });
  for (const alert of served.world.alerts.open()) if (alert.priority === "critical") served.world.acknowledge(alert.id, "Trực ban", null);
  const shows = (text) =>
    page.waitForFunction((text) => document.querySelector(".paged")?.textContent.includes(text), text, { timeout: PATIENCE });
  await page.waitForFunction(() => !document.querySelector('[data-priority="critical"][data-state="active unacknowledged"]'), undefined, { timeout: PATIENCE });
  await page.clock.runFor(30_000);
  await shows(" 2/");
  const id = served.world.raise("aqi-very-bad", "TN-TRANGBANG");
  await page.clock.runFor(2_000);
  await shows(" 1/");
  await page.locator(`[data-alert="${id}"]`).waitFor({ timeout: PATIENCE });
  await page.clock.runFor(90_000);
  await shows(" 1/");
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
