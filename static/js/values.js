// Values in words, as telemetry/values.py writes them on the first paint.

import { language } from "./language.js";

const SCIENTIFIC_FROM = 1e12;
const formats = new Map();

function written(value, least, most) {
  const key = `${least} ${most}`;
  if (!formats.has(key)) {
    const digits = { minimumFractionDigits: least, maximumFractionDigits: most, roundingMode: "halfEven" };
    formats.set(key, new Intl.NumberFormat(language, { ...digits, useGrouping: "always", signDisplay: "negative" }));
  }
  return formats.get(key).format(value);
}

/** `precision` null: six significant digits. */
export function valueInWords(value, precision = null) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return value ? "Yes" : "No";
  if (typeof value === "string") return value;
  if (Math.abs(value) >= SCIENTIFIC_FROM) return value.toExponential(3);
  if (precision !== null) return written(value, precision, precision);
  if (value === 0) return "0";
  const digits = Math.max(0, 5 - Math.floor(Math.log10(Math.abs(value))));
  return written(value, 0, Math.min(digits, 8));
}

/** Write `value` into an element made by templates/partials/value.html. */
export function showValue(element, value) {
  const typed = element.dataset.type === "boolean" && value !== null ? Boolean(value) : value;
  const precision = element.dataset.precision === undefined ? null : Number(element.dataset.precision);
  const words = valueInWords(typed, precision);
  if (element.textContent !== words) element.textContent = words;
}
