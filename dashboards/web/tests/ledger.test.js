// The ledger of what agencies owe, on the fixture. SHOTS=folder also keeps what was seen.

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

async function ledger(said = "", size = DESK) {
  const opened = await open(browser, new URL(`#/ledger${said}`, served.url), size);
  await opened.page.locator("[data-obligation]").first().waitFor({ timeout: PATIENCE });
  await opened.page.locator("[data-score]").first().waitFor({ timeout: PATIENCE });
  await opened.page.locator("[data-cell]").first().waitFor({ timeout: PATIENCE });
  return opened;
}

const texts = (locator) => locator.allInnerTexts().then((all) => all.map((text) => text.replaceAll(/\s+/g, " ").trim()));
const states = (page) => page.locator("[data-obligation] th [data-state]").evaluateAll((all) => all.map((it) => it.dataset.state));
const owed = () => served.world.owed.all;
const many = (...wanted) => owed().filter(({ state }) => wanted.includes(state)).length;

test("what is late comes first, with since when, by whom, and why the last attempt was refused", async () => {
  const { context, page, seen } = await ledger();
  const shown = await states(page);
  assert.deepEqual(shown, [...Array(many("missing")).fill("missing"), ...Array(many("rejected")).fill("rejected"), ...Array(many("due")).fill("due"), ...Array(many("late")).fill("late"), ...Array(25).fill("on_time")].slice(0, 25));
  const oldest = owed().filter(({ state }) => state === "missing").sort((a, b) => a.due_at - b.due_at || (a.id < b.id ? -1 : 1))[0];
  const [first] = await texts(page.locator("[data-obligation]").first());
  assert.match(first, /^chưa nộp quá hạn 53 ngày/);
  assert.ok(first.includes(oldest.agency_name.vi) && first.includes("tháng 10/2026 (15/09–14/10)") && first.includes("17:00 16/10/2026"), first);
  const refused = page.locator('[data-obligation]:has([data-state="rejected"])').first();
  assert.match((await texts(refused))[0], /bị từ chối còn 1 ngày 21 giờ .* Dân số .*2 Tiêu đề ghi kỳ 2026-10, tên tệp ghi kỳ 2026-11\./);
  assert.deepEqual(seen.errors, []);
  await context.close();
});

test("each state has a shape and a word of its own, and no colour where nothing is amiss", async () => {
  const { context, page } = await ledger();
  await page.locator(".ledger-key li").first().waitFor({ timeout: PATIENCE });
  const key = await page.locator(".ledger-key li").evaluateAll((all) => all.map((it) => [it.textContent.trim(), it.querySelector("svg").outerHTML, it.querySelector("svg.mark")?.classList.value ?? ""]));
  assert.equal(new Set(key.map(([word]) => word)).size, 7);
  assert.equal(new Set(key.map(([, shape]) => shape)).size, 7);
  assert.deepEqual(key.filter(([, , mark]) => mark !== "").map(([word, , mark]) => `${word}: ${mark.trim()}`), ["chưa nộp: mark medium", "bị từ chối: mark medium hollow", "nộp muộn: mark low"]);
  await context.close();
});

test("a month at a glance counts what the list has, and leads to it", async () => {
  const { context, page } = await ledger("?due=2026-10");
  const missing = page.locator("[data-owed=missing]");
  const until = Date.parse("2026-11-01T00:00:00+07:00");
  const wanted = owed().filter(({ state, due_at }) => state === "missing" && due_at < until).length;
  assert.ok(wanted > 0 && wanted < many("missing"), "others are missing of months behind it");
  assert.match((await texts(missing))[0], new RegExp(`^Chưa nộp ${wanted}( |$)`));
  await missing.getByRole("button").click();
  await page.waitForFunction((wanted) => {
    const all = [...document.querySelectorAll("[data-obligation] th [data-state]")];
    return all.length === wanted && all.every((it) => it.dataset.state === "missing");
  }, wanted);
  assert.match(page.url(), new RegExp(`#/ledger\\?due=2026-10&due_until=${until}&state=missing$|#/ledger\\?due=2026-10&state=missing&due_until=${until}$`));
  assert.equal(await page.evaluate(() => document.activeElement?.id), "owed-title");
  assert.match(await page.locator("[data-part=between]").innerText(), /^Hạn nộp trước 00:00:00 01\/11\/2026/);
  assert.match(await page.locator("#ledger-title").innerText(), /tháng 10\/2026$/, "the month that is looked at stays");
  await page.getByRole("button", { name: "Bỏ lọc" }).click();
  await page.locator('[data-obligation] [data-state="rejected"]').first().waitFor({ timeout: PATIENCE });
  await context.close();
});

