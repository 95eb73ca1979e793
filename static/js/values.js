// Values in words, as telemetry/values.py writes them on the first paint.

const SCIENTIFIC_FROM = 1e12;
const formats = new Map();

function fixed(digits) {
  if (!formats.has(digits)) {
    const options = { minimumFractionDigits: digits, maximumFractionDigits: digits, roundingMode: "halfEven" };
    formats.set(digits, new Intl.NumberFormat("en", options));
  }
  return formats.get(digits);
}

/** `precision` null: six significant digits. */
export function valueInWords(value, precision = null) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return value ? "Yes" : "No";
  if (typeof value === "string") return value;
  if (Math.abs(value) >= SCIENTIFIC_FROM) return value.toExponential(3);
  if (precision !== null) return fixed(precision).format(value);
  if (value === 0) return "0";
  const digits = Math.max(0, 5 - Math.floor(Math.log10(Math.abs(value))));
  const text = fixed(Math.min(digits, 8)).format(value);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** Write `value` into an element made by templates/partials/value.html. */
export function showValue(element, value) {
  const typed = element.dataset.type === "boolean" && value !== null ? Boolean(value) : value;
  const precision = element.dataset.precision === undefined ? null : Number(element.dataset.precision);
  const words = valueInWords(typed, precision);
  if (element.textContent !== words) element.textContent = words;
}
