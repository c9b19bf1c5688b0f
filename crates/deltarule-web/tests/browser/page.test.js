// The page beside the command, and what a person does with it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { address, at, browser, command, examples, folder, host, lossText, number, oneFile, open, program, rows, state, weightTexts } from "./page.js";

let chromium;
let server;

before(async () => {
  chromium = await browser();
  server = await host();
});
after(async () => {
  await chromium.close();
  server.close();
});

/** Opens the page with a state, runs `test`, and sees to it that nothing went wrong on the way. */
async function on(hash, run, options = {}) {
  const { page, wrong, close } = await open(chromium, server.address + hash, options);
  try {
    await run(page);
    assert.deepEqual(wrong, [], "nothing is complained of on the console, and no other host asked");
  } finally {
    await close();
  }
}

const step = (page) => page.click("#forward");

/** A file of the examples as the part of an address. */
async function fileWords(name, target, features = "") {
  const csv = await readFile(join(examples, name), "utf8");
  return `#file=${name}&csv=${encodeURIComponent(csv)}&targets=${target}${features && `&features=${features}`}`;
}

// ── the same numbers as the command's ──

const WALKS = [
  ["as in the lesson", "ten.csv", "passed", "--textbook --eta 0.01", "&f=sigmoid&scale=none&bias=0&reduction=sum&init=normal&eta=0.01"],
  ["scaled, with a bias", "ten.csv", "passed", "--optimizer gd --eta 5", "&eta=5"],
  ["tanh, from seed 7", "ten.csv", "passed", "--optimizer gd --activation tanh --init normal --seed 7 --eta 0.5", "&f=tanh&init=normal&seed=7&eta=0.5"],
  ["a formula", "ten.csv", "passed", "--optimizer gd --activation h/(1+abs(h)) --init normal --eta 0.5", "&f=h/(1%2Babs(h))&init=normal&eta=0.5"],
  ["momentum", "ten.csv", "passed", "--optimizer momentum --eta 2", "&rule=momentum&eta=2"],
  ["adam", "ten.csv", "passed", "--optimizer adam --eta 0.1", "&rule=adam&eta=0.1"],
];

for (const [name, file, target, options, words] of WALKS) {
  test(`steps are those of the command's trace and path: ${name}`, async () => {
    const here = await folder();
    const [trace, path] = [join(here, "trace.csv"), join(here, "path.csv")];
    await command(["train", join(examples, file), "--target", target, ...options.split(" "), "--epochs", "6", "--trace", trace, "--path", path, "--quiet"]);
    const expected = rows(await readFile(trace, "utf8"));
    const weights = rows(await readFile(path, "utf8"));
    await on((await fileWords(file, target)) + words, async (page) => {
      for (const [epoch, loss] of expected) {
        assert.equal(await at(page), Number(epoch));
        assert.equal(number(await lossText(page)), Number(loss), `E after ${epoch} epochs`);
        // The last row of a path has the weights that are kept, the best ones.
        const of = weights.filter((row) => row[0] === epoch).map((row) => row[3]);
        const shown = await weightTexts(page);
        if (Number(epoch) < 6) assert.deepEqual(shown.map(Number), of.map(Number), `weights after ${epoch} epochs`);
        await step(page);
      }
    });
  });
}

for (const batch of [1, 3]) {
  test(`epochs of ${batch} record(s) a step are those of the command`, async () => {
    const here = await folder();
    const trace = join(here, "trace.csv");
    await command(["train", join(examples, "ten.csv"), "--target", "passed", "--optimizer", "gd", "--eta", "0.3", "--batch", String(batch), "--seed", "5", "--epochs", "4", "--trace", trace, "--quiet"]);
    const expected = rows(await readFile(trace, "utf8"));
    await on((await fileWords("ten.csv", "passed")) + `&eta=0.3&batch=${batch}&seed=5`, async (page) => {
      const steps = Math.ceil(10 / batch);
      for (const [epoch, loss] of expected) {
        assert.equal(await at(page), Number(epoch) * steps);
        assert.equal(number(await lossText(page)), Number(loss), `E after ${epoch} epochs`);
        for (let k = 0; k < steps; k++) await step(page);
      }
    });
  });
}

test("ten inputs and 442 records of real data: the same, and from a dropped file", async () => {
  const here = await folder();
  const trace = join(here, "trace.csv");
  await command(["train", join(examples, "diabetes.csv"), "--target", "progression", "--optimizer", "gd", "--eta", "0.2", "--epochs", "3", "--trace", trace, "--quiet"]);
  const expected = rows(await readFile(trace, "utf8"));
  await on("", async (page) => {
    await page.setInputFiles("#file", join(examples, "diabetes.csv"));
    await page.waitForSelector("#columns[open]");
    await page.click("#columns-open");
    await page.waitForSelector("#columns:not([open])", { state: "attached" });
    await page.fill("#eta-number", "0.2");
    await page.press("#eta-number", "Enter");
    for (const [, loss] of expected) {
      assert.equal(number(await lossText(page)), Number(loss));
      await step(page);
    }
  });
});

