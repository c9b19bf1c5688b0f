// The lesson: its formulas in order, each with a state of the page and something to try. A teacher's own steps have the same form:
// { "title", "text", "formula", "try", "state": "#data=line&eta=0.05", "hide": ["settings"], "answer" }; only the title must be there.

import { escaped } from "./format.js";

export const LESSON = [
  {
    title: "A weighted sum",
    formula: "h = Σ w x + b",
    text: "One record goes in: each input x is multiplied by its weight w, and all is added up with the bias b. The weights are the only knobs of this machine.",
    try: "Look at line 1 below. Then change a weight under “start”, and watch h change by x times as much.",
    state: "#data=one&scale=none&f=sigmoid&eta=0.5&reduction=sum&start=0.6,0.1,0.2",
    hide: ["curve"],
  },
  {
    title: "An activation",
    formula: "ŷ = f(h)",
    text: "f bends the sum: the identity leaves it, the sigmoid squeezes it between 0 and 1. ŷ is the prediction, y what it should have been.",
    try: "Choose the identity for f, then tanh, then type a formula of your own, such as h / (1 + abs(h)). Which of them can give ŷ = 1 exactly?",
    answer: "Only the identity: the others come near 1 and never reach it, so weights that want to grow for ever are their way to try.",
    state: "#data=one&scale=none&f=sigmoid&eta=0.5&reduction=sum&start=0.6,0.1,0.2",
    hide: ["curve"],
  },
  {
    title: "The error of one prediction",
    formula: "y − ŷ      (y − ŷ)²      ½(y − ŷ)²",
    text: "The signed errors of many records cancel: a bad network can have a sum near 0. Squares cannot cancel, they make one large error cost more than several small ones, and they have a derivative everywhere; the ½ takes away the 2 that it brings.",
    try: "Drag the point that lies far off up and down. Twice its distance costs four times as much: run, and see how far the line leans over to it. Then choose Huber's error under “more”, and run again.",
    answer: "The squared error lets one point pull with all of its distance. Huber's grows only in proportion to the distance beyond 1, and so the line stays with the others.",
    state: "#data=outlier&scale=none&eta=0.03",
  },
  {
    title: "E: the error of all records",
    formula: "E = ½ Σ (y − ŷ)²",
    text: "The sum over all records depends on the weights alone, once the data are there: low is good. Every red line is an error; E adds up half of their squares.",
    try: "Click on the contours to put the weights elsewhere, and look for a low E by hand. How close do you come to the cross?",
    state: "#data=line&scale=none&eta=0.05&start=0,0",
  },
  {
    title: "The bowl",
    formula: "E as a function of one w",
    text: "Hold all weights but one, and E is a bowl: with the identity a parabola. The dashed line is its tangent; its slope is ∂E/∂w. Uphill is where ∂E/∂w points, so we go the other way.",
    try: "Choose the other weight for the bowl. Which is steeper, and why? (Look at the size of its input.)",
    answer: "The bowl along the weight of x is steeper: a change of w moves h by x times as much, and here x is mostly above 1, while the bias's input is 1.",
    state: "#data=line&scale=none&eta=0.05&start=0,0&w=0",
  },
  {
    title: "The chain rule gives δ",
    formula: "∂E/∂w = −(y − ŷ) f′(h) x = −δ x",
    text: "E depends on ŷ, ŷ on h, h on w: the derivatives multiply. f′ is taken at h, never at x. All of it but x is δ, one number for each record and output.",
    try: "Read lines 4 and 5 below: the gradient by the delta rule stands beside the same one by differences, E a little to the right less E a little to the left. They agree. Choose another record, or drag one.",
    state: "#data=ten&record=2&init=normal&seed=3&f=sigmoid",
  },
  {
    title: "The step",
    formula: "Δw = −η ∂E/∂w = η δ x",
    text: "The minus of the gradient and the minus in (y − ŷ) cancel: the step is plus η δ x. It is the change of w, not the new w. η says how much of the slope is taken.",
    try: "Press Step, and watch the green arrow become the way. Press Back: the same weights, to the last digit. Now Run.",
    state: "#data=line&scale=none&eta=0.02&start=-1,6",
  },
  {
    title: "η too large",
    formula: "η < 2/λmax",
    text: "The mark on η's slider is the η whose guaranteed fall of E is largest for these data; up to twice that no step raises E, and for the identity that is the exact limit.",
    try: "Now set η above the mark, then above twice the mark, and run: what happens, and why?",
    answer: "Up to twice the mark each step lands on the other side of the valley, but lower. Beyond, it lands higher than it began, where the slope is steeper, so the next step is longer still: E grows without end. The page stops there; Back leads out of it.",
    state: "#data=line&scale=none&eta=0.22&start=0,0",
  },
  {
    title: "The same with a sigmoid",
    formula: "f′(h) → 0, so δ → 0",
    text: "A bounded f cannot blow up. Steps that are too large throw h far out, where f is flat: f′ vanishes, δ with it, and descent stands still although the error is large. That is saturation.",
    try: "Run both sides, each with an η far above its mark: the identity on the left, the sigmoid on the right. Which one says loudly that it has a problem, and which one just stops?",
    answer: "The identity diverges, and E tells. The sigmoid lands on a plateau and stays: only E, which is high, shows that it is no good place.",
    state: "#data=ten&f=identity&scale=none&eta=0.2&start=0.1,0.1,0&b=1&b.f=sigmoid&b.scale=none&b.eta=200&b.start=0.1,0.1,0",
  },
  {
    title: "Where one starts",
    formula: "a minimum, not always the minimum",
    text: "With the identity E is one bowl: every start leads to the same bottom. With a nonlinear f there may be plateaus and several valleys.",
    try: "Press “at random” a few times, and run each time. Do you always come to the same E? On a formula that waves, such as sin(2 h), try again.",
    state: "#data=line&f=sin(2*h)&scale=none&eta=0.002&init=normal&seed=1",
  },
  {
    title: "One record a step",
    formula: "Δw = η δ x, record after record",
    text: "Instead of adding up all records first, each one moves the weights by itself, in an order that is drawn anew each epoch. The way trembles: a single record pulls where it wants, not where all want.",
    try: "Run, and look at the contour and the curve of E. Make η smaller: it trembles less, and is slower.",
    state: "#data=line&scale=none&eta=0.04&batch=1&start=-1,6",
  },
  {
    title: "Sum or mean",
    formula: "η on the mean = η/N on the sum",
    text: "E and its gradient are sums over the records. The mean divides the gradient by N: the same steps with another η, which then does not depend on how many records there are.",
    try: "Both sides take the very same steps: mean with η = 0.1, and sum with 0.1/10. Run both, and add a point with a click: which side feels it more?",
    answer: "The one with the sum: eleven records now pull with all their weight, and its η would have to be 0.1/11.",
    state: "#data=line&scale=none&eta=0.1&start=0,0&b=1&b.scale=none&b.eta=0.01&b.reduction=sum&b.start=0,0",
  },
  {
    title: "Several outputs",
    formula: "Δw_ij = η δ_j x_i",
    text: "Each output has weights, a bias and a δ of its own. Nothing of one output enters the step of another, but E is the sum of both.",
    try: "Choose the other output below. Drag one of its points: which weights will the next step change?",
    state: "#data=two&eta=0.3",
  },
  {
    title: "No finite minimum",
    formula: "E → 0 while w → ∞",
    text: "Two groups that a line tells apart without exception: the steeper the sigmoid, the better it fits, so the weights grow for ever, and E falls towards 0 without reaching it.",
    try: "Run for a long time, at speed 100. Then add a point of the one group in the midst of the other, and see how the weights come back.",
    state: "#data=apart&eta=5",
  },
];

