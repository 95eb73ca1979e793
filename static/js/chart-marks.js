// Limits, stretches of time and moments, drawn under the lines of a chart.

const COLOURS = { critical: "--offline", high: "--stale", medium: "--accent", low: "--unknown" };
const NARROWEST = 2; // pixels
const FLAG = 4;

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const colourOf = (severity) => css(COLOURS[severity] ?? COLOURS.low);

/** A plugin of Chart.js. `axisOf`: the id of the axis that a metric is drawn on. */
export function marksPlugin({ limits = [], spans = [], moments = [] }, axisOf) {
  return {
    id: "marks",
    beforeDatasetsDraw({ ctx, chartArea, scales }) {
      ctx.save();
      ctx.beginPath();
      ctx.rect(chartArea.left, chartArea.top, chartArea.width, chartArea.height);
      ctx.clip();
      for (const { from, to, severity } of spans) {
        const left = scales.x.getPixelForValue(from);
        const width = Math.max(NARROWEST, scales.x.getPixelForValue(to) - left);
        ctx.fillStyle = `${colourOf(severity)}2e`;
        ctx.fillRect(left, chartArea.top, width, chartArea.height);
      }
      ctx.setLineDash([4, 4]);
      for (const { key, value, severity } of limits) {
        const y = scales[axisOf(key)].getPixelForValue(value);
        ctx.strokeStyle = colourOf(severity);
        ctx.beginPath();
        ctx.moveTo(chartArea.left, y);
        ctx.lineTo(chartArea.right, y);
        ctx.stroke();
      }
      ctx.setLineDash([1, 3]);
      ctx.strokeStyle = ctx.fillStyle = css("--text-2");
      for (const at of moments) {
        const x = scales.x.getPixelForValue(at);
        ctx.beginPath();
        ctx.moveTo(x, chartArea.top);
        ctx.lineTo(x, chartArea.bottom);
        ctx.stroke();
        ctx.beginPath();
        ctx.moveTo(x - FLAG, chartArea.top);
        ctx.lineTo(x + FLAG, chartArea.top);
        ctx.lineTo(x, chartArea.top + 2 * FLAG);
        ctx.fill();
      }
      ctx.restore();
    },
  };
}