test("one record's arithmetic is that of explain, every number", async () => {
  for (const record of [1, 2, 7]) {
    const text = await command(["explain", join(examples, "ten.csv"), "--target", "passed", "--activation", "tanh", "--init", "normal", "--seed", "3", "--record", String(record), "--eta", "0.7", "--json"]);
    const explained = JSON.parse(text);
    await on((await fileWords("ten.csv", "passed")) + `&f=tanh&init=normal&seed=3&eta=0.7&record=${record}`, async (page) => {
      const shown = async (name) => number(await page.textContent(`#worked [data-value="${name}"]`));
      const [output] = explained.record.steps;
      const names = { net_input: "h", output: "y_hat", residual: "residual", squared: "squared", loss: "loss", derivative: "derivative", delta: "delta", new_loss: "new_loss" };
      for (const [name, key] of Object.entries(names)) {
        assert.equal(await shown(name), output[key], `${name} of record ${record}`);
      }
      const cells = (await page.locator("#worked td").allTextContents()).map(number);
      for (const values of [output.w, output.wx, output.gradient, output.step, output.new_w]) {
        for (const value of values) assert.ok(cells.includes(value), `${value} of record ${record}`);
      }
      assert.match(await page.textContent("#worked"), /The gradient is right/);
    });
  }
});

test("the lesson's example has the numbers of the bare explain", async () => {
  const text = await command(["explain"]);
  await on("#data=one&scale=none&f=sigmoid&eta=0.5&reduction=sum&start=0.6,0.1,0.2", async (page) => {
    const worked = await page.textContent("#worked");
    const after = (label) => text.match(new RegExp(`${label} *= ([-0-9.e]+)`, "m"))[1];
    for (const value of [after("h = Σ w·x \\+ b"), after("ŷ = f\\(h\\)"), after("y − ŷ"), after("\\(y − ŷ\\)²"), after("½\\(y − ŷ\\)²"), "0.08106825284073776", "0.04053412642036888", "0.6405341264203689"]) {
      assert.ok(worked.replaceAll("−", "-").includes(value), `${value} is on the page`);
    }
    await step(page);
    assert.equal(await lossText(page), "0.04525844634255149");
  });
});

// ── walking ──

test("back restores every number, and forward again leads the same way", async () => {
  await on("#data=ten&f=tanh&init=normal&seed=2&eta=0.4&batch=3", async (page) => {
    const look = async () => [await lossText(page), await weightTexts(page), await page.textContent("#worked")];
    const seen = [await look()];
    for (let k = 0; k < 9; k++) {
      await step(page);
      seen.push(await look());
    }
    for (let k = 8; k >= 0; k--) {
      await page.click("#back");
      assert.deepEqual(await look(), seen[k], `after going back to step ${k}`);
    }
    assert.ok(await page.isEnabled("#forward"));
    for (let k = 1; k <= 9; k++) {
      await step(page);
      assert.deepEqual(await look(), seen[k]);
    }
    await page.click("#reset");
    assert.deepEqual(await look(), seen[0]);
  });
});

test("divergence is shown and explained, and Back leads out of it", async () => {
  await on("#data=line&scale=none&eta=0.5&start=0,0", async (page) => {
    await page.selectOption("#speed", "25");
    await page.click("#run");
    await page.waitForSelector(".ended.bad");
    const words = await page.textContent(".ended");
    assert.match(words, /Diverged/);
    assert.match(words, /η above/);
    assert.doesNotMatch(await page.textContent("body"), /NaN|Infinity/);
    const steps = await at(page);
    await page.click("#back");
    assert.equal(await at(page), steps - 1);
    await page.click("#eta-best");
    await page.click("#forward");
    await page.click("#forward");
    assert.equal(await page.locator(".ended.bad").count(), 0);
  });
});

test("a sigmoid saturates, and the page says what that is", async () => {
  await on("#data=ten&f=sigmoid&scale=none&eta=500&start=0.1,0.1,0", async (page) => {
    await page.selectOption("#speed", "25");
    await page.click("#run");
    await page.waitForSelector(".ended");
    assert.match(await page.textContent(".ended"), /Saturated/);
  });
});

test("run goes down to the minimum that the command finds", async () => {
  const trained = JSON.parse(await command(["train", join(examples, "ten.csv"), "--target", "passed", "--json"]));
  await on(await fileWords("ten.csv", "passed"), async (page) => {
    await page.selectOption("#speed", "100");
    await page.click("#run");
    await page.waitForSelector(".ended.good", { timeout: 60000 });
    const found = number(await lossText(page));
    const least = JSON.stringify(trained).match(/"sse":([0-9.]+)/);
    assert.ok(Math.abs(found - Number(least[1])) < 1e-9 * found, `${found} beside ${least[1]}`);
  });
});

