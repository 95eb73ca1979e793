// A line without axes of the last hour or hours, kept moving by live values.

const HOUR = 3600_000;
const WIDTH = 100;
const HEIGHT = 32;
const NOTHING = 1e-9; // of a value: means of one and the same differ by that in their last digits
const SVG = "http://www.w3.org/2000/svg";

export class Sparkline {
  #points = [];
  #span;
  #area = document.createElementNS(SVG, "path");
  #line = document.createElementNS(SVG, "path");

  constructor(svg, span = HOUR) {
    this.#span = span;
    this.#area.setAttribute("class", "sparkline__area");
    this.#line.setAttribute("class", "sparkline__line");
    svg.replaceChildren(this.#area, this.#line);
  }

  /** `points` are [milliseconds, value, …], oldest first; those added meanwhile stay at the end. */
  set(points) {
    const last = points.at(-1)?.[0] ?? 0;
    this.#points = [...points, ...this.#points.filter(([time]) => time > last)];
    this.#draw();
  }

  add(time, value) {
    const newest = this.#points.at(-1);
    if (typeof value !== "number" || (newest && newest[0] >= time)) return;
    this.#points.push([time, value]);
    this.#draw();
  }

  #draw() {
    const end = this.#points.at(-1)?.[0] ?? 0;
    this.#points = this.#points.filter(([time]) => time >= end - this.#span);
    if (this.#points.length < 2) return;
    const start = this.#points[0][0];
    const values = this.#points.map(([, value]) => value);
    const low = Math.min(...values);
    const high = Math.max(...values);
    const range = high - low > NOTHING * Math.abs(high) ? high - low : 0;
    const place = ([time, value]) => {
      const x = ((time - start) / (end - start)) * WIDTH;
      const y = range ? HEIGHT - 2 - ((value - low) / range) * (HEIGHT - 4) : HEIGHT / 2;
      return `${x.toFixed(2)} ${y.toFixed(2)}`;
    };
    const path = `M${this.#points.map(place).join("L")}`;
    this.#line.setAttribute("d", path);
    this.#area.setAttribute("d", `${path}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z`);
  }
}
