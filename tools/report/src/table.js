// Tables of CSV text: columns of texts, and of numbers where they are asked for. An empty cell is null, never 0.

/** Rows of cells, by RFC 4180. */
export function parseCsv(text) {
  const rows = [];
  let row = [];
  let at = 0;
  while (at < text.length) {
    let cell;
    if (text[at] === '"') {
      [cell, at] = quotedCell(text, at);
    } else {
      const end = plainEnd(text, at);
      cell = text.slice(at, end);
      at = end;
    }
    row.push(cell);
    if (text[at] === ",") {
      at += 1;
      if (at === text.length || text[at] === "\n") row.push("");
    }
    if (at >= text.length || text[at] === "\n") {
      rows.push(row);
      row = [];
      at += 1;
    }
  }
  return rows;
}

function plainEnd(text, at) {
  while (at < text.length && text[at] !== "," && text[at] !== "\n") at += 1;
  return at;
}

function quotedCell(text, at) {
  let cell = "";
  for (;;) {
    const end = text.indexOf('"', at + 1);
    if (end < 0) return [cell + text.slice(at + 1), text.length];
    cell += text.slice(at + 1, end);
    if (text[end + 1] !== '"') return [cell, end + 1];
    cell += '"';
    at = end + 1;
  }
}

/** A number, or null where there is none. */
export function number(text) {
  if (text === null || text === undefined || text === "") return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

export class Table {
  constructor(text) {
    const rows = parseCsv(text ?? "");
    this.names = rows.shift() ?? [];
    this.rows = rows;
    this.kept = new Map();
  }

  get length() {
    return this.rows.length;
  }

  /** The first of these names that there is, or undefined. */
  find(names) {
    return names.find((name) => this.names.includes(name));
  }

  /** A column as texts; empty where there is no such column. */
  texts(names) {
    const at = this.names.indexOf(this.find(names));
    return at < 0 ? [] : this.rows.map((row) => row[at] ?? "");
  }

  /** A column as numbers and nulls. */
  numbers(names) {
    const key = names.join();
    if (!this.kept.has(key)) this.kept.set(key, this.texts(names).map(number));
    return this.kept.get(key);
  }
}

/** The members of nested objects by their paths, "target.steps"; lists are left out. */
export function flatten(object, prefix = "", flat = {}) {
  for (const [key, value] of Object.entries(object)) {
    if (Array.isArray(value)) continue;
    if (value !== null && typeof value === "object") flatten(value, `${prefix}${key}.`, flat);
    else flat[prefix + key] = value;
  }
  return flat;
}

/** The value of the first of these names that the object has and that is not null. */
export function pick(flat, names) {
  for (const name of names) if (flat[name] !== undefined && flat[name] !== null) return flat[name];
  return null;
}
