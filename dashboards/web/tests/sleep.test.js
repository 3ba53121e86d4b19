// A machine that slept: the monotonic clock of its browser stood still, the wall clock went on. Nothing on the screen may
// look fresh for it, and the ages count the time slept. On the fixture.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startFixture } from "./fixture/server.js";
import { DESK, PATIENCE, door, keep, launch, open } from "./support.js";

const HOURS = 8;
const HOUR = 3_600_000;

let browser;
let served;

before(async () => {
  served = await startFixture({ speed: 1 });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await served?.close();
});

/** What a sleep does to a page: on waking the wall clock has gone on, and nothing else has. */
const sleeper = () => {
  const wall = Date.now.bind(Date);
  let slept = 0;
  Date.now = () => wall() + slept;
  globalThis.sleep = (milliseconds) => {
    slept += milliseconds;
  };
};

async function opened(url) {
  const shown = await open(browser, url, DESK, {}, sleeper);
  await shown.page.locator("[data-kpi=aqi]").waitFor({ timeout: PATIENCE });
  return shown;
}

const clockOf = async (page) => Date.parse(await page.locator("[data-part=clock] time").getAttribute("datetime"));
const sleep = (page) => page.evaluate((milliseconds) => globalThis.sleep(milliseconds), HOURS * HOUR);

test("after a sleep without a network the page is blind for the time it slept, and every age has grown by it", async () => {
  const front = await door(served.url);
  const { context, page, seen } = await opened(front.url);
  await page.locator("[data-station-row]").first().getByRole("button").last().click();
  const panel = page.getByRole("complementary");
  await panel.waitFor();
  const before = await clockOf(page);
  front.freeze();
  await sleep(page);
  const banner = page.locator("[data-part=blindness]");
  await banner.waitFor({ timeout: PATIENCE });
  // A page that counts its own seconds alone would say ten of them here.
  assert.match(await banner.innerText(), /đã 8 giờ.*không nhận được gì/s);
  assert.ok((await clockOf(page)) >= before + HOURS * HOUR, "the clock counts the sleep");
  for (const part of ["main", ".origin"]) {
    assert.match(await page.locator(part).evaluate((it) => getComputedStyle(it).filter), /grayscale\(1\)/, part);
  }
  await page.locator('[data-strip="replay-dust"][data-signal="silent"]').waitFor({ timeout: PATIENCE });
  await keep(page, "slept-1440");
  const renewed = page.waitForResponse("**/api/overview", { timeout: PATIENCE });
  const series = seen.requests.filter((url) => url.includes("/api/series")).length;
  front.reopen();
  await renewed;
  await banner.waitFor({ state: "detached", timeout: PATIENCE });
  assert.ok((await clockOf(page)) < before + HOUR, "the server's clock holds again");
  await page.locator('[data-strip="replay-dust"][data-signal="heard"]').waitFor({ timeout: PATIENCE });
  await page.waitForFunction((before) => performance.getEntriesByType("resource").filter(({ name }) => name.includes("/api/series")).length > before, series, { timeout: PATIENCE });
  await context.close();
  front.close();
});

test("after a sleep with the network still there everything is asked for anew, and what lay in the stream is not taken for news", async () => {
  const { context, page } = await opened(served.url);
  served.mute = true;
  const renewed = page.waitForRequest("**/api/overview", { timeout: PATIENCE });
  await sleep(page);
  served.mute = false;
  await renewed;
  await page.locator("[data-part=blindness]").waitFor({ state: "detached", timeout: PATIENCE });
  const id = served.world.raise("aqi-very-bad", "TN-BENLUC");
  await page.locator(`[data-alert="${id}"]`).waitFor({ timeout: PATIENCE });
  await context.close();
});
