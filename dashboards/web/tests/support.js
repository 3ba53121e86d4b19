// What the page's tests share: the browser, the server they drive, the network cable that can be pulled.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import net from "node:net";
import path from "node:path";
import { chromium } from "playwright-core";
import { startFixture } from "./fixture/server.js";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
export const PATIENCE = 60_000;
export const PHONE = { width: 390, height: 844 };
export const DESK = { width: 1440, height: 900 };
const HD = { width: 1920, height: 1080 };
export const WALL = { width: 3840, height: 2160 };
export const SCREENS = [PHONE, DESK, HD, WALL];

export const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export function launch() {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** The server under test: the real one where BASE_URL names it, else the fixture. */
export async function server(options) {
  if (process.env.BASE_URL) return { url: new URL(process.env.BASE_URL).href, close: async () => {} };
  return startFixture(options);
}

/** A page that has its first picture, and everything it asked for or complained about. */
export async function open(browser, url, viewport = DESK, context_ = {}, script = null) {
  // The page's own policy would keep axe out; that it does is what another test is for.
  const context = await browser.newContext({ viewport, bypassCSP: true, ...context_ });
  if (script) await context.addInitScript(script);
  const page = await context.newPage();
  const seen = { requests: [], errors: [] };
  page.on("request", (request) => seen.requests.push(request.url()));
  page.on("pageerror", (error) => seen.errors.push(String(error)));
  await page.goto(String(url));
  await page.locator("main#content").waitFor({ timeout: PATIENCE });
  return { context, page, seen };
}

/** Waits for what the test itself sees, not the page. */
export async function until(is, what) {
  const late = Date.now() + PATIENCE;
  while (!is()) {
    if (Date.now() > late) throw new Error(`not so: ${what}`);
    await new Promise((again) => setTimeout(again, 50));
  }
}

/** Waits until nothing on the page moves any more: for so many frames, since a busy machine draws fewer. */
export async function settled(page) {
  await page.evaluate(
    () =>
      new Promise((done) => {
        let before = "";
        let same = 0;
        const look = () => {
          const boxes = [...document.querySelectorAll("main *")].map((it) => it.getBoundingClientRect());
          const now = boxes.map(({ x, y, width, height }) => [x, y, width, height].map(Math.round).join()).join(";");
          same = now === before ? same + 1 : 0;
          before = now;
          if (same >= 8) done();
          else requestAnimationFrame(look);
        };
        look();
      }),
  );
}

export async function keep(page, name) {
  if (process.env.SHOTS) await page.screenshot({ path: path.join(process.env.SHOTS, `${name}.png`) });
}

/** What axe finds, as one line a finding. */
export async function violations(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run());
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
}

/** A door in front of the server that can be shut: the network cable of the test. */
export async function door(base) {
  const { hostname, port } = new URL(base);
  const open = new Set();
  let shut = false;
  const server = net.createServer((near) => {
    if (shut) return near.destroy();
    const far = net.connect({ host: hostname, port: Number(port || 80) });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ]) {
      open.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        open.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    shut() {
      shut = true;
      for (const socket of open) socket.destroy();
    },
    /** The connections stay open and nothing comes through any more. */
    freeze() {
      shut = true;
      for (const socket of open) {
        socket.unpipe();
        socket.pause();
      }
    },
    reopen() {
      shut = false;
    },
    close() {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
}
