// One record's arithmetic, line by line in the lesson's notation, and the step over all records.

import { count, escaped, exact, short } from "../format.js";

const bracketed = (x) => (x < 0 ? `(${exact(x)})` : exact(x));

/** The step on one record; `step` is what the core worked out. */
export function workedHtml(step, lane, points, output) {
  const { info } = lane;
  const j = Math.min(output, step.outputs.length - 1);
  const o = step.outputs[j];
  const several = step.outputs.length > 1;
  const sub = several ? `<sub>${escaped(o.name)}</sub>` : "";
  const squared = info.loss === "squared";
  const inputs = step.inputs.map((x, i) => ({ name: step.names[i], x, w: o.weights[i], term: o.terms[i] }));
  const shown = inputs.filter(({ x, name }) => x !== 0 || !name.includes("="));
  const rows = shown.map(({ name, x, w, term }) =>
    `<tr><th scope="row">${escaped(name)}</th><td>${exact(x)}</td><td>${exact(w)}</td><td>${exact(term)}</td></tr>`).join("");
  const bias = o.bias === null ? "" : `<tr><th scope="row">bias <var>b</var></th><td>1</td><td>${exact(o.bias)}</td><td>${exact(o.bias)}</td></tr>`;
  const left = inputs.length - shown.length;
  const terms = shown.length + (o.bias === null ? 0 : 1) <= 4 ? `${shown.map((t) => `${bracketed(t.w)}·${bracketed(t.x)}`).concat(o.bias === null ? [] : [bracketed(o.bias)]).join(" + ")} = ` : "";
  const checks = o.check;
  const stepRows = inputs.map((input, i) => [input, i]).filter(([input]) => shown.includes(input)).map(([input, i]) =>
    stepRow(input.name, o.gradient[i], checks[i], o.step[i], o.new_weights[i])).join("");
  const biasRow = o.bias === null ? "" : stepRow("bias <var>b</var>", o.bias_gradient, checks[checks.length - 1], o.bias_step, o.new_bias, true);
  const after = step.new_loss < step.loss ? "lower" : step.new_loss > step.loss ? "higher" : "the same";
  return `
  <ol class="lines">
    <li><h4>the weighted sum</h4>
      <div class="scroll"><table><thead><tr><th scope="col">input</th><th scope="col"><var>x</var></th><th scope="col"><var>w</var></th><th scope="col"><var>w</var>·<var>x</var></th></tr></thead><tbody>${rows}${bias}</tbody></table></div>
      ${left ? `<p class="quiet">${count(left, "input")} that are 0 for this record are left out: they add nothing.</p>` : ""}
      <p class="formula"><var>h</var>${sub} = Σ <var>w</var> <var>x</var>${o.bias === null ? "" : " + <var>b</var>"} = ${terms}<b data-value="net_input">${exact(o.net_input)}</b></p></li>
    <li><h4>the output</h4>
      <p class="formula"><var>ŷ</var>${sub} = <var>f</var>(<var>h</var>) = ${escaped(info.formula)} = <b data-value="output">${exact(o.output)}</b>, and it should be <var>y</var> = <b>${exact(o.target)}</b></p></li>
    <li><h4>the error, in three ways</h4>
      <p class="formula"><var>y</var> − <var>ŷ</var> = ${exact(o.target)} − ${bracketed(o.output)} = <b data-value="residual">${exact(o.residual)}</b> <span class="quiet">with its sign</span></p>
      <p class="formula">(<var>y</var> − <var>ŷ</var>)² = <b data-value="squared">${exact(o.squared)}</b> <span class="quiet">never negative</span></p>
      ${squared
        ? `<p class="formula">½(<var>y</var> − <var>ŷ</var>)² = <b data-value="loss">${exact(o.loss)}</b> <span class="quiet">goes into <var>E</var></span></p>`
        : `<p class="formula">its part of <var>E</var> (${escaped(info.loss)}) = <b data-value="loss">${exact(o.loss)}</b></p>`}</li>
    <li><h4>the error term</h4>
      <p class="formula"><var>f</var>′(<var>h</var>) ${info.derivative ? `= ${escaped(info.derivative)} ` : ""}= <b data-value="derivative">${exact(o.derivative)}</b> <span class="quiet">at <var>h</var>, not at <var>x</var></span></p>
      <p class="formula"><var>δ</var>${sub} = ${squared ? "(<var>y</var> − <var>ŷ</var>) <var>f</var>′(<var>h</var>)" : "−∂<var>E</var>/∂<var>h</var>"} = ${squared ? `${bracketed(o.residual)} · ${bracketed(o.derivative)} = ` : ""}<b data-value="delta">${exact(o.delta)}</b></p></li>
    <li><h4>the step on this record alone</h4>
      <p class="formula">Δ<var>w</var> = −<var>η</var> ∂<var>E</var>/∂<var>w</var> = <var>η</var> <var>δ</var> <var>x</var> <span class="quiet">with <var>η</var> = ${exact(step.eta)}; the two minus signs cancel</span></p>
      <div class="scroll"><table><thead><tr><th scope="col">weight</th><th scope="col">∂<var>E</var>/∂<var>w</var> = −<var>δx</var></th><th scope="col">by differences</th><th scope="col">Δ<var>w</var> = <var>ηδx</var></th><th scope="col">new <var>w</var></th></tr></thead><tbody>${stepRows}${biasRow}</tbody></table></div>
      <p class="${step.check.passes ? "good" : "quiet"}">${step.check.passes
        ? `✓ The gradient is right: (E(w + ε) − E(w − ε))/2ε agrees to ${short(step.check.worst, 2)} of its size.`
        : `The two are ${short(step.check.worst, 2)} of their size apart: so far out, or beside a kink of f, differences are coarse.`}</p></li>
    <li><h4>forward again, with the new weights</h4>
      <p class="formula"><var>h</var>${sub} = ${exact(o.new_net_input)}, <var>ŷ</var>${sub} = ${exact(o.new_output)}; <var>E</var> of this record: ${exact(step.loss)} before, <b data-value="new_loss">${exact(step.new_loss)}</b> after: ${after}</p></li>
  </ol>`;
}

