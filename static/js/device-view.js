// What one device's change does to the elements that show it, on whichever page they are.

import { setAge } from "./ages.js";
import { showValue } from "./values.js";

const PRESENCE = { unknown: "Unknown", online: "Online", stale: "Stale", offline: "Offline" };

export const showing = (root, attribute, key) => root.querySelectorAll(`[${attribute}="${CSS.escape(key)}"]`);

/** `change` is one device of a state or change frame: presence, last_message, values by key, or some of these. */
export function showChange(root, change) {
  if (change.presence in PRESENCE) showPresence(root, change.presence);
  if (change.last_message) {
    for (const place of root.querySelectorAll("[data-last-message]")) setAge(place, change.last_message);
  }
  for (const [key, { value, time }] of Object.entries(change.values ?? {})) {
    for (const element of showing(root, "data-metric", key)) showValue(element, value);
    for (const place of showing(root, "data-age-of", key)) setAge(place, time);
  }
}

/** The severity of the worst open alert; "" if there is none. */
export function showWorst(root, severity) {
  if ("severity" in root.dataset) root.dataset.severity = severity;
  for (const badge of root.querySelectorAll("[data-worst]")) {
    badge.hidden = !severity;
    badge.dataset.severity = severity;
    badge.querySelector("[data-worst-word]").textContent = severity.charAt(0).toUpperCase() + severity.slice(1);
  }
}

function showPresence(root, presence) {
  root.dataset.presence = presence;
  for (const badge of root.querySelectorAll("[data-presence-badge]")) {
    badge.dataset.presence = presence;
    badge.textContent = PRESENCE[presence];
  }
}
