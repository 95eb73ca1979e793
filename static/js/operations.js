// The Operations tab: gauges and sparklines follow the device.

import { showing } from "./device-view.js";
import { moveTarget, turnGauge } from "./gauge.js";
import { fetchHistory } from "./history-api.js";
import { Sparkline } from "./sparkline.js";

export class Operations {
  #settings;
  #follow;
  #panel;
  #sparklines = new Map();
  #stop = null;

  constructor(settings, follow) {
    this.#settings = settings;
    this.#follow = follow;
  }

  init(panel) {
    this.#panel = panel;
    for (const svg of panel.querySelectorAll("[data-sparkline]")) {
      this.#sparklines.set(svg.dataset.sparkline, new Sparkline(svg));
    }
    this.#fillSparklines();
  }

  activate() {
    this.#stop = this.#follow((change) => this.#show(change));
  }

  deactivate() {
    this.#stop();
  }

  #show(change) {
    for (const [key, { value, time }] of Object.entries(change.values ?? {})) {
      for (const gauge of showing(this.#panel, "data-gauge", key)) turnGauge(gauge, value);
      for (const gauge of showing(this.#panel, "data-target", key)) moveTarget(gauge, value);
      this.#sparklines.get(key)?.add(Date.parse(time), value);
    }
  }

  /** The past hour; without it the lines begin with the first live value. */
  async #fillSparklines() {
    if (!this.#sparklines.size) return;
    const query = { range: "1h", points: 60 };
    const past = await fetchHistory(this.#settings.history, [...this.#sparklines.keys()], query).catch(() => null);
    for (const [key, points] of Object.entries(past?.series ?? {})) this.#sparklines.get(key).set(points);
  }
}
