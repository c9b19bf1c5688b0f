// The report of a training, from the disk: on the screen and on paper.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { browser, command, examples, folder } from "./page.js";

let chromium;

before(async () => (chromium = await browser()));
after(() => chromium.close());

/** A report of a training, opened from the disk. */
async function report(file, target, ...options) {
  const here = await folder();
  const path = join(here, "report.html");
  await command(["train", join(examples, file), "--target", target, "--report", path, "--quiet", ...options]);
  const page = await chromium.newPage({ viewport: { width: 1000, height: 1000 } });
  const wrong = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && wrong.push(message.text()));
  page.on("pageerror", (error) => wrong.push(error.message));
  page.on("request", (request) => /^(file|data):/.test(request.url()) || wrong.push(`asked ${request.url()}`));
  await page.goto(`file://${path}`);
  return { page, wrong, path };
}

/** A page of A4 without its margins of 15 mm, in pixels of 1/96 inch. */
const PAPER = { width: Math.round((180 * 96) / 25.4), height: Math.round((267 * 96) / 25.4) };

// Pages that are filled: one more than there are where the fonts are those of Debian.
for (const [most, file, target, ...options] of [
  [8, "breast_cancer.csv", "diagnosis", "--valid", "0.25"],
  [6, "diabetes.csv", "progression"],
  [8, "iris.csv", "species"],
  [6, "ten.csv", "passed"],
  [5, "diabetes.csv", "progression", "--private"],
]) {
  test(`a report opens without a complaint and is printed on few pages: ${file} ${options.join(" ")}`, async () => {
    const { page, wrong, path } = await report(file, target, ...options);
    assert.deepEqual(wrong, [], "nothing is complained of, and nothing fetched");
    assert.doesNotMatch(await readFile(path, "utf8"), /<script/);
    const pdf = (await page.pdf({ format: "A4", preferCSSPageSize: true })).toString("latin1");
    const pages = pdf.match(/\/Type\s*\/Page\b(?!s)/g).length;
    assert.ok(pages <= most, `${pages} pages`);
    // What has no room goes to the next page whole: no picture is so high that much is left empty then.
    await page.emulateMedia({ media: "print" });
    await page.setViewportSize(PAPER);
    const figures = await page.locator("figure").evaluateAll((all) => all.map((figure) => figure.getBoundingClientRect().height));
    assert.ok(figures.length > 0 && Math.max(...figures) < 0.36 * PAPER.height, `pictures are ${figures} high`);
    await page.close();
  });
}
