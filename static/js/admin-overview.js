// The overview's figures, fetched anew while somebody looks.

import "./ages.js";

const EVERY = 10_000;
const overview = document.getElementById("overview");

async function refresh() {
  // What is focused would lose the focus.
  if (document.hidden || overview.contains(document.activeElement)) return;
  try {
    const answer = await fetch(overview.dataset.source, { redirect: "error" });
    if (answer.ok) overview.innerHTML = await answer.text();
  } catch {
    // The network or the session is gone; the ages on the page go on counting and say so.
  }
}

setInterval(refresh, EVERY);
document.addEventListener("visibilitychange", refresh);
