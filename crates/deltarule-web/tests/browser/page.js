// Opens the page in Chromium, and reads what is on it.

import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { existsSync } from "node:fs";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../../..");
const target = process.env.CARGO_TARGET_DIR ? resolve(root, process.env.CARGO_TARGET_DIR) : join(root, "target");
export const program = process.env.DELTARULE ?? join(target, "debug/deltarule");
export const oneFile = join(root, "crates/deltarule-web/built/page.html");
export const examples = join(root, "examples");

const KINDS = { ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".wasm": "application/wasm", ".json": "application/json" };

/** Runs the command; gives what it prints. */
export async function command(args, folder = root) {
  const { stdout } = await promisify(execFile)(program, args, { cwd: folder, maxBuffer: 1 << 26 });
  return stdout;
}

/** An empty folder. */
export const folder = () => mkdtemp(join(tmpdir(), "deltarule-page-"));

/** The built folder on a static host, under a path of some depth. */
export async function host() {
  const files = join(root, "target/page");
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, "http://localhost").pathname;
    const name = path.startsWith("/some/where/") ? path.slice("/some/where/".length) || "index.html" : null;
    const file = name === null ? null : join(files, name);
    if (file === null || !existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "content-type": KINDS[extname(file)] ?? "application/octet-stream" });
    response.end(await readFile(file));
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { address: `http://127.0.0.1:${server.address().port}/some/where/`, close: () => server.close() };
}

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

export const browser = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });

/** A page that notes what goes wrong on it, and refuses every other host. */
export async function open(browser, address, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1360, height: 900 }, ...options });
  const page = await context.newPage();
  const wrong = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && wrong.push(message.text()));
  page.on("pageerror", (error) => wrong.push(error.message));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (!["data:", "blob:", "file:"].includes(url.protocol) && url.host !== new URL(address).host) wrong.push(`asked ${url.host}`);
  });
  await page.goto(address);
  await page.waitForSelector("body.ready", { timeout: 60000 });
  return { page, wrong, close: () => context.close() };
}

/** The address, with all that is shown in it. */
export async function address(page) {
  await page.evaluate(() => window.deltarule.address.write());
  return page.url();
}

/** The part of it that holds the state. */
export const state = async (page) => {
  const url = await address(page);
  return url.slice(url.indexOf("#"));
};

/** The number that a text on the page stands for. */
export const number = (text) => Number(text.replace("−", "-"));

/** E as it is written, of a lane. */
export const lossText = async (page, lane = 0) => (await page.textContent(`.readout[data-lane="${lane}"] [data-value="loss"]`)).replace("−", "-");

/** Epochs, or steps, so far. */
export const at = async (page, lane = 0) => Number(await page.textContent(`.readout[data-lane="${lane}"] [data-value="at"]`));

/** The weights as they are written. */
export const weightTexts = async (page) => (await page.locator("[data-weight]").allTextContents()).map((text) => text.replace("−", "-"));

/** CSV as rows of fields; no quotes. */
export const rows = (text) => text.trim().split("\n").slice(1).map((line) => line.split(","));
