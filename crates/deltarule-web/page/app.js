// The page: its state, and what every control does with it.

import { Page, activations, columns, load, version } from "./core.js";
import { DATASETS, dataset } from "./datasets.js";
import { count, escaped, exact, short } from "./format.js";
import { DEFAULTS, parted, read, settingsOf, wordsOf, write, wrong } from "./hash.js";
import { LaneState } from "./lane.js";
import { LESSON, lessonHtml, stepsOf } from "./lesson.js";
import { builtIn, tableOf, wordsOfTable } from "./table.js";
import { BowlView } from "./views/bowl.js";
import { ContourView } from "./views/contour.js";
import { CurveView } from "./views/curve.js";
import { DataView } from "./views/data.js";
import { weightsHtml, workedHtml } from "./views/worked.js";

const $ = (id) => document.getElementById(id);
/** The address is written at most so often: browsers refuse more than some hundred times a minute. */
const ADDRESS_MS = 350;
const NO_VIEW = { weight: 0, pair: [0, 1], columns: [0], output: 0, record: 0, space: false, log: false };

class App {
  constructor() {
    Object.assign(this, {
      page: null, points: null, pointsVersion: 0, source: null, lanes: [], shown: [], lane: 0, view: { ...NO_VIEW },
      running: false, owed: 0, dragging: null, steps: LESSON, lesson: -1, hidden: new Set(), byTeacher: [],
    });
  }

  // ── reading ──

  /** Opens a table; what cannot be opened leaves everything as it is. */
  open(source, settings) {
    this.pause();
    const bytes = new TextEncoder().encode(source.csv);
    const page = Page.open(source.file, bytes, JSON.stringify(source.chosen), JSON.stringify(settings));
    this.page?.free();
    this.page = page;
    this.source = source;
    this.lanes = [new LaneState(this, 0)];
    this.lane = 0;
    this.readPoints();
    this.view = { ...NO_VIEW, log: this.view.log, space: this.view.space };
    this.chooseViews();
    this.lanes[0].renew();
    this.build();
  }

  readPoints() {
    this.points = JSON.parse(this.page.points());
    this.pointsVersion++;
  }

  /** What is worth a look at first: the curve for one number, a plane for two, and the weights of both; where there is no number, a category. */
  chooseViews() {
    const numbers = this.points.features.map((feature, k) => (feature.levels ? -1 : k)).filter((k) => k >= 0);
    this.view.columns = numbers.length === 2 ? numbers : numbers.length ? numbers.slice(0, 1) : [0];
    if (numbers.length > 2 && this.points.classes) this.view.columns = numbers.slice(0, 2);
    const pair = dataset(this.source.id)?.pair;
    this.view.pair = pair ?? [0, 1];
  }

  outputsOf(lane) {
    const state = this.lanes[lane];
    state.outputs ??= this.page.outputs(lane);
    return state.outputs;
  }

  /** The name of E with its formula. */
  errorText(lane) {
    const { info } = this.lanes[lane];
    return info.loss === "squared" ? "E = ½ΣΣ(y − ŷ)²" : `E = ${info.loss_text}`;
  }

  // ── building ──

  /** Everything that depends on the table and on how many lanes there are. */
  build() {
    const lanes = $("lanes");
    lanes.replaceChildren();
    lanes.classList.toggle("two", this.lanes.length > 1);
    this.shown = this.lanes.map((lane, k) => this.buildLane(lanes, k));
    this.curve ??= new CurveView($("curve"), this);
    this.buildChoices();
    this.show();
  }

  buildLane(parent, k) {
    const lane = document.createElement("div");
    lane.className = "lane";
    lane.innerHTML = `
      <section class="card data" data-part="data-view" aria-label="the data and f"><header><h2>${this.lanes.length > 1 ? `<span class="tag tag-${k}">${"AB"[k]}</span> ` : ""}The data and <var>f</var></h2><span class="row choices"></span></header><canvas class="data" role="img" tabindex="0"></canvas><p class="quiet hint">Drag a point; a click on a free place adds one, Delete takes the chosen one away.</p></section>
      <section class="card bowl" data-part="bowl" aria-label="the bowl"><header><h2>The bowl</h2><label class="field inline"><span>weight</span><select class="weight"></select></label></header><canvas class="bowl" role="img" tabindex="0"></canvas></section>
      <section class="card contour" data-part="contour" aria-label="E over two weights"><header><h2><var>E</var> over two weights</h2><span class="row"><label class="field inline"><span class="visually-hidden">first weight</span><select class="first"></select></label><label class="field inline"><span class="visually-hidden">second weight</span><select class="second"></select></label><button type="button" class="small space" aria-pressed="false">in space</button></span></header><canvas class="contour" role="img" tabindex="0"></canvas><p class="quiet hint"></p></section>`;
    parent.append(lane);
    const find = (kind) => lane.querySelector(`canvas.${kind}`);
    const views = { data: new DataView(find("data"), this, k), bowl: new BowlView(find("bowl"), this, k), contour: new ContourView(find("contour"), this, k), element: lane };
    this.listenToLane(views, k);
    return views;
  }

