// The verdict that the program wrote, and what the choice of points changes of a scan's.
import { element } from "./dom.js";
import { factor } from "./format.js";

/** The paragraphs that `run`, `compare` or `scan` ends in, word by word. */
export function verdictParagraphs(texts) {
  return texts.map((text, index) => element("p", index === 0 ? {} : { class: "quiet" }, text));
}

function byFactors({ factors }) {
  if (factors.length === 0) return "";
  const [least, greatest] = [Math.min(...factors), Math.max(...factors)].map(factor);
  return least === greatest ? ` (by ${least})` : ` (by ${least} to ${greatest})`;
}

/** What the points that are shown say. `wins`: of the decision map (decision.js), which has so many `cells`. */
export function chosenPoints(scan, wins, cells, compared, figure) {
  const failed = scan.shown.filter((row) => row.isFailed).length;
  const lines = [
    `${scan.shown.length} of ${scan.rows.length} points are shown${failed > 0 ? `, ${failed} of which failed` : ""}.`,
  ];
  if (wins.length === 0) return lines;
  const ordered = [...wins].sort((a, b) => b.count - a.count);
  const others = ordered
    .slice(1)
    .map((win) => `${win.name} in ${win.count}${byFactors(win)}`)
    .join(", ");
  lines.push(
    `${compared} ${ordered[0].name} is best by ${figure} in ${ordered[0].count} of ${cells} cells of the ` +
      `decision map${byFactors(ordered[0])}${others ? `; ${others}` : ""}.`,
  );
  return lines;
}
