// Status of one device, devices by presence, and a table of devices.

import { answeredAt, setAge } from "../../ages.js";
import { valueInWords } from "../../values.js";
import { make } from "../dom.js";

const PRESENCE = { offline: "Offline", stale: "Stale", unknown: "Unknown", online: "Online" };
const ASK_EVERY = 30_000;
const ASK_SOON = 1_000;
const HEADLINES = 3;

/** The query of pages that list devices, for a widget about some of them. */
export function queryOf({ project, type, label }) {
  return new URLSearchParams(Object.entries({ project, type, label }).filter(([, value]) => value));
}

/** What the portal says; null if it says nothing. `age`: the element that says of when that is. */
export async function ask(address, age) {
  const answer = await fetch(address, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok || answer.redirected) return null;
  setAge(age, answeredAt(answer));
  return answer.json();
}

const badge = (presence) => make("span", { className: "badge", textContent: PRESENCE[presence], data: { presence } });

export class Status {
  constructor({ body, age, settings, things }) {
    this.thing = things.get(settings.device);
    this.age = age;
    this.said = make("time", { data: { age: "" }, textContent: "never" });
    this.badge = badge(this.thing.presence);
    body.append(make("p", { className: "status" }, this.badge), make("p", { className: "cell__note" }, "Last message ", this.said));
    this.update();
  }

  freshness() {
    return { time: this.thing.last_message, freshFor: this.thing.freshFor, presence: "online" };
  }

  update() {
    const { presence, last_message: lastMessage } = this.thing;
    this.badge.dataset.presence = presence;
    this.badge.textContent = PRESENCE[presence];
    if (!lastMessage) return;
    setAge(this.said, lastMessage);
    setAge(this.age, lastMessage);
  }
}

/** What asks again from time to time, while it is in view. */
export class Asking {
  #timer = null;
  #isDue = false;
  #seen = false;

  show(isSeen) {
    this.#seen = isSeen;
    if (isSeen) this.askNow();
    else clearTimeout(this.#timer);
  }

  update() {}

  destroy() {
    this.#seen = false;
    clearTimeout(this.#timer);
  }

  /** Once for all that happens within a second. */
  askSoon() {
    if (this.#isDue || !this.#seen) return;
    this.#isDue = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.askNow(), ASK_SOON);
  }

  async askNow() {
    clearTimeout(this.#timer);
    this.#isDue = false;
    if (!document.hidden) await this.refresh();
    if (this.#seen) this.#timer = setTimeout(() => this.askNow(), this.every ?? ASK_EVERY);
  }
}

export class PresenceCounts extends Asking {
  every = 15_000;

  constructor({ body, age, settings, page }) {
    super();
    this.age = age;
    const query = queryOf(settings);
    this.address = `${page.addresses.summary}?${query}`;
    this.counts = {};
    const list = make("ul", { className: "counts" });
    for (const [presence, label] of Object.entries(PRESENCE)) {
      this.counts[presence] = make("strong", { textContent: "–" });
      const href = `${page.addresses.fleet}?${new URLSearchParams([...query, ["presence", presence]])}`;
      list.append(make("li", {}, make("a", { href, data: { presence } }, this.counts[presence], make("span", { textContent: label }))));
    }
    body.append(list);
  }

  async refresh() {
    const found = await ask(this.address, this.age);
    if (!found) return;
    for (const [presence, element] of Object.entries(this.counts)) {
      element.textContent = valueInWords(found.presence[presence] ?? 0, 0);
      element.parentElement.toggleAttribute("data-empty", !found.presence[presence]);
    }
  }
}

export class Table extends Asking {
  every = 60_000;
  #place;
  #rows = new Map();

  constructor(place) {
    super();
    this.#place = place;
    this.address = `${place.page.addresses.devices}?${queryOf(place.settings)}&limit=${place.settings.limit ?? 12}`;
    this.table = make("table", { className: "table" });
    this.note = make("p", { className: "cell__note", hidden: true });
    place.body.append(make("div", { className: "cell__scroll", tabIndex: 0, role: "region", ariaLabel: "Devices" }, this.table), this.note);
  }

  async refresh() {
    const found = await ask(this.address, this.#place.age);
    if (!found) return;
    const { things, focus } = this.#place;
    const devices = found.devices.map((thing) => things.meet(thing));
    this.note.hidden = devices.length > 0;
    this.note.textContent = "No device matches.";
    this.#draw(devices);
    focus(devices.map((thing) => thing.device_id));
  }

  #draw(devices) {
    const wanted = this.#place.settings.metrics ?? [];
    const keys = wanted.length ? wanted : headlines(devices);
    const named = (key) => devices.map((thing) => thing.metrics[key]).find(Boolean);
    const heads = keys.map((key) => make("th", { scope: "col", className: "num", textContent: named(key)?.label ?? key }));
    const head = make("tr", {}, make("th", { scope: "col", textContent: "Device" }), make("th", { scope: "col", textContent: "Presence" }), ...heads);
    this.#rows = new Map(devices.map((thing) => [thing.device_id, this.#row(thing, keys)]));
    this.table.replaceChildren(make("thead", {}, head), make("tbody", {}, ...[...this.#rows.values()].map(({ row }) => row)));
  }

  #row(thing, keys) {
    const presence = badge(thing.presence);
    const cells = new Map(keys.map((key) => [key, make("td", { className: "num" })]));
    const name = make("th", { scope: "row" }, make("a", { href: thing.address, textContent: thing.name }));
    const row = make("tr", { data: { presence: thing.presence } }, name, make("td", {}, presence), ...cells.values());
    const made = { row, presence, cells };
    this.#fill(made, thing);
    return made;
  }

  #fill({ row, presence, cells }, thing) {
    row.dataset.presence = thing.presence;
    presence.dataset.presence = thing.presence;
    presence.textContent = PRESENCE[thing.presence];
    for (const [key, cell] of cells) {
      const metric = thing.metrics[key];
      const words = valueInWords(metric?.value ?? null, metric?.precision ?? null);
      if (cell.dataset.words === words) continue;
      cell.dataset.words = words;
      cell.replaceChildren(make("span", { className: "value", textContent: words }), metric?.unit && words !== "–" ? make("span", { className: "unit", textContent: ` ${metric.unit}` }) : "");
    }
  }

  update(news) {
    for (const id of news.keys()) if (this.#rows.has(id)) this.#fill(this.#rows.get(id), this.#place.things.get(id));
  }
}

/** The metrics that the devices' types hold for the most important, those of the first devices first. */
function headlines(devices) {
  const keys = new Set();
  for (const { metrics } of devices) {
    for (const metric of Object.values(metrics)) if (metric.headline) keys.add(metric.key);
  }
  return [...keys].slice(0, HEADLINES);
}