function stepRow(name, gradient, check, step, next, raw = false) {
  const by = check.at_kink ? "a kink of f" : exact(check.by_differences);
  return `<tr><th scope="row">${raw ? name : escaped(name)}</th><td>${exact(gradient)}</td><td class="quiet">${by}</td><td class="step">${exact(step)}</td><td>${exact(next)}</td></tr>`;
}

/** What the next step does to a weight: Δw by the delta rule, where it leads by another one. */
function nextOf(state, k) {
  if (state.step) return ` · <span class="good">Δ<var>w</var> <span data-step="${k}">${short(state.step[k])}</span></span>`;
  return state.next ? ` · <span class="good">next <var>w</var> <span data-next="${k}">${exact(state.next[k])}</span></span>` : "";
}

/** All weights with the slope and the next step over all records, or the last steps over few. */
export function weightsHtml(lane, points) {
  const { info, state } = lane;
  const most = 60;
  const rows = info.weights.slice(0, most).map((weight, k) =>
    `<li><b>${escaped(weight.name)}</b> <span data-weight="${k}">${exact(state.weights[k])}</span>
      <small>∂<var>E</var>/∂<var>w</var> ${short(state.slope[k])}${nextOf(state, k)}</small></li>`);
  const rest = info.weights.length > most ? `<p class="quiet">and ${info.weights.length - most} more</p>` : "";
  const formula = info.reduction === "mean" ? "(<var>η</var>/<var>N</var>) Σ <var>δx</var>" : "<var>η</var> Σ <var>δx</var>";
  const other = info.reduction === "mean" ? "sum" : "mean";
  const next = info.optimizer === "gd"
    ? `The next step: Δ<var>w</var> = ${formula} over all ${points.n} records. The same step with the ${other}: <var>η</var> = ${short(info.equivalent)}.`
    : `The next step is that of ${escaped(info.optimizer)}, over all ${points.n} records: it has the slopes of the steps before in it, too.`;
  return `<ul class="weight-list">${rows.join("")}</ul>${rest}
  <p class="quiet">${info.batch
    ? `A step takes ${count(info.batch, "record")}, ${count(info.steps_per_epoch, "step")} an epoch; the marked points made the last one.`
    : next}</p>`;
}
