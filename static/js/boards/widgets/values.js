// Value, sparkline and gauge: one metric of one device.

import { setAge } from "../../ages.js";
import { turnGauge } from "../../gauge.js";
import { Sparkline } from "../../sparkline.js";
import { showValue, valueInWords } from "../../values.js";
import { make } from "../dom.js";

const SVG = "http://www.w3.org/2000/svg";
const ARC = "M16.7 85A50 50 0 1 1 103.3 85";
const POINTS = 60;
const HOUR = 3600_000;
const SPANS = { "1h": HOUR, "6h": 6 * HOUR, "24h": 24 * HOUR };

class Reading {
  constructor({ body, age, settings, things }) {
    this.settings = settings;
    this.key = settings.metric;
    this.thing = things.get(settings.device);
    this.age = age;
    const { type = "number", precision = null, unit = "" } = this.metric ?? {};
    this.text = make("span", { className: "value", data: { type, ...(precision !== null && { precision }) } });
    this.unit = make("span", { className: "unit", textContent: unit });
    this.build(body);
    this.update();
  }

  get metric() {
    return this.thing.metrics[this.key];
  }

  build(body) {
    body.append(make("p", { className: "reading-large" }, this.text, " ", this.unit));
  }

  /** Whether its value is one of now. */
  freshness() {
    return { time: this.metric?.time, freshFor: this.thing.freshFor, presence: this.thing.presence };
  }

  update() {
    showValue(this.text, this.metric?.value ?? null);
    if (this.metric?.time) setAge(this.age, this.metric.time);
  }
}

export { Reading as Value };

export class SparklineWidget extends Reading {
  constructor(place) {
    super(place);
    this.fill(place);
  }

  build(body) {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("class", "sparkline");
    svg.setAttribute("viewBox", "0 0 100 32");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    this.line = new Sparkline(svg, SPANS[this.settings.range ?? "1h"]);
    super.build(body);
    body.append(svg);
  }

  async fill({ settings, histories }) {
    const past = await histories.ask(settings.device, settings.metric, { range: settings.range ?? "1h", points: POINTS });
    if (past) this.line.set(past.points);
  }

  update() {
    super.update();
    const { value, time } = this.metric ?? {};
    if (time) this.line.add(Date.parse(time), value);
  }
}

export class Gauge extends Reading {
  constructor(place) {
    super(place);
    this.text.classList.add("gauge__value");
    this.unit.classList.add("gauge__unit");
  }

  build(body) {
    const low = this.settings.minimum ?? this.metric?.minimum ?? 0;
    const high = this.settings.maximum ?? this.metric?.maximum ?? 100;
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "0 0 120 102");
    svg.setAttribute("aria-hidden", "true");
    const draw = (tag, attributes, text = "") => {
      const shape = document.createElementNS(SVG, tag);
      for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
      shape.textContent = text;
      svg.append(shape);
    };
    draw("path", { class: "gauge__track", d: ARC });
    draw("path", { class: "gauge__fill", d: ARC, pathLength: 100, "stroke-dasharray": "0 200" });
    draw("text", { class: "gauge__end", x: 16.7, y: 101, "text-anchor": "middle" }, valueInWords(low));
    draw("text", { class: "gauge__end", x: 103.3, y: 101, "text-anchor": "middle" }, valueInWords(high));
    const read = make("p", { className: "gauge__read" }, this.text, " ", this.unit);
    this.gauge = make("div", { className: "gauge", data: { low, high } }, svg, read);
    body.append(this.gauge);
  }

  update() {
    super.update();
    turnGauge(this.gauge, this.metric?.value);
  }
}