for (const due of ["", "2026-11", "2026"]) {
  test(`each number at a glance opens to what it counts, of ${due || "the running month"}`, async () => {
    const { context, page } = await ledger(due && `?due=${due}`);
    for (const id of ["missing", "soon", "late", "on_time", "owed", "refused"]) {
      const figure = page.locator(`[data-owed=${id}]`);
      const said = Number((await figure.locator(".domain-figure").innerText()).replaceAll(/\D/g, ""));
      const [answer] = await Promise.all([page.waitForResponse(/\/api\/obligations\?/), figure.getByRole("button").click()]);
      const all = new URL(answer.url());
      all.searchParams.set("limit", "500");
      const { obligations, next } = await (await fetch(all)).json();
      assert.equal(next, null);
      const counted = id === "refused" ? obligations.reduce((sum, { rejected }) => sum + rejected, 0) : obligations.length;
      assert.equal(counted, said, `${id}: ${all}`);
    }
    await context.close();
  });
}

test("a list goes on page by page and comes back to its first", async () => {
  const { context, page } = await ledger("?state=on_time");
  const first = await page.locator("[data-obligation]").first().getAttribute("data-obligation");
  await page.getByRole("button", { name: "Tiếp" }).click();
  await page.waitForFunction((before) => document.querySelector("[data-obligation]")?.dataset.obligation !== before, first);
  await page.getByRole("button", { name: "Về đầu danh sách" }).click();
  await page.waitForFunction((before) => document.querySelector("[data-obligation]")?.dataset.obligation === before, first);
  await context.close();
});

test("a matrix is of what is due in a month, of a form of its periods, and each cell opens", async () => {
  const { context, page, seen } = await ledger();
  const heads = () => texts(page.locator(".ledger-matrix thead th"));
  assert.equal((await heads()).length, 3, "an agency and two forms");
  assert.equal(await page.locator(".ledger-matrix tbody tr").count(), 30);
  await page.getByRole("button", { name: /Thêm.*Đơn vị/ }).click();
  assert.equal(await page.locator(".ledger-matrix tbody tr").count(), 42);
  await page.locator(".ledger-matrix thead").getByRole("button", { name: /KTXH-X/ }).click();
  await page.waitForFunction(() => document.querySelectorAll(".ledger-matrix thead th").length === 5);
  assert.match((await heads())[1], /^tháng 12\/2026 \(15\/11–14\/12\)$/);
  const cell = page.locator('.ledger-matrix [data-cell="missing"]').first();
  assert.match(await cell.getAttribute("title"), /^tháng \d+\/2026: chưa nộp quá hạn \d+ ngày/);
  await cell.focus();
  await page.keyboard.press("Enter");
  await page.locator("#obligation-title").waitFor({ timeout: PATIENCE });
  await page.waitForFunction(() => document.activeElement?.id === "obligation-title");
  assert.deepEqual(seen.errors, []);
  await context.close();
});

