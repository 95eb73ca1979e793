// Moves a gauge drawn by templates/dashboards/device_operations.html.

const SWEEP = 240;

function percent(gauge, value) {
  const low = Number(gauge.dataset.low);
  const high = Number(gauge.dataset.high);
  return Math.min(100, Math.max(0, ((value - low) / (high - low)) * 100));
}

export function turnGauge(gauge, value) {
  if (typeof value !== "number") return;
  gauge.querySelector(".gauge__fill").setAttribute("stroke-dasharray", `${percent(gauge, value)} 200`);
}

export function moveTarget(gauge, value) {
  if (typeof value !== "number") return;
  const mark = gauge.querySelector(".gauge__target");
  mark.setAttribute("transform", `rotate(${(percent(gauge, value) / 100) * SWEEP - SWEEP / 2} 60 60)`);
  mark.removeAttribute("visibility");
}
