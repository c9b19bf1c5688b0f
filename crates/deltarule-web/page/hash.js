// The state of the page as the part of its address behind #, readable, and nothing else.

export const DEFAULTS = {
  f: "", loss: "squared", bias: "1", scale: "standard", eta: "", batch: "full", reduction: "mean", rule: "gd", init: "auto", seed: "0", start: "", step: "0",
};

/** Own points and files go into the address up to so many characters. */
export const MOST_TEXT = 12000;

/** Names in one word: a comma within a name has a backslash before it. */
export const joined = (names) => names.map((name) => name.replace(/[\\,]/g, "\\$&")).join(",");

/** The way back. */
export function parted(text) {
  if (!text) return [];
  const names = [""];
  for (let k = 0; k < text.length; k++) {
    if (text[k] === ",") names.push("");
    else names[names.length - 1] += text[k] === "\\" && k + 1 < text.length ? text[++k] : text[k];
  }
  return names;
}

const isNumber = (text) => /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) && Number.isFinite(Number(text));
const isWhole = (text) => /^\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text));
const isCount = (text) => isWhole(text) && Number(text) > 0;
const areWhole = (least, most) => (text) => text.split(",").length >= least && text.split(",").length <= most && text.split(",").every(isWhole);
const isSwitch = (text) => text === "0" || text === "1";

/** What the words that are numbers can be. */
const FORMS = {
  eta: [(text) => text === "" || isNumber(text), "a number"],
  batch: [(text) => text === "full" || isWhole(text), "full, or a whole number from 1 on"],
  seed: [isWhole, "a whole number"],
  start: [(text) => text === "" || text.split(",").every(isNumber), "numbers with commas between them, one for each weight and bias"],
  step: [isWhole, "a whole number of steps"],
  record: [isCount, "the number of a record, from 1 on"],
  lesson: [isCount, "the number of a step, from 1 on"],
  output: [isWhole, "the number of an output, from 0 on"],
  w: [isWhole, "the number of a weight, from 0 on"],
  ww: [areWhole(2, 2), "the numbers of two weights, from 0 on"],
  x: [areWhole(1, 2), "the numbers of one column or two, from 0 on"],
  bias: [isSwitch, "0 or 1"],
  space: [isSwitch, "0 or 1"],
  log: [isSwitch, "0 or 1"],
};
const OF_THE_PAGE = ["data", "file", "csv", "missing", "targets", "features", "categorical", "task", "fill", "b", "hide", "steps", ...Object.keys(FORMS)];

/** What is wrong with a value, in words. */
export const wrong = (key, found, expected) => `${key}: found ${JSON.stringify(found)} in the address, expected ${expected}`;

/** The settings of a lane from words, as the core takes them, which refuses what it does not know. */
export function settingsOf(words) {
  const get = (key) => words[key] ?? DEFAULTS[key];
  return {
    activation: get("f") || null,
    loss: get("loss"),
    bias: get("bias") !== "0",
    scale: get("scale"),
    eta: get("eta") === "" ? null : Number(get("eta")),
    batch: get("batch") === "full" ? null : Number(get("batch")),
    reduction: get("reduction"),
    optimizer: get("rule"),
    init: get("init"),
    seed: Number(get("seed")),
    start: get("start") === "" ? null : get("start").split(",").map(Number),
  };
}

/** The way back from `settingsOf`: only what differs from the defaults. */
export function wordsOf(settings, step) {
  const words = {
    f: settings.activation ?? "", loss: settings.loss, bias: settings.bias ? "1" : "0", scale: settings.scale,
    eta: settings.eta === null ? "" : String(settings.eta), batch: settings.batch === null ? "full" : String(settings.batch),
    reduction: settings.reduction, rule: settings.optimizer, init: settings.init, seed: String(settings.seed),
    start: settings.start ? settings.start.map(String).join(",") : "", step: String(step),
  };
  return Object.fromEntries(Object.entries(words).filter(([key, value]) => value !== DEFAULTS[key]));
}

/** The words of an address, those of the second lane, which begin with `b.`, and what is wrong with others, which are left out. */
export function read(hash) {
  const text = hash.replace(/^#/, "");
  const words = {};
  const second = {};
  const complaints = [];
  if (text && !text.includes("=") && !document.getElementById(text)) complaints.push(`found ${JSON.stringify(text)} behind # in the address, expected words such as data=line&eta=0.05`);
  for (const [key, value] of text.includes("=") ? new URLSearchParams(text) : []) {
    const isSecond = key.startsWith("b.");
    const name = isSecond ? key.slice(2) : key;
    const [fits, expected] = FORMS[name] ?? [];
    if (!(name in DEFAULTS) && (isSecond || !OF_THE_PAGE.includes(name))) {
      complaints.push(`${key}: is no word of an address, expected one of ${[...OF_THE_PAGE, ...Object.keys(DEFAULTS).filter((other) => !OF_THE_PAGE.includes(other))].join(", ")}`);
    } else if (fits && !fits(value)) complaints.push(wrong(key, value, expected));
    else (isSecond ? second : words)[name] = value;
  }
  return { words, second: "b" in words ? second : null, complaints };
}

/** An address of words, with as few percent signs as can be. */
export function write(words) {
  const pairs = Object.entries(words).map(([key, value]) => `${key}=${encodeURIComponent(value).replace(/%2C/g, ",").replace(/%3A/g, ":").replace(/%2F/g, "/").replace(/%20/g, "+")}`);
  return pairs.length ? `#${pairs.join("&")}` : "#";
}