test("one obligation opens to its attempts, down to the receipt and the message, and is left for its row", async () => {
  const { context, page, seen } = await ledger("?state=rejected");
  const row = page.locator("[data-obligation]").first();
  const id = await row.getAttribute("data-obligation");
  await row.getByRole("button").click();
  const story = page.locator(".obligation-story");
  await story.locator("[data-attempt]").first().waitFor({ timeout: PATIENCE });
  assert.match((await texts(story.locator("[data-attempt]")))[0], /không nhận .* 1 Tiêu đề ghi kỳ 2026-10.* xa-1 1-0-702/);
  assert.deepEqual(await story.locator("[data-said]").evaluateAll((all) => all.map((it) => it.dataset.said)), ["due", "rejected"]);
  assert.ok((await story.locator("[data-agency-score]").count()) >= 2);
  await page.getByRole("button", { name: "Đóng" }).click();
  await page.waitForFunction((wanted) => document.activeElement?.id === `owes-${wanted}`, id);
  await row.getByRole("button").click();
  await story.locator("[data-attempt]").getByRole("button", { name: /Mở bản gốc/ }).click();
  await page.waitForFunction(() => location.hash.includes("step=envelope/1-0-702") || location.hash.includes("step=envelope%2F1-0-702"));
  await page.goBack();
  await story.locator("[data-attempt]").getByRole("button", { name: /Mở biên nhận/ }).click();
  await page.waitForFunction(() => location.hash === "#/reports?report=1-0-702");
  assert.deepEqual(seen.errors, []);
  await context.close();
});

test("scores come with their reasons, the worst first, and open to what was owed", async () => {
  const { context, page } = await ledger();
  const scores = page.locator("[data-score]");
  const [worst] = await texts(scores.first());
  assert.match(worst, /0% 1 chưa nộp .*1 0 1$/);
  const late = page.locator("[data-score]", { hasText: "nộp muộn" }).first();
  assert.match((await texts(late))[0], /1 nộp muộn \(giữa: 15 giờ 15 phút\)/);
  await page.locator(".scores").getByLabel("Kỳ").selectOption("admin_month~2026-10");
  await page.waitForFunction(() => /tháng 10\/2026/.test(document.querySelector("#scores-title").textContent));
  const agency = await scores.first().getAttribute("data-score");
  await scores.first().getByRole("button").click();
  await page.waitForFunction((wanted) => [...document.querySelectorAll("[data-obligation]")].length === 1 && document.querySelector("[data-obligation]").dataset.obligation.includes(`~${wanted}~admin_month~2026-10`), agency);
  await context.close();
});

test("what arrives is seen as soon as its epoch is committed, and how late it was", async () => {
  const { context, page } = await ledger("?state=missing");
  const id = await page.locator("[data-obligation]").first().getAttribute("data-obligation");
  const asked = served.asked.filter((it) => it.startsWith("/api/obligations?")).length;
  await fetch(new URL(`fixture/meet/${encodeURIComponent(id)}`, served.url), { method: "POST" });
  // Long before the page would ask by itself.
  await page.locator(`[data-obligation="${id}"]`).waitFor({ state: "detached", timeout: 5_000 });
  assert.ok(served.asked.filter((it) => it.startsWith("/api/obligations?")).length > asked);
  await context.close();
});

test("epochs that follow each other cost one question more, and none that is under way is ended by the next", async () => {
  const { context, page } = await ledger("?state=missing");
  const ended = [];
  page.on("requestfailed", (request) => ended.push(request.url()));
  await page.route("**/api/obligations?*", async (route) => {
    await new Promise((waited) => setTimeout(waited, 300));
    await route.continue();
  });
  const ids = await page.locator("[data-obligation]").evaluateAll((all) => all.slice(0, 2).map((it) => it.dataset.obligation));
  const lists = () => served.asked.filter((it) => it.startsWith("/api/obligations?")).length;
  await page.waitForTimeout(1_200);
  const asked = lists();
  for (const id of ids) {
    served.world.owed.met(id);
    served.tick();
    await new Promise((waited) => setTimeout(waited, 10));
  }
  for (const id of ids) await page.locator(`[data-obligation="${id}"]`).waitFor({ state: "detached", timeout: 5_000 });
  await page.waitForTimeout(1_500);
  assert.ok(lists() - asked <= 2, `${lists() - asked} questions`);
  assert.deepEqual(ended, []);
  await page.unroute("**/api/obligations?*");
  await context.close();
});

