// What the page may cost (U-budgets): bytes, time to the first data, main thread, memory. On the fixture, measured in
// Chromium; the figures are printed, so that a drift is seen before a limit is hit.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { startFixture } from "./fixture/server.js";
import { MAP } from "./fixture/pack.js";
import { DESK, PATIENCE, WALL, launch, open } from "./support.js";

const KIB = 1024;
const ASSETS = fileURLToPath(new URL("../dist/assets/", import.meta.url));

let browser;

before(async () => {
  browser = await launch();
});

after(() => browser?.close());

const packed = (name) => gzipSync(readFileSync(ASSETS + name), { level: 9 }).length;

test("the script is at most 80 KiB, the page with fonts, map and first picture at most 300 KiB, packed", async () => {
  const names = readdirSync(ASSETS);
  const scripts = names.filter((name) => name.endsWith(".js")).reduce((sum, name) => sum + packed(name), 0);
  const served = await startFixture({ speed: 1 });
  const overview = await (await fetch(new URL("/api/overview", served.url))).text();
  await served.close();
  const rest = names.filter((name) => /\.(css|woff2)$/.test(name)).reduce((sum, name) => sum + packed(name), 0);
  const page = scripts + rest + gzipSync(MAP).length + gzipSync(overview).length;
  console.log(`script ${(scripts / KIB).toFixed(1)} KiB, page ${(page / KIB).toFixed(1)} KiB`);
  assert.ok(scripts <= 80 * KIB, `${scripts} bytes of script`);
  assert.ok(page <= 300 * KIB, `${page} bytes of page`);
});

test("data is on the screen within a second", async () => {
  const served = await startFixture({ speed: 60 });
  const times = [];
  for (let run = 0; run < 3; run++) {
    const context = await browser.newContext({ viewport: DESK });
    const page = await context.newPage();
    await page.addInitScript(() => {
      const watch = new MutationObserver(() => {
        const value = document.querySelector("[data-kpi=aqi] .kpi-value");
        if (!value || !/\d/.test(value.textContent)) return;
        watch.disconnect();
        requestAnimationFrame(() => (window.dataShown ??= performance.now()));
      });
      watch.observe(document, { childList: true, subtree: true, characterData: true });
    });
    await page.goto(served.url);
    await page.waitForFunction(() => window.dataShown, undefined, { timeout: PATIENCE });
    times.push(await page.evaluate(() => window.dataShown));
    await context.close();
  }
  await served.close();
  const best = Math.min(...times);
  console.log(`first data after ${times.map((time) => time.toFixed(0)).join(", ")} ms`);
  assert.ok(best <= 1000, `${best} ms`);
});

/** Seconds of processor time of the page's main thread. */
async function threadTime(session) {
  const { metrics } = await session.send("Performance.getMetrics");
  return metrics.find(({ name }) => name === "ThreadTime")?.value ?? metrics.find(({ name }) => name === "TaskDuration").value;
}

test("at five updates a second the main thread is busy at most 15 % of the time, at 3840 px", async () => {
  const served = await startFixture({ speed: 600 });
  const { context, page } = await open(browser, served.url, WALL);
  await page.locator("[data-part=chart] canvas").waitFor({ timeout: PATIENCE });
  await page.waitForTimeout(2000);
  const session = await context.newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const before = await threadTime(session);
  const epoch = served.world.epoch;
  const started = performance.now();
  await page.waitForTimeout(15_000);
  const busy = (await threadTime(session)) - before;
  const elapsed = (performance.now() - started) / 1000;
  const updates = (served.world.epoch - epoch) / elapsed;
  await context.close();
  await served.close();
  const share = busy / elapsed;
  console.log(`main thread ${(100 * share).toFixed(1)} % at ${updates.toFixed(1)} updates/s`);
  assert.ok(updates > 4, `${updates} updates a second came`);
  assert.ok(share <= 0.15, `${(100 * share).toFixed(1)} %`);
});

test("over two hours of updates the heap grows by less than 5 MiB", async () => {
  // Two hours at five a second are 36,000 messages: the same messages, sent as fast as the page takes them.
  const served = await startFixture({ speed: 60, pace: 3_600_000 });
  const { context, page } = await open(browser, served.url, DESK);
  await page.locator("[data-part=chart] canvas").waitFor({ timeout: PATIENCE });
  const session = await context.newCDPSession(page);
  await session.send("Performance.enable");
  const heap = async () => {
    await page.waitForTimeout(500);
    for (let times = 0; times < 3; times++) await session.send("HeapProfiler.collectGarbage");
    const { metrics } = await session.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "JSHeapUsedSize").value;
  };
  const send = async (count) => {
    const until = served.world.epoch + count;
    while (served.world.epoch < until) {
      for (let burst = 0; burst < 60; burst++) served.tick(200);
      await new Promise((rested) => setTimeout(rested, 25));
    }
    await page.waitForFunction(
      (now) => Date.parse(document.querySelector("[data-part=clock] time").dateTime) >= now - 2000,
      served.world.at,
      { timeout: PATIENCE },
    );
  };
  await send(1_800);
  const before = await heap();
  await send(36_000);
  const grown = (await heap()) - before;
  await context.close();
  await served.close();
  console.log(`heap ${(before / KIB / KIB).toFixed(1)} MiB, grown by ${(grown / KIB / KIB).toFixed(2)} MiB in 36,000 updates`);
  assert.ok(grown < 5 * KIB * KIB, `${grown} bytes`);
});
