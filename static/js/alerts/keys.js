// The list of alerts by keyboard. Single keys can be turned off, for those whose software speaks in keys.

const SWITCH = "alert-keys";
const PLACE = "alert-keys-at";

const page = document.getElementById("alerts");
const help = document.getElementById("keys");
const toggle = help.querySelector("[data-keys-on]");
const rows = () => [...page.querySelectorAll("tr[data-alert]")];
const current = () => document.activeElement?.closest("tr[data-alert]");

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  x: () => current()?.querySelector("[name=alert]")?.click(),
  a: () => {
    sessionStorage.setItem(PLACE, current()?.dataset.alert ?? "");
    current()?.querySelector("[data-acknowledge]")?.click();
  },
};

toggle.checked = localStorage.getItem(SWITCH) !== "off";
toggle.addEventListener("change", () => localStorage.setItem(SWITCH, toggle.checked ? "on" : "off"));
document.querySelector("[data-keys]").addEventListener("click", () => help.showModal());

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (!toggle.checked || event.target.closest("input:not([type=checkbox]), select, textarea, dialog")) return;
  const run = event.key === "?" ? () => help.showModal() : KEYS[event.key];
  if (!run) return;
  event.preventDefault();
  run();
});

// What was acknowledged from the keyboard has made the page anew: go on from there.
const left = sessionStorage.getItem(PLACE);
sessionStorage.removeItem(PLACE);
if (left) (rows().find((row) => row.dataset.alert === left) ?? rows()[0])?.querySelector(".device__link").focus();

function move(by) {
  const all = rows();
  const at = all.indexOf(current());
  const next = at < 0 ? all[0] : all[Math.min(Math.max(at + by, 0), all.length - 1)];
  next?.querySelector(".device__link").focus();
}
