// What the page may cost in bytes and memory, on the fixture, in Chromium. What it costs in time is measured by
// budgets.bench.js: a machine that is busy with something else is not the page's fault.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { startFixture } from "./fixture/server.js";
import { MAP } from "./fixture/pack.js";
import { DESK, PATIENCE, launch, open } from "./support.js";

const KIB = 1024;
const ASSETS = fileURLToPath(new URL("../dist/assets/", import.meta.url));

let browser;

before(async () => {
  browser = await launch();
});

after(() => browser?.close());

const packed = (name) => gzipSync(readFileSync(ASSETS + name), { level: 9 }).length;

test("the first script is at most 80 KiB and one that comes later 24, the page with fonts, map and first picture at most 300 KiB, packed", async (t) => {
  const names = readdirSync(ASSETS);
  const first = ["app.js", "stream.worker.js"];
  const scripts = first.reduce((sum, name) => sum + packed(name), 0);
  for (const name of names.filter((name) => name.endsWith(".js") && !first.includes(name))) {
    console.log(`${name} ${(packed(name) / KIB).toFixed(1)} KiB`);
    assert.ok(packed(name) <= 24 * KIB, `${packed(name)} bytes of ${name}`);
  }
  assert.doesNotMatch(readFileSync(`${ASSETS}app.js`, "utf8"), /(^|[;}])import\s*[{"'*]|\bfrom\s*["']\.\//, "the first script needs no other one");
  const served = await startFixture({ speed: 1 });
  t.after(() => served.close());
  const overview = await (await fetch(new URL("/api/overview", served.url))).text();
  const rest = names.filter((name) => /\.(css|woff2)$/.test(name)).reduce((sum, name) => sum + packed(name), 0);
  const page = scripts + rest + gzipSync(MAP).length + gzipSync(overview).length;
  console.log(`script ${(scripts / KIB).toFixed(1)} KiB, page ${(page / KIB).toFixed(1)} KiB`);
  assert.ok(scripts <= 80 * KIB, `${scripts} bytes of script`);
  assert.ok(page <= 300 * KIB, `${page} bytes of page`);
});

test("over two hours of updates the heap grows by less than 5 MiB", async (t) => {
  // Two hours at five a second are 36,000 messages: the same messages, sent as fast as the page takes them.
  const served = await startFixture({ speed: 60, pace: 3_600_000 });
  t.after(() => served.close());
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
  console.log(`heap ${(before / KIB / KIB).toFixed(1)} MiB, grown by ${(grown / KIB / KIB).toFixed(2)} MiB in 36,000 updates`);
  assert.ok(grown < 5 * KIB * KIB, `${grown} bytes`);
});
