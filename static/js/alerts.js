// Pages of alerts: when something has happened since they were made, they are made anew, unless somebody is writing.

import { toast } from "./toast.js";

const ASK_EVERY = 2_000;
const page = document.getElementById("alerts");

let offered = false;

async function ask() {
  if (document.hidden || offered) return;
  const answer = await fetch(page.dataset.ask, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const { newest } = await answer.json();
  if (newest === Number(page.dataset.newest)) return;
  offered = true;
  const isBusy = document.activeElement?.matches("input, select, button") || scrollY > 200;
  if (isBusy) toast("Something has happened.", { label: "Show it", run: () => location.reload() });
  else location.reload();
}

setInterval(ask, ASK_EVERY);
