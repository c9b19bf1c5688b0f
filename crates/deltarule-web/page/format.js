// Numbers and names for people, as the command writes them.

/** All digits: reading the text gives the same number back. */
export function exact(x) {
  if (!Number.isFinite(x)) return x > 0 ? "∞" : x < 0 ? "−∞" : "not a number";
  const text = String(x + 0);
  const plain = text.includes("e") ? withoutExponent(text) : text;
  return minus(plain.length > 24 ? x.toExponential().replace("e+", "e") : plain);
}

function withoutExponent(text) {
  const [mantissa, power] = text.replace("-", "").split("e");
  const [whole, part = ""] = mantissa.split(".");
  const digits = whole + part;
  const point = whole.length + Number(power);
  const sign = text.startsWith("-") ? "-" : "";
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  if (point >= digits.length) return sign + digits + "0".repeat(point - digits.length);
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** So many significant digits, six unless said otherwise, and no zeros at the end. */
export function short(x, n = 6) {
  if (!Number.isFinite(x)) return exact(x);
  if (x === 0) return "0";
  const [mantissa, power] = x.toExponential(n - 1).split("e");
  const exponent = Number(power);
  if (exponent >= -5 && exponent < Math.max(n, 7)) return minus(trim(x.toFixed(Math.max(0, n - 1 - exponent))));
  return minus(`${trim(mantissa)}e${exponent}`);
}

const trim = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);

/** A minus as wide as a plus. */
const minus = (text) => text.replace(/^-/, "−");

/** `1 step`, `2 steps`. */
export const count = (n, noun) => `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;

/** Text that can stand in HTML. */
export const escaped = (text) =>
  String(text).replace(/[&<>"']/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[c]);

/** Round values for an axis: about `n` of them from `low` to `high`. */
export function ticks(low, high, n) {
  const rough = (high - low) / Math.max(1, n);
  if (!(rough > 0) || !Number.isFinite(rough)) return [];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((size) => size >= rough * 0.999) ?? 10 * power;
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) found.push(Number((k * step).toPrecision(12)));
  return found;
}
