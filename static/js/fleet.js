// The fleet overview: the devices on this page change by themselves, the tiles are asked for again.

import { showChange, showWorst } from "./device-view.js";
import { watch } from "./live.js";
import { toast } from "./toast.js";
import { watchWorst } from "./worst-alerts.js";

const SUMMARY_EVERY = 15_000;
const SUMMARY_SOON = 1_000;

const fleet = document.getElementById("fleet");
const form = fleet.querySelector(".filters");
const devices = new Map(Array.from(fleet.querySelectorAll("[data-device]"), (root) => [root.dataset.device, root]));

form.addEventListener("change", (event) => event.target.matches("select") && form.requestSubmit());
// Addresses stay short: what is not chosen is not sent.
form.addEventListener("submit", () => {
  const said = [...form.elements].filter((control) => control.value);
  for (const control of form.elements) if (control.name && !control.value) control.disabled = true;
  // Nothing at all would lead to the default view.
  if (!said.some((control) => control.name && !control.disabled)) form.elements.q.disabled = false;
});
window.addEventListener("pageshow", () => {
  for (const control of form.elements) control.disabled = control.type === "hidden" && !control.value;
});

if (devices.size) {
  watchWorst(devices.keys(), (deviceId, severity) => showWorst(devices.get(deviceId), severity));
  watch([...devices.keys()], (deviceId, change) => {
    const root = devices.get(deviceId);
    const before = root.dataset.presence;
    showChange(root, change);
    if (root.dataset.presence !== before) {
      askSoon();
      offerReload("A device's presence has changed.");
    }
  });
}

let offered = false;
let timer = setTimeout(ask, SUMMARY_EVERY);
document.addEventListener("back", askSoon);

function askSoon() {
  clearTimeout(timer);
  timer = setTimeout(ask, SUMMARY_SOON);
}

async function ask() {
  clearTimeout(timer);
  if (!document.hidden) await refreshTiles();
  timer = setTimeout(ask, SUMMARY_EVERY);
}

async function refreshTiles() {
  const answer = await fetch(fleet.dataset.summary, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const { presence } = await answer.json();
  const total = Object.values(presence).reduce((sum, count) => sum + count, 0);
  for (const tile of fleet.querySelectorAll(".tile")) {
    const count = tile.dataset.presence === "all" ? total : presence[tile.dataset.presence];
    tile.querySelector(".tile__count").textContent = count;
    tile.toggleAttribute("data-empty", count === 0);
  }
  if (total === Number(fleet.dataset.total)) return;
  if (fleet.querySelector("[data-awaits-first-device]")) location.reload();
  else offerReload(total > fleet.dataset.total ? "There are new devices." : "There are fewer devices.");
}

/** The order stays as it is while somebody may be reading or about to click. */
function offerReload(message) {
  if (offered) return;
  offered = true;
  toast(message, { label: "Sort again", run: () => location.reload() });
}

const saving = document.getElementById("save-view");
document.querySelector("[data-save-view]")?.addEventListener("click", () => saving.showModal());
saving?.querySelector("[data-close]").addEventListener("click", () => saving.close());
