// One chart over time: lines with their min-max bands, targets dashed, counters as bars, limits and alerts marked.

import { marksPlugin } from "./chart-marks.js";
import { valueInWords } from "./values.js";

const COLOURS = 6;
const BARS = { barPercentage: 0.8, categoryPercentage: 1, maxBarThickness: 40 };

/** What is compared has the colour of what it is compared with: the metric at the position `of`. */
export const colourOf = (metric, position) => (metric.target ? "target" : String(((metric.of ?? position) % COLOURS) + 1));

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/**
 * @param chart      {title, metrics} of the page's settings; metrics with `area` are filled
 * @param points     by metric key: [[milliseconds, value, min, max], …]
 * @param interval   milliseconds between two points; a longer gap interrupts the line
 * @param onZoom     what to do with a part that was dragged over; without it nothing can be
 * @param marks      {limits: [{key, value, severity}, …], spans: [{from, to, severity}, …], moments: [milliseconds, …]}
 */
export function drawChart(Chart, canvas, { chart, points, interval, from, to, clock, onZoom, marks }) {
  const axes = axesOf(chart.metrics, points, marks?.limits ?? []);
  const bars = chart.metrics.every((metric) => metric.counter);
  const grid = css("--chart-grid");
  const tick = css("--text-3");
  const shift = bars ? interval / 2 : 0; // a bar stands in the middle of its bucket, and so does its mark
  const xAxis = {
    type: "linear",
    ...(bars ? wholeBuckets(chart.metrics.map((metric) => points[metric.key] ?? []), interval) : { min: from, max: to }),
    offset: false,
    grid: { color: grid, drawTicks: false },
    border: { display: false },
    afterBuildTicks: (axis) => {
      const room = Math.max(2, Math.floor(axis.width / 72));
      const starts = clock.ticks(axis.min, axis.max - shift, room);
      axis.ticks = starts.map((start) => ({ value: start + shift }));
    },
    ticks: { color: tick, padding: 8, maxRotation: 0, autoSkip: false, callback: (value) => clock.label(value - shift) },
  };
  const axisOf = (key) => axes.get(chart.metrics.find((metric) => metric.key === key).unit).id;
  return new Chart(canvas, {
    type: bars ? "bar" : "line",
    plugins: marks ? [marksPlugin(marks, axisOf)] : [],
    data: { datasets: chart.metrics.flatMap((metric, position) => datasets(metric, position, points, interval, axes)) },
    options: {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      parsing: false,
      normalized: true,
      interaction: { mode: "x", intersect: false, axis: "x" },
      font: { family: getComputedStyle(document.body).fontFamily },
      scales: { x: xAxis, ...yAxes(axes, { grid, tick, bars }) },
      plugins: {
        legend: { display: false },
        tooltip: tooltip(chart, clock, interval, bars),
        zoom: {
          zoom: {
            mode: "x",
            wheel: { enabled: Boolean(onZoom), modifierKey: "ctrl" },
            drag: { enabled: Boolean(onZoom), threshold: 8, backgroundColor: `${css("--accent")}26` },
            onZoomComplete: ({ chart: { scales } }) => onZoom(scales.x.min, scales.x.max),
          },
        },
      },
    },
  });
}

/** Bars are not cut off at the ends of the range. */
function wholeBuckets(series, interval) {
  const starts = series.flat().map(([time]) => time);
  return { min: Math.min(...starts), max: Math.max(...starts) + interval };
}

/** One axis per unit: the first at the left, the next at the right. */
function axesOf(metrics, points, limits) {
  const units = [...new Set(metrics.map((metric) => metric.unit))];
  return new Map(
    units.map((unit, position) => {
      const ofUnit = metrics.filter((metric) => metric.unit === unit);
      const measured = ofUnit.flatMap((metric) => (points[metric.key] ?? []).flatMap(([, ...values]) => values));
      const marked = limits.filter((limit) => ofUnit.some((metric) => metric.key === limit.key)).map(({ value }) => value);
      return [unit, { id: position ? `y${position}` : "y", fromZero: isNearZero([...measured, ...marked]), marked }];
    }),
  );
}

