// The page in a real browser, against a server whose data moves: BASE_URL=http://127.0.0.1:8080 npm test for a real one
// (`ioc demo`), else the fixture. SHOTS=folder also keeps what was seen.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DESK, PATIENCE, PHONE, SCREENS, door, keep, launch, open, server, violations } from "./support.js";

let browser;
let served;

before(async () => {
  served = await server();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await served?.close();
});

/** The view of feeds and quality. */
const feedsOf = (base) => new URL("#/feeds", base).href;

/** The trend has come, or it is said why not. */
async function trendSettled(page) {
  await page.getByRole("region", { name: /Diễn biến|Trend/ }).waitFor({ timeout: PATIENCE });
  await page.getByText("Đang tải…").waitFor({ state: "detached", timeout: PATIENCE });
}

test("the page speaks Vietnamese first, switches to English at once, and remembers the choice", async () => {
  const { context, page, seen } = await open(browser, served.url);
  assert.equal(await page.locator("html").getAttribute("lang"), "vi");
  await page.getByRole("heading", { level: 2, name: "Nguồn dữ liệu" }).waitFor();
  // The browser asks for the icon of every address that it shows.
  const files = () => seen.requests.filter((url) => !/\/api\/|\.worker\.|favicon/.test(url)).length;
  const before = files();
  await page.getByRole("button", { name: "English" }).click();
  await page.getByRole("heading", { level: 2, name: "Feeds" }).waitFor();
  assert.equal(await page.locator("html").getAttribute("lang"), "en");
  assert.match(await page.title(), /Operations Monitoring Center/);
  assert.equal(files(), before, "nothing was loaded again");
  await page.reload();
  await page.getByRole("heading", { level: 2, name: "Feeds" }).waitFor();
  await page.getByRole("button", { name: "Tiếng Việt" }).click();
  await page.getByRole("heading", { level: 2, name: "Nguồn dữ liệu" }).waitFor();
  assert.deepEqual(seen.errors, []);
  await context.close();
});

test("the language is in the address: it can be passed on, whatever the other browser remembers", async () => {
  const { context, page } = await open(browser, served.url);
  await page.getByRole("button", { name: "English" }).click();
  await page.waitForFunction(() => new URLSearchParams(location.search).get("lang") === "en");
  await page.getByRole("link", { name: "Feeds & quality" }).click();
  await page.getByRole("region", { name: "Latest values by station" }).waitFor({ timeout: PATIENCE });
  const other = await open(browser, page.url());
  await other.page.getByRole("region", { name: "Latest values by station" }).waitFor({ timeout: PATIENCE });
  assert.equal(await other.page.locator("html").getAttribute("lang"), "en");
  await other.context.close();
  // Back leads to another view, not to another language.
  await page.getByRole("button", { name: "Tiếng Việt" }).click();
  await page.goBack();
  await page.getByRole("region", { name: "Chỉ số chính" }).waitFor({ timeout: PATIENCE });
  await page.waitForFunction(() => new URLSearchParams(location.search).get("lang") === "vi");
  await context.close();
});

