// The cells of a dashboard: one for each widget, with its head, its age and what the widget draws.

import { icon, make } from "./dom.js";

const values = () => import("./widgets/values.js");
const devices = () => import("./widgets/devices.js");
const control = () => import("./widgets/control.js");

/** What draws each kind; fetched when the first of it is on the page. */
const KINDS = {
  value: () => values().then(({ Value }) => Value),
  sparkline: () => values().then(({ SparklineWidget }) => SparklineWidget),
  gauge: () => values().then(({ Gauge }) => Gauge),
  chart: () => import("./widgets/chart.js").then(({ ChartWidget }) => ChartWidget),
  status: () => devices().then(({ Status }) => Status),
  presence: () => devices().then(({ PresenceCounts }) => PresenceCounts),
  alerts: () => import("./widgets/alerts.js").then(({ Alerts }) => Alerts),
  map: () => import("./widgets/map.js").then(({ MapWidget }) => MapWidget),
  table: () => devices().then(({ Table }) => Table),
  button: () => control().then(({ Button }) => Button),
  switch: () => control().then(({ Switch }) => Switch),
  slider: () => control().then(({ Slider }) => Slider),
  text: () => import("./widgets/text.js").then(({ Text }) => Text),
};

export const devicesOf = ({ device, series = [] } = {}) => [...new Set([...(device ? [device] : []), ...series.map((line) => line.device)])];

/** Widgets that are alike in this are drawn alike. */
export const looksOf = ({ kind, title, settings, is_withheld: isWithheld }) => JSON.stringify([kind, title, settings, isWithheld]);

/** What a widget is called that nobody gave a title. */
export function nameOf({ kind, title, settings }, { kinds, things }) {
  if (title) return title;
  const thing = things.get(settings?.device);
  const metric = thing?.metrics[settings.metric]?.label ?? settings?.metric;
  if (metric) return metric;
  if (kind === "status" && thing) return thing.name;
  if (kind === "button") return thing?.commands[settings.command]?.label ?? settings.command;
  if (settings?.setting) return thing?.settings[settings.setting]?.label ?? settings.setting;
  if (kind === "chart") return settings.series.map(({ device, metric: key }) => things.get(device)?.metrics[key]?.label ?? key).filter((label, at, all) => all.indexOf(label) === at).join(", ");
  return kinds[kind].label;
}

export class Cell {
  #context;
  #widget = null;

  /** `context`: {page, things, histories, feed, kinds}. */
  constructor(widget, context) {
    this.#context = context;
    this.element = make("section", { className: "cell card", data: { id: widget.id } });
    this.draw(widget);
  }

  /** Where it is: read by boards.css. */
  place({ x, y, w, h }) {
    const { style, dataset } = this.element;
    for (const [name, value] of Object.entries({ x, y, w, h })) style.setProperty(`--${name}`, value);
    dataset.narrow = w <= 3 ? "yes" : "no";
  }

  async draw(widget) {
    this.clear();
    const { things, feed, kinds } = this.#context;
    this.drawn = looksOf(widget);
    this.place(widget);
    this.element.dataset.kind = widget.kind;
    const body = make("div", { className: "cell__body" });
    if (widget.is_withheld) {
      this.element.replaceChildren(body);
      body.append(make("p", { className: "cell__withheld" }, icon("eye-off"), "Not shown: it is about what you may not see, or what is gone."));
      return;
    }
    const age = make("time", { className: "cell__age", data: { age: "", asOf: "" } });
    const name = nameOf(widget, { kinds, things });
    this.element.replaceChildren(this.#head(widget, name, age), body);
    const drawn = this.drawn;
    const Widget = await KINDS[widget.kind]();
    if (this.drawn !== drawn || !this.element.isConnected) return;
    const place = {
      ...this.#context,
      body,
      age,
      name,
      settings: widget.settings,
      focus: (ids) => feed.refocus(this.element, ids),
    };
    this.#widget = new Widget(place);
    this.#widget.begin?.();
    feed.add(this.element, this.#widget, devicesOf(widget.settings));
  }

  #head({ kind, settings, title }, name, age) {
    const thing = this.#context.things.get(settings.device);
    if (kind === "text" && !title) return make("header", { className: "cell__head", hidden: true });
    const of = thing && name !== thing.name ? make("a", { className: "cell__of", href: thing.address, textContent: thing.name }) : null;
    const words = thing && name === thing.name ? make("a", { className: "cell__link", href: thing.address, textContent: name }) : name;
    return make("header", { className: "cell__head" }, make("h2", { className: "cell__title" }, words), of, age);
  }

  /** Once a second: what has not been renewed for long looks old. */
  tick(now) {
    const fresh = this.#widget?.freshness?.();
    if (!fresh) return;
    const silent = fresh.presence === "offline" || fresh.presence === "stale";
    const isOld = silent || (Boolean(fresh.time) && now - Date.parse(fresh.time) > fresh.freshFor * 1000);
    this.element.classList.toggle("is-old", isOld);
  }

  /** The portal can be reached again: what is asked for from time to time is asked for now. */
  comeBack() {
    this.#widget?.askNow?.();
  }

  resized() {
    this.#widget?.resized?.();
  }

  clear() {
    this.#context.feed.remove(this.element);
    this.#widget?.destroy?.();
    this.#widget = null;
    this.element.classList.remove("is-old");
  }

  remove() {
    this.drawn = "";
    this.clear();
    this.element.remove();
  }
}
