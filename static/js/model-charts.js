// Performance over time: the figure with its interval, the baseline's, and the limit.

import { loadChart } from "./chart-loader.js";
import { language } from "./language.js";

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export async function drawPerformance(panel, { scripts, start, end, charts }) {
  const Chart = await loadChart(scripts);
  return charts.flatMap((chart) => {
    const canvas = panel.querySelector(`[data-chart="${chart.metric}"]`);
    return canvas ? [new Chart(canvas, settings(chart, start, end))] : [];
  });
}

function settings({ points, baseline, limit, unit, label }, start, end) {
  const colour = css("--series-1");
  const edge = { borderWidth: 0, pointRadius: 0, pointHitRadius: 0 };
  const level = (y, color, dash) => ({
    data: y === null ? [] : [{ x: start, y }, { x: end, y }],
    borderColor: color,
    borderWidth: 1.5,
    borderDash: dash,
    pointRadius: 0,
    pointHitRadius: 0,
  });
  const at = (column) => points.filter((point) => point[column] !== null).map((point) => ({ x: point[0], y: point[column] }));
  return {
    type: "line",
    data: {
      datasets: [
        {
          label,
          data: points.map(([x, y, low, high, known, final]) => ({ x, y, low, high, known, final })),
          borderColor: colour,
          borderWidth: 1.75,
          pointRadius: 3,
          pointBackgroundColor: ({ raw }) => (raw?.final ? colour : css("--surface")),
          pointBorderColor: colour,
        },
        { ...edge, data: at(2) },
        { ...edge, data: at(3), fill: "-1", backgroundColor: `${colour}2e` },
        level(baseline, css("--series-target"), [5, 4]),
        level(limit, css("--series-2"), [2, 3]),
      ],
    },
    options: {
      animation: false,
      maintainAspectRatio: false,
      interaction: { mode: "nearest", axis: "x", intersect: false },
      scales: {
        x: {
          type: "linear",
          min: start,
          max: end,
          grid: { color: css("--chart-grid") },
          ticks: { color: css("--text-3"), maxTicksLimit: 6, maxRotation: 0, callback: (value) => day(value) },
        },
        y: { grid: { color: css("--chart-grid") }, ticks: { color: css("--text-3"), maxTicksLimit: 6 } },
      },
      plugins: {
        legend: { display: false },
        tooltip: {
          filter: ({ datasetIndex }) => datasetIndex === 0,
          callbacks: {
            title: ([item]) => item && `${day(item.raw.x)}${item.raw.final ? "" : ", may still change"}`,
            label: ({ raw }) => {
              const interval = raw.low === null ? "" : ` (${raw.low.toPrecision(3)} to ${raw.high.toPrecision(3)})`;
              return ` ${label}: ${raw.y.toPrecision(3)} ${unit}${interval}, ${raw.known} % of outcomes known`;
            },
          },
        },
      },
    },
  };
}

const day = (value) =>
  new Intl.DateTimeFormat(language, {
    day: "numeric",
    month: "short",
    timeZone: document.documentElement.dataset.timeZone,
  }).format(value);
