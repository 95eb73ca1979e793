// The dashboard of models: a tab is fetched when it is first looked at, and made anew when something has happened.

import { socket } from "./live-connection.js";
import { drawPerformance } from "./model-charts.js";
import { TabManager } from "./tab-manager.js";
import { toast } from "./toast.js";

const ASK_EVERY = 15_000;
const page = document.getElementById("models");
let active = null;

class Panel {
  constructor(tab) {
    this.tab = tab;
    this.charts = [];
    this.known = page.dataset.newest;
  }

  init(panel) {
    this.panel = panel;
    panel.addEventListener("change", (event) => event.target.matches("[data-submits]") && this.submit(event.target));
    if (panel.childElementCount === 0) this.fetch();
    else this.draw();
  }

  activate() {
    active = this;
    if (this.panel.childElementCount > 0 && this.known !== page.dataset.newest) this.fetch();
  }

  deactivate() {
    active = null;
  }

  destroy() {
    this.clear();
  }

  /** Another model keeps none of the other's versions. */
  submit(field) {
    if (field.name === "model") field.form.elements.version?.setAttribute("disabled", "");
    field.form.requestSubmit();
  }

  async ask() {
    if (document.hidden) return;
    const answer = await fetch(page.dataset.ask, { headers: { Accept: "application/json" } }).catch(() => null);
    if (!answer?.ok || answer.redirected) return;
    const { newest } = await answer.json();
    if (newest === page.dataset.newest) return;
    page.dataset.newest = newest;
    const isBusy = this.panel.contains(document.activeElement) && document.activeElement.matches("input, select");
    if (isBusy) toast("Something has happened.", { label: "Show it", run: () => this.fetch() });
    else this.fetch();
  }

  async fetch() {
    this.known = page.dataset.newest;
    const answer = await fetch(this.tab.href, { headers: { "X-Fragment": "1" } }).catch(() => null);
    if (!answer?.ok || answer.redirected) {
      toast("It could not be loaded.", { label: "Try again", run: () => this.fetch() });
      return;
    }
    const text = await answer.text();
    this.clear();
    this.panel.innerHTML = text;
    this.draw();
  }

  draw() {
    const data = this.panel.querySelector("#performance-chart");
    if (data) drawPerformance(this.panel, JSON.parse(data.textContent)).then((charts) => this.charts.push(...charts));
  }

  clear() {
    for (const chart of this.charts) chart.destroy();
    this.charts = [];
  }
}

const list = page.querySelector("[data-tabs]");
const manager = new TabManager(list);
for (const tab of list.querySelectorAll("[data-tab]")) {
  // What is shown first is what the address says; the others are about the same model.
  if (tab.hasAttribute("aria-current")) tab.href = location.href;
  manager.register(tab.dataset.tab, new Panel(tab));
}
manager.start();

// Alerts are told; of a check that raised none one has to ask.
socket.follow("alerts", {}, () => active?.ask());
setInterval(() => active?.ask(), ASK_EVERY);
