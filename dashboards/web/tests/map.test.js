// The province and the trend: what is painted, when, and how much. On the fixture.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startFixture } from "./fixture/server.js";
import { DESK, PATIENCE, PHONE, SCREENS, keep, launch, open } from "./support.js";

let browser;
let served;

before(async () => {
  served = await startFixture({ speed: 3600 });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await served?.close();
});

test("every commune is drawn; one without a station says so, in pattern and in words", async () => {
  const { context, page } = await open(browser, served.url);
  await page.locator("[data-commune]").first().waitFor({ timeout: PATIENCE });
  assert.equal(await page.locator("[data-commune]").count(), 96);
  assert.equal(await page.locator('[data-commune][data-band="none"]').count(), 92);
  const fills = await page
    .locator('[data-commune][data-band="none"]')
    .evaluateAll((paths) => [...new Set(paths.map((path) => path.style.fill))]);
  assert.deepEqual(fills.map((fill) => fill.replaceAll('"', "")), ["url(#no-station)"]);
  const map = page.locator("[data-part=map]");
  assert.match(await map.getAttribute("aria-label"), /Bản đồ 96 xã, phường.*92 xã, phường không có trạm/);
  const region = page.getByRole("region", { name: "Chất lượng không khí theo xã, phường" });
  await region.getByText("Xem dạng bảng").click();
  assert.equal(await region.getByRole("row").count(), 5);
  await context.close();
});

test("colours are muted below 101 and official above; the toggle shows the official scale", async () => {
  const { context, page } = await open(browser, served.url);
  const fill = (band) =>
    page.locator(`[data-commune][data-band="${band}"]`).evaluateAll((paths) => paths.map((path) => path.style.fill));
  await page.locator('[data-band="good"], [data-band="moderate"]').first().waitFor({ timeout: PATIENCE });
  for (const colour of [...(await fill("good")), ...(await fill("moderate"))]) assert.match(colour, /var\(--calm-/);
  for (const colour of await fill("poor")) assert.equal(colour, "rgb(255, 126, 0)");
  await page.getByRole("button", { name: "Màu chính thức" }).click();
  for (const colour of await fill("good")) assert.equal(colour, "rgb(0, 228, 0)");
  assert.match(page.url(), /colours=official/);
  await context.close();
});

test("a commune is painted again when its band changes, and only then", async () => {
  const { context, page } = await open(browser, served.url);
  await page.locator("[data-commune]").first().waitFor({ timeout: PATIENCE });
  const found = await page.evaluate(
    () =>
      new Promise((done) => {
        const band = (at) => at.dataset.band;
        const before = new Map([...document.querySelectorAll("[data-commune]")].map((at) => [at.dataset.commune, band(at)]));
        let paints = 0;
        let changes = 0;
        const watch = new MutationObserver((all) => {
          for (const { target, attributeName } of all) {
            paints += 1;
            if (attributeName !== "data-band") continue;
            if (before.get(target.dataset.commune) !== band(target)) changes += 1;
            before.set(target.dataset.commune, band(target));
          }
        });
        watch.observe(document.querySelector("[data-part=map] g"), { attributes: true, subtree: true, attributeFilter: ["data-band", "style", "d", "class"] });
        setTimeout(() => done({ paints, changes }), 6000);
      }),
  );
  // Class, fill and band of one commune change together.
  assert.ok(found.paints <= 3 * found.changes, `${found.paints} paints for ${found.changes} changes`);
  await context.close();
});

test("names lie beside the province, and neither names nor lines meet", async () => {
  for (const screen of SCREENS) {
    const { context, page } = await open(browser, served.url, screen);
    await page.locator("[data-label]").first().waitFor({ timeout: PATIENCE });
    const boxes = await page.locator("[data-label] text").evaluateAll((texts) =>
      texts.map((text) => {
        const { x, y, width, height } = text.getBoundingClientRect();
        return { x, y, width, height, text: text.textContent };
      }),
    );
    assert.equal(boxes.length, 4, `${screen.width}: every station has its name`);
    for (const [at, one] of boxes.entries()) {
      for (const other of boxes.slice(at + 1)) {
        const apart = one.x + one.width <= other.x || other.x + other.width <= one.x || one.y + one.height <= other.y || other.y + other.height <= one.y;
        assert.ok(apart, `${screen.width}: ${one.text} and ${other.text}`);
      }
    }
    await context.close();
  }
});

test("a commune with a station opens by keyboard", async () => {
  const { context, page } = await open(browser, served.url);
  const commune = page.getByRole("button", { name: /Phường Tân Ninh: VN_AQI/ });
  await commune.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("complementary").getByRole("heading", { level: 2, name: /VN_AQI, Trạm phát lại Tân Ninh/ }).waitFor();
  assert.match(decodeURIComponent(page.url()), /series=TN-TANNINH\/vn_aqi/);
  await context.close();
});

test("fifty thousand points are drawn, with the limit in force", async () => {
  const { context, page } = await open(browser, new URL("#/?series=TN-LONGAN/pm25&kind=point&span=0", served.url), DESK);
  const summary = page.getByRole("img", { name: /điểm đo có số liệu/ });
  await summary.waitFor({ timeout: PATIENCE });
  const count = await page.locator(".key-count").innerText();
  assert.ok(Number(count.match(/[\d.]+/)[0].replaceAll(".", "")) > 40_000, count);
  assert.match(await page.getByRole("region", { name: /Diễn biến/ }).innerText(), /QCVN 05:2023\/BTNMT \(24 giờ\) ≤ 45/);
  await keep(page, "trend-all-1440");
  await context.close();
});

test("a phone asks for two thousand points", async () => {
  const { context, page, seen } = await open(browser, new URL("#/?series=TN-LONGAN/pm25&kind=point&span=0", served.url), PHONE);
  await page.getByRole("img", { name: /điểm đo có số liệu/ }).waitFor({ timeout: PATIENCE });
  const asked = seen.requests.filter((url) => url.includes("/api/series") && url.includes("kind=point"));
  assert.ok(asked.length > 0 && asked.every((url) => url.includes("points=2000")));
  assert.match(await page.locator(".key-count").innerText(), /gộp/);
  await context.close();
});

test("the worse the air, the broader the bright rim: the order is seen without colour", async (t) => {
  const calm = await startFixture({ speed: 1 });
  t.after(() => calm.close());
  const values = [["TN-TANNINH", "25459", 120], ["TN-TRANGBANG", "25708", 170], ["TN-LONGAN", "27694", 250], ["TN-BENLUC", "27991", 340]];
  for (const [subject, , value] of values) calm.world.pin(subject, value);
  const { context, page } = await open(browser, calm.url);
  await page.locator('[data-band="hazardous"]').waitFor({ timeout: PATIENCE });
  const rims = await page.locator("[data-part=map] .rim").evaluateAll((paths) =>
    Object.fromEntries(paths.map((path) => [path.getAttribute("d"), Number.parseFloat(getComputedStyle(path).strokeWidth)])),
  );
  const widths = [];
  for (const [, code] of values) widths.push(rims[await page.locator(`[data-commune="${code}"]`).getAttribute("d")]);
  assert.deepEqual(widths, [...widths].sort((a, b) => a - b));
  assert.equal(new Set(widths).size, 4);
  await keep(page, "severity-1440");
  await context.close();
});