  /** Fills the lists to choose from. */
  buildChoices() {
    const { points } = this;
    fill($("output"), points.outputs.map((name, j) => [j, name]), this.view.output);
    $("output-field").hidden = points.outputs.length < 2;
    $("record").max = points.n;
    for (const [k, views] of this.shown.entries()) {
      const weights = this.lanes[k].info.weights.map((weight, index) => [index, weight.name]);
      const clamp = (index) => Math.min(index, weights.length - 1);
      fill(views.element.querySelector(".weight"), weights, clamp(this.view.weight));
      fill(views.element.querySelector(".first"), weights, clamp(this.view.pair[0]));
      fill(views.element.querySelector(".second"), weights, clamp(this.view.pair[1]));
      views.element.querySelector(".space").setAttribute("aria-pressed", String(this.view.space));
      views.element.querySelector(".contour .hint").textContent = this.view.space ? "Drag to turn it." : "A click begins there. The square is the start, the cross the minimum, the green arrow the next step.";
      const choices = views.element.querySelector(".choices");
      choices.replaceChildren();
      const choose = (label, options, value, set) => {
        const field = document.createElement("label");
        field.className = "field inline";
        field.innerHTML = `<span class="visually-hidden">${label}</span><select></select>`;
        fill(field.querySelector("select"), options, value);
        field.querySelector("select").addEventListener("change", (event) => set(Number(event.target.value)));
        choices.append(field);
      };
      const named = points.features.map((feature, c) => [c, feature.name]);
      if (named.length > 1) {
        choose("across", named, this.view.columns[0], (c) => {
          this.view.columns[0] = c;
          if (this.view.columns[1] === c) this.view.columns[1] = c === 0 ? 1 : 0;
          this.choicesChanged();
        });
        choose("up", [[-1, points.classes ? "f" : points.outputs[this.view.output]], ...named.filter(([c]) => c !== this.view.columns[0])], this.view.columns[1] ?? -1, (c) => {
          this.view.columns = c < 0 ? [this.view.columns[0]] : [this.view.columns[0], c];
          this.choicesChanged();
        });
      }
    }
  }

  choicesChanged() {
    this.buildChoices();
    this.draw();
    this.keepAddress();
  }

  // ── showing ──

  /** All that is shown, words and pictures. */
  show() {
    this.showSettings();
    this.showState();
    this.showParts();
    this.draw();
    this.keepAddress();
  }

  showParts() {
    const step = this.lesson >= 0 ? this.steps[this.lesson] : null;
    const hidden = new Set([...this.hidden, ...(step?.hide ?? [])]);
    for (const part of document.querySelectorAll("[data-part]")) part.classList.toggle("gone", hidden.has(part.dataset.part));
  }

  /** The controls, as the settings of the chosen lane are. */
  showSettings() {
    const lane = this.lanes[this.lane];
    const { settings, ...info } = lane.info;
    const tabs = $("lane-choice");
    tabs.hidden = this.lanes.length < 2;
    tabs.innerHTML = this.lanes.map((_, k) => `<button type="button" role="tab" aria-selected="${k === this.lane}" data-lane="${k}"><span class="tag tag-${k}">${"AB"[k]}</span> settings</button>`).join("");
    const known = [...$("activation").options].some((option) => option.value === info.activation);
    $("activation").value = known ? info.activation : "formula";
    $("formula-field").hidden = known;
    if (!known && document.activeElement !== $("formula")) $("formula").value = info.activation;
    this.showEta();
    if (document.activeElement !== $("batch")) $("batch").value = info.batch === null ? "all" : String(info.batch);
    $("reduction").value = settings.reduction;
    $("scale").value = settings.scale;
    $("optimizer").value = settings.optimizer;
    $("bias").checked = settings.bias;
    // An error that came with the data, or in the address, is one to choose.
    if (![...$("loss").options].some((option) => option.value === settings.loss)) $("loss").append(new Option(settings.loss, settings.loss));
    $("loss").value = settings.loss;
    const sparing = info.epochs_only ? [`An epoch has ${count(info.steps_per_epoch, "step")}, more than the page can keep: a step here is an epoch.`] : [];
    $("batch-text").textContent = [...sparing, ...this.points.notes].join(" · ");
    const start = $("start-weights");
    const order = startOrder(lane);
    if (start.children.length !== order.length || start.dataset.names !== info.weights.map((w) => w.name).join()) {
      start.dataset.names = info.weights.map((w) => w.name).join();
      start.innerHTML = order.length > 40 ? "<p class='quiet'>more than 40 weights</p>" : order.map((k) => `<label class="field"><span>${escaped(info.weights[k].name)}</span><input inputmode="decimal" data-start="${k}" autocomplete="off"></label>`).join("");
    }
    const first = this.lanes[this.lane].path[0]?.weights ?? lane.state.weights;
    for (const input of start.querySelectorAll("input")) if (document.activeElement !== input) input.value = plain(first[Number(input.dataset.start)]);
  }

  showEta() {
    const { info } = this.lanes[this.lane];
    const slider = $("eta");
    if (!this.sliding) slider.value = String(Math.round(1000 * etaShare(info.eta, this.etaMark())));
    if (document.activeElement !== $("eta-number")) $("eta-number").value = plain(info.eta);
    slider.setAttribute("aria-valuetext", `η = ${short(info.eta)}`);
    $("eta-mark").style.setProperty("--at", String(etaShare(this.etaMark(), this.etaMark())));
    const mark = info.guaranteed !== null && info.batch === null;
    const limit = info.exact_limit !== null && info.batch === null ? `; beyond ${short(info.exact_limit)} it diverges` : "";
    const adaptive = !["gd", "momentum", "nesterov"].includes(info.optimizer);
    $("eta-text").textContent = adaptive
      ? `The mark: ${short(this.etaMark())}, as the command would begin. With ${info.optimizer} η is about how far a weight goes in one step.`
      : mark ? `The mark: ${short(info.guaranteed)}, the largest η guaranteed not to raise E on this data${limit}.`
      : info.batch !== null ? `The mark: ${short(info.suggested)}, as the command would begin with ${count(info.batch, "record")} a step.`
      : `The mark: ${short(info.suggested)}, a first guess: for this f no safe η is known.`;
    $("eta").classList.toggle("over", info.eta > this.etaMark() * (1 + 1e-12));
  }

  etaMark() {
    const { info } = this.lanes[this.lane];
    return info.batch === null && info.guaranteed !== null && info.optimizer === "gd" ? info.guaranteed : info.suggested;
  }

