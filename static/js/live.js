// What devices send, and the indicator in the bar that says how live the page is.

import { ageInWords } from "./ages.js";
import { silence, stateNow } from "./connection.js";
import { socket } from "./live-connection.js";

const WORDS = {
  connecting: "Connecting",
  live: "Live",
  reconnecting: "Reconnecting",
  stale: "Not live",
  ended: "Signed out",
};

const indicator = document.getElementById("live");

function show() {
  const state = stateNow();
  indicator.dataset.state = state;
  const text = indicator.querySelector(".live__text");
  indicator.title = socket.detail;
  if (text.textContent !== WORDS[state]) text.textContent = WORDS[state];
  indicator.querySelector(".live__age").textContent =
    state === "reconnecting" || state === "stale" ? `since ${ageInWords(silence()).replace(" ago", "")}` : "";
  if (state === "ended") {
    const dialog = document.getElementById("signed-out");
    if (!dialog.open) dialog.showModal();
  }
}

socket.addEventListener("status", show);
document.addEventListener("second", show);
show();

export const watch = (devices, handler) => socket.watch(devices, handler);