test("keys step, go back, run, reset and change η", async () => {
  await on("#data=line&scale=none&eta=0.02", async (page) => {
    await page.locator("#walk").focus();
    const start = await lossText(page);
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    assert.equal(await at(page), 2);
    await page.keyboard.press("ArrowLeft");
    assert.equal(await at(page), 1);
    await page.keyboard.press("Space");
    await page.waitForFunction(() => window.deltarule.lanes[0].state.at > 4);
    await page.keyboard.press("Space");
    assert.equal(await page.getAttribute("#run", "aria-pressed"), "false");
    await page.keyboard.press("Home");
    assert.equal(await lossText(page), start);
    await page.keyboard.press("]");
    assert.ok(Math.abs(Number(await page.inputValue("#eta-number")) - 0.022) < 1e-12);
    // The status that is read aloud says where the walk is.
    await page.keyboard.press("ArrowRight");
    assert.match(await page.textContent("#said"), /Step 1: E is/);
  });
});

// ── what can be changed ──

test("a formula of one's own is taken, and a wrong one is told", async () => {
  await on("#data=ten", async (page) => {
    await page.selectOption("#activation", "formula");
    await page.fill("#formula", "ln(1 + exp(h)) / 3");
    await page.press("#formula", "Enter");
    assert.match(await page.textContent("#worked"), /ln\(1 \+ exp\(h\)\) \/ 3/);
    assert.match(await page.textContent("#worked"), /The gradient is right/);
    const before = await lossText(page);
    await page.fill("#formula", "exp(h");
    await page.press("#formula", "Enter");
    assert.match(await page.textContent("#alert"), /f: .*exp\(h/s);
    assert.equal(await lossText(page), before);
  });
});

test("wrong numbers are told with what was expected, and change nothing", async () => {
  await on("#data=line", async (page) => {
    const before = await lossText(page);
    for (const [field, text, expected] of [["#eta-number", "-1", /above 0/], ["#eta-number", "fast", /above 0/], ["#batch", "0", /batch|records/], ["#batch", "two", /whole number/]]) {
      await page.fill(field, text);
      await page.press(field, "Enter");
      assert.match(await page.textContent("#alert"), expected, `${field} = ${text}`);
      assert.equal(await lossText(page), before);
    }
  });
});

test("an address with nonsense opens all the same, and says so", async () => {
  const wrong = [
    ["data=moon", /moon/], ["f=sine", /sine/], ["start=1,2,3", /start/], ["eta=-2", /eta/], ["scale=big", /scale/], ["steps=oops", /JSON/],
    // What is no number where one is expected, and what is a number of nothing.
    ["eta=fast", /eta: found "fast"/], ["eta=1e999", /eta: found "1e999"/], ["batch=few", /batch: found "few"/], ["batch=0", /batch/], ["seed=1.5", /seed: found "1.5"/], ["seed=9007199254740992", /seed: found "9007199254740992"/],
    ["start=1,x", /start: found "1,x"/], ["start=1,", /start: found "1,"/], ["step=-1", /step: found "-1"/], ["step=1e3", /step: found "1e3"/],
    ["record=0", /record: found "0" in the address, expected the number of a record, from 1 on/], ["record=11", /record: found "11".*from 1 to 10/], ["record=two", /record: found "two"/],
    ["output=1", /output: found "1".*the only one/], ["w=2", /w: found "2".*from 0 to 1/], ["w=slope", /w: found "slope"/], ["ww=0", /ww: found "0"/], ["ww=1,1", /ww: found "1,1".*different/],
    ["x=5", /x: found "5"/], ["x=0,0", /x: found "0,0"/], ["lesson=99", /lesson: found "99"/], ["lesson=first", /lesson: found "first"/], ["bias=maybe", /bias: found "maybe"/],
    ["hide=everything", /hide: found "everything"/], ["colour=red", /colour: is no word/], ["b=1&b.eta=x", /b\.eta: found "x"/], ["b=1&b.f=sine", /the second setting.*sine/],
    ["eta=0.9&scale=none&step=5000", /step: found "5000".*Diverged/],
  ];
  for (const [words, told] of wrong) {
    const hash = `#${words.startsWith("data") ? "" : "data=line&"}${words}`;
    await on(hash, async (page) => {
      assert.match(await page.textContent("#alert"), told, hash);
      assert.ok(Number.isFinite(number(await lossText(page))));
      assert.equal(await page.evaluate(() => window.deltarule.source.id), "line");
    });
  }
  await on("#data=line&init=normal&seed=9007199254740991", async (page) => assert.equal(await page.isHidden("#alert"), true));
  await on("#nonsense", async (page) => assert.match(await page.textContent("#alert"), /found "nonsense" behind #/));
  await on("#walk", async (page) => assert.equal(await page.isHidden("#alert"), true));
  await on("#data=line&eta=0.02&record=10&step=2&start=1,-1e-3&ww=1,0", async (page) => assert.equal(await page.isHidden("#alert"), true));
});

test("the link that skips to the walk changes nothing but where one is", async () => {
  await on("#data=two&eta=0.2&step=3", async (page) => {
    const [loss, url] = [await lossText(page), await address(page)];
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
    await page.keyboard.press("Enter");
    await page.evaluate(() => (location.hash = "#walk"));
    await page.waitForFunction((expected) => location.href === expected, url);
    assert.deepEqual([await lossText(page), await at(page), await page.isHidden("#alert")], [loss, 3, true]);
  });
  await on("#data=two", async (page) => {
    await page.focus(".skip");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "walk");
    await page.keyboard.press("ArrowRight");
    assert.equal(await at(page), 1);
  });
});

test("the next step that is shown is the one that is taken, with every rule", async () => {
  for (const rule of ["momentum", "nesterov", "adagrad", "rmsprop", "adam"]) {
    await on(`#data=line&scale=none&eta=0.01&rule=${rule}&start=-1,6`, async (page) => {
      for (let k = 0; k < 4; k++) {
        const next = (await page.locator("[data-next]").allTextContents()).map(number);
        const aim = await page.evaluate(() => window.deltarule.lanes[0].state.next);
        assert.equal(await page.locator("[data-step]").count(), 0, "no step of another rule");
        await step(page);
        assert.deepEqual((await weightTexts(page)).map(Number), next, `${rule}, step ${k + 1}`);
        assert.deepEqual(await page.evaluate(() => window.deltarule.lanes[0].state.weights), aim);
      }
      assert.match(await page.textContent("#weights"), new RegExp(`that of ${rule}`));
    });
  }
  await on("#data=line&scale=none&eta=0.02&start=-1,6", async (page) => {
    const before = (await weightTexts(page)).map(Number);
    const steps = (await page.locator("[data-step]").allTextContents()).map(number);
    await step(page);
    (await weightTexts(page)).map(Number).forEach((w, k) => assert.ok(Math.abs(w - before[k] - steps[k]) < 1e-5));
  });
  await on("#data=line&batch=2", async (page) => assert.equal(await page.locator("[data-step], [data-next]").count(), 0));
});

// ── tables of all kinds ──

const LEVELS = "colour,shape,y\nred,round,1\nblue,square,2\nred,square,4\na green that has a very long name,round,3\nblue,round,2.5\n";

test("a table of categories alone is shown, walked down and changed", async () => {
  await on(`#csv=${encodeURIComponent(LEVELS)}&targets=y&eta=0.2`, async (page) => {
    const start = number(await lossText(page));
    await step(page);
    assert.ok(number(await lossText(page)) < start);
    assert.match(await page.getAttribute("canvas.data", "aria-label"), /5 points of points.csv: y over colour/);
    // A point goes to the next level with a key, and to another one with the mouse.
    const colour = () => page.evaluate(() => window.deltarule.points.features[0].levels[window.deltarule.points.columns[0][0]]);
    const levels = await page.evaluate(() => window.deltarule.points.features[0].levels);
    const at = levels.indexOf(await colour());
    await page.locator("canvas.data").focus();
    await page.keyboard.press(at + 1 < levels.length ? "Shift+ArrowRight" : "Shift+ArrowLeft");
    assert.equal(await colour(), levels[at + 1 < levels.length ? at + 1 : at - 1]);
    const aim = await page.evaluate(() => {
      const view = window.deltarule.shown[0].data;
      const box = view.canvas.getBoundingClientRect();
      const [x, y] = view.place(0);
      return [box.left + view.frame.x(x), box.top + view.frame.y(y), box.left + view.frame.x(0), box.left + view.frame.x(2)];
    });
    await page.mouse.move(aim[0], aim[1]);
    await page.mouse.down();
    await page.mouse.move(aim[2], aim[1], { steps: 3 });
    await page.mouse.move(aim[3], aim[1], { steps: 3 });
    await page.mouse.up();
    assert.equal(await colour(), levels[2]);
    // Both at once, and the same from the address.
    await page.selectOption(".choices select >> nth=1", "1");
    assert.match(await page.getAttribute("canvas.data", "aria-label"), /over colour and shape/);
    const loss = await lossText(page);
    await on(await state(page), async (again) => {
      assert.equal(await lossText(again), loss);
      assert.deepEqual(await again.evaluate(() => window.deltarule.view.columns), [0, 1]);
    });
  });
  await on(`#csv=${encodeURIComponent("k,c\na,yes\nb,no\na,yes\nb,yes\n")}&targets=c`, async (page) => {
    await step(page);
    await page.selectOption("#activation", "tanh");
    await step(page);
  });
});

test("each of three classes over one input is looked at", async () => {
  const csv = "x,kind\n1,a\n2,b\n3,c\n1.5,a\n2.5,b\n3.5,c\n";
  await on(`#csv=${encodeURIComponent(csv)}&targets=kind&eta=0.5`, async (page) => {
    for (const output of ["0", "1", "2"]) {
      await page.selectOption("#output", output);
      await step(page);
      const targets = await page.evaluate(() => [0, 1, 2, 3, 4, 5].map((r) => window.deltarule.shown[0].data.place(r)[1]));
      assert.deepEqual(targets, [0, 1, 2, 0, 1, 2].map((k) => (k === Number(output) ? 1 : 0)));
    }
  });
});

test("classes are drawn at the numbers that the core aims at", async () => {
  for (const [words, targets] of [["f=elu", [0, 1]], ["f=identity&loss=hinge", [-1, 1]], ["f=tanh", [-1, 1]], ["f=sigmoid&loss=log", [0, 1]], ["f=h/(1%2Babs(h))", [0, 1]]]) {
    await on(`#data=ten&x=0&eta=0.01&${words}`, async (page) => {
      const drawn = await page.evaluate(() => [0, 1].map((r) => window.deltarule.shown[0].data.place(r)[1]));
      assert.deepEqual(drawn, targets, words);
      for (const [record, target] of [["1", targets[0]], ["2", targets[1]]]) {
        await page.fill("#record", record);
        await page.press("#record", "Enter");
        const line = await page.textContent("#worked .lines li:nth-child(2)");
        assert.match(line.replace("−", "-"), new RegExp(`should be y = ${target}$`), words);
      }
    });
  }
});

test("names with commas and holes in the data come through a link, and an edit", async () => {
  const csv = '"size, in m","a\\b",y\n1,2,3\n,1,5\n4,5,5.5\n2,2,1\n';
  await on("", async (page) => {
    await drop(page, "own.csv", csv);
    await page.waitForSelector("#columns[open]");
    await page.selectOption('#columns select[name="missing"]', "mean");
    await page.click("#columns-open");
    const look = async (p) => [await lossText(p), await p.evaluate(() => [window.deltarule.points.features.map((f) => f.name), window.deltarule.points.columns])];
    await step(page);
    const before = await look(page);
    assert.deepEqual(before[1][0], ["size, in m", "a\\b"]);
    await on(await state(page), async (again) => assert.deepEqual(await look(again), before));
    await page.locator("canvas.data").focus();
    await page.keyboard.press("Shift+ArrowRight");
    const after = await look(page);
    assert.notEqual(after[0], before[0]);
    assert.equal(after[1][1][0][1], null, "the hole is still one");
    await on(await state(page), async (again) => {
      assert.deepEqual(await look(again), after);
      assert.equal(await again.isHidden("#alert"), true);
    });
  });
});

test("the address is written seldom enough for every browser, and is right in the end", async () => {
  await on("#data=line&scale=none", async (page) => {
    const written = await page.evaluate(async () => {
      let n = 0;
      const replace = history.replaceState.bind(history);
      history.replaceState = (...values) => (n++, replace(...values));
      const slider = document.getElementById("eta");
      for (let k = 0; k < 200; k++) {
        slider.value = String(300 + k);
        slider.dispatchEvent(new Event("input"));
        if (k % 10 === 0) await new Promise((done) => setTimeout(done));
      }
      await new Promise((done) => setTimeout(done, 800));
      return n;
    });
    assert.ok(written >= 1 && written <= 40, `${written} times`);
    const eta = await page.evaluate(() => window.deltarule.lanes[0].info.eta);
    assert.ok(page.url().includes(`eta=${eta}`), page.url());
  });
});

test("points are dragged, added and taken away, and E follows", async () => {
  await on("#data=line&scale=none&eta=0.05&start=1,1.5", async (page) => {
    const place = (record) => page.evaluate((r) => {
      const view = window.deltarule.shown[0].data;
      const [x, y] = view.place(r);
      const box = view.canvas.getBoundingClientRect();
      return [box.left + view.frame.x(x), box.top + view.frame.y(y)];
    }, record);
    await page.locator("canvas.data").scrollIntoViewIfNeeded();
    const before = number(await lossText(page));
    const [x, y] = await place(4);
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x, y - 60, { steps: 4 });
    await page.mouse.up();
    assert.ok(number(await lossText(page)) > before, "E is higher with a point far off");
    assert.match(await address(page), /csv=/);
    const moved = await page.evaluate(() => window.deltarule.points.targets[0][4]);
    assert.ok(moved > 5);
    await page.mouse.click(x + 25, y + 70);
    assert.equal(await page.evaluate(() => window.deltarule.points.n), 11);
    await page.locator("canvas.data").focus();
    await page.keyboard.press("Delete");
    assert.equal(await page.evaluate(() => window.deltarule.points.n), 10);
    // With the keys alone: choose a point, and move it.
    await page.keyboard.press("ArrowRight");
    const loss = await lossText(page);
    await page.keyboard.press("Shift+ArrowUp");
    assert.notEqual(await lossText(page), loss);
  });
});

test("a click on the contours begins there", async () => {
  await on("#data=line&scale=none&eta=0.05", async (page) => {
    const box = await page.locator("canvas.contour").boundingBox();
    await page.locator("canvas.contour").scrollIntoViewIfNeeded();
    await page.locator("canvas.contour").click({ position: { x: box.width * 0.4, y: box.height * 0.3 } });
    const [w, b] = (await weightTexts(page)).map(Number);
    const frame = await page.evaluate(() => window.deltarule.lanes[0].info.settings.start);
    assert.deepEqual([w, b], frame);
    assert.equal(await at(page), 0);
  });
});

test("two settings side by side keep their own ways", async () => {
  await on("#data=line&scale=none&eta=0.02&start=0,0", async (page) => {
    await page.click("#compare");
    await page.fill("#eta-number", "0.08");
    await page.press("#eta-number", "Enter");
    for (let k = 0; k < 5; k++) await step(page);
    const both = [await lossText(page, 0), await lossText(page, 1)];
    assert.notEqual(both[0], both[1]);
    await on(await state(page), async (again) => {
      assert.deepEqual([await lossText(again, 0), await lossText(again, 1)], both);
    });
    await page.click("#compare");
    assert.equal(await page.locator(".readout").count(), 1);
  });
});

// ── files ──

async function drop(page, name, text) {
  const data = await page.evaluateHandle(([name, text]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], name));
    return transfer;
  }, [name, text]);
  await page.dispatchEvent("body", "drop", { dataTransfer: data });
}