  /** Where the walk is, in numbers. */
  showState() {
    // While it runs the eye reads no more than twenty numbers a second.
    if (this.running && performance.now() - (this.lastNumbers ?? 0) < 50) return;
    this.lastNumbers = performance.now();
    $("readouts").innerHTML = this.lanes.map((lane, k) => {
      const { state, info } = lane;
      const letter = this.lanes.length > 1 ? `<span class="tag tag-${k}">${"AB"[k]}</span>` : "";
      const steps = info.batch && !info.epochs_only ? `<div><dt>step</dt><dd data-value="at">${state.at}</dd></div><div><dt>epoch</dt><dd>${state.epoch}${state.is_epoch ? "" : "…"}</dd></div>` : `<div><dt>epoch</dt><dd data-value="at">${state.at}</dd></div>`;
      const ended = state.ended ? `<p class="ended ${state.ended.failed ? "bad" : "good"}" role="note"><b>${escaped(state.ended.title)}.</b> ${escaped(state.ended.text)}</p>` : state.full ? `<p class="ended">The page keeps no more steps than these: reset to walk again.</p>` : "";
      return `<div class="readout" data-lane="${k}">${letter}<dl>${steps}
        <div class="wide"><dt>${escaped(this.errorText(k))}</dt><dd class="loss" data-value="loss">${exact(state.loss)}</dd></div>
        <div><dt>mean</dt><dd>${short(state.mean_loss)}</dd></div>
        <div class="slope"><dt>|slope|</dt><dd>${short(state.gradient_norm, 4)}</dd></div></dl>${ended}</div>`;
    }).join("");
    const lane = this.lanes[this.lane];
    $("back").disabled = $("reset").disabled = this.lanes.every((l) => l.state.at === 0 && l.state.n === 1) && !this.running;
    $("forward").disabled = this.lanes.every((l) => l.state.ended !== null);
    if (!this.running || performance.now() - (this.lastWords ?? 0) > 120) {
      this.lastWords = performance.now();
      $("weights").innerHTML = weightsHtml(lane, this.points);
      this.showWorked();
    }
  }

  showWorked() {
    const record = Math.min(this.view.record, this.points.n - 1);
    if (document.activeElement !== $("record")) $("record").value = String(record + 1);
    const panel = $("worked");
    if (panel.closest(".gone")) return;
    const step = JSON.parse(this.page.worked(this.lane, record));
    panel.innerHTML = workedHtml(step, this.lanes[this.lane], this.points, this.view.output);
  }

  draw() {
    for (const views of this.shown) {
      views.data.draw();
      views.bowl.draw();
      views.contour.draw();
    }
    this.curve.draw();
  }

  /** Says in words where the walk is, for those who hear the page. */
  say() {
    const { state } = this.lanes[this.lane];
    $("said").textContent = state.ended ? `${state.ended.title}. ${state.ended.text}` : `Step ${state.at}: E is ${short(state.loss)}.`;
  }

  alert(text) {
    const box = $("alert");
    box.hidden = !text;
    box.innerHTML = text ? `<p>${escaped(text)}</p><button type="button" class="small" aria-label="close">✕</button>` : "";
    box.querySelector("button")?.addEventListener("click", () => this.alert(""));
  }

  /** Does what may be refused, and says why. */
  try(action) {
    try {
      this.alert("");
      return action();
    } catch (error) {
      this.alert(error.message ?? String(error));
      return undefined;
    }
  }

  // ── walking ──

  forward(steps = 1) {
    let walked = 0;
    this.try(() => {
      this.lanes.forEach((lane, k) => {
        walked += this.page.forward(k, steps);
        lane.look();
      });
    });
    return walked;
  }

  step() {
    this.pause();
    this.forward(1);
    this.showState();
    this.showSettings();
    this.draw();
    this.say();
    this.keepAddress();
  }

  back() {
    this.pause();
    this.lanes.forEach((lane, k) => {
      this.page.back(k);
      lane.look();
    });
    this.afterWalk();
  }

  reset() {
    this.pause();
    this.try(() => this.lanes.forEach((lane, k) => {
      this.page.reset(k);
      lane.renew();
    }));
    this.afterWalk();
  }

  afterWalk() {
    this.showState();
    this.showSettings();
    this.draw();
    this.say();
    this.keepAddress();
  }

