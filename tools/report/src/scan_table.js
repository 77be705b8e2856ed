// The points as a table that can be sorted and filtered.
import { element, panel } from "./dom.js";
import { optionNumber, shown } from "./format.js";
import { unitOf } from "./columns.js";
import { number } from "./table.js";

const rowsOfPage = 50;
const comparisons = {
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  "=": (a, b) => a === b,
};

/** What a filter's text asks of a cell: "> 3" compares numbers, anything else is looked for in the text. */
export function filterOf(text) {
  const comparison = /^\s*(<=|>=|<|>|=)\s*([-+\d.e]+)\s*$/i.exec(text);
  if (comparison && number(comparison[2]) !== null) {
    const [, sign, limit] = comparison;
    return (cell) => number(cell) !== null && comparisons[sign](number(cell), Number(limit));
  }
  const wanted = text.trim().toLowerCase();
  return (cell) => cell.toLowerCase().includes(wanted);
}

/** What rows are ordered by: numbers where all cells that are not empty are some (as options may be), else texts. */
export function sortKeys(cells) {
  const read = (cell) => number(cell) ?? optionNumber(cell);
  const isNumeric = cells.every((cell) => cell === "" || read(cell) !== null);
  return cells.map((cell) => (cell === "" ? null : isNumeric ? read(cell) : cell));
}

/** Absent values come last whichever way. */
function compareKeys(a, b, direction) {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return a < b ? -direction : a > b ? direction : 0;
}

/** A cell that a spreadsheet does not take for a formula, quoted where RFC 4180 asks for it. */
export function exportedCell(cell) {
  const isFormula = /^[=+\-@\t\r]/.test(cell) && number(cell) === null;
  const text = isFormula ? `'${cell}` : cell;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

class PointTable {
  constructor(scan, figures) {
    this.scan = scan;
    const first = [
      "point",
      ...scan.options.map(({ name }) => name),
      ...figures.map(({ name }) => name),
      "bottleneck.kind",
      "error",
    ];
    this.short = [...new Set(first)].filter((name) => scan.table.names.includes(name));
    this.names = this.short;
    this.filters = new Map();
    this.keys = new Map(); // by column
    this.sort = { name: "point", direction: 1 };
    this.page = 0;
    this.head = element("thead");
    this.body = element("tbody");
    this.count = element("p", { role: "status", class: "quiet" });
    this.pager = element("div", { class: "controls" });
    this.makeHead();
    this.update();
  }

  column(name) {
    return this.scan.table.names.indexOf(name);
  }

  makeHead() {
    const cell = (name) => {
      const isSorted = this.sort.name === name;
      const sort = element(
        "button",
        { type: "button", onclick: () => this.sortBy(name) },
        name,
        isSorted ? (this.sort.direction > 0 ? " \u25b2" : " \u25bc") : "",
      );
      const filter = element("input", {
        type: "search",
        "aria-label": `Filter ${name}`,
        placeholder: "filter",
        value: this.filters.get(name) ?? "",
        oninput: () => {
          this.filters.set(name, filter.value);
          this.page = 0;
          this.update();
        },
      });
      return element(
        "th",
        { scope: "col", "aria-sort": isSorted ? (this.sort.direction > 0 ? "ascending" : "descending") : "none" },
        sort,
        filter,
      );
    };
    this.head.replaceChildren(element("tr", {}, ...this.names.map(cell)));
  }

  sortBy(name) {
    this.sort = { name, direction: this.sort.name === name ? -this.sort.direction : 1 };
    this.page = 0;
    this.makeHead();
    this.update();
    this.head.querySelectorAll("button")[this.names.indexOf(name)].focus();
  }

  rows() {
    const active = [...this.filters]
      .filter(([, text]) => text.trim() !== "")
      .map(([name, text]) => [this.column(name), filterOf(text)]);
    const rows = this.scan.shown.filter((row) => active.every(([column, accepts]) => accepts(row.cells[column] ?? "")));
    const { name, direction } = this.sort;
    if (!this.keys.has(name)) this.keys.set(name, sortKeys(this.scan.table.texts([name])));
    const keys = this.keys.get(name);
    return rows.sort((a, b) => compareKeys(keys[a.index], keys[b.index], direction) || a.index - b.index);
  }

  update() {
    const rows = this.rows();
    const pages = Math.max(1, Math.ceil(rows.length / rowsOfPage));
    this.page = Math.min(this.page, pages - 1);
    const from = this.page * rowsOfPage;
    this.body.replaceChildren(...rows.slice(from, from + rowsOfPage).map((row) => this.line(row)));
    this.count.textContent =
      `${rows.length} of ${this.scan.rows.length} points` + (pages > 1 ? `, page ${this.page + 1} of ${pages}` : "");
    const button = (text, to) =>
      element(
        "button",
        {
          type: "button",
          disabled: to < 0 || to >= pages || to === this.page,
          onclick: () => {
            this.page = to;
            this.update();
          },
        },
        text,
      );
    this.pager.replaceChildren(
      button("First", 0),
      button("Back", this.page - 1),
      button("On", this.page + 1),
      button("Last", pages - 1),
    );
    this.pager.hidden = pages === 1;
  }

  line(row) {
    return element(
      "tr",
      { class: row.isFailed ? "failed" : null },
      ...this.names.map((name) => {
        const text = row.cells[this.column(name)] ?? "";
        const value = number(text);
        const isOption = name.startsWith("option.") || name === "point";
        return element(
          "td",
          { class: value === null ? "text" : null, title: text, "data-value": text },
          value === null || isOption ? text : shown(value, unitOf(name)),
        );
      }),
    );
  }

  showAll(isAll) {
    this.names = isAll ? this.scan.table.names : this.short;
    this.makeHead();
    this.update();
  }

  download() {
    const lines = [
      this.names,
      ...this.rows().map((row) => this.names.map((name) => row.cells[this.column(name)] ?? "")),
    ];
    const text = lines.map((cells) => cells.map(exportedCell).join(",")).join("\n");
    const link = element("a", {
      download: "points.csv",
      href: URL.createObjectURL(new Blob([`${text}\n`], { type: "text/csv" })),
    });
    link.click();
    URL.revokeObjectURL(link.href);
  }
}

export function tablePanel(scan, figures) {
  const table = new PointTable(scan, figures);
  scan.onChange(() => {
    table.page = 0;
    table.update();
  });
  const all = element("input", { type: "checkbox", name: "all-columns", onchange: () => table.showAll(all.checked) });
  return panel(
    "points",
    "The points",
    element(
      "p",
      {},
      "A heading sorts by its column, once more the other way round. A filter is a text to be found, or a " +
        "comparison such as > 0.01, in the units of the file.",
    ),
    element(
      "div",
      { class: "controls" },
      element("label", {}, all, "all columns"),
      element("button", { type: "button", onclick: () => table.download() }, "Save these rows as CSV"),
    ),
    table.count,
    element(
      "div",
      { class: "scroll long", tabindex: "0", role: "region", "aria-label": "The points of the scan" },
      element("table", { id: "points-table" }, table.head, table.body),
    ),
    table.pager,
  );
}
