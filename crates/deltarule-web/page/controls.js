// The controls: what they show of the settings of the chosen lane, and what each of them does.

import { dataset } from "./datasets.js";
import { $ } from "./elements.js";
import { count, escaped, exact, short } from "./format.js";

/** A button, a field or a list that was used. */
const on = (id, type, action) => $(id).addEventListener(type, action);

export class Controls {
  constructor(app) {
    Object.assign(this, { app, sliding: false });
  }

  /** The controls, as the settings of the chosen lane are. */
  show() {
    const { app } = this;
    const lane = app.lanes[app.lane];
    const { settings, ...info } = lane.info;
    const tabs = $("lane-choice");
    tabs.hidden = app.lanes.length < 2;
    tabs.innerHTML = app.lanes.map((_, k) => `<button type="button" role="tab" aria-selected="${k === app.lane}" data-lane="${k}"><span class="tag tag-${k}">${"AB"[k]}</span> settings</button>`).join("");
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
    $("batch-text").textContent = [...sparing, ...app.points.notes].join(" · ");
    const start = $("start-weights");
    const order = lane.startOrder();
    if (start.children.length !== order.length || start.dataset.names !== info.weights.map((w) => w.name).join()) {
      start.dataset.names = info.weights.map((w) => w.name).join();
      start.innerHTML = order.length > 40 ? "<p class='quiet'>more than 40 weights</p>" : order.map((k) => `<label class="field"><span>${escaped(info.weights[k].name)}</span><input inputmode="decimal" data-start="${k}" autocomplete="off"></label>`).join("");
    }
    const first = app.lanes[app.lane].path[0]?.weights ?? lane.state.weights;
    for (const input of start.querySelectorAll("input")) if (document.activeElement !== input) input.value = plain(first[Number(input.dataset.start)]);
  }

  /** η, its mark, and what the mark says. */
  showEta() {
    const { app } = this;
    const { info } = app.lanes[app.lane];
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
      : mark ? `The mark: ${short(info.guaranteed)}, whose guaranteed fall of E is largest; up to twice that no step raises E${limit}.`
      : info.batch !== null ? `The mark: ${short(info.suggested)}, as the command would begin with ${count(info.batch, "record")} a step.`
      : `The mark: ${short(info.suggested)}, a first guess: for this f no safe η is known.`;
    $("eta").classList.toggle("over", info.eta > this.etaMark() * (1 + 1e-12));
  }

  /** Where the mark stands: the η whose guaranteed fall of E is largest; where none is known, what the command would begin with. */
  etaMark() {
    const { app } = this;
    const { info } = app.lanes[app.lane];
    return info.batch === null && info.guaranteed !== null && info.optimizer === "gd" ? info.guaranteed : info.suggested;
  }

  listen() {
    this.listenToTools();
    this.listenToSettings();
    this.listenToLooks();
  }