/** Steps from a file or an address; says what is wrong with others. */
export function stepsOf(text, name) {
  let steps;
  try {
    steps = JSON.parse(text);
  } catch (error) {
    throw new Error(`${name}: is no JSON (${error.message}); expected a list of steps, such as [{"title": "The bowl", "text": "…", "state": "#data=line"}]`);
  }
  if (!Array.isArray(steps)) steps = steps?.steps;
  if (!Array.isArray(steps) || steps.length === 0) throw new Error(`${name}: found no list of steps, expected [{"title": …}, …]`);
  const keys = ["title", "text", "formula", "try", "answer", "state", "hide"];
  steps.forEach((step, k) => {
    if (typeof step !== "object" || step === null || typeof step.title !== "string") throw new Error(`${name}: step ${k + 1} has no "title"`);
    const unknown = Object.keys(step).find((key) => !keys.includes(key));
    if (unknown) throw new Error(`${name}: step ${k + 1} has ${JSON.stringify(unknown)}, expected one of ${keys.join(", ")}`);
    const wrong = keys.slice(0, 6).find((key) => step[key] !== undefined && typeof step[key] !== "string");
    if (wrong) throw new Error(`${name}: step ${k + 1}: ${wrong} is no text`);
    if (step.hide !== undefined && !(Array.isArray(step.hide) && step.hide.every((part) => typeof part === "string"))) {
      throw new Error(`${name}: step ${k + 1}: hide is no list of names`);
    }
  });
  return steps;
}

/** A step of the lesson as HTML. A teacher's text is text, not HTML. */
export function lessonHtml(steps, index) {
  const step = steps[index];
  const paragraph = (text, kind = "") => (text ? `<p${kind}>${escaped(text)}</p>` : "");
  const dots = steps.map((other, k) => `<button type="button" class="dot" data-step="${k}"${k === index ? ' aria-current="step"' : ""} title="${k + 1}. ${escaped(other.title)}"><span class="visually-hidden">${k + 1}. ${escaped(other.title)}</span></button>`);
  return `<header><p class="count">${index + 1} of ${steps.length}</p><h2>${escaped(step.title)}</h2>
    <div class="row"><button type="button" id="lesson-back" ${index ? "" : "disabled"}>Before</button><button type="button" id="lesson-next" class="main" ${index + 1 < steps.length ? "" : "disabled"}>Next</button></div></header>
    ${step.formula ? `<p class="big-formula">${escaped(step.formula)}</p>` : ""}
    <div class="words">${paragraph(step.text)}${step.try ? `<p class="try"><b>Try it.</b> ${escaped(step.try)}</p>` : ""}
    ${step.answer ? `<details><summary>What happened?</summary>${paragraph(step.answer)}</details>` : ""}
    ${step.state ? '<p><button type="button" class="small" id="lesson-again">Set up again</button></p>' : ""}</div>
    <nav class="dots" aria-label="steps of the lesson">${dots.join("")}</nav>`;
}
