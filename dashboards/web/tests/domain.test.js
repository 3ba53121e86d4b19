// The screens of domains and of targets, on the fixture. SHOTS=folder also keeps what was seen.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startFixture } from "./fixture/server.js";
import { DESK, PATIENCE, PHONE, SCREENS, WALL, keep, launch, open, settled, violations } from "./support.js";

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

async function screen(word, ready, size = DESK) {
  const opened = await open(browser, new URL(`#/${word}`, served.url), size);
  await opened.page.locator(ready).first().waitFor({ timeout: PATIENCE });
  return opened;
}

const texts = (locator) => locator.allInnerTexts().then((all) => all.map((text) => text.replaceAll(/\s+/g, " ").trim()));

test("a figure says what it is worth, what is not known is no nought, and a small number is kept back", async () => {
  const { context, page, seen } = await screen("health", "[data-figure=cases]");
  const figure = page.locator("[data-figure=cases]");
  assert.match((await texts(figure))[0], /Ca mắc 1\.200 ca biết 96 của 96 ô · sơ bộ \+4,2% so với kỳ trước -12,5% so với cùng kỳ năm trước Nhận lúc .* Phiên bản 4\.000/);
  const trend = page.locator(".domain-trend tbody tr");
  assert.equal(await trend.count(), 13);
  assert.match((await texts(trend))[3], /^tháng 7\/2026 — ?chưa biết .* 0\/96$/);
  await page.getByLabel("Phân tổ").selectOption("disease=B05");
  await page.locator("[data-figure=cases] .report-mark").waitFor({ timeout: PATIENCE });
  assert.match((await texts(figure))[0], /Ca mắc x ?số nhỏ, không hiển thị/);
  await page.getByRole("button", { name: "Tỷ lệ tiêm đủ mũi" }).click();
  await page.waitForFunction(() => document.activeElement?.id === "trend-title" && /Tỷ lệ/.test(document.activeElement.textContent));
  assert.match(page.url(), /#\/health\?part=disease%3DB05&indicator=share$/);
  assert.deepEqual(seen.errors, []);
  await context.close();
});

test("a plan stands beside what is reached, the worst first to be asked for, and leads to its values", async () => {
  const { context, page } = await screen("targets", "[data-target]");
  const verdicts = () => page.locator("[data-target] [data-verdict]").evaluateAll((all) => all.map((it) => [it.dataset.verdict, it.querySelector("svg.mark") !== null]));
  assert.deepEqual(await verdicts(), [["behind", true], ["on_target", false], ["unknown", false], ["no_target", false], ["withheld", false], ["behind", true]]);
  assert.match((await texts(page.locator("[data-target=B04]")))[0], /B04 Hồ sơ .* ít nhất 80% Hạn 31\/12\/2025 71,3% .*chưa đạt.*96\/97/);
  assert.match((await texts(page.locator("[data-target=B07]")))[0], /— .*chưa đủ số liệu/);
  assert.match((await texts(page.locator("[data-target=Y01]")))[0], /— số nhỏ, không hiển thị/);
  await page.getByLabel("Năm").selectOption("2025");
  await page.locator("[data-target=B04] [data-verdict=on_target]").waitFor({ timeout: PATIENCE });
  await page.locator("[data-target=B04]").getByRole("button").click();
  await page.waitForFunction(() => location.hash === "#/reports?of=dan-so&period=2025-10");
  await context.close();
});

test("each commune is drawn by its number, what is kept back and what is not known by signs, and who is missing is named", async () => {
  const { context, page, seen } = await screen("health", "[data-part=domain-map] [data-commune]");
  const places = served.world.pack.places;
  const shade = (at) => page.locator(`[data-commune="${places[at].code}"]`).getAttribute("data-shade");
  assert.deepEqual(await Promise.all([2, 5, 7, places.length - 1].map(shade)), ["kept-back", "kept-back", "unknown", "unknown"]);
  assert.deepEqual(await Promise.all([0, 3].map(shade)), ["0", "4"]);
  const titles = (at) => page.locator(`[data-commune="${places[at].code}"] title`).textContent();
  assert.match(await titles(3), /: 116 ca$/);
  assert.match(await titles(2), /số nhỏ, không hiển thị$/);
  const ranked = await texts(page.locator("[data-ranked]"));
  assert.equal(ranked.length, 12);
  assert.match(ranked[0], / 122$/);
  const reporting = page.locator(".domain-reporting");
  assert.match((await texts(reporting.locator("[data-part=who]")))[0], new RegExp(`^${places.length - 6}/${places.length} địa bàn`));
  assert.match((await texts(reporting.locator("[data-part=silent]")))[0], /^Chưa có số liệu \(6\): /);
  assert.equal(await reporting.locator("[data-domain-feed]").count(), 2);
  await reporting.getByRole("button").first().click();
  await page.waitForFunction(() => document.activeElement?.id === "report-title");
  assert.deepEqual(seen.errors, []);
  await context.close();
});

test("a former place is not drawn on today's of the same code, and where it cannot be known who is missing nobody is said to be", async () => {
  const { context, page } = await open(browser, served.url);
  await page.route("**/api/reports/values?*", async (route) => {
    const answer = await route.fetch();
    const values = await answer.json();
    const cells = values.cells.map((cell, at) => (at === 3 ? { ...cell, place_from: "1976-01-01" } : cell));
    await route.fulfill({ response: answer, json: { ...values, cells, silent: null } });
  });
  await page.goto(String(new URL("#/health", served.url)));
  await page.locator("[data-part=domain-map] [data-commune]").first().waitFor({ timeout: PATIENCE });
  const shade = (at) => page.locator(`[data-commune="${served.world.pack.places[at].code}"]`).getAttribute("data-shade");
  assert.deepEqual(await Promise.all([0, 3].map(shade)), ["0", "unknown"]);
  const reporting = page.locator(".domain-reporting");
  assert.match((await texts(reporting.locator("[data-part=who]")))[0], new RegExp(`^${served.world.pack.places.length - 6} địa bàn`));
  assert.equal(await reporting.locator("[data-part=silent]").count(), 0);
  await context.close();
});

test("a message that says numbers of persons is not shown, and why is said", async () => {
  const { context, page } = await screen("health", "[data-part=domain-map]");
  await page.locator(".domain-last").getByRole("button").first().click();
  await page.getByRole("button", { name: /Mở bản gốc/ }).first().click();
  await page.getByText("bản tin có số liệu về người").waitFor({ timeout: PATIENCE });
  assert.equal(await page.locator("[data-part=raw]").count(), 0);
  assert.equal(await page.locator("a[download][href*=raw]").count(), 0);
  await context.close();
});

for (const [width, height, query] of [[3840, 2160, "?m=5&pitch=0.63"], [1920, 1080, "?m=3&pitch=0.63"], [1080, 1920, "?m=3&pitch=0.63"], [1366, 768, ""]]) {
  test(`a wall of ${width} by ${height} shows a domain's figures, whole, with nothing to click`, async () => {
    const asked = served.asked.filter((path) => path.startsWith("/api/reports/domain")).length;
    const { context, page, seen } = await open(browser, new URL(`/wall/health${query}`, served.url), { ...WALL, width, height });
    await page.locator("[data-figure=cases]").waitFor({ timeout: PATIENCE });
    await page.locator("[data-ranked]").first().waitFor({ timeout: PATIENCE, state: "attached" });
    await settled(page);
    const size = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]);
    assert.ok(size[0] <= width && size[1] <= height, String(size));
    assert.equal(await page.locator("button:visible, a:visible, select:visible, input:visible, summary:visible").count(), 0);
    const cut = await page.locator("[data-figure] > *, .domain-wall-list li, .domain-wall .legend li").evaluateAll(
      (all, height) => all.filter((it) => it.getBoundingClientRect().bottom > height + 1 || it.getBoundingClientRect().bottom > it.closest(".panel").getBoundingClientRect().bottom + 1).map((it) => it.textContent),
      height,
    );
    assert.deepEqual(cut, []);
    if (width === WALL.width) {
      assert.match(await page.locator("#wall-silent").innerText(), /^Chưa có số liệu: 6$/);
      assert.equal(await page.locator("[data-part=feeds] [data-domain-feed]").count(), 2);
      assert.equal(served.asked.filter((path) => path.startsWith("/api/reports/domain")).length, 1 + asked, "asked once");
      assert.ok(await page.locator("[data-part=domain-map]").isVisible());
      assert.deepEqual(await violations(page), []);
    }
    await keep(page, `health-wall-${width}`);
    assert.deepEqual(seen.errors, []);
    await context.close();
  });
}

