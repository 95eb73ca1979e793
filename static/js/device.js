// The device page: one component per tab, and only the tab that is looked at is subscribed.

import { Control } from "./control.js";
import { showChange, showWorst } from "./device-view.js";
import { History } from "./history.js";
import { watch } from "./live.js";
import { Operations } from "./operations.js";
import { Predictions } from "./predictions.js";
import { TabManager } from "./tab-manager.js";
import { toast } from "./toast.js";
import { watchWorst } from "./worst-alerts.js";

const page = document.getElementById("device");
const settings = JSON.parse(document.getElementById("device-live").textContent);
const known = new Set(Array.from(page.querySelectorAll("[data-metric]"), (element) => element.dataset.metric));

watchWorst([settings.device], (_, severity) => showWorst(page, severity));

/** Follow the device: the head of the page and all values on it, then what the tab does besides. */
function follow(besides = () => {}) {
  return watch([settings.device], (_, change) => {
    if (Object.keys(change.values ?? {}).some((key) => !known.has(key))) meetNewMetric();
    showChange(page, change);
    besides(change);
  });
}

function meetNewMetric() {
  if (known.size === 0) location.reload();
  else toast("The device sends a new metric.", { label: "Reload", run: () => location.reload() });
}

/** A value that has not been renewed for long is shown as old. */
document.addEventListener("second", ({ detail: now }) => {
  const limit = Number(page.dataset.freshFor) * 1000;
  const fresh = new Set();
  for (const reading of page.querySelectorAll("[data-reading]")) {
    const time = reading.querySelector("time[datetime]");
    const old = time !== null && now - Date.parse(time.dateTime) > limit;
    reading.classList.toggle("is-old", old);
    if (time && !old) fresh.add(reading.dataset.reading);
  }
  page.querySelector("[data-fresh-count]").textContent = fresh.size;
});

const details = {
  init(panel) {
    this.control = new Control(panel, { ...settings.control, device: settings.device });
  },
  activate() {
    this.stop = follow((change) => this.control.follow(change));
  },
  deactivate() {
    this.stop();
  },
};

new TabManager(page.querySelector("[data-tabs]"))
  .register("details", details)
  .register("operations", new Operations(settings, follow))
  .register("predictions", new Predictions(follow))
  .register("history", new History(settings, follow))
  .start();