/** Never below zero, and not far above it: then an axis that begins below zero would puzzle. */
function isNearZero(values) {
  const low = values.reduce((a, b) => Math.min(a, b), Infinity);
  const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  return low >= 0 && low < 0.1 * (high - low);
}

function yAxes(axes, { grid, tick, bars }) {
  return Object.fromEntries(
    Array.from(axes, ([unit, { id, fromZero, marked }], position) => [
      id,
      {
        position: position ? "right" : "left",
        beginAtZero: bars || fromZero,
        ...(marked.length && { suggestedMin: Math.min(...marked), suggestedMax: Math.max(...marked) }),
        grace: bars || fromZero ? 0 : "8%",
        border: { display: false },
        grid: { color: grid, drawTicks: false, drawOnChartArea: position === 0 },
        ticks: { color: tick, padding: 8, maxTicksLimit: 6 },
        title: { display: axes.size > 1, text: unit, color: tick },
      },
    ]),
  );
}

function datasets(metric, position, points, interval, axes) {
  const name = colourOf(metric, position);
  const colour = css(name === "target" ? "--series-target" : `--series-${name}`);
  const yAxisID = axes.get(metric.unit).id;
  const known = points[metric.key] ?? [];
  if (metric.counter) {
    const data = known.map(([x, y]) => ({ x: x + interval / 2, y }));
    return [{ type: "bar", metric, data, yAxisID, backgroundColor: metric.compared ? `${colour}66` : colour, borderRadius: 3, ...BARS }];
  }
  const line = {
    type: "line",
    metric,
    data: withGaps(known, interval, 1),
    yAxisID,
    borderColor: colour,
    backgroundColor: colour,
    borderWidth: metric.target ? 1.5 : 1.75,
    borderDash: metric.compared ? [2, 3] : metric.target ? [5, 4] : [],
    stepped: metric.target ? "before" : false,
    pointRadius: (point) => (alone(point) ? 2 : 0),
    pointHoverRadius: 4,
    spanGaps: false,
    ...(metric.area && { fill: "origin", backgroundColor: `${colour}3d` }),
  };
  if (metric.target || metric.compared || metric.area || !known.some(([, , low, high]) => low !== undefined && low !== high)) return [line];
  const edge = { type: "line", yAxisID, borderWidth: 0, pointRadius: 0, pointHoverRadius: 0 };
  return [
    line,
    { ...edge, data: withGaps(known, interval, 2) },
    { ...edge, data: withGaps(known, interval, 3), fill: "-1", backgroundColor: `${colour}3d` },
  ];
}

/** A hole in the data is a hole in the line. Single readings may lie further apart than buckets. */
function withGaps(points, interval, column) {
  const steps = points.slice(1).map(([time], position) => time - points[position][0]);
  const usual = steps.toSorted((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
  const gap = 2.5 * Math.max(interval, usual);
  return points.flatMap((point, position) => {
    const here = { x: point[0], y: point[column] ?? point[1] };
    return steps[position] > gap ? [here, { x: point[0] + 1, y: NaN }] : [here];
  });
}

/** A point without neighbours would be a line without length. */
const alone = ({ dataIndex, dataset: { data } }) =>
  [data[dataIndex - 1], data[dataIndex + 1]].every((neighbour) => !neighbour || Number.isNaN(neighbour.y));

function tooltip(chart, clock, interval, bars) {
  return {
    filter: (item, position, items) =>
      item.dataset.metric && items.findIndex((other) => other.dataset === item.dataset) === position,
    backgroundColor: css("--surface-3"),
    titleColor: css("--text"),
    bodyColor: css("--text"),
    borderColor: css("--line-strong"),
    borderWidth: 1,
    padding: 10,
    cornerRadius: 8,
    boxWidth: 8,
    boxHeight: 8,
    callbacks: {
      title: ([item]) => item && whenOf(item.parsed.x, clock, interval, bars),
      label: ({ dataset: { metric }, parsed }) =>
        ` ${metric.label}: ${valueInWords(parsed.y, metric.precision)} ${metric.unit}`,
    },
  };
}

function whenOf(x, clock, interval, bars) {
  if (!bars) return clock.full(x);
  const start = x - interval / 2;
  return interval >= 23 * 3600_000 ? clock.day(start) : `${clock.full(start)}`;
}
