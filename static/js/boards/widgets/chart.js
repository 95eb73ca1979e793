// Metrics over time as lines, areas or bars; live values are added at the right.

import { loadChart } from "../../chart-loader.js";
import { colourOf, drawChart } from "../../history-chart.js";
import { ZoneClock } from "../../time-axis.js";
import { serverNow, setAge } from "../../ages.js";
import { make } from "../dom.js";

const HOUR = 3600_000;
const LENGTHS = { "1h": HOUR, "6h": 6 * HOUR, "24h": 24 * HOUR, "7d": 7 * 24 * HOUR, "30d": 30 * 24 * HOUR };
const POINTS = 240; // more than that nobody sees at the size of a widget
const WIDTHS = { "1h": "5m", "6h": "30m", "24h": "1h", "7d": "1d", "30d": "1d" }; // of bars
const DRAW_AT_MOST_EVERY = 2_000;
const clock = new ZoneClock(document.documentElement.dataset.timeZone);

export class ChartWidget {
  #place;
  #points = {};
  #interval = 0;
  #chart = null;
  #canvas = make("canvas", { role: "img" });
  #note = make("p", { className: "cell__note", hidden: true });
  #seen = true;
  #isDirty = false;
  #drawnAt = 0;
  #fetchedAt = 0;
  #timer = null;

  constructor(place) {
    this.#place = place;
    const { settings, things, body } = place;
    const nameOf = namer(settings.series, things);
    this.metrics = settings.series.map(({ device, metric }) => {
      const thing = things.get(device);
      const known = thing.metrics[metric] ?? { label: metric, unit: "", precision: null };
      return {
        key: `${device}/${metric}`, device, metric, label: nameOf(thing, known), unit: known.unit, precision: known.precision,
        target: settings.style === "bar" ? false : Boolean(known.target), counter: settings.style === "bar", area: settings.style === "area",
      };
    });
    const legend = make("ul", { className: "legend" });
    this.metrics.forEach((metric, position) => {
      legend.append(make("li", {}, make("span", { className: "legend__key", data: { colour: colourOf(metric, position) } }), metric.label));
    });
    this.#canvas.setAttribute("aria-label", `${this.metrics.map(({ label }) => label).join(", ")} over time`);
    body.append(legend, make("div", { className: "chart" }, this.#canvas), this.#note);
    this.#timer = setInterval(() => this.#keepUp(), DRAW_AT_MOST_EVERY);
    this.#fetch();
  }

  get #length() {
    return LENGTHS[this.#place.settings.range ?? "24h"];
  }

  /** How far points are apart: closer ones nobody could tell from each other. */
  get #step() {
    return Math.max(this.#interval, this.#length / POINTS);
  }

  show(isSeen) {
    this.#seen = isSeen;
    if (isSeen) this.#keepUp();
  }

  update(news) {
    if (this.#place.settings.style === "bar") return;
    for (const { key, device, metric } of this.metrics) {
      const said = news.get(device)?.values?.[metric];
      if (typeof said?.value !== "number") continue;
      const points = (this.#points[key] ??= []);
      const time = Date.parse(said.time);
      if ((points.at(-1)?.[0] ?? 0) + this.#step <= time) {
        points.push([time, said.value]);
        this.#isDirty = true;
      }
    }
  }

  destroy() {
    clearInterval(this.#timer);
    this.#chart?.destroy();
    this.#chart = null;
  }

  freshness() {
    return null;
  }

  /** What is in view is drawn anew when something came, and asked for again when a point of it is over. */
  #keepUp() {
    if (!this.#seen || document.hidden) return;
    const now = serverNow();
    if (now - this.#fetchedAt > Math.max(60_000, this.#step)) this.#fetch();
    else if (this.#isDirty && now - this.#drawnAt >= DRAW_AT_MOST_EVERY) this.#draw();
  }

  async #fetch() {
    this.#fetchedAt = serverNow();
    const { settings, histories } = this.#place;
    const range = settings.range ?? "24h";
    const how = { range, agg: settings.agg ?? "avg", ...(settings.style === "bar" ? { interval: WIDTHS[range] } : { points: POINTS }) };
    const past = await Promise.all(this.metrics.map(({ device, metric }) => histories.ask(device, metric, how)));
    if (past.every((one) => one === null)) {
      this.#say(this.#chart ? "" : "The history could not be loaded. It is asked for again in a minute.");
      return;
    }
    past.forEach((one, position) => {
      if (one) this.#points[this.metrics[position].key] = one.points.filter(([, value]) => typeof value === "number");
    });
    this.#interval = past.find((one) => one)?.interval ?? 0;
    this.#draw();
  }

  async #draw() {
    const Chart = await loadChart(this.#place.page.scripts);
    if (!this.#canvas.isConnected) return;
    this.#isDirty = false;
    this.#drawnAt = serverNow();
    const hasPoints = Object.values(this.#points).some((points) => points.length);
    this.#say(hasPoints ? "" : "Nothing was measured in this time.");
    this.#chart?.destroy();
    this.#chart = null;
    if (!hasPoints) return;
    const newest = Math.max(...Object.values(this.#points).map((points) => points.at(-1)?.[0] ?? 0));
    setAge(this.#place.age, new Date(newest).toISOString());
    const to = serverNow();
    const from = to - this.#length;
    for (const key of Object.keys(this.#points)) this.#points[key] = this.#points[key].filter(([time]) => time >= from);
    Chart.defaults.font.size = 0.75 * parseFloat(getComputedStyle(document.documentElement).fontSize);
    this.#chart = drawChart(Chart, this.#canvas, {
      chart: { metrics: this.metrics },
      points: this.#points,
      interval: this.#interval,
      from,
      to,
      clock,
    });
  }

  #say(text) {
    this.#note.textContent = text;
    this.#note.hidden = !text;
  }
}

/** What tells the series apart: their metrics, their devices, or both. */
function namer(series, things) {
  const devices = new Set(series.map(({ device }) => device));
  const labels = new Set(series.map(({ device, metric }) => things.get(device).metrics[metric]?.label ?? metric));
  if (devices.size === 1) return (_thing, { label }) => label;
  return labels.size === 1 ? ({ name }) => name : ({ name }, { label }) => `${name}: ${label}`;
}