test("numbers and dates are written the reader's way", async () => {
  const { context, page } = await open(browser, served.url);
  const clock = page.locator("[data-part=clock]");
  assert.match(await clock.innerText(), /^.*\d{2}:\d{2}:\d{2} (Thứ|Chủ).+\d{2}\/\d{2}\/\d{4}$/s);
  await page.getByRole("button", { name: "English" }).click();
  assert.match(await clock.innerText(), /(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, \d{2}\/\d{2}\/\d{4}/);
  await context.close();
});

test("a committed value reaches the page without asking for it", async () => {
  const { context, page, seen } = await open(browser, feedsOf(served.url));
  const moments = () =>
    page.locator("tr[data-series] td.age time").evaluateAll((times) => times.map((time) => time.dateTime).join());
  await page.locator("tr[data-series] td.age time").first().waitFor({ timeout: PATIENCE });
  const before = await moments();
  assert.notEqual(before, "", "some series have reported");
  const asked = seen.requests.filter((url) => url.includes("/api/overview")).length;
  await page.waitForFunction(
    (before) =>
      [...document.querySelectorAll("tr[data-series] td.age time")].map((time) => time.dateTime).join() !== before,
    before,
    { timeout: PATIENCE },
  );
  assert.equal(seen.requests.filter((url) => url.includes("/api/overview")).length, asked, "no new snapshot was needed");
  await context.close();
});

test("when nothing is heard of the server the page says so and turns grey, and comes back with a new snapshot", async () => {
  for (const cut of ["shut", "freeze"]) {
    const front = await door(served.url);
    const { context, page, seen } = await open(browser, front.url);
    const banner = page.locator("[data-part=blindness]");
    assert.equal(await banner.count(), 0);
    front[cut]();
    await banner.waitFor({ timeout: PATIENCE });
    assert.match(await banner.innerText(), /Mất kết nối với máy chủ/);
    assert.match(await page.locator("[data-part=connection]").innerText(), /Mất kết nối/);
    assert.match(await page.locator("main").evaluate((main) => getComputedStyle(main).filter), /grayscale\(1\)/);
    await keep(page, `blind-${cut}`);
    const asked = seen.requests.filter((url) => url.includes("/api/overview")).length;
    front.reopen();
    await banner.waitFor({ state: "detached", timeout: PATIENCE });
    assert.ok(seen.requests.filter((url) => url.includes("/api/overview")).length > asked, `${cut}: a new snapshot came`);
    assert.match(await page.locator("[data-part=connection]").innerText(), /Trực tuyến/);
    await context.close();
    front.close();
  }
});

test("ages grow without the network", async () => {
  const front = await door(served.url);
  const { context, page } = await open(browser, front.url);
  const clock = page.locator("[data-part=clock] time");
  front.shut();
  const before = Date.parse(await clock.getAttribute("datetime"));
  await page.waitForFunction(
    (before) => Date.parse(document.querySelector("[data-part=clock] time").dateTime) > before,
    before,
    { timeout: PATIENCE },
  );
  await context.close();
  front.close();
});

test("each feed shows both identities of its balance, and they add up (BALANCE)", async () => {
  const { context, page } = await open(browser, feedsOf(served.url));
  const feeds = await page.locator("[data-feed]").evaluateAll((rows) =>
    rows.map((row) =>
      [...row.querySelectorAll("[data-identity]")].map((identity) => ({
        state: identity.dataset.identity,
        figures: [...identity.querySelectorAll(".count-value")].map((figure) =>
          Number(figure.textContent.replace(/[.,]/g, "")),
        ),
      })),
    ),
  );
  assert.ok(feeds.length > 0);
  for (const identities of feeds) {
    assert.equal(identities.length, 2);
    for (const { state, figures } of identities) {
      const [total, ...parts] = figures;
      const sum = parts.reduce((one, other) => one + other, 0);
      assert.equal(state, sum === total ? "balanced" : "astray");
    }
  }
  await context.close();
});

test("a series is chosen by keyboard, and its trend has a picture, a summary and a table", async () => {
  const { context, page } = await open(browser, feedsOf(served.url));
  const row = page.locator("tr[data-series]", { has: page.locator("td.age time") }).last();
  const button = row.getByRole("button").first();
  await button.focus();
  await page.keyboard.press("Enter");
  assert.equal(await button.getAttribute("aria-pressed"), "true");
  const series = await row.getAttribute("data-series");
  await page.waitForFunction((series) => decodeURIComponent(location.hash).includes(`series=${series}`), series);
  await page.getByRole("img", { name: /giờ có số liệu/ }).waitFor({ timeout: PATIENCE });
  await page.getByText("Xem dạng bảng").press("Enter");
  const table = page.getByRole("region", { name: /Diễn biến/ }).getByRole("table");
  await table.getByRole("row").nth(1).waitFor({ timeout: PATIENCE });
  await context.close();
});

test("replayed data is called replayed on the screen", async () => {
  const overview = await (await fetch(new URL("/api/overview", served.url))).json();
  const { context, page } = await open(browser, served.url);
  const label = page.locator("[data-part=replayed]");
  assert.equal(await label.count(), overview.pack.replayed ? 1 : 0);
  if (overview.pack.replayed) assert.match(await label.innerText(), /Dữ liệu phát lại/);
  await context.close();
});

for (const screen of SCREENS) {
  for (const view of ["#/", "#/feeds"]) {
    test(`nobody is shut out of ${view} and nothing runs over the edge at ${screen.width} px`, async () => {
      const { context, page, seen } = await open(browser, new URL(view, served.url), screen);
      await trendSettled(page);
      for (const language of ["vi", "en"]) {
        if (language === "en") await page.getByRole("button", { name: "English" }).click();
        const widths = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
        assert.ok(widths[0] <= widths[1], `${language}: ${widths[0]} px wide on ${widths[1]} px`);
        assert.deepEqual(await violations(page), [], language);
        await keep(page, `page${view.replaceAll(/\W/g, "-")}-${screen.width}-${language}`);
      }
      const host = new URL(served.url).host;
      const foreign = seen.requests.filter((url) => new URL(url).host !== host && !url.startsWith("data:"));
      assert.deepEqual(foreign, [], "nothing is asked of anyone else");
      assert.deepEqual(seen.errors, []);
      if (screen === PHONE) assert.deepEqual(await tooSmall(page), [], "a thumb can hit every button");
      await context.close();
    });
  }
}

/** What a thumb would miss. A figure's button is as large as its tile. */
function tooSmall(page) {
  return page
    .locator("button:visible, summary:visible, select:visible, nav a:visible")
    .evaluateAll((targets) =>
      targets
        .filter((target) => (target.closest(".kpi") ?? target).getBoundingClientRect().height < 43.5)
        .map((target) => target.outerHTML),
    );
}

test("on a desk the whole overview is on the screen, on a phone the alerts come first", async () => {
  const desk = await open(browser, served.url, DESK);
  await trendSettled(desk.page);
  const height = await desk.page.evaluate(() => document.documentElement.scrollHeight);
  assert.ok(height <= DESK.height, `${height} px high on ${DESK.height} px`);
  await desk.context.close();
  const phone = await open(browser, served.url, PHONE);
  const top = async (name) => (await phone.page.getByRole("region", { name }).boundingBox()).y;
  const tops = [await top("Cảnh báo"), await top("Chỉ số chính"), await top("Chất lượng không khí theo xã, phường"), await top(/Diễn biến/)];
  assert.deepEqual(tops, [...tops].sort((a, b) => a - b));
  await phone.context.close();
});

test("the page works under its own content policy", async () => {
  const page = await browser.newPage({ viewport: DESK });
  const complaints = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  await page.goto(served.url);
  await trendSettled(page);
  assert.deepEqual(complaints, []);
  const font = await page.evaluate(() => document.fonts.check('16px "Inter Variable"', "Ựễỡ"));
  assert.ok(font, "the Vietnamese letters are there");
  await page.close();
});