test("a count of schools is called by what it is of the school year", async () => {
  const { context, page, seen } = await screen("education", "[data-figure=schools]");
  assert.deepEqual(await texts(page.locator(".domain-trend tbody th")), ["đầu năm học 2026–2027", "cuối năm học 2025–2026"]);
  assert.match((await texts(page.locator("[data-planned=S01]")))[0], /^Kế hoạch: ít nhất 520 trường · S01 Đủ trường cho mọi xã · Hạn 31\/12\/2030 · QĐ 12$/);
  // The plan's line lies where its number would end, behind the bars of fewer.
  const places = await page.locator(".domain-trend .trend-bar").evaluateAll((bars) => bars.map((bar) => [bar.querySelector(".bar").getBoundingClientRect().right, bar.querySelector("i").getBoundingClientRect().left]));
  assert.ok(places.length === 2 && places.every(([bar, line]) => bar < line), JSON.stringify(places));
  await keep(page, "planned-1440");
  await page.getByRole("button", { name: "English" }).click();
  await page.getByText("beginning of school year 2026–2027").first().waitFor({ timeout: PATIENCE });
  assert.deepEqual(seen.errors, []);
  await context.close();
});

test("a domain without a form says so", async () => {
  const { context, page } = await screen("economy", ".panel");
  await page.getByText("Gói tỉnh chưa có biểu nào cho màn hình này.").waitFor({ timeout: PATIENCE });
  await context.close();
});

