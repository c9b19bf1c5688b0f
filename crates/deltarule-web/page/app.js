// The page: the table, the lanes that walk down its error, and what is looked at. Its parts have files of their own: `walk` steps, `controls` are the
// settings, `readouts` the numbers, `views/` the pictures and `gestures` what is done in them, `address` the state in words, `files` and `lesson_panel` the rest.

import { Address } from "./address.js";
import { Controls } from "./controls.js";
import { Page, activations, load, version } from "./core.js";
import { DATASETS, dataset } from "./datasets.js";
import { $, fill } from "./elements.js";
import { Files } from "./files.js";
import { escaped } from "./format.js";
import { listenToLane } from "./gestures.js";
import { settingsOf } from "./hash.js";
import { LaneState } from "./lane.js";
import { LessonPanel } from "./lesson_panel.js";
import { Readouts } from "./readouts.js";
import { forgetTheme } from "./plot.js";
import { isSeen, watch } from "./sight.js";
import { builtIn } from "./table.js";
import { BowlView } from "./views/bowl.js";
import { ContourView } from "./views/contour.js";
import { CurveView } from "./views/curve.js";
import { DataView } from "./views/data.js";
import { Walk } from "./walk.js";

const NO_VIEW = { weight: 0, pair: [0, 1], columns: [0], output: 0, record: 0, space: false, log: false };

class App {
  constructor() {
    Object.assign(this, {
      page: null, points: null, pointsVersion: 0, source: null, lanes: [], shown: [], lane: 0, view: { ...NO_VIEW }, dragging: null, hidden: new Set(),
      walk: new Walk(this), controls: new Controls(this), readouts: new Readouts(this), address: new Address(this), files: new Files(this), lesson: new LessonPanel(this),
    });
  }

  /** Opens a table; what cannot be opened leaves everything as it is. */
  open(source, settings) {
    this.walk.pause();
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
    // Whoever restores a state builds when all of it is there.
    if (!this.address.restoring) this.build();
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

  /** The name of E with its formula. */
  errorText(lane) {
    const { info } = this.lanes[lane];
    return info.loss === "squared" ? "E = ½ΣΣ(y − ŷ)²" : `E = ${info.loss_text}`;
  }

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
    listenToLane(this, views, k);
    for (const { canvas } of [views.data, views.bowl, views.contour]) watch(canvas);
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
    this.address.keep();
  }

  /** All that is shown, words and pictures. */
  show() {
    this.controls.show();
    this.readouts.show();
    this.showParts();
    this.draw();
    this.address.keep();
  }

  showParts() {
    const step = this.lesson.step;
    const hidden = new Set([...this.hidden, ...(step?.hide ?? [])]);
    for (const part of document.querySelectorAll("[data-part]")) part.classList.toggle("gone", hidden.has(part.dataset.part));
  }

  /** All pictures; while a walk runs, those that are on the screen. */
  draw() {
    for (const view of [...this.shown.flatMap(({ data, bowl, contour }) => [data, bowl, contour]), this.curve]) {
      if (!this.walk.running || isSeen(view.canvas)) view.draw();
      if (!this.walk.running) view.canvas.setAttribute("aria-label", view.summary());
    }
  }

  /** The page has become light or dark. */
  themeChanged() {
    forgetTheme();
    this.draw();
  }

  alert(text) {
    const box = $("alert");
    if (!text && box.hidden) return;
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

  /** Other settings for the chosen lane. */
  change(changes) {
    this.walk.pause();
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
    this.controls.showEta();
    this.readouts.show();
    this.draw();
    this.address.keep();
  }

  /** Starts at given weights, as they are counted in the pictures. */
  startAt(lane, weights) {
    this.lane = lane;
    const order = this.lanes[lane].startOrder();
    this.change({ start: order.map((k) => weights[k]), init: "auto" });
    this.readouts.say();
  }

  compare(on) {
    this.walk.pause();
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
    this.readouts.show();
    this.controls.showEta();
    this.draw();
  }

  choose(record) {
    this.view.record = Math.max(0, Math.min(this.points.n - 1, record));
    this.readouts.showWorked();
    this.draw();
    this.address.keep();
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
}

async function begin() {
  await load();
  const app = new App();
  window.deltarule = app;
  fill($("dataset"), [...DATASETS.map((set) => [set.id, set.name]), ["own", "a file, or points of your own"]], DATASETS[0].id);
  fill($("activation"), [...JSON.parse(activations()).map((f) => [f.name, f.name]), ["formula", "a formula…"]], "identity");
  $("version").textContent = version();
  for (const part of [app.controls, app.walk, app.files, app.address]) part.listen();
  for (const id of ["curve", "weights", "worked"]) watch($(id));
  app.address.start();
  document.body.classList.add("ready");
}

begin().catch((error) => {
  const box = $("alert");
  box.hidden = false;
  box.textContent = `The page could not begin: ${error.message ?? error}. It needs a browser with WebAssembly, such as Firefox, Chrome or Safari of the last years; from a disk, open the page that is one file.`;
});
