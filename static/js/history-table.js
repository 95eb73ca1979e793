// The figures of a chart as a table, for those who cannot see charts.

import { valueInWords } from "./values.js";

function timesOf(metrics, points) {
  const times = new Set(metrics.flatMap((metric) => (points[metric.key] ?? []).map(([time]) => time)));
  return [...times].sort((a, b) => a - b);
}

const byTime = (points) => new Map((points ?? []).map(([time, value]) => [time, value]));

export function tableOf(chart, points, clock) {
  const columns = chart.metrics.map((metric) => ({ metric, values: byTime(points[metric.key]) }));
  const table = document.createElement("table");
  table.className = "table";
  const head = table.createTHead().insertRow();
  head.append(cell("th", "Time"), ...columns.map(({ metric }) => cell("th", `${metric.label} ${metric.unit}`, "num")));
  for (const heading of head.cells) heading.scope = "col";
  const body = table.createTBody();
  for (const time of timesOf(chart.metrics, points)) {
    const row = body.insertRow();
    row.append(cell("td", clock.full(time)));
    for (const { metric, values } of columns) {
      row.append(cell("td", values.has(time) ? valueInWords(values.get(time), metric.precision) : "", "num"));
    }
  }
  return table;
}

function cell(tag, text, name = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  element.className = name;
  return element;
}
