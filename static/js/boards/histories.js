// Histories that widgets ask for in the same moment: one request for each device and range, however many metrics.

import { fetchHistory } from "../history-api.js";

export class Histories {
  #things;
  #asked = new Map();

  constructor(things) {
    this.#things = things;
  }

  /** {interval, points} of one metric; null for what cannot be had now. `how` is {range, points, agg}. */
  ask(deviceId, key, how) {
    const name = JSON.stringify([deviceId, how]);
    if (!this.#asked.has(name)) {
      const keys = new Set();
      const answer = new Promise((resolve) => {
        setTimeout(() => {
          this.#asked.delete(name);
          resolve(fetchHistory(this.#things.get(deviceId).history, [...keys], how).catch(() => null));
        }, 0);
      });
      this.#asked.set(name, { keys, answer });
    }
    const { keys, answer } = this.#asked.get(name);
    keys.add(key);
    return answer.then((found) => found && { interval: found.interval, points: found.series[key] ?? [] });
  }
}
