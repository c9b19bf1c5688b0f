// The state of the page as the part of its address behind #, readable, and nothing else.

export const DEFAULTS = {
  f: "", loss: "squared", bias: "1", scale: "standard", eta: "", batch: "full", reduction: "mean", rule: "gd", init: "auto", seed: "0", start: "", step: "0",
};

/** Own points and files go into the address up to so many characters. */
export const MOST_TEXT = 12000;

const numbers = (text) => text.split(",").map(Number);

/** The settings of a lane from words, as the core takes them; what is no number is left to the core to refuse. */
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
    start: get("start") === "" ? null : numbers(get("start")),
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

/** The words of an address. Those of the second lane begin with `b.`. */
export function read(hash) {
  const words = Object.fromEntries(new URLSearchParams(hash.replace(/^#/, "")));
  const second = Object.fromEntries(Object.entries(words).filter(([key]) => key.startsWith("b.")).map(([key, value]) => [key.slice(2), value]));
  return { words, second: "b" in words ? second : null };
}

/** An address of words, with as few percent signs as can be. */
export function write(words) {
  const pairs = Object.entries(words).map(([key, value]) => `${key}=${encodeURIComponent(value).replace(/%2C/g, ",").replace(/%3A/g, ":").replace(/%2F/g, "/").replace(/%20/g, "+")}`);
  return pairs.length ? `#${pairs.join("&")}` : "#";
}
