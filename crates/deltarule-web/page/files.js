// Files that a person opens or drops: tables, with the choice of their columns, and steps of a lesson.

import { columns } from "./core.js";
import { $ } from "./elements.js";
import { count, escaped, short } from "./format.js";
import { settingsOf } from "./hash.js";
import { stepsOf } from "./lesson.js";

export class Files {
  constructor(app) {
    this.app = app;
  }

  async open(file) {
    const { app } = this;
    const text = file.name.endsWith(".json") ? await file.text() : null;
    if (text !== null && /^\s*[[{]/.test(text) && /"title"/.test(text)) {
      app.try(() => {
        app.lesson.steps = stepsOf(text, file.name);
        app.lesson.show(0);
      });
      return;
    }
    const bytes = new Uint8Array(await file.arrayBuffer());
    const facts = app.try(() => JSON.parse(columns(file.name, bytes.slice())));
    if (facts) this.ask(file.name, bytes, facts);
  }

  /** Asks what is to be predicted. */
  ask(name, bytes, facts) {
    const { app } = this;
    app.walk.pause();
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
        app.open({ id: null, file: name, csv: new TextDecoder().decode(bytes), chosen, edited: false }, settingsOf({}));
        $("compare").setAttribute("aria-pressed", "false");
        $("dataset").value = "own";
        dialog.close();
        app.alert("");
      } catch (error) {
        const box = $("columns-error");
        box.hidden = false;
        box.textContent = error.message ?? String(error);
      }
    });
    dialog.showModal();
  }

  listenToDrops() {
    let inside = 0;
    const isFile = (event) => event.dataTransfer?.types.includes("Files") && !this.app.hidden.has("data");
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
      if (file) await this.open(file);
    });
  }

  listen() {
    $("choose-file").addEventListener("click", () => $("file").click());
    $("file").addEventListener("change", async (event) => {
      const [file] = event.target.files;
      event.target.value = "";
      if (file) await this.open(file);
    });
    this.listenToDrops();
  }
}
