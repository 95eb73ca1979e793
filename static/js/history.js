// The History tab: fetches a range once it is looked at, draws it, zooms by fetching the part in more detail.

import { asOfInWords, serverNow } from "./ages.js";
import { loadChart } from "./chart-loader.js";
import { fetchHistory, historyAddress } from "./history-api.js";
import { colourOf, drawChart } from "./history-chart.js";
import { tableOf } from "./history-table.js";
import { eventList, fetchEvents, marksOf } from "./history-events.js";
import { DAY, ZoneClock } from "./time-axis.js";

const RANGES = { "24h": DAY, "7d": 7 * DAY, "14d": 14 * DAY, "30d": 30 * DAY };
const POINTS = 500;
const OLD_AFTER = 60_000;
const LONGEST = 5000 * DAY;
const EVENTS_SHOWN = "history-events";

export class History {
  #settings;
  #follow;
  #panel;
  #stop = null;
  #clock;
  #range = "7d";
  #span = null; // {from, to} when a custom range or a zoom is shown instead of #range
  #beforeZoom = [];
  #compared = ""; // "before" or the ID of another device
  #showsEvents = localStorage.getItem(EVENTS_SHOWN) !== "off";
  #request = null;
  #loadedAt = 0;
  #shown = null;
  #charts = [];

  constructor(settings, follow) {
    this.#settings = settings;
    this.#follow = follow;
    this.#clock = new ZoneClock(settings.timeZone);
  }