test("a dropped CSV is read as the command reads it", async () => {
  const here = await folder();
  const csv = "size;colour;price\n1,5;red;3\n2,5;blue;4,5\n3,5;red;6\n5;green;7,5\n";
  await writeFile(join(here, "own.csv"), csv.replaceAll(",", "."));
  const explained = JSON.parse(await command(["explain", join(here, "own.csv"), "--target", "price", "--record", "2", "--eta", "0.1", "--json"]));
  await on("", async (page) => {
    await drop(page, "own.csv", csv.replaceAll(",", "."));
    await page.waitForSelector("#columns[open]");
    assert.match(await page.textContent("#columns"), /colour/);
    await page.click("#columns-open");
    await page.fill("#record", "2");
    await page.press("#record", "Enter");
    await page.fill("#eta-number", "0.1");
    await page.press("#eta-number", "Enter");
    assert.equal(number(await page.textContent('#worked [data-value="delta"]')), explained.record.steps[0].delta);
    // Nothing but an address remembers it.
    const loss = await lossText(page);
    await on(await state(page), async (again) => assert.equal(await lossText(again), loss));
  });
});

test("bad files are told by line and column, and change nothing", async () => {
  await on("#data=line", async (page) => {
    const before = await lossText(page);
    for (const [name, text, expected] of [
      ["short.csv", "a,b\n1,2\n3\n", /line 3/],
      ["empty.csv", "", /empty/],
      ["zip.csv", "PK\u0003\u0004 something", /zip/],
      ["page.csv", "<!DOCTYPE html><p>no", /web page/],
      ["own.json", '[{"title": 3}]', /title/],
      ["other.json", '[{"title": "a", "colour": "b"}]', /colour/],
    ]) {
      await drop(page, name, text);
      await page.waitForSelector("#alert:not([hidden])");
      assert.match(await page.textContent("#alert"), expected, name);
      assert.equal(await lossText(page), before);
      await page.click("#alert button");
    }
    // Words in a column of numbers: the dialog says so when it is to be opened, and nothing is lost.
    await drop(page, "mixed.csv", "a,b\n1,2\nmuch,3\n4,5\n");
    await page.waitForSelector("#columns[open]");
    assert.match(await page.textContent("#columns"), /mixed/);
    await page.click("#columns-open");
    assert.match(await page.textContent("#columns-error"), /expected at least one column/);
    await page.click('#columns button[value="cancel"]');
    await drop(page, "holes.csv", "a,b\n1,2\n,3\n4,5\n");
    await page.waitForSelector("#columns[open]");
    await page.click("#columns-open");
    assert.match(await page.textContent("#columns-error"), /missing/);
    await page.selectOption('#columns select[name="missing"]', "mean");
    await page.click("#columns-open");
    await page.waitForFunction(() => window.deltarule.points.n === 3);
  });
});