for (const size of SCREENS) {
  for (const [word, ready] of [
    ["health", "[data-figure=share]"],
    ["targets", "[data-target=A18]"],
  ]) {
    test(`nobody is shut out of ${word} and nothing runs over the edge at ${size.width} px`, async () => {
      const { context, page, seen } = await screen(word, ready, size);
      for (const language of size === PHONE ? ["vi", "en"] : ["vi"]) {
        if (language === "en") await page.getByRole("button", { name: "English" }).click();
        await settled(page);
        const widths = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
        assert.ok(widths[0] <= widths[1], `${language}: ${widths[0]} px wide on ${widths[1]} px`);
        assert.deepEqual(await violations(page), [], language);
        await keep(page, `${word}-${size.width}-${language}`);
        if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${word}-${size.width}-${language}-whole.png`, fullPage: true });
      }
      if (size === PHONE) {
        const small = await page
          .locator("main button:visible, main select:visible")
          .evaluateAll((targets) => targets.filter((target) => target.getBoundingClientRect().height < 43.5).map((target) => target.outerHTML));
        assert.deepEqual(small, [], "a thumb can hit every button");
      }
      assert.deepEqual(seen.errors, []);
      await context.close();
    });
  }
}

test("numbers by place are read in three ways: what is estimated says so and opens, what is on no map is flagged and never guessed", async () => {
  const { context, page, seen } = await screen("health", "[data-part=domain-map] [data-commune]");
  const reading = page.getByRole("combobox", { name: "Địa giới" });
  assert.deepEqual(await texts(reading.locator("option")), ["như báo cáo", "hôm nay", "ngày 30/06/2025"]);
  await reading.selectOption("today");
  await page.locator(".restated [data-place]").first().waitFor({ timeout: PATIENCE });
  assert.match(page.url(), /#\/health\?map=today$/);
  const estimated = page.locator('.restated [data-estimated="true"]');
  assert.equal(await estimated.count(), 1);
  assert.match((await texts(estimated))[0], /^≈ 83,8.* ước tính 2\/2 phần đã biết$/);
  assert.notEqual(await estimated.locator(".link").evaluate((it) => getComputedStyle(it).textDecorationStyle), "solid", "by more than colour");
  await estimated.getByRole("button").click();
  const parts = await texts(page.locator("[data-part=parts] [data-made-of]"));
  assert.equal(parts.length, 2);
  assert.match(parts[0], /^Xã Cũ Một 100 .*25507 từ 01\/01\/1970 · phần 0,6383$/);
  const all = await page.locator(".report-values").innerText();
  assert.match(all, /thiếu số của một phần/);
  assert.match(all, /đơn vị đã bỏ, không có đơn vị kế tục/);
  assert.match(all, /Xã Cũ Ba 25516 từ 01\/01\/1970[\s\S]*đơn vị hiện có đã tự báo cáo kỳ này/);
  assert.equal(await page.locator('[data-commune][data-estimated="true"]').count(), 1);
  assert.match(await page.locator('[data-commune][data-estimated="true"] title').textContent(), /: ≈ .*\(ước tính\)$/);
  await page.locator("[data-part=parts]").getByRole("button").first().click();
  await page.waitForFunction(() => document.activeElement?.id === "report-title");
  await reading.selectOption("2025-06-30");
  // The map of before has that heading, too: what only this one says is waited for.
  await page.locator(".report-values").getByText("nhập từ nhiều đơn vị: chỉ biết tổng").first().waitFor({ timeout: PATIENCE });
  await page.getByRole("combobox", { name: "Địa bàn" }).selectOption("tay-ninh-cu");
  await page.waitForFunction(() => /map=2025-06-30/.test(location.hash) && /group=tay-ninh-cu/.test(location.hash));
  assert.deepEqual(seen.errors, []);
  await context.close();
});

test("on a map it is told that there is more than can be read there, and why nothing is answered, and neither as nothing", async () => {
  const { context, page } = await screen("health", ".report-values [data-place]");
  let answer = async (route) => {
    const said = await (await route.fetch()).json();
    await route.fulfill({ json: { ...said, restated: [], more_cells: true } });
  };
  await page.route("**/api/reports/values?*", (route) => answer(route));
  await page.getByRole("combobox", { name: "Địa giới" }).selectOption("today");
  const values = page.locator(".report-values");
  await values.getByText("nhiều số liệu hơn mức quy đổi được").waitFor({ timeout: PATIENCE });
  assert.doesNotMatch(await values.innerText(), /Chưa có số liệu nào/);
  answer = (route) => route.fulfill({ status: 502, json: { title: "Bad Gateway", status: 502, detail: "the store is away" } });
  await page.reload();
  await values.getByRole("alert").waitFor({ timeout: PATIENCE });
  assert.doesNotMatch(await values.innerText(), /Chưa có số liệu nào/);
  await context.close();
});

test("where there are more numbers than are listed, those of the indicator that is looked at are drawn, ranked and listed", async () => {
  const { context, page, seen } = await open(browser, served.url);
  await page.route("**/api/reports/values?*", async (route) => {
    const said = await (await route.fetch()).json();
    const asked = new URL(route.request().url()).searchParams;
    const isOf = ({ indicator, breakdown }) => indicator === asked.get("indicator") && breakdown === asked.get("part");
    const one = { ...said, cells: said.cells.filter(isOf), restated: said.restated.filter(isOf) };
    await route.fulfill({ json: asked.has("indicator") ? one : { ...said, restated: [], totals: [], more_cells: true } });
  });
  for (const map of ["", "?map=today"]) {
    await page.goto(String(new URL(`#/health${map}`, served.url)));
    await page.locator("[data-part=domain-map] [data-commune]").first().waitFor({ timeout: PATIENCE });
    await page.locator(".domain-ranking [data-ranked]").first().waitFor({ timeout: PATIENCE });
    const values = page.locator(".report-values");
    await values.getByText("dưới đây là chỉ tiêu đang xem").waitFor({ timeout: PATIENCE });
    await values.locator("[data-place]").first().waitFor({ timeout: PATIENCE });
    assert.equal(await values.locator("table").first().locator("thead th").count(), 2, map);
    assert.match((await texts(page.locator(".domain-reporting [data-part=silent]")))[0], /^Chưa có số liệu \(6\)/);
  }
  assert.deepEqual(seen.errors, []);
  await context.close();
});

for (const size of SCREENS) {
  test(`on today's map a domain's screen keeps to its width and to the rules of access at ${size.width} px`, async () => {
    const { context, page } = await screen("health?map=today", ".restated [data-place]", size);
    await settled(page);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
    assert.deepEqual(await violations(page), []);
    await page.locator('.restated [data-estimated="true"] .link').click();
    await page.locator("[data-part=parts]").scrollIntoViewIfNeeded();
    await keep(page, `health-on-map-${size.width}`);
    await context.close();
  });
}
