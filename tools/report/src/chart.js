// Charts of ECharts, with what all of them have in common.
import { BarChart, CustomChart, HeatmapChart, LineChart, ParallelChart } from "echarts/charts";
import {
  AriaComponent,
  DataZoomComponent,
  GridComponent,
  LegendComponent,
  ParallelComponent,
  TitleComponent,
  TooltipComponent,
  VisualMapContinuousComponent,
} from "echarts/components";
import * as echarts from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

import { element } from "./dom.js";
import { onThemeChange, palette } from "./theme.js";

echarts.use([
  BarChart,
  CustomChart,
  HeatmapChart,
  LineChart,
  ParallelChart,
  AriaComponent,
  DataZoomComponent,
  GridComponent,
  LegendComponent,
  ParallelComponent,
  TitleComponent,
  TooltipComponent,
  VisualMapContinuousComponent,
  CanvasRenderer,
]);

const drawn = new Set();
const printedWidth = 700;

/**
 * A chart: `option(colours)` gives ECharts' option anew each time that it is drawn. The element's `draw()` draws it
 * again, with another height where one is given.
 */
export function chart(label, initialHeight, option) {
  const box = element("div", { class: "chart", role: "img", "aria-label": label, style: `height: ${initialHeight}px` });
  let instance = null;
  let height = initialHeight;
  box.draw = (newHeight = height) => {
    if (newHeight !== height) {
      height = newHeight;
      box.style.height = `${height}px`;
      instance?.resize();
    }
    if (!box.isConnected) return;
    instance ??= echarts.init(box);
    const colours = palette();
    instance.setOption(completed(option(colours), colours), { notMerge: true });
  };
  box.resize = (width, devicePixelRatio) =>
    instance?.resize({ width: width || box.clientWidth, ...(devicePixelRatio && { devicePixelRatio }) });
  drawn.add(box);
  return box;
}

function completed(option, colours) {
  return {
    animation: false,
    backgroundColor: "transparent",
    textStyle: { color: colours.text, fontFamily: 'system-ui, "DejaVu Sans", sans-serif' },
    ...option,
  };
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
    // Paper shows more dots than screens.
    box.resize(isPrinting ? printedWidth : 0, isPrinting ? 3 : window.devicePixelRatio);
    box.draw();
  }
});
new ResizeObserver(() => {
  for (const box of drawn) if (box.isConnected) box.resize(0);
}).observe(document.documentElement);

/** An axis of values in the page's colours. */
export function axis(colours, name, more = {}) {
  return {
    name,
    nameLocation: "middle",
    nameGap: 30,
    nameTextStyle: { color: colours.text },
    axisLine: { show: true, lineStyle: { color: colours.quiet } },
    axisLabel: { color: colours.text },
    splitLine: { lineStyle: { color: colours.line } },
    ...more,
  };
}

/** Whether the page is as narrow as on a telephone. */
export const isNarrow = () => window.innerWidth < 640;

/** The legend of a few names, which all stand there, in a second line where the page is narrow: `height` of it. */
export function wholeLegend(colours) {
  const height = isNarrow() ? 62 : 36;
  return { height, legend: legend(colours, { type: "plain", itemGap: isNarrow() ? 6 : 10 }) };
}

export function legend(colours, more = {}) {
  return {
    type: "scroll",
    top: 0,
    textStyle: { color: colours.text },
    inactiveColor: colours.line,
    pageTextStyle: { color: colours.text },
    itemWidth: 34,
    ...more,
  };
}

/** A tooltip whose lines are texts: markup in them stays text. */
export function tooltip(colours, lines, more = {}) {
  return {
    confine: true,
    backgroundColor: colours.panel,
    borderColor: colours.line,
    textStyle: { color: colours.text },
    formatter: (at) => {
      const texts = lines(at);
      return texts.length === 0 ? "" : element("div", {}, ...texts.map((text) => element("div", {}, text)));
    },
    ...more,
  };
}
