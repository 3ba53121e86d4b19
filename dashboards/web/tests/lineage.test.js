// From a number to the message it came in, step by step, and the counts must agree. Against either server.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DESK, PATIENCE, PHONE, WALL, keep, launch, open, server, violations } from "./support.js";

let browser;
let served;

before(async () => {
  served = await server({ speed: 60 });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await served?.close();
});

const panel = (page) => page.getByRole("complementary", { name: "Nguồn gốc số liệu" });

test("figure → index → windows → rows → message: a step each, and the rows counted are the window's count", async () => {
  const { context, page, seen } = await open(browser, served.url);
  await page.locator("[data-kpi=aqi]").getByRole("button").click();
  const panel_ = panel(page);
  await panel_.getByText("Tính đến").waitFor({ timeout: PATIENCE });
  await panel_.locator("tbody").getByRole("button").first().click();
  await panel_.getByRole("heading", { level: 2, name: /VN_AQI, / }).waitFor({ timeout: PATIENCE });
  await panel_.getByRole("heading", { level: 3, name: /Cửa sổ đầu vào/ }).waitFor({ timeout: PATIENCE });
  assert.deepEqual(await violations(page), []);
  await panel_.locator("table.windows").getByRole("button").first().click();
  const count = panel_.locator("[data-part=count]");
  await count.waitFor({ timeout: PATIENCE });
  assert.equal(await count.getAttribute("data-same"), "true", await count.innerText());
  const counted = await panel_.locator('tr[data-counted="true"]').count();
  assert.ok((await count.innerText()).startsWith(`${counted} dòng được tính = ${counted}`));
  assert.deepEqual(await violations(page), []);
  await panel_.locator("table.rows").getByRole("button").first().click();
  const raw = panel_.locator("[data-part=raw]");
  await raw.waitFor({ timeout: PATIENCE });
  const marked = await raw.locator("mark").innerText();
  assert.ok(marked.length > 0 && (await raw.innerText()).includes(marked.trim()));
  const value = await panel_.locator("tr.followed td").nth(1).innerText();
  assert.match(value, /\d/);
  assert.equal(await panel_.getByRole("navigation").getByRole("listitem").count(), 4, "four steps");
  assert.deepEqual(await violations(page), []);
  const link = await panel_.getByRole("link", { name: "Tải bản gốc" }).getAttribute("href");
  const original = await (await fetch(new URL(link, served.url))).text();
  assert.ok(original.includes(marked.trim()), "the row is in the bytes as they came");
  await keep(page, "lineage-1440");
  assert.deepEqual(seen.errors, []);
  await context.close();
});

test("the whole way is in the address: it can be passed on, and Back goes one step back", async () => {
  const { context, page } = await open(browser, served.url);
  await page.locator("[data-kpi=pm25], [data-kpi=aqi]").first().getByRole("button").click();
  await panel(page).locator("tbody").getByRole("button").first().click({ timeout: PATIENCE });
  await panel(page).locator("table.windows").getByRole("button").first().click({ timeout: PATIENCE });
  await panel(page).locator("[data-part=count]").waitFor({ timeout: PATIENCE });
  const title = await panel(page).getByRole("heading", { level: 2 }).innerText();
  const other = await open(browser, page.url());
  await panel(other.page).locator("[data-part=count]").waitFor({ timeout: PATIENCE });
  assert.equal(await panel(other.page).getByRole("heading", { level: 2 }).innerText(), title);
  await other.context.close();
  await page.goBack();
  await panel(page).getByRole("heading", { level: 3, name: /Cửa sổ đầu vào/ }).waitFor({ timeout: PATIENCE });
  await page.goBack();
  await panel(page).getByText("Tính đến").waitFor({ timeout: PATIENCE });
  await page.goBack();
  await panel(page).waitFor({ state: "detached" });
  await context.close();
});

test("every figure opens with the keyboard, and Escape leads back to it", async () => {
  const { context, page } = await open(browser, served.url);
  const figures = page.locator("[data-kpi]");
  // As many as are said: an instance without log sources has one less.
  const { picture } = await (await fetch(new URL("/api/overview", served.url))).json();
  // Those of information security have a screen of their own.
  const security = ["events", "severe", "security_alerts", "time_to_acknowledge", "time_to_clear"];
  const shown = picture.figures.filter(({ figure }) => !security.includes(figure)).length;
  assert.equal(await figures.count(), shown);
  for (let at = 0; at < shown; at++) {
    const button = figures.nth(at).getByRole("button");
    await button.focus();
    await page.keyboard.press("Enter");
    await panel(page).waitFor({ timeout: PATIENCE });
    await panel(page).getByText("Đang mở…").waitFor({ state: "detached", timeout: PATIENCE });
    await page.waitForFunction(() => document.activeElement.tagName === "H2", undefined, { timeout: PATIENCE });
    await page.keyboard.press("Escape");
    await panel(page).waitFor({ state: "detached" });
    const back = (it) => it === document.activeElement;
    await page.waitForFunction(back, await button.elementHandle(), { timeout: PATIENCE });
  }
  await context.close();
});

test("Escape on the first sight of the panel leads back to the figure, however busy the machine is", async () => {
  const { context, page } = await open(browser, served.url);
  for (const id of ["stations", "aqi", "balance"]) {
    const button = page.locator(`[data-kpi=${id}]`).getByRole("button");
    await button.focus();
    // Sees the panel in the very task that shows it, and leaves at once.
    await button.evaluate((it) => {
      new MutationObserver((_, watch) => {
        if (!document.querySelector(".origin")) return;
        watch.disconnect();
        document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
      }).observe(document.body, { childList: true, subtree: true });
      it.click();
    });
    const back = (id) => !document.querySelector(".origin") && document.activeElement?.closest(`[data-kpi=${id}]`) && !location.hash.includes("step=");
    await page.waitForFunction(back, id, { timeout: PATIENCE });
  }
  await context.close();
});

test("a figure counted by the page is the sum of what its panel shows", async () => {
  const { context, page } = await open(browser, served.url);
  const figure = page.locator("[data-kpi=stations]");
  await figure.getByRole("button").click();
  await panel(page).locator("tbody tr").first().waitFor({ timeout: PATIENCE });
  const rows = await panel(page).locator("tbody tr").count();
  const [reporting, all] = (await figure.locator(".kpi-figure").innerText()).match(/\d+/g).map(Number);
  assert.equal(rows, all);
  const silent = await panel(page).locator("tbody tr", { hasText: /mất tín hiệu|chưa đánh giá|chưa từng gửi|cũ/ }).count();
  assert.equal(reporting, all - silent);
  await context.close();
});

for (const screen of [PHONE, DESK, WALL]) {
  test(`the panel is for everybody at ${screen.width} px`, async () => {
    const { context, page } = await open(browser, served.url, screen);
    const row = page.locator("[data-station-row]").first();
    await row.getByRole("button").last().click();
    await panel(page).waitFor({ timeout: PATIENCE });
    assert.deepEqual(await violations(page), []);
    const widths = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(widths[0] <= widths[1]);
    await keep(page, `station-${screen.width}`);
    await context.close();
  });
}
