// Colours, light and dark. The series' colours are those of Okabe and Ito, which people without full colour vision tell
// apart; patterns, dashes and names go with them wherever a colour means something.
export const seriesColours = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c6bb1", "#b8a800"];
/** Cividis: grows lighter evenly, whatever colours one sees. */
export const scaleColours = ["#00224e", "#2a3f6d", "#575d6d", "#7d7c78", "#a59c74", "#d2c060", "#fee838"];

const dashes = ["solid", "dashed", "dotted", [8, 3, 2, 3], [12, 4], [2, 6]];
const symbols = ["circle", "rect", "triangle", "diamond", "emptyCircle", "emptyRect", "emptyTriangle"];

export const colour = (index) => seriesColours[index % seriesColours.length];
export const dash = (index) => dashes[index % dashes.length];
export const symbol = (index) => symbols[index % symbols.length];

const root = document.documentElement;
const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");
const listeners = [];
let chosen = "auto";
let printing = false;

function apply() {
  const isDark = !printing && (chosen === "dark" || (chosen === "auto" && prefersDark.matches));
  root.dataset.theme = isDark ? "dark" : "light";
  for (const listener of listeners) listener(printing);
}

export function chooseTheme(name) {
  chosen = name;
  apply();
}

/** Called after the colours, or the medium, have changed. */
export function onThemeChange(listener) {
  listeners.push(listener);
}

/** The colours that the style sheet has now. */
export function palette() {
  const style = getComputedStyle(root);
  const read = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    page: read("page"),
    panel: read("panel"),
    text: read("text"),
    quiet: read("quiet"),
    line: read("line"),
    accent: read("accent"),
    mark: read("mark"),
  };
}

prefersDark.addEventListener("change", apply);
window.addEventListener("beforeprint", () => {
  printing = true;
  apply();
});
window.addEventListener("afterprint", () => {
  printing = false;
  apply();
});
apply();
