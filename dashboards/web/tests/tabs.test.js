// Any number of tabs of one browser: one stream for all of them, so that whatever is clicked gets through. Over HTTP/1.1
// a browser opens six connections to a host, which seven streams would use up. On the fixture.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startFixture } from "./fixture/server.js";
import { DESK, PATIENCE, launch, until } from "./support.js";

const TABS = 8;

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

const row = (page, id) => page.locator(`[data-alert="${id}"]`);

async function tab(context) {
  const page = await context.newPage();
  await page.goto(served.url);
  await page.locator("main#content").waitFor({ timeout: PATIENCE });
  return page;
}

async function acknowledge(page, id) {
  await page.bringToFront();
  await row(page, id).getByRole("button", { name: /^Xác nhận/ }).click();
  await page.getByRole("dialog").getByRole("textbox", { name: /Họ tên/ }).fill("Trực ban");
  await page.getByRole("dialog").getByRole("button", { name: "Xác nhận" }).click();
  await until(() => served.world.alerts.all.get(id).acknowledged, `${id} acknowledged`);
  await page.locator(`[data-alert="${id}"][data-state="active unacknowledged"]`).waitFor({ state: "detached", timeout: PATIENCE });
}

test("eight tabs are one stream, and an alert is acknowledged in the first of them and seen in all", async () => {
  const context = await browser.newContext({ viewport: DESK });
  const tabs = [];
  while (tabs.length < TABS) tabs.push(await tab(context));
  await until(() => served.streams.size === 1, "one stream");
  const id = served.world.raise("aqi-very-bad", "TN-BENLUC");
  for (const page of tabs) await row(page, id).waitFor({ timeout: PATIENCE });
  await acknowledge(tabs[0], id);
  for (const page of tabs) {
    await page.locator(`[data-alert="${id}"][data-state="active unacknowledged"]`).waitFor({ state: "detached", timeout: PATIENCE });
  }
  assert.equal(served.streams.size, 1);
  await context.close();
  await until(() => served.streams.size === 0, "the stream goes with the last tab");
});

test("the stream outlives the tab that opened it, and a broken one comes back for every tab", async () => {
  const context = await browser.newContext({ viewport: DESK });
  const tabs = [await tab(context), await tab(context), await tab(context)];
  await tabs[0].close();
  const first = served.world.raise("aqi-very-bad", "TN-LONGAN");
  for (const page of tabs.slice(1)) await row(page, first).waitFor({ timeout: PATIENCE });
  await served.kill();
  const missed = served.world.raise("station-silent", "TN-LONGAN");
  await served.revive();
  for (const page of tabs.slice(1)) await row(page, missed).waitFor({ timeout: PATIENCE });
  const later = served.world.raise("station-silent", "TN-TANNINH");
  for (const page of tabs.slice(1)) await row(page, later).waitFor({ timeout: PATIENCE });
  await until(() => served.streams.size === 1, "one stream");
  await context.close();
});

test("a browser without shared workers keeps a stream only for the tabs that are seen", async () => {
  const context = await browser.newContext({ viewport: DESK });
  await context.addInitScript(() => {
    delete globalThis.SharedWorker;
    // Every tab of a headless browser is seen: the test says which is not.
    let hidden = false;
    Object.defineProperty(document, "visibilityState", { get: () => (hidden ? "hidden" : "visible") });
    globalThis.hide = (it) => {
      hidden = it;
      document.dispatchEvent(new Event("visibilitychange"));
    };
  });
  const tabs = [];
  while (tabs.length < TABS) {
    if (tabs.length > 0) await tabs.at(-1).evaluate(() => globalThis.hide(true));
    tabs.push(await tab(context));
  }
  await until(() => served.streams.size === 1, "one stream");
  await tabs.at(-1).evaluate(() => globalThis.hide(true));
  await tabs[0].evaluate(() => globalThis.hide(false));
  const id = served.world.raise("aqi-very-bad", "TN-TANNINH");
  await acknowledge(tabs[0], id);
  assert.equal(served.streams.size, 1);
  await context.close();
});

test("an acknowledgement that cannot get through says why", async () => {
  const id = served.world.raise("aqi-very-bad", "TN-TRANGBANG");
  const context = await browser.newContext({ viewport: DESK });
  const page = await tab(context);
  await row(page, id).waitFor({ timeout: PATIENCE });
  await context.route("**/acknowledge", (route) => route.abort("internetdisconnected"));
  await row(page, id).getByRole("button", { name: /^Xác nhận/ }).click();
  await page.getByRole("dialog").getByRole("textbox", { name: /Họ tên/ }).fill("Trực ban");
  await page.getByRole("dialog").getByRole("button", { name: "Xác nhận" }).click();
  await row(page, id).getByText("không liên lạc được với máy chủ").waitFor({ timeout: PATIENCE });
  await context.close();
});
