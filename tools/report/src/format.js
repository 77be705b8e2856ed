// Numbers as people read them. Absent ones are a dash.
const prefixes = [
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
  [1, ""],
  [1e-3, "m"],
  [1e-6, "\u00b5"],
  [1e-9, "n"],
  [1e-12, "p"],
];

export const absent = "\u2013";

function digits(value) {
  const size = Math.abs(value);
  if (size >= 1e6 || (size > 0 && size < 1e-4)) return value.toExponential(2);
  return String(Number(value.toPrecision(size >= 1000 ? 5 : 3)));
}

function prefixed(value, unit, largest, smallest) {
  if (value === 0) return `0 ${unit}`;
  const size = Math.abs(value);
  const usable = prefixes.filter(([factor]) => factor <= largest && factor >= smallest);
  const [factor, prefix] = usable.find(([f]) => size >= f * 0.9995) ?? usable.at(-1);
  return `${digits(value / factor)} ${prefix}${unit}`;
}

export function seconds(value) {
  return value === null ? absent : prefixed(value, "s", 1, 1e-12);
}

export function bytes(value) {
  return value === null ? absent : prefixed(value, "B", 1e12, 1);
}

/** Of a link: bytes per second, told in bits. */
export function bandwidth(value) {
  return value === null ? absent : prefixed(8 * value, "bit/s", 1e12, 1);
}

export function share(value) {
  return value === null ? absent : `${digits(100 * value)} %`;
}

export function plain(value) {
  return value === null ? absent : digits(value);
}

export function factor(value) {
  if (value === null) return absent;
  if (value === Infinity) return "\u221e";
  return `${value >= 100 ? Math.round(value) : value.toFixed(value < 1.1 ? 3 : 2)}\u00d7`;
}

/** A factor for where there is little room: "18\u00d7", "1.0\u00d7". */
export function roundFactor(value) {
  return Number.isFinite(value) ? `${value >= 9.95 ? Math.round(value) : value.toFixed(1)}\u00d7` : factor(value);
}

/** A value of a column whose unit is one of columns.js. */
export function shown(value, unit) {
  if (value === null || value === undefined) return absent;
  if (typeof value !== "number") return String(value);
  return { s: seconds, B: bytes, "B/s": bandwidth, x: factor, share }[unit]?.(value) ?? plain(value);
}

/** The number that an option's value begins with, in its base unit: "10Gbps" is 1e10, "1/84" is 0.0119; or null. */
export function optionNumber(text) {
  const fraction = /^(-?[\d.]+(?:e[+-]?\d+)?)\/([\d.]+(?:e[+-]?\d+)?)$/i.exec(text);
  if (fraction) return Number(fraction[1]) / Number(fraction[2]);
  const quantity = /^(-?[\d.]+(?:e[+-]?\d+)?) ?(n|u|m|[kMGTP]i?)?([A-Za-z]*)$/.exec(text);
  if (!quantity || Number.isNaN(Number(quantity[1]))) return null;
  const [, digitsOf, prefix = "", unit] = quantity;
  if (prefix !== "" && unit === "") return null;
  const decimal = { n: 1e-9, u: 1e-6, m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15 };
  const binary = { k: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4, P: 1024 ** 5 };
  const scale = prefix.endsWith("i") ? binary[prefix[0]] : (decimal[prefix] ?? 1);
  return Number(digitsOf) * scale * (unit === "Bps" ? 8 : 1);
}