// ── the address, lessons, and other ways to open it ──

test("the address holds the whole state", async () => {
  await on("#data=two&eta=0.2", async (page) => {
    await page.selectOption("#output", "1");
    await page.selectOption("canvas.bowl >> xpath=.. >> select.weight", "3");
    await page.click("button.space");
    await page.check("#log");
    for (let k = 0; k < 4; k++) await step(page);
    // η is changed on the way, and a point moved.
    await page.fill("#eta-number", "0.05");
    await page.press("#eta-number", "Enter");
    for (let k = 0; k < 3; k++) await step(page);
    const look = (p) => p.evaluate(() => ({ weights: window.deltarule.lanes[0].state.weights, view: window.deltarule.view, eta: window.deltarule.lanes[0].info.eta }));
    const seen = await look(page);
    const loss = await lossText(page);
    const url = await address(page);
    await on(await state(page), async (again) => {
      assert.deepEqual(await look(again), seen);
      assert.equal(await lossText(again), loss);
      assert.equal(await address(again), url);
    });
  });
});

test("every step of the lesson opens with a sound state", async () => {
  await on("#lesson=1", async (page) => {
    const steps = await page.locator(".dot").count();
    assert.ok(steps >= 12);
    for (let k = 1; k <= steps; k++) {
      assert.match(await page.textContent(".lesson .count"), new RegExp(`^${k} of ${steps}$`));
      assert.equal(await page.isHidden("#alert"), true, `step ${k}: ${await page.textContent("#alert")}`);
      assert.ok(Number.isFinite(number(await lossText(page))), `step ${k}`);
      await page.click("#forward");
      if (k < steps) await page.click("#lesson-next");
    }
    await page.click("#lesson-toggle");
    assert.equal(await page.isHidden("#lesson"), true);
  });
});