  /** What stands above the page, and the screen itself. */
  listenToTools() {
    const { app } = this;
    on("dataset", "change", (event) => event.target.value !== "own" && app.openBuiltIn(dataset(event.target.value)));
    on("compare", "click", () => app.try(() => app.compare(app.lanes.length === 1)));
    on("lesson-toggle", "click", () => app.lesson.show(app.lesson.index >= 0 ? -1 : 0));
    on("share", "click", async () => {
      app.walk.pause();
      app.address.write();
      try {
        await navigator.clipboard.writeText(location.href);
        $("share").textContent = "Copied";
        setTimeout(() => ($("share").textContent = "Copy the link"), 1500);
      } catch {
        app.alert(`The link: ${location.href}`);
      }
    });
    on("theme", "click", () => {
      const root = document.documentElement;
      const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
      app.themeChanged();
    });
    new ResizeObserver(() => app.draw()).observe(document.querySelector("main"));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => app.themeChanged());
    document.querySelector(".skip").addEventListener("click", (event) => {
      event.preventDefault();
      $("walk").scrollIntoView();
      $("walk").focus();
    });
  }

  /** The settings of the chosen lane. */
  listenToSettings() {
    const { app } = this;
    on("activation", "change", (event) => {
      if (event.target.value === "formula") {
        $("formula-field").hidden = false;
        $("formula").value ||= "h / (1 + abs(h))";
        $("formula").focus();
        app.change({ activation: $("formula").value });
      } else app.change({ activation: event.target.value });
    });
    on("formula", "change", (event) => app.change({ activation: event.target.value }));
    on("eta", "input", (event) => {
      this.sliding = true;
      app.setEta(etaOf(Number(event.target.value) / 1000, this.etaMark()));
      this.sliding = false;
    });
    on("eta-number", "change", (event) => app.setEta(Number(event.target.value.trim().replace(",", ".") || NaN)));
    on("eta-best", "click", () => app.setEta(this.etaMark()));
    on("batch", "change", (event) => {
      const text = event.target.value.trim();
      if (text === "all" || text === "full" || text === "") return app.change({ batch: null });
      if (!/^\d{1,15}$/.test(text)) return app.alert(`records a step: found ${JSON.stringify(text)}, expected all, or a whole number from 1 on`);
      return app.change({ batch: Number(text) });
    });
    on("reduction", "change", (event) => app.change({ reduction: event.target.value }));
    on("scale", "change", (event) => app.change({ scale: event.target.value, start: null }));
    on("optimizer", "change", (event) => app.change({ optimizer: event.target.value, eta: null }));
    on("loss", "change", (event) => app.change({ loss: event.target.value }));
    on("bias", "change", (event) => app.change({ bias: event.target.checked, start: null }));
    on("start-zeros", "click", () => app.change({ init: "zeros", start: null }));
    on("start-random", "click", () => {
      const { init, seed, start } = app.lanes[app.lane].info.settings;
      app.change({ init: "normal", start: null, seed: init === "normal" && start === null ? seed + 1 : seed });
    });
    on("start-here", "click", () => app.startAt(app.lane, app.lanes[app.lane].state.weights));
    $("start-weights").addEventListener("change", (event) => {
      const value = Number(event.target.value.trim().replace(",", ".").replace("−", "-") || NaN);
      if (!Number.isFinite(value)) return app.alert(`start: found ${JSON.stringify(event.target.value)}, expected a finite number`);
      const weights = [...app.lanes[app.lane].path[0].weights];
      weights[Number(event.target.dataset.start)] = value;
      return app.startAt(app.lane, weights);
    });
  }

  /** What is looked at. */
  listenToLooks() {
    const { app } = this;
    on("log", "change", (event) => {
      app.view.log = event.target.checked;
      app.draw();
      app.address.keep();
    });
    on("record", "change", (event) => {
      const text = event.target.value;
      if (!/^\d+$/.test(text) || Number(text) < 1 || Number(text) > app.points.n) {
        event.target.value = String(app.view.record + 1);
        return app.alert(`record: found ${JSON.stringify(text)}, expected a number from 1 to ${app.points.n}`);
      }
      app.alert("");
      return app.choose(Number(text) - 1);
    });
    on("output", "change", (event) => {
      app.view.output = Number(event.target.value);
      app.buildChoices();
      app.show();
    });
    $("lane-choice").addEventListener("click", (event) => {
      const button = event.target.closest("[data-lane]");
      if (!button) return;
      app.lane = Number(button.dataset.lane);
      app.show();
    });
    // A finger that scrolls the page does not click.
    $("curve").addEventListener("click", (event) => {
      const { frame } = app.curve;
      if (!frame?.holds(event.offsetX, event.offsetY)) return;
      app.walk.pause();
      const at = Math.max(0, Math.round(frame.valueX(event.offsetX)));
      app.lanes.forEach((lane, k) => {
        app.page.go_to(k, at);
        lane.look();
      });
      app.walk.show();
    });
  }
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
