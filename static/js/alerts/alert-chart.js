// The chart around an alert: what was measured, the limits, and when it was wrong.

import { loadChart } from "../chart-loader.js";
import { fetchHistory } from "../history-api.js";
import { colourOf, drawChart } from "../history-chart.js";
import { ZoneClock } from "../time-axis.js";

const card = document.querySelector("[data-alert-chart]");
if (card) draw(card, JSON.parse(document.getElementById("alert-chart").textContent));

async function draw(card, settings) {
  const plot = card.querySelector("[data-plot]");
  const note = card.querySelector("[data-note]");
  const { from, to, metrics, limits, spans, title } = settings;
  const how = { from: new Date(from).toISOString(), to: new Date(to).toISOString(), agg: "avg", points: 400 };
  try {
    const keys = metrics.map((metric) => metric.key);
    const [Chart, { interval, series }] = await Promise.all([
      loadChart(settings.scripts),
      fetchHistory(settings.history, keys, how),
    ]);
    if (!Object.values(series).some((points) => points.length)) {
      plot.hidden = true;
      note.textContent = "There are no readings of that time.";
      return;
    }
    const canvas = document.createElement("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `${title}: ${metrics.map((metric) => metric.label).join(", ")}`);
    plot.replaceChildren(canvas);
    const clock = new ZoneClock(settings.timeZone);
    // Counters are lines here: what matters is the moment, not the sum of a day.
    const chart = { title, metrics: metrics.map((metric) => ({ ...metric, counter: false })) };
    const marks = { limits, spans };
    const redraw = () => drawChart(Chart, canvas, { chart, points: series, interval, from, to, clock, marks });
    let drawn = redraw();
    matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => {
      drawn.destroy();
      drawn = redraw();
    });
    showLegend(card, chart.metrics, settings);
    note.textContent = `Times in ${settings.timeZone.replaceAll("_", " ")}.`;
  } catch (error) {
    plot.hidden = true;
    note.textContent = error.message;
  }
}

function showLegend(card, metrics, { limits, spans }) {
  const items = metrics.map((metric, position) => [metric.label, { colour: colourOf(metric, position) }]);
  for (const severity of new Set(limits.map((limit) => limit.severity))) items.push([`Limit, ${severity}`, { severity }]);
  if (spans.length) items.push(["Alert", { span: spans.at(-1).severity }]);
  card.querySelector("[data-legend]").replaceChildren(
    ...items.map(([label, data]) => {
      const item = document.createElement("li");
      const key = document.createElement("span");
      key.className = "legend__key";
      Object.assign(key.dataset, data);
      item.append(key, label);
      return item;
    }),
  );
}
