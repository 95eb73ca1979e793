// A duration as a number and its unit.

const UNITS = [86_400, 3600, 60, 1];

const part = (root, name) => root.querySelector(`[data-part="${name}"]`);

/** Put the inputs into `place`; `name` is what they are called, `seconds` what they say first. */
export function showDuration(place, name, seconds) {
  place.replaceChildren(document.getElementById("duration-template").content.cloneNode(true));
  const unit = seconds ? (UNITS.find((size) => seconds % size === 0) ?? 1) : 60;
  part(place, "count").setAttribute("aria-label", name);
  part(place, "unit").setAttribute("aria-label", `${name}, unit`);
  part(place, "count").value = seconds ? seconds / unit : "";
  part(place, "unit").value = String(unit);
}

/** Seconds; 0 when nothing is said. */
export function durationOf(place) {
  return Number(part(place, "count").value || 0) * Number(part(place, "unit").value);
}
