// A backtest: its progress while it is played, and then a chart of one device.

import "./alert-chart.js";

const ASK_EVERY = 700;
const page = document.getElementById("backtest");
const progress = page.querySelector("[data-progress]");

if (progress) setTimeout(ask, ASK_EVERY);

async function ask() {
  const answer = await fetch(page.dataset.ask, { headers: { Accept: "application/json" } }).catch(() => null);
  if (answer?.ok && !answer.redirected) {
    const backtest = await answer.json();
    if (backtest.status === "done" || backtest.status === "failed") {
      location.reload();
      return;
    }
    progress.value = backtest.progress;
  }
  setTimeout(ask, ASK_EVERY);
}
