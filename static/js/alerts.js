// Pages of alerts: what happens to them shows by itself, unless somebody is about to do something there.

import { socket } from "./live-connection.js";
import { toast } from "./toast.js";

const RENEW_EVERY = 1_000;
const page = document.getElementById("alerts");
const isAboutOne = Boolean(page.dataset.alert);

let newest = Number(page.dataset.newest);
let renewing = false;
let waiting = false;

socket.follow("alerts", {}, (alerts) => {
  const concerned = Object.entries(alerts).filter(([id]) => !isAboutOne || id === page.dataset.alert);
  const seen = Math.max(newest, ...concerned.map(([, alert]) => alert.event ?? 0));
  if (seen === newest) return;
  newest = seen;
  if (isBusy()) toast("Something has happened.", { label: "Show it", run: () => location.reload() });
  else if (isAboutOne) location.reload();
  else renew();
});

function isBusy() {
  const isTyping = document.activeElement?.matches("main :is(input, select, textarea, button)");
  return isTyping || page.querySelector("input:checked") !== null;
}

function replace(made) {
  const at = document.activeElement?.closest("[data-alert]")?.dataset.alert;
  page.replaceChildren(...made.childNodes);
  if (at) page.querySelector(`[data-alert="${CSS.escape(at)}"] .device__link`)?.focus({ preventScroll: true });
}

/** The list is made anew by the portal, which knows its order, its filters and its pages. */
async function renew() {
  waiting = renewing;
  if (renewing) return;
  renewing = true;
  const answer = await fetch(location.href).catch(() => null);
  if (answer?.ok && !answer.redirected && !isBusy()) {
    const made = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("alerts");
    if (made) replace(made);
  }
  setTimeout(() => {
    renewing = false;
    if (waiting) renew();
  }, RENEW_EVERY);
}