test("a teacher's steps come from a file or the address, and hide controls", async () => {
  const steps = [{ title: "Find the bottom", text: "<b>by hand</b>", state: "#data=line&scale=none&eta=0.05", hide: ["settings", "curve"] }, { title: "Now let it run", formula: "Δw = η δ x" }];
  await on("", async (page) => {
    await drop(page, "mine.json", JSON.stringify(steps));
    await page.waitForSelector(".lesson h2");
    assert.equal(await page.textContent(".lesson h2"), "Find the bottom");
    assert.match(await page.textContent(".lesson"), /<b>by hand<\/b>/, "text stays text");
    assert.equal(await page.isHidden(".settings"), true);
    assert.equal(await page.isHidden(".curve"), true);
    await page.click("#lesson-next");
    assert.equal(await page.isHidden(".settings"), false);
    await on(await state(page), async (again) => assert.equal(await again.textContent(".lesson h2"), "Now let it run"));
  });
  await on("#data=line&hide=data,points,settings", async (page) => {
    assert.equal(await page.isHidden("#dataset"), true);
    assert.equal(await page.isHidden(".settings"), true);
    const box = await page.locator("canvas.data").boundingBox();
    await page.mouse.click(box.x + box.width / 2, box.y + 30);
    assert.equal(await page.evaluate(() => window.deltarule.points.n), 10, "points cannot be added");
  });
});

