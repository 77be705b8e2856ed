// Unpacks the results that the page holds, and shows them.
import { drawCharts } from "./chart.js";
import { choice, element } from "./dom.js";
import { runsPage } from "./runs_page.js";
import { scanPage } from "./scan_page.js";
import { chooseTheme } from "./theme.js";

/** The results are JSON, packed by gzip, as base64: no text in them can end the element that holds them. */
async function unpack(base64) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

function header(title) {
  return [
    element("h1", {}, title),
    element(
      "div",
      {},
      choice(
        "theme",
        "Colours",
        [
          ["auto", "as the system"],
          ["light", "light"],
          ["dark", "dark"],
        ],
        "auto",
        chooseTheme,
      ),
      " ",
      element("button", { type: "button", onclick: () => window.print() }, "Print"),
    ),
  ];
}

async function show() {
  const data = await unpack(document.getElementById("results").textContent);
  const names = data.runs ? data.runs.map((run) => run.name).join(", ") : data.scan.name;
  document.title = `ringsim: ${names}`;
  document.getElementById("header").append(...header(document.title));
  document
    .getElementById("main")
    .replaceChildren(
      ...(data.runs ? runsPage(data) : scanPage(data)),
      element("p", { class: "quiet" }, `Made by ringsim ${data.version}.`),
    );
  drawCharts();
  document.documentElement.dataset.state = "ready";
}

show().catch((error) => {
  document.documentElement.dataset.state = "failed";
  document
    .getElementById("main")
    .replaceChildren(
      element(
        "p",
        { class: "error", role: "alert" },
        typeof DecompressionStream === "undefined"
          ? "This browser is too old: Chromium 80, Firefox 113 and Safari 16.4 are the first that can read this page."
          : `The results of this page cannot be shown: ${error.message}`,
      ),
    );
  throw error;
});
