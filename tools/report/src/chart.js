// Charts of ECharts, with what all of them have in common.
import { BarChart, CustomChart, HeatmapChart, LineChart, ParallelChart } from "echarts/charts";
import { AriaComponent, DataZoomComponent, GridComponent, LegendComponent, ParallelComponent, TitleComponent,
  TooltipComponent, VisualMapContinuousComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

import { element } from "./dom.js";
import { onThemeChange, palette } from "./theme.js";

echarts.use([BarChart, CustomChart, HeatmapChart, LineChart, ParallelChart, AriaComponent, DataZoomComponent,
  GridComponent, LegendComponent, ParallelComponent, TitleComponent, TooltipComponent, VisualMapContinuousComponent,
  CanvasRenderer]);

const drawn = new Set();
const printedWidth = 700;

/**
 * A chart: `option(colours)` gives ECharts' option anew each time that it is drawn. The element's `draw()` draws it
 * again, with another height where one is given.
 */
export function chart(label, height, option) {
  const box = element("div", { class: "chart", role: "img", "aria-label": label, style: `height: ${height}px` });
  let instance = null;
  box.draw = (newHeight) => {
    if (newHeight) box.style.height = `${newHeight}px`;
    if (!box.isConnected) return;
    instance ??= echarts.init(box, null, { devicePixelRatio: Math.max(2, window.devicePixelRatio) });
    if (newHeight) instance.resize();
    const colours = palette();
    instance.setOption(completed(option(colours), colours), { notMerge: true, lazyUpdate: false });
  };
  box.resize = (width) => instance?.resize(width ? { width } : { width: box.clientWidth });
  box.image = () => instance;
  drawn.add(box);
  return box;
}

function completed(option, colours) {
  return { animation: false, backgroundColor: "transparent",
    textStyle: { color: colours.text, fontFamily: 'system-ui, "DejaVu Sans", sans-serif' }, ...option };
}

/** Draws what has been added to the page, and forgets what has been taken from it. */
export function drawCharts() {
  for (const box of drawn) {
    if (box.isConnected) box.draw();
    else drawn.delete(box);
  }
}

onThemeChange((isPrinting) => {
  for (const box of drawn) {
    if (!box.isConnected) continue;
    box.resize(isPrinting ? printedWidth : 0);
    box.draw();
  }
});
new ResizeObserver(() => {
  for (const box of drawn) if (box.isConnected) box.resize(0);
}).observe(document.documentElement);

/** An axis of values in the page's colours. */
export function axis(colours, name, more = {}) {
  return { name, nameLocation: "middle", nameGap: 30, nameTextStyle: { color: colours.text },
    axisLine: { show: true, lineStyle: { color: colours.quiet } }, axisLabel: { color: colours.text },
    splitLine: { lineStyle: { color: colours.line } }, ...more };
}

export function legend(colours, more = {}) {
  return { type: "scroll", top: 0, textStyle: { color: colours.text }, inactiveColor: colours.line,
    pageTextStyle: { color: colours.text }, itemWidth: 34, ...more };
}

/** A tooltip whose lines are texts: markup in them stays text. */
export function tooltip(colours, lines, more = {}) {
  return { confine: true, backgroundColor: colours.panel, borderColor: colours.line, textStyle: { color: colours.text },
    formatter: (at) => {
      const texts = lines(at);
      return texts.length === 0 ? "" : element("div", {}, ...texts.map((text) => element("div", {}, text)));
    }, ...more };
}

/**
 * A logarithmic axis for values of which some may be 0, and which may lie any distance apart: 0 has a place of its own
 * below the smallest decade, with "0" beside it. `place` gives where a value is drawn.
 */
export function logScale(values, shown) {
  const positive = values.filter((value) => value !== null && value > 0);
  const hasZero = values.some((value) => value === 0);
  const smallest = positive.length > 0 ? positive.reduce((a, b) => Math.min(a, b)) : 1;
  const largest = positive.length > 0 ? positive.reduce((a, b) => Math.max(a, b)) : 1;
  let low = Math.floor(Math.log10(smallest));
  const high = Math.max(low + 1, Math.ceil(Math.log10(largest) - 1e-9));
  if (hasZero) low -= 1;
  const zero = 10 ** low;
  return {
    place: (value) => (value === null || value < 0 ? null : value === 0 ? zero : value),
    axis: { type: "log", logBase: 10, min: zero, max: 10 ** high,
      axisLabel: { formatter: (value) => (hasZero && value <= zero * 1.001 ? "0" : shown(value)) } },
  };
}