test("the page in one file opens from the disk, without any network", async () => {
  const { page, wrong, close } = await open(chromium, `file://${oneFile}#data=ten&eta=5&step=3`);
  assert.equal(await at(page), 3);
  await step(page);
  assert.ok(Number.isFinite(number(await lossText(page))));
  assert.deepEqual(wrong, []);
  await close();
});

test("play serves the page with the data in it, and writes it to one file", async () => {
  const here = await folder();
  const file = join(here, "page.html");
  const data = join(examples, "iris.csv");
  await command(["play", data, "--target", "species", "--export", file]);
  const explained = JSON.parse(await command(["explain", data, "--target", "species", "--record", "3", "--eta", "0.1", "--json"]));
  const look = async ({ page, wrong, close }) => {
    assert.equal(await page.evaluate(() => window.deltarule.points.n), 150);
    assert.deepEqual(await page.locator("#output option").allTextContents(), ["setosa", "versicolor", "virginica"]);
    await page.fill("#record", "3");
    await page.press("#record", "Enter");
    await page.fill("#eta-number", "0.1");
    await page.press("#eta-number", "Enter");
    assert.equal(number(await page.textContent('#worked [data-value="delta"]')), explained.record.steps[0].delta);
    assert.deepEqual(wrong, []);
    await close();
  };
  await look(await open(chromium, `file://${file}`));
  const child = spawn(program, ["play", data, "--target", "species", "--no-open"], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const address = await new Promise((done, failed) => {
      let text = "";
      child.stdout.on("data", (chunk) => {
        text += chunk;
        const found = text.match(/http:\/\/127\.0\.0\.1:\d+\//);
        if (found) done(found[0]);
      });
      child.on("exit", () => failed(new Error(`play ended: ${text}`)));
    });
    await look(await open(chromium, address));
  } finally {
    child.kill("SIGINT");
  }
});

test("a page with data in it is the same after a reload, with all that was done", async () => {
  const here = await folder();
  const file = join(here, "page.html");
  await command(["play", join(examples, "diabetes.csv"), "--target", "progression", "--scale", "none", "--export", file]);
  const { page, wrong, close } = await open(chromium, `file://${file}`);
  const look = async () => [await lossText(page), await at(page), await page.evaluate(() => [window.deltarule.points.n, window.deltarule.source.file, window.deltarule.lanes[0].info.settings.scale])];
  const again = async () => {
    const seen = await look();
    await address(page);
    await page.reload();
    await page.waitForSelector("body.ready");
    assert.deepEqual(await look(), seen);
    assert.equal(await page.isHidden("#alert"), true, await page.textContent("#alert"));
  };
  assert.equal((await look())[2][0], 442);
  await step(page);
  await step(page);
  await again();
  assert.equal(await at(page), 2);
  // The other way of scaling is a default, which an address leaves out.
  await page.evaluate(() => window.deltarule.change({ scale: "standard", start: null }));
  await step(page);
  await again();
  // A point that was moved: more than an address holds, and the tab remembers it.
  await page.locator("canvas.data").focus();
  await page.keyboard.press("Shift+ArrowUp");
  assert.match(await address(page), /missing=/);
  await again();
  // In another tab the points are as they came, and the page says so.
  const url = page.url();
  assert.deepEqual(wrong, []);
  await close();
  const other = await open(chromium, url);
  assert.match(await other.page.textContent("#alert"), /points that were changed are too many/);
  assert.equal(await other.page.evaluate(() => window.deltarule.points.n), 442);
  await other.close();
});

test("a large file is there after a reload, and asked for in another tab", async () => {
  await on("", async (page) => {
    await page.setInputFiles("#file", join(examples, "diabetes.csv"));
    await page.waitForSelector("#columns[open]");
    await page.click("#columns-open");
    await step(page);
    const loss = await lossText(page);
    const hash = await state(page);
    await page.reload();
    await page.waitForSelector("body.ready");
    assert.deepEqual([await lossText(page), await at(page), await page.isHidden("#alert")], [loss, 1, true]);
    await on(hash, async (other) => assert.match(await other.textContent("#alert"), /diabetes\.csv is too large for an address: open it again/));
  });
});

// ── screens ──

test("a phone shows all of it without scrolling sideways, in light and dark", async () => {
  for (const colorScheme of ["light", "dark"]) {
    await on("#lesson=8", async (page) => {
      const [wide, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(wide <= screen, `${wide} pixels on a screen of ${screen}`);
      await page.tap("#forward");
      assert.equal(await at(page), 1);
      const small = await page.evaluate(() => [...document.querySelectorAll("#walk button")].filter((b) => b.offsetParent && b.getBoundingClientRect().height < 40).map((b) => b.id));
      assert.deepEqual(small, [], "buttons are large enough for a finger");
      await page.selectOption("#speed", "1");
      // A finger that scrolls over the curve leaves the walk where it is; one that taps goes to a step.
      await page.tap("#forward");
      await page.locator("#curve").scrollIntoViewIfNeeded();
      const box = await page.locator("#curve").boundingBox();
      const [x, y] = [box.x + 60, box.y + box.height / 2];
      const cdp = await page.context().newCDPSession(page);
      await cdp.send("Input.synthesizeScrollGesture", { x, y, yDistance: -120, gestureSourceType: "touch" });
      assert.equal(await at(page), 2);
      await page.locator("#curve").tap({ position: { x: 60, y: box.height / 2 } });
      assert.ok((await at(page)) < 2);
    }, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2, colorScheme });
  }
});

test("every control has a name that can be read aloud", async () => {
  await on("#lesson=1", async (page) => {
    const nameless = await page.evaluate(() => {
      const named = (e) => (e.getAttribute("aria-label") || e.textContent.trim() || e.title || (e.labels?.length && [...e.labels].some((l) => l.textContent.trim())) || e.getAttribute("aria-labelledby"));
      return [...document.querySelectorAll("button, select, input:not([type=file]), canvas")].filter((e) => e.offsetParent && !named(e)).map((e) => e.outerHTML.slice(0, 120));
    });
    assert.deepEqual(nameless, []);
    const canvases = await page.evaluate(() => [...document.querySelectorAll("canvas")].map((c) => c.getAttribute("aria-label")));
    assert.ok(canvases.every((label) => label && /\d/.test(label)), "each picture says what is in it, with numbers");
  });
});

test("a thousand points run without leaving frames out", async () => {
  await on("#data=thousand", async (page) => {
    await page.selectOption("#speed", "1");
    // What one frame takes: the step, the words and all pictures, each at its fastest of 40, since the machine of a test is seldom quiet.
    const times = await page.evaluate(async () => {
      const app = window.deltarule;
      app.walk.running = true;
      const [{ data, bowl, contour }] = app.shown;
      const parts = [() => app.walk.forward(1), () => app.readouts.show(), () => data.draw(), () => bowl.draw(), () => contour.draw(), () => app.curve.draw()];
      const fastest = parts.map(() => Infinity);
      for (let k = 0; k < 40; k++) {
        await new Promise((done) => setTimeout(done));
        parts.forEach((part, which) => {
          app.readouts.lastNumbers = 0;
          const begin = performance.now();
          part();
          fastest[which] = Math.min(fastest[which], performance.now() - begin);
        });
      }
      app.walk.running = false;
      return fastest;
    });
    const frame = times.reduce((sum, time) => sum + time, 0);
    console.log(`# a frame with 1,000 points: ${frame.toFixed(1)} ms (${times.map((time) => time.toFixed(1)).join(" + ")})`);
    assert.ok(frame < 16.7, `a frame takes ${frame} ms, and 60 a second have 16.7`);
  });
});
