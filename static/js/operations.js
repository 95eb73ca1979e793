// The Operations tab: gauges and sparklines follow the device.

import { showing } from "./device-view.js";
import { moveTarget, turnGauge } from "./gauge.js";
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
    const query = new URLSearchParams({ metrics: [...this.#sparklines.keys()].join(","), range: "1h", points: "60" });
    const answer = await fetch(`${this.#settings.history}?${query}`).catch(() => null);
    if (!answer?.ok) return;
    const { series } = await answer.json();
    for (const [key, sparkline] of this.#sparklines) sparkline.set(series[key]?.points.map(([t, v]) => [t, v]) ?? []);
  }
}