test("the ledger is shown as it was known at a moment, and says so", async () => {
  const { context, page } = await ledger();
  await page.getByLabel("Xem như lúc").fill("2026-11-18T08:00");
  await page.getByLabel("Xem như lúc").blur();
  await page.locator(".known-at").waitFor({ timeout: PATIENCE });
  assert.match((await texts(page.locator(".known-at")))[0], /Sổ như đã biết lúc 08:00:00 18\/11\/2026/);
  assert.ok(served.asked.some((it) => it.startsWith("/api/obligations/matrix") && it.includes("at=2026-11-18T08%3A00%3A00%2B07%3A00")));
  await page.locator(".known-at").getByRole("button").click();
  await page.locator(".known-at").waitFor({ state: "detached", timeout: PATIENCE });
  await context.close();
});

test("who is shown what was reported finds who owes it", async () => {
  const { context, page } = await open(browser, new URL("#/reports?report=1-0-702", served.url), DESK);
  await page.getByRole("button", { name: "Mở trong sổ nghĩa vụ" }).click();
  await page.waitForFunction(() => location.hash.startsWith("#/ledger?owes="));
  await context.close();
});

for (const size of SCREENS) {
  test(`nobody is shut out of the ledger and nothing runs over the edge at ${size.width} px`, async () => {
    const { context, page, seen } = await ledger(`?owes=${encodeURIComponent(owed().find(({ state }) => state === "rejected").id)}`, size);
    await page.locator("[data-attempt]").first().waitFor({ timeout: PATIENCE });
    for (const language of size === PHONE ? ["vi", "en"] : ["vi"]) {
      if (language === "en") await page.getByRole("button", { name: "English" }).click();
      await settled(page);
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= size.width);
      assert.deepEqual(await violations(page), []);
      await keep(page, `ledger-${size.width}-${language}`);
      if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/ledger-${size.width}-${language}-whole.png`, fullPage: true });
    }
    if (size === PHONE) {
      const small = await page.locator("main button:visible").evaluateAll((all) => all.filter((it) => it.getBoundingClientRect().height < 43.5).map((it) => it.outerHTML.slice(0, 120)));
      assert.deepEqual(small, []);
    }
    assert.deepEqual(seen.errors, []);
    await context.close();
  });
}

for (const [width, height, query] of [[3840, 2160, "?m=5&pitch=0.63"], [1920, 1080, "?m=3&pitch=0.63"], [1080, 1920, "?m=3&pitch=0.63"], [1366, 768, ""]]) {
  test(`a wall of ${width} by ${height} shows who is behind, whole, with nothing to click`, async () => {
    const { context, page, seen } = await open(browser, new URL(`/wall/ledger${query}`, served.url), { ...WALL, width, height });
    await page.locator("[data-owed=missing]").waitFor({ timeout: PATIENCE });
    await page.locator("[data-obligation]").first().waitFor({ timeout: PATIENCE, state: "attached" });
    await settled(page);
    const size = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]);
    assert.ok(size[0] <= width && size[1] <= height, String(size));
    assert.equal(await page.locator("button:visible, a:visible, select:visible, input:visible, summary:visible").count(), 0);
    const cut = await page.locator("[data-owed] > *, .domain-wall-list li").evaluateAll(
      (all, height) => all.filter((it) => it.getBoundingClientRect().bottom > height + 1 || it.getBoundingClientRect().bottom > it.closest(".panel").getBoundingClientRect().bottom + 1).map((it) => it.textContent),
      height,
    );
    assert.deepEqual(cut, []);
    if (width === WALL.width) assert.deepEqual(await violations(page), []);
    await keep(page, `ledger-wall-${width}`);
    assert.deepEqual(seen.errors, []);
    await context.close();
  });
}
