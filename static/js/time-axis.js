// Where the marks of a time axis stand and what they say, in the zone that the figures were cut in.

import { language } from "./language.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 3, 5, 7, 10, 15].map((n) => n * DAY),
  ...[30, 90, 365].map((n) => n * DAY),
];

export class ZoneClock {
  #parts;
  #formats;

  constructor(timeZone) {
    const number = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" };
    this.#parts = new Intl.DateTimeFormat("en-US", { ...number, second: "numeric", hourCycle: "h23", timeZone });
    const format = (options) => new Intl.DateTimeFormat(language, { ...options, timeZone });
    this.#formats = {
      time: format({ hour: "2-digit", minute: "2-digit" }),
      day: format({ weekday: "short", day: "numeric", month: "short" }),
      shortDay: format({ day: "numeric", month: "short" }),
      full: format({ weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }),
      seconds: format({ dateStyle: "short", timeStyle: "medium" }),
    };
  }

  /** What the clocks of the zone show at `moment`, counted as if it were UTC. */
  wall(moment) {
    const parts = Object.fromEntries(this.#parts.formatToParts(moment).map(({ type, value }) => [type, Number(value)]));
    return Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second);
  }

  /** The moment at which the clocks of the zone show `wall`. */
  moment(wall) {
    const guess = wall - (this.wall(wall) - wall);
    return wall - (this.wall(guess) - guess);
  }

  full(moment) {
    return this.#formats.full.format(moment);
  }

  day(moment) {
    return this.#formats.day.format(moment);
  }

  /** `YYYY-MM-DDTHH:MM` for an input of type datetime-local. */
  forInput(moment) {
    return new Date(this.wall(moment)).toISOString().slice(0, 16);
  }

  fromInput(text) {
    return this.moment(Date.parse(`${text}Z`));
  }

  /** At most `count` marks between two moments, on round times of day or at midnights. */
  ticks(from, to, count) {
    const step = STEPS.find((candidate) => (to - from) / candidate <= count) ?? STEPS.at(-1);
    const ticks = [];
    for (let wall = Math.ceil(this.wall(from) / step) * step; ticks.length <= count; wall += step) {
      const moment = this.moment(wall);
      if (moment > to) break;
      if (moment >= from) ticks.push(moment);
    }
    return ticks;
  }

  label(moment) {
    return this.wall(moment) % DAY === 0 ? this.#formats.shortDay.format(moment) : this.#formats.time.format(moment);
  }
}

export { DAY, HOUR, MINUTE };