  run() {
    if (this.running) return this.pause();
    this.running = true;
    this.owed = 0;
    $("run").setAttribute("aria-pressed", "true");
    $("run").querySelector("span").textContent = "Pause";
    const frame = () => {
      if (!this.running) return;
      this.owed += Number($("speed").value);
      const steps = Math.floor(this.owed);
      this.owed -= steps;
      if (steps > 0) {
        const walked = this.forward(steps);
        this.frames = (this.frames ?? 0) + 1;
        if (walked === 0) {
          this.pause();
          return this.say();
        }
        this.showState();
        this.draw();
      }
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  pause() {
    if (!this.running) return;
    this.running = false;
    $("run").setAttribute("aria-pressed", "false");
    $("run").querySelector("span").textContent = "Run";
    this.showSettings();
    this.showState();
    this.draw();
    this.keepAddress();
  }

  // ── changing ──

  /** Other settings for the chosen lane. */
  change(changes) {
    this.pause();
    const lane = this.lanes[this.lane];
    this.try(() => {
      this.page.set(this.lane, JSON.stringify({ ...lane.info.settings, ...changes }));
      lane.renew();
      this.buildChoices();
    });
    this.show();
  }

  setEta(eta) {
    if (!(eta > 0) || !Number.isFinite(eta)) {
      this.alert(`η: found ${JSON.stringify(String(eta))}, expected a finite number above 0`);
      return;
    }
    const lane = this.lanes[this.lane];
    this.try(() => {
      this.page.set(this.lane, JSON.stringify({ ...lane.info.settings, eta }));
      lane.info = JSON.parse(this.page.lane(this.lane));
      lane.look();
    });
    this.showEta();
    this.showState();
    this.draw();
    this.keepAddress();
  }

  /** Starts at given weights, as they are counted in the pictures. */
  startAt(lane, weights) {
    this.lane = lane;
    const order = startOrder(this.lanes[lane]);
    this.change({ start: order.map((k) => weights[k]), init: "auto" });
    this.say();
  }

  compare(on) {
    this.pause();
    if (on && this.lanes.length === 1) {
      this.page.add_lane(JSON.stringify(this.lanes[0].info.settings));
      this.lanes.push(new LaneState(this, 1));
      this.lanes[1].renew();
      this.lane = 1;
    } else if (!on && this.lanes.length > 1) {
      this.page.remove_lane();
      this.lanes.pop();
      this.lane = 0;
    }
    $("compare").setAttribute("aria-pressed", String(this.lanes.length > 1));
    this.build();
  }

  /** The points have moved: all lanes look again. */
  pointsChanged(rebuild = false) {
    this.readPoints();
    this.source.edited = true;
    this.lanes.forEach((lane) => {
      const ranges = this.dragging ? new Map(lane.ranges) : null;
      lane.renew();
      if (ranges) lane.ranges = ranges;
    });
    if (rebuild) this.buildChoices();
    this.showState();
    this.showEta();
    this.draw();
  }

  choose(record) {
    this.view.record = Math.max(0, Math.min(this.points.n - 1, record));
    this.showWorked();
    this.draw();
    this.keepAddress();
  }

  // ── the address ──

  /** The points as CSV, worked out once for each change. */
  csv() {
    if (!this.source.edited) return this.source.csv;
    if (this.csvVersion !== this.pointsVersion) [this.csvVersion, this.csvText] = [this.pointsVersion, this.page.csv()];
    return this.csvText;
  }

  /** The whole state in words. */
  words() {
    const { source, view } = this;
    const words = wordsOfTable(source, () => this.csv());
    this.lanes.forEach((lane, k) => {
      // Where settings were changed or points moved on the way, the walk begins at the weights before its first step.
      const [start, steps] = lane.state.anchor;
      const own = wordsOf({ ...lane.info.settings, eta: lane.info.settings.eta ?? lane.info.eta, start: start ?? lane.info.settings.start }, steps);
      for (const [key, value] of Object.entries(own)) words[k ? `b.${key}` : key] = value;
      if (k) words.b = "1";
    });
    if (view.weight) words.w = String(view.weight);
    if (view.pair.join() !== "0,1") words.ww = view.pair.join();
    if (view.record) words.record = String(view.record + 1);
    if (view.output) words.output = String(view.output);
    if (view.space) words.space = "1";
    if (view.log) words.log = "1";
    words.x = view.columns.join();
    if (this.lesson >= 0) words.lesson = String(this.lesson + 1);
    if (this.hidden.size) words.hide = [...this.hidden].join(",");
    if (this.steps !== LESSON) words.steps = JSON.stringify(this.steps);
    return words;
  }

  /** Sees to it that the address is that of the state, soon. */
  keepAddress() {
    if (this.running || this.dragging || this.restoring || this.addressTimer) return;
    const rest = (this.writtenAt ?? -Infinity) + ADDRESS_MS - performance.now();
    if (rest <= 0) this.writeAddress();
    else this.addressTimer = setTimeout(() => this.writeAddress(), rest);
  }

  writeAddress() {
    clearTimeout(this.addressTimer);
    this.addressTimer = null;
    if (this.running || this.dragging || this.restoring) return;
    this.writtenAt = performance.now();
    const hash = write(this.words());
    if (hash !== location.hash) history.replaceState(null, "", hash);
  }

  /** Takes up a state from words; what of them cannot be goes to `complaints`. */
  restore({ words, second, complaints }) {
    this.restoring = true;
    try {
      const { source, settings, isOther } = tableOf(words, complaints);
      this.openWith(source, settings, isOther ? {} : words, complaints);
      if (isOther) [words, second] = [{}, null];
      this.restoreLanes(words, second, complaints);
      this.restoreView(words, complaints);
    } finally {
      this.restoring = false;
    }
    $("log").checked = this.view.log;
    this.showSource();
    this.build();
  }

  /** Opens a table with the settings that words say. Those that cannot be leave it with its own. */
  openWith(source, settings, words, complaints) {
    const isSaid = Object.keys(words).some((key) => key in DEFAULTS);
    // A link says all that is not by default; an address by hand, without a table, adds to what came with the page.
    const isLink = words.data !== undefined || words.csv !== undefined || words.missing !== undefined || source.id !== "given";
    const said = isLink ? settingsOf(words) : settingsOf({ ...wordsOf(settings, 0), ...words });
    try {
      this.open(source, isSaid ? said : settings);
    } catch (error) {
      complaints.push(error.message ?? String(error));
      if (isSaid) this.open(source, settings);
      else this.open(builtIn(DATASETS[0]), settingsOf(DATASETS[0].settings));
    }
  }

  restoreLanes(words, second, complaints) {
    if (second) {
      try {
        this.page.add_lane(JSON.stringify(settingsOf(second)));
        this.lanes.push(new LaneState(this, 1));
        this.lanes[1].renew();
      } catch (error) {
        complaints.push(`the second setting: ${error.message ?? error}`);
      }
    }
    $("compare").setAttribute("aria-pressed", String(this.lanes.length > 1));
    [words.step, second?.step].forEach((steps, k) => {
      const lane = this.lanes[k];
      if (!lane || !(Number(steps) > 0)) return;
      const walked = this.page.forward(k, Number(steps));
      lane.renew();
      if (walked < Number(steps)) complaints.push(wrong(k ? "b.step" : "step", steps, `at most ${walked}: ${lane.state.ended?.title ?? "the page keeps no more steps"}`));
    });
  }

  /** What is looked at: numbers that are none of these points or weights are told. */
  restoreView(words, complaints) {
    const { view, points } = this;
    const index = (key, text, n, otherwise, first = 0) => {
      if (text === undefined) return otherwise;
      const k = Number(text) - first;
      if (k >= 0 && k < n) return k;
      complaints.push(wrong(key, text, n === 1 ? `${first}, the only one` : `a number from ${first} to ${n - 1 + first}`));
      return otherwise;
    };
    const weights = this.lanes[0].info.weights.length;
    view.weight = index("w", words.w, weights, 0);
    const pair = parted(words.ww).map((text) => index("ww", text, weights, null));
    if (pair.length === 2 && !pair.includes(null)) {
      if (pair[0] !== pair[1]) view.pair = pair;
      else complaints.push(wrong("ww", words.ww, "two different weights"));
    }
    view.record = index("record", words.record, points.n, 0, 1);
    view.output = index("output", words.output, points.outputs.length, 0);
    view.space = words.space === "1";
    view.log = words.log === "1";
    const chosen = parted(words.x).map((text) => index("x", text, points.features.length, null));
    if (chosen.length && !chosen.includes(null)) {
      if (chosen[0] !== chosen[1]) view.columns = chosen;
      else complaints.push(wrong("x", words.x, "two different columns"));
    }
  }

  showSource() {
    const { id } = this.source;
    $("dataset").value = dataset(id) ? id : "own";
  }

  openBuiltIn(set) {
    this.try(() => {
      this.open(builtIn(set), settingsOf(set.settings));
      $("compare").setAttribute("aria-pressed", "false");
    });
    this.showSource();
  }

  // ── the lesson ──

  showLesson(index, setUp = true) {
    const on = index >= 0;
    const complaints = [];
    this.lesson = on ? Math.min(index, this.steps.length - 1) : -1;
    $("lesson-toggle").setAttribute("aria-pressed", String(on));
    $("lesson").hidden = !on;
    document.body.classList.toggle("with-lesson", on);
    if (on) {
      const step = this.steps[this.lesson];
      $("lesson").innerHTML = lessonHtml(this.steps, this.lesson);
      if (setUp && step.state) {
        const state = read(step.state);
        this.restore(state);
        complaints.push(...state.complaints);
      }
      $("lesson-back").addEventListener("click", () => this.showLesson(this.lesson - 1));
      $("lesson-next").addEventListener("click", () => this.showLesson(this.lesson + 1));
      $("lesson-again")?.addEventListener("click", () => this.showLesson(this.lesson));
      for (const dot of $("lesson").querySelectorAll(".dot")) dot.addEventListener("click", () => this.showLesson(Number(dot.dataset.step)));
    }
    this.show();
    this.alert(complaints.join("\n"));
  }

  // ── files ──

  async openFile(file) {
    const text = file.name.endsWith(".json") ? await file.text() : null;
    if (text !== null && /^\s*[[{]/.test(text) && /"title"/.test(text)) {
      this.try(() => {
        this.steps = stepsOf(text, file.name);
        this.showLesson(0);
      });
      return;
    }
    const bytes = new Uint8Array(await file.arrayBuffer());
    const facts = this.try(() => JSON.parse(columns(file.name, bytes.slice())));
    if (facts) this.askForTarget(file.name, bytes, facts);
  }

  /** Asks what is to be predicted. */
  askForTarget(name, bytes, facts) {
    this.pause();
    const dialog = $("columns");
    const usable = (fact) => ["number", "whole number", "boolean", "text"].includes(fact.kind);
    const guess = facts.findLastIndex((fact) => usable(fact) && (fact.levels === null || fact.levels <= 20));
    const row = (fact, k) => `<tr><td><input type="radio" name="target" value="${k}" id="target-${k}" ${k === guess ? "checked" : ""} ${usable(fact) ? "" : "disabled"} aria-label="predict ${escaped(fact.name)}"></td>
      <td><input type="checkbox" name="feature" value="${k}" ${usable(fact) && !(fact.kind === "text" && (fact.levels ?? 99) > 30) ? "checked" : ""} ${usable(fact) ? "" : "disabled"} aria-label="use ${escaped(fact.name)} as an input"></td>
      <th scope="row"><label for="target-${k}">${escaped(fact.name)}</label></th><td>${fact.levels === null ? fact.kind : `${fact.kind}, ${count(fact.levels, "level")}`}</td><td>${fact.range ? `${short(fact.range[0])} to ${short(fact.range[1])}` : ""}</td><td>${fact.missing ? `${fact.missing} missing` : ""}</td></tr>`;
    dialog.innerHTML = `<form method="dialog"><h2 id="columns-title">${escaped(name)}</h2><p>Which column is to be predicted, and from which?</p>
      <div class="scroll"><table><thead><tr><th>predict</th><th>from</th><th>column</th><th>holds</th><th>range</th><th></th></tr></thead><tbody>${facts.map(row).join("")}</tbody></table></div>
      <label class="field inline"><span>missing values</span><select name="missing"><option value="error">are an error</option><option value="mean">become the mean</option><option value="drop">leave their record out</option></select></label>
      <p class="notice bad" id="columns-error" hidden></p>
      <p class="row end"><button value="cancel" formnovalidate>Cancel</button><button value="open" class="main" id="columns-open">Open</button></p></form>`;
    const form = dialog.querySelector("form");
    form.addEventListener("submit", (event) => {
      if (event.submitter?.value !== "open") return;
      event.preventDefault();
      const target = Number(new FormData(form).get("target"));
      const checked = [...form.querySelectorAll('input[name="feature"]:checked')].map((input) => Number(input.value)).filter((k) => k !== target);
      const chosen = { targets: [facts[target]?.name].filter(Boolean), features: checked.map((k) => facts[k].name), missing: form.missing.value };
      try {
        if (chosen.targets.length === 0) throw new Error("target: found nothing, expected the column to predict");
        if (chosen.features.length === 0) throw new Error("inputs: found none, expected at least one column to predict from");
        this.open({ id: null, file: name, csv: new TextDecoder().decode(bytes), chosen, edited: false }, settingsOf({}));
        $("compare").setAttribute("aria-pressed", "false");
        $("dataset").value = "own";
        dialog.close();
        this.alert("");
      } catch (error) {
        const box = $("columns-error");
        box.hidden = false;
        box.textContent = error.message ?? String(error);
      }
    });
    dialog.showModal();
  }

  // ── listening ──

  listenToLane(views, k) {
    const element = views.element;
    const on = (selector, type, action) => element.querySelector(selector).addEventListener(type, action);
    on(".weight", "change", (event) => {
      this.view.weight = Number(event.target.value);
      this.choicesChanged();
    });
    for (const [selector, which] of [[".first", 0], [".second", 1]]) {
      on(selector, "change", (event) => {
        const chosen = Number(event.target.value);
        if (this.view.pair[1 - which] === chosen) this.view.pair[1 - which] = this.view.pair[which];
        this.view.pair[which] = chosen;
        this.choicesChanged();
      });
    }
    on(".space", "click", () => {
      this.view.space = !this.view.space;
      this.choicesChanged();
    });
    this.listenToContour(views.contour, k);
    this.listenToData(views.data);
    element.addEventListener("pointerdown", () => {
      if (this.lanes.length > 1 && this.lane !== k) {
        this.lane = k;
        this.showSettings();
        this.showState();
      }
    });
  }

  listenToContour(view, k) {
    const { canvas } = view;
    let from = null;
    const start = (event) => {
      const { offsetX: x, offsetY: y } = event;
      if (!view.frame?.holds(x, y) || this.hidden.has("start")) return;
      const weights = [...this.lanes[k].state.weights];
      const pair = view.pair();
      weights[pair[0]] = view.frame.valueX(x);
      weights[pair[1]] = view.frame.valueY(y);
      this.startAt(k, weights);
    };
    canvas.addEventListener("pointerdown", (event) => {
      if (this.view.space) {
        from = [event.clientX, event.clientY, view.turn, view.tilt];
        canvas.setPointerCapture(event.pointerId);
      }
    });
    // A finger that scrolls the page does not click.
    canvas.addEventListener("click", (event) => !this.view.space && start(event));
    canvas.addEventListener("touchstart", (event) => this.view.space && event.preventDefault(), { passive: false });
    canvas.addEventListener("pointermove", (event) => {
      if (!from) return;
      view.turn = from[2] + (event.clientX - from[0]) * 0.008;
      view.tilt = Math.max(0.1, Math.min(1.35, from[3] + (event.clientY - from[1]) * 0.006));
      view.draw();
    });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (from = null));
    canvas.addEventListener("keydown", (event) => {
      const turns = { ArrowLeft: [-0.12, 0], ArrowRight: [0.12, 0], ArrowUp: [0, 0.08], ArrowDown: [0, -0.08] }[event.key];
      if (!turns) return;
      event.preventDefault();
      event.stopPropagation();
      if (this.view.space) {
        view.turn += turns[0];
        view.tilt = Math.max(0.1, Math.min(1.35, view.tilt + turns[1]));
        view.draw();
        return;
      }
      if (this.hidden.has("start") || !view.frame) return;
      const lane = this.lanes[k];
      const weights = [...lane.state.weights];
      const pair = view.pair();
      weights[pair[0]] += Math.sign(turns[0]) * (view.frame.x1 - view.frame.x0) * 0.03;
      weights[pair[1]] += Math.sign(turns[1]) * (view.frame.y1 - view.frame.y0) * 0.03;
      this.startAt(k, weights);
    });
  }

  listenToData(view) {
    const { canvas } = view;
    const frozen = () => this.hidden.has("points");
    let hit = false;
    // A finger on a point drags it, anywhere else it scrolls the page.
    canvas.addEventListener("touchstart", (event) => {
      const [touch] = event.touches;
      const box = canvas.getBoundingClientRect();
      if (!frozen() && view.frame && view.nearest(touch.clientX - box.left, touch.clientY - box.top, 26) >= 0) event.preventDefault();
    }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => {
      hit = false;
      if (!view.frame) return;
      const record = view.nearest(event.offsetX, event.offsetY, event.pointerType === "touch" ? 26 : 16);
      if (record < 0) return;
      hit = true;
      this.choose(record);
      if (frozen()) return;
      this.pause();
      this.dragging = { record, moved: false, at: [event.offsetX, event.offsetY] };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("click", (event) => {
      if (hit || frozen() || !view.frame?.holds(event.offsetX, event.offsetY)) return;
      this.pause();
      this.try(() => {
        this.page.add_point(JSON.stringify(view.placesAt(event.offsetX, event.offsetY)));
        this.view.record = this.points.n;
        this.pointsChanged(true);
      });
      this.keepAddress();
    });
    canvas.addEventListener("pointermove", (event) => {
      const { dragging } = this;
      if (!dragging) {
        canvas.style.cursor = view.frame && view.nearest(event.offsetX, event.offsetY) >= 0 ? "grab" : "crosshair";
        return;
      }
      if (!dragging.moved && Math.hypot(event.offsetX - dragging.at[0], event.offsetY - dragging.at[1]) < 3) return;
      dragging.moved = true;
      this.try(() => {
        this.page.move_point(dragging.record, JSON.stringify(view.placesAt(event.offsetX, event.offsetY)));
        this.pointsChanged();
      });
    });
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, () => {
        if (!this.dragging) return;
        const { moved } = this.dragging;
        this.dragging = null;
        if (moved) this.pointsChanged(true);
        this.keepAddress();
      });
    }
    canvas.addEventListener("keydown", (event) => {
      const { record } = this.view;
      const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
      if (moves && !event.shiftKey) this.choose((record + moves[0] - moves[1] + this.points.n) % this.points.n);
      else if (moves && view.frame && !frozen()) {
        this.try(() => {
          this.page.move_point(record, JSON.stringify(view.placesBeside(record, ...moves)));
          this.pointsChanged(true);
        });
        this.keepAddress();
      } else if ((event.key === "Delete" || event.key === "Backspace") && !frozen()) {
        this.try(() => {
          this.page.remove_point(record);
          this.view.record = Math.max(0, record - 1);
          this.pointsChanged(true);
        });
        this.keepAddress();
      } else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  listen() {
    const on = (id, type, action) => $(id).addEventListener(type, action);
    on("forward", "click", () => this.step());
    on("back", "click", () => this.back());
    on("reset", "click", () => this.reset());
    on("run", "click", () => this.run());
    on("dataset", "change", (event) => event.target.value !== "own" && this.openBuiltIn(dataset(event.target.value)));
    on("choose-file", "click", () => $("file").click());
    on("file", "change", async (event) => {
      const [file] = event.target.files;
      event.target.value = "";
      if (file) await this.openFile(file);
    });
    on("compare", "click", () => this.try(() => this.compare(this.lanes.length === 1)));
    on("lesson-toggle", "click", () => this.showLesson(this.lesson >= 0 ? -1 : 0));
    on("share", "click", async () => {
      this.pause();
      this.writeAddress();
      try {
        await navigator.clipboard.writeText(location.href);
        $("share").textContent = "Copied";
        setTimeout(() => ($("share").textContent = "Copy the link"), 1500);
      } catch {
        this.alert(`The link: ${location.href}`);
      }
    });
    on("theme", "click", () => {
      const root = document.documentElement;
      const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
      this.draw();
    });
    on("activation", "change", (event) => {
      if (event.target.value === "formula") {
        $("formula-field").hidden = false;
        $("formula").value ||= "h / (1 + abs(h))";
        $("formula").focus();
        this.change({ activation: $("formula").value });
      } else this.change({ activation: event.target.value });
    });
    on("formula", "change", (event) => this.change({ activation: event.target.value }));
    on("eta", "input", (event) => {
      this.sliding = true;
      this.setEta(etaOf(Number(event.target.value) / 1000, this.etaMark()));
      this.sliding = false;
    });
    on("eta-number", "change", (event) => this.setEta(Number(event.target.value.trim().replace(",", ".") || NaN)));
    on("eta-best", "click", () => this.setEta(this.etaMark()));
    on("batch", "change", (event) => {
      const text = event.target.value.trim();
      if (text === "all" || text === "full" || text === "") return this.change({ batch: null });
      if (!/^\d{1,15}$/.test(text)) return this.alert(`records a step: found ${JSON.stringify(text)}, expected all, or a whole number from 1 on`);
      return this.change({ batch: Number(text) });
    });
    on("reduction", "change", (event) => this.change({ reduction: event.target.value }));
    on("scale", "change", (event) => this.change({ scale: event.target.value, start: null }));
    on("optimizer", "change", (event) => this.change({ optimizer: event.target.value, eta: null }));
    on("loss", "change", (event) => this.change({ loss: event.target.value }));
    on("bias", "change", (event) => this.change({ bias: event.target.checked, start: null }));
    on("start-zeros", "click", () => this.change({ init: "zeros", start: null }));
    on("start-random", "click", () => {
      const { init, seed, start } = this.lanes[this.lane].info.settings;
      this.change({ init: "normal", start: null, seed: init === "normal" && start === null ? seed + 1 : seed });
    });
    on("start-here", "click", () => this.startAt(this.lane, this.lanes[this.lane].state.weights));
    $("start-weights").addEventListener("change", (event) => {
      const value = Number(event.target.value.trim().replace(",", ".").replace("−", "-") || NaN);
      if (!Number.isFinite(value)) return this.alert(`start: found ${JSON.stringify(event.target.value)}, expected a finite number`);
      const weights = [...this.lanes[this.lane].path[0].weights];
      weights[Number(event.target.dataset.start)] = value;
      return this.startAt(this.lane, weights);
    });
    on("log", "change", (event) => {
      this.view.log = event.target.checked;
      this.draw();
      this.keepAddress();
    });
    on("record", "change", (event) => {
      const text = event.target.value;
      if (!/^\d+$/.test(text) || Number(text) < 1 || Number(text) > this.points.n) {
        event.target.value = String(this.view.record + 1);
        return this.alert(`record: found ${JSON.stringify(text)}, expected a number from 1 to ${this.points.n}`);
      }
      this.alert("");
      return this.choose(Number(text) - 1);
    });
    on("output", "change", (event) => {
      this.view.output = Number(event.target.value);
      this.buildChoices();
      this.show();
    });
    $("lane-choice").addEventListener("click", (event) => {
      const button = event.target.closest("[data-lane]");
      if (!button) return;
      this.lane = Number(button.dataset.lane);
      this.show();
    });
    $("curve").addEventListener("pointerdown", (event) => {
      const { frame } = this.curve;
      if (!frame?.holds(event.offsetX, event.offsetY)) return;
      this.pause();
      const at = Math.max(0, Math.round(frame.valueX(event.offsetX)));
      this.lanes.forEach((lane, k) => {
        this.page.go_to(k, at);
        lane.look();
      });
      this.afterWalk();
    });
    document.addEventListener("keydown", (event) => this.key(event));
    this.listenToDrops();
    new ResizeObserver(() => this.draw()).observe(document.querySelector("main"));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    addEventListener("hashchange", () => {
      // A place of the page, such as the link that skips to the walk has: no state.
      if (location.hash.length > 1 && !location.hash.includes("=") && document.getElementById(location.hash.slice(1))) return this.writeAddress();
      return this.start();
    });
    addEventListener("pagehide", () => this.addressTimer && this.writeAddress());
    document.querySelector(".skip").addEventListener("click", (event) => {
      event.preventDefault();
      $("walk").scrollIntoView();
      $("walk").focus();
    });
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || $("columns").open) return;
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    const isButton = event.target.closest?.("button, summary, a");
    const factor = { "[": 1 / 1.1, "]": 1.1 }[event.key];
    if (event.key === "ArrowRight") this.step();
    else if (event.key === "ArrowLeft") this.back();
    else if (event.key === " " && !isButton) this.run();
    else if (event.key === "Home") this.reset();
    else if (factor) this.setEta(this.lanes[this.lane].info.eta * factor);
    else if (/^[np]$/i.test(event.key) && this.lesson >= 0) {
      const next = this.lesson + (event.key.toLowerCase() === "n" ? 1 : -1);
      if (next >= 0 && next < this.steps.length) this.showLesson(next);
    } else return;
    event.preventDefault();
  }

  listenToDrops() {
    let inside = 0;
    const isFile = (event) => event.dataTransfer?.types.includes("Files") && !this.hidden.has("data");
    addEventListener("dragenter", (event) => {
      if (isFile(event) && ++inside) $("drop").hidden = false;
    });
    addEventListener("dragleave", (event) => {
      if (isFile(event) && --inside <= 0) $("drop").hidden = true;
    });
    addEventListener("dragover", (event) => isFile(event) && event.preventDefault());
    addEventListener("drop", async (event) => {
      if (!isFile(event)) return;
      event.preventDefault();
      inside = 0;
      $("drop").hidden = true;
      const [file] = event.dataTransfer.files;
      if (file) await this.openFile(file);
    });
  }

  /** Takes up what the address says; without one, the data that came with the page, or a first example. What of it cannot be is told. */
  start() {
    this.pause();
    const state = read(location.hash);
    const { words, complaints } = state;
    this.hidden = new Set(parted(words.hide).filter(Boolean));
    const parts = new Set(["points", ...[...document.querySelectorAll("[data-part]")].map((part) => part.dataset.part)]);
    const unknown = [...this.hidden].filter((part) => !parts.has(part));
    // The pictures have their parts only when they are there.
    for (const part of ["data-view", "bowl", "contour"]) parts.add(part);
    if (unknown.some((part) => !parts.has(part))) complaints.push(wrong("hide", unknown.filter((part) => !parts.has(part)).join(","), `some of ${[...parts].join(", ")}`));
    if (words.steps) {
      try {
        this.steps = stepsOf(words.steps, "steps in the address");
      } catch (error) {
        complaints.push(error.message);
      }
    }
    this.restore(state);
    const index = Number(words.lesson ?? (this.steps === LESSON ? 0 : 1)) - 1;
    if (index >= this.steps.length) complaints.push(wrong("lesson", words.lesson, `a number from 1 to ${this.steps.length}`));
    const only = Object.keys(words).every((key) => ["lesson", "steps", "hide"].includes(key));
    if (index >= 0 && index < this.steps.length) this.showLesson(index, only);
    else if (this.lesson >= 0) this.showLesson(-1);
    if (complaints.length) this.alert(complaints.join("\n"));
  }
}

/** The places of weights as a start lists them: weights of every output, then the biases. */
function startOrder(lane) {
  const all = lane.info.weights.map((weight, k) => [weight, k]);
  return [...all.filter(([weight]) => weight.feature !== null), ...all.filter(([weight]) => weight.feature === null)].map(([, k]) => k);
}

// The slider goes over five powers of ten; the mark stands at three quarters of it.
const BELOW = 3.5;
const ABOVE = 1.5;
const etaShare = (eta, mark) => Math.max(0, Math.min(1, (Math.log10(eta / mark) + BELOW) / (BELOW + ABOVE)));
const etaOf = (share, mark) => {
  const power = share * (BELOW + ABOVE) - BELOW;
  // At the mark exactly, and otherwise three digits that can be said aloud.
  return Math.abs(power) < 0.012 ? mark : Number((mark * 10 ** power).toPrecision(3));
};

/** A number that can be typed again. */
const plain = (x) => exact(x).replace("−", "-");

function fill(select, options, value) {
  select.innerHTML = options.map(([key, name]) => `<option value="${key}">${escaped(name)}</option>`).join("");
  select.value = String(value);
  // A list that is closed may be too narrow for a long name.
  select.title = select.selectedOptions[0]?.textContent ?? "";
}

async function begin() {
  await load();
  const app = new App();
  window.deltarule = app;
  fill($("dataset"), [...DATASETS.map((set) => [set.id, set.name]), ["own", "a file, or points of your own"]], DATASETS[0].id);
  fill($("activation"), [...JSON.parse(activations()).map((f) => [f.name, f.name]), ["formula", "a formula…"]], "identity");
  $("version").textContent = version();
  app.listen();
  app.start();
  document.body.classList.add("ready");
}

begin().catch((error) => {
  const box = $("alert");
  box.hidden = false;
  box.textContent = `The page could not begin: ${error.message ?? error}. It needs a browser with WebAssembly, such as Firefox, Chrome or Safari of the last years; from a disk, open the page that is one file.`;
});