  init(panel) {
    this.#panel = panel;
    const form = panel.querySelector("[data-history-range]");
    form.addEventListener("click", (event) => {
      const range = event.target.closest("[data-range]")?.dataset.range;
      if (range) this.#choose(range, null);
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#chooseCustom(form.elements.from, form.elements.to);
    });
    for (const input of [form.elements.from, form.elements.to]) {
      input.addEventListener("input", () => {
        for (const one of [form.elements.from, form.elements.to]) one.setCustomValidity("");
      });
    }
    form.elements.compare.addEventListener("change", () => {
      this.#compared = form.elements.compare.value;
      this.#load();
    });
    form.querySelector("[data-events-switch]").addEventListener("click", () => this.#switchEvents());
    this.#showSwitch();
    panel.querySelector("[data-zoom-out]").addEventListener("click", () => this.#zoomOut());
    for (const card of panel.querySelectorAll("[data-chart]")) {
      card.querySelector("[data-table-toggle]").addEventListener("click", (event) => this.#toggleTable(card, event));
      this.#showLegend(card);
    }
    document.addEventListener("back", () => this.#stop && this.#load());
    matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => this.#draw());
  }

  activate() {
    this.#stop = this.#follow();
    if (this.#settings.charts.length && Date.now() - this.#loadedAt > OLD_AFTER) this.#load();
  }

  deactivate() {
    this.#stop();
    this.#stop = null;
    this.#request?.abort();
  }

  destroy() {
    this.#clear();
  }

  // --- What is asked for ---

  #choose(range, span) {
    this.#range = range;
    this.#span = span;
    this.#beforeZoom = [];
    this.#load();
  }

  #chooseCustom(fromInput, toInput) {
    const from = this.#clock.fromInput(fromInput.value);
    const to = this.#clock.fromInput(toInput.value);
    const [input, reason] = whatIsWrong(from, to, fromInput, toInput);
    if (input) {
      input.setCustomValidity(reason);
      input.reportValidity();
      return;
    }
    this.#choose(null, { from, to });
  }

  #zoom(from, to) {
    this.#beforeZoom.push({ range: this.#range, span: this.#span });
    this.#range = null;
    this.#span = { from: Math.floor(from), to: Math.ceil(to) };
    this.#load();
  }

  #zoomOut() {
    const { range, span } = this.#beforeZoom[0];
    this.#choose(range, span);
  }

  #wanted() {
    if (this.#span) return this.#span;
    const to = Math.floor(serverNow());
    return { from: to - RANGES[this.#range], to };
  }

  // --- Fetching ---

  async #load() {
    this.#request?.abort();
    const request = (this.#request = new AbortController());
    const wanted = this.#wanted();
    this.#showRange(wanted);
    this.#panel.querySelector("[data-charts]").setAttribute("aria-busy", "true");
    try {
      const [Chart, lines, bars] = await Promise.all([
        loadChart(this.#settings.scripts),
        fetchHistory(this.#settings.history, this.#keys(false), lineQuery(wanted), request.signal),
        fetchHistory(this.#settings.history, this.#keys(true), barQuery(wanted), request.signal),
      ]);
      const [compared, events] = await Promise.all([
        this.#fetchCompared(wanted, request.signal),
        fetchEvents(this.#settings, wanted),
      ]);
      this.#shown = { Chart, lines, bars, compared, events, ...wanted };
      this.#panel.querySelector("[data-failure]").replaceChildren();
      this.#panel.querySelector("[data-charts]").hidden = false;
      this.#loadedAt = Date.now();
      this.#draw();
    } catch (error) {
      if (error.name === "AbortError") return;
      this.#fail(error.message);
    } finally {
      if (request === this.#request) this.#panel.querySelector("[data-charts]").removeAttribute("aria-busy");
    }
  }

  /** {label, series by key} of the time before, moved to this one, or of another device. */
  async #fetchCompared({ from, to }, signal) {
    const other = this.#settings.others.find(({ id }) => id === this.#compared);
    if (!other && this.#compared !== "before") return null;
    const shift = other ? 0 : to - from;
    const then = { from: from - shift, to: to - shift };
    const address = other?.history ?? this.#settings.history;
    const [lines, bars] = await Promise.all([
      fetchHistory(address, this.#keys(false), lineQuery(then), signal),
      fetchHistory(address, this.#keys(true), barQuery(then), signal),
    ]);
    const moved = Object.entries({ ...lines.series, ...bars.series }).map(([key, points]) => [
      comparedKey(key),
      points.map(([time, ...values]) => [time + shift, ...values]),
    ]);
    return { label: other?.name ?? "the time before", series: Object.fromEntries(moved) };
  }

  #keys(counter) {
    const metrics = this.#settings.charts.flatMap((chart) => chart.metrics);
    return metrics.filter((metric) => metric.counter === counter).map((metric) => metric.key);
  }

  // --- Showing ---

  #draw() {
    this.#clear();
    if (!this.#shown) return;
    const { Chart, from, to, events } = this.#shown;
    const marks = this.#showsEvents ? marksOf(events) : undefined;
    this.#showEvents();
    for (const [card, chart] of this.#cards()) {
      this.#showLegend(card, chart);
      this.#linkCsv(card, chart);
      const { interval, points } = this.#pointsOf(chart);
      const plot = card.querySelector("[data-plot]");
      if (!chart.metrics.some((metric) => points[metric.key]?.length)) {
        plot.replaceChildren(this.#panel.querySelector("[data-nothing]").content.cloneNode(true));
        continue;
      }
      const canvas = document.createElement("canvas");
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `${chart.title}. The same figures are in the table.`);
      plot.replaceChildren(canvas);
      const onZoom = (start, end) => this.#zoom(start, end);
      const clock = this.#clock;
      this.#charts.push(drawChart(Chart, canvas, { chart, points, interval, from, to, clock, onZoom, marks }));
      this.#fillTable(card, chart);
    }
    this.#note();
  }

  #cards() {
    const cards = [...this.#panel.querySelectorAll("[data-chart]")];
    return cards.map((card) => [card, this.#chartOf(card)]);
  }

  /** With what its metrics are compared with. */
  #chartOf(card) {
    const chart = this.#settings.charts[Number(card.dataset.chart)];
    const { compared } = this.#shown ?? {};
    if (!compared) return chart;
    const others = chart.metrics.flatMap((metric, position) =>
      metric.target ? [] : [{ ...metric, key: comparedKey(metric.key), label: `${metric.label}, ${compared.label}`, compared: true, of: position }],
    );
    return { ...chart, metrics: [...chart.metrics, ...others] };
  }

  #pointsOf(chart) {
    const { lines, bars, compared } = this.#shown;
    const points = { ...lines.series, ...bars.series, ...compared?.series };
    return { interval: (isBars(chart) ? bars : lines).interval, points };
  }

  #showEvents() {
    const card = this.#panel.querySelector("[data-events]");
    card.hidden = !this.#showsEvents;
    card.querySelector("[data-event-list]").replaceChildren(...eventList(this.#shown.events, this.#clock, this.#settings));
    card.querySelector("[data-no-events]").hidden = card.querySelector("[data-event-list]").childElementCount > 0;
  }

  #switchEvents() {
    this.#showsEvents = !this.#showsEvents;
    localStorage.setItem(EVENTS_SHOWN, this.#showsEvents ? "on" : "off");
    this.#showSwitch();
    this.#draw();
  }

  #showSwitch() {
    this.#panel.querySelector("[data-events-switch]").setAttribute("aria-pressed", String(this.#showsEvents));
  }

  #linkCsv(card, chart) {
    const keys = chart.metrics.filter((metric) => !metric.compared).map((metric) => metric.key);
    const query = isBars(chart) ? barQuery(this.#shown) : lineQuery(this.#shown);
    card.querySelector("[data-csv]").href = historyAddress(this.#settings.history, keys, { ...query, format: "csv" });
  }

  #fail(reason) {
    this.#clear();
    this.#shown = null;
    this.#loadedAt = 0;
    const message = this.#panel.querySelector("[data-failed]").content.cloneNode(true);
    message.querySelector("[data-reason]").textContent = reason;
    message.querySelector("[data-retry]").addEventListener("click", () => this.#load());
    this.#panel.querySelector("[data-failure]").replaceChildren(message);
    this.#panel.querySelector("[data-charts]").hidden = true;
    this.#panel.querySelector("[data-events]").hidden = true;
    this.#panel.querySelector("[data-history-note]").textContent = "";
  }

  #clear() {
    for (const chart of this.#charts) chart.destroy();
    this.#charts = [];
  }

  #showRange({ from, to }) {
    for (const button of this.#panel.querySelectorAll("[data-range]")) {
      button.setAttribute("aria-pressed", String(button.dataset.range === this.#range));
    }
    const { elements } = this.#panel.querySelector("[data-history-range]");
    elements.from.value = this.#clock.forInput(from);
    elements.to.value = this.#clock.forInput(to);
    this.#panel.querySelector("[data-zoom-out]").hidden = this.#beforeZoom.length === 0;
  }

  #note() {
    const { lines } = this.#shown;
    const zone = this.#settings.timeZone.replaceAll("_", " ");
    const asOf = lines.keptAt ? `The portal cannot be reached; this is ${asOfInWords(Date.parse(lines.keptAt))}. ` : "";
    const detail = lines.raw ? "" : `Each point is the mean of ${spanInWords(lines.interval)}, the band its extremes. `;
    this.#panel.querySelector("[data-history-note]").textContent =
      `${asOf}${detail}Times in ${zone}. Drag over a chart to zoom in.`;
  }

  #showLegend(card, chart = this.#chartOf(card)) {
    const items = chart.metrics.length < 2 ? [] : chart.metrics;
    card.querySelector("[data-legend]").replaceChildren(
      ...items.map((metric, position) => {
        const item = document.createElement("li");
        const key = document.createElement("span");
        key.className = "legend__key";
        key.dataset.colour = colourOf(metric, position);
        if (metric.compared) key.dataset.compared = "";
        item.append(key, metric.label);
        return item;
      }),
    );
  }

  #toggleTable(card, event) {
    const table = card.querySelector("[data-table]");
    table.hidden = !table.hidden;
    event.currentTarget.setAttribute("aria-expanded", String(!table.hidden));
    if (this.#shown) this.#fillTable(card, this.#chartOf(card));
  }

  #fillTable(card, chart) {
    const table = card.querySelector("[data-table]");
    if (!table.hidden) table.replaceChildren(tableOf(chart, this.#pointsOf(chart).points, this.#clock));
  }
}

/** [the input that has to be changed, why], or nothing if the portal can answer. */
function whatIsWrong(from, to, fromInput, toInput) {
  if (!(from < to)) return [toInput, "The end must be after the beginning."];
  if (from > serverNow()) return [fromInput, "This has not come yet. Choose a time that has passed."];
  if (to - from > LONGEST) return [fromInput, "At most 5,000 days at once."];
  return [];
}

const rangeQuery = ({ from, to }) => ({ from: new Date(from).toISOString(), to: new Date(to).toISOString() });

const lineQuery = (range) => ({ ...rangeQuery(range), agg: "avg", points: POINTS });

/** What counters gained: by the hour for up to three days, else by the day. */
const barQuery = (range) => ({
  ...rangeQuery(range),
  agg: "delta",
  interval: range.to - range.from <= 3 * DAY ? "1h" : "1d",
});

const comparedKey = (key) => `compared ${key}`;

const isBars = (chart) => chart.metrics.every((metric) => metric.counter);

function spanInWords(milliseconds) {
  const minutes = milliseconds / 60_000;
  if (minutes < 1) return `${milliseconds / 1000} s`;
  if (minutes < 60) return `${minutes} min`;
  return minutes < 24 * 60 ? `${minutes / 60} h` : `${minutes / (24 * 60)} d`;
}
