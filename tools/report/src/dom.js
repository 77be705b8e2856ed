// Elements of the page. Whatever comes from results becomes text, never markup.

/** element("p", {class: "quiet"}, "text", otherElement) */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const dashArrays = { solid: "none", dashed: "6 3", dotted: "2 3" };

/** A piece of a line in this colour and with these dashes, as charts draw them, for a key. */
export function lineSwatch(colour, dash) {
  const stroke = { stroke: colour, "stroke-width": 3, "stroke-dasharray": dashArrays[dash] ?? dash.join(" ") };
  return svg(
    "svg",
    { class: "swatch", viewBox: "0 0 30 12", "aria-hidden": "true" },
    svg("line", { x1: 0, y1: 6, x2: 30, y2: 6, ...stroke }),
  );
}

/** A part of the page with a heading. */
export function panel(id, title, ...children) {
  return element(
    "section",
    { id, class: "panel", "aria-labelledby": `${id}-title` },
    element("h2", { id: `${id}-title` }, title),
    ...children,
  );
}

const mostRowsAtOnce = 30;
let controls = 0;

/** A labelled choice among [value, text] pairs; `changed` gets the new value. */
export function choice(name, label, options, selected, changed) {
  const id = `control-${(controls += 1)}`;
  const select = element(
    "select",
    { id, name, onchange: () => changed(select.value) },
    ...options.map(([value, text]) => element("option", { value, selected: value === selected }, text)),
  );
  return element("label", { for: id }, label, select);
}

/** Choices side by side; null ones are left out. */
export function controlsRow(...children) {
  return element("div", { class: "controls" }, ...children);
}

/** A table of texts and numbers: rows of cells {text, value, best}, of which the first is the heading. */
export function plainTable(caption, head, rows) {
  const cell = ({ text, value, best, isText }) =>
    element("td", { "data-value": value ?? "", class: best ? "best" : isText ? "text" : null }, text);
  return element(
    "div",
    {
      class: rows.length > mostRowsAtOnce ? "scroll long" : "scroll",
      tabindex: "0",
      role: "region",
      "aria-label": caption,
    },
    element(
      "table",
      {},
      element("caption", {}, caption),
      element("thead", {}, element("tr", {}, ...head.map((text) => element("th", { scope: "col" }, text)))),
      element(
        "tbody",
        {},
        ...rows.map(([first, ...cells]) =>
          element("tr", {}, element("th", { scope: "row" }, first.text), ...cells.map(cell)),
        ),
      ),
    ),
  );
}

/** What a picture shows, as a table that is built when it is opened. */
export function alternative(makeTable) {
  const details = element("details", {}, element("summary", { class: "alternative" }, "The same as a table"));
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(makeTable());
  });
  return details;
}
