// Whether what a page shows is kept up. If not, the page says of when it is, and what would change something waits.

import { serverNow, setAge } from "./ages.js";
import { socket } from "./live-connection.js";
import { forget } from "./pwa.js";
import { toast } from "./toast.js";

const STALE_AFTER = 20_000;
const NOT_NOW = "You are offline. Changes and commands wait until the portal can be reached.";
const CONTROLS = ":is(button, input, select, textarea)";
const CHANGES = `:is(form[method=post]:not([data-offline-too]), [data-settings], [data-order], [data-changes]) ${CONTROLS}, [data-take-back]`;

const page = document.documentElement;
const notice = document.getElementById("offline");
const openedAt = Date.now();
const held = new Set();
let wasAway = "kept" in page.dataset;

/** Milliseconds since something was heard of the portal. */
export const silence = () =>
  Date.now() - (socket.status === "paused" ? socket.pausedAt : (socket.lastHeard ?? openedAt));

/** connecting, live, reconnecting, stale (for long), ended (signed out). */
export function stateNow() {
  const { status } = socket;
  if (status === "paused" || isOffline()) return "stale";
  return status;
}

/** A browser that believes to be online may be wrong, and one that believes not to be too: what is heard counts. */
function isOffline() {
  const isDropped = socket.status === "reconnecting" || socket.status === "connecting";
  return isDropped && (!navigator.onLine || "kept" in page.dataset || silence() > STALE_AFTER);
}

function show() {
  const isAway = isOffline();
  page.dataset.live = stateNow();
  page.toggleAttribute("data-offline", isAway);
  if (isAway) {
    wasAway = true;
    setAge(notice.querySelector("time"), asOf());
    hold();
  } else if (socket.status === "live") {
    release();
    if (wasAway) comeBack();
  } else if (socket.status === "ended") forget();
  notice.hidden = !isAway && notice.dataset.of !== "old";
}

/** The last moment at which what is shown was true. */
function asOf() {
  const heard = socket.lastHeard === null ? Date.parse(page.dataset.now) : serverNow() - silence();
  return new Date(heard).toISOString();
}

function comeBack() {
  wasAway = false;
  const wasKept = "kept" in page.dataset;
  delete page.dataset.kept;
  // What has a light that says how live it is has caught up by itself.
  notice.dataset.of = wasKept && !document.getElementById("live") ? "old" : "now";
  document.dispatchEvent(new Event("back"));
}

/** What would change something. Again and again: elements come and go. */
function hold() {
  for (const control of document.querySelectorAll(CHANGES)) {
    if (control.disabled) continue;
    control.disabled = true;
    control.title = NOT_NOW;
    held.add(control);
  }
}

function release() {
  for (const control of held) {
    control.disabled = false;
    control.removeAttribute("title");
  }
  held.clear();
}

document.addEventListener(
  "submit",
  (event) => {
    if (!isOffline() || event.target.method !== "post" || "offlineToo" in event.target.dataset) return;
    event.preventDefault();
    event.stopPropagation();
    toast(NOT_NOW);
  },
  true,
);
notice.querySelector("button").addEventListener("click", () => location.reload());
window.addEventListener("offline", show);
socket.addEventListener("status", show);
document.addEventListener("second", show);
show();
