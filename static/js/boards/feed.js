// What devices say, over one subscription of the page's socket: of widgets that are in view, once a frame.

import { watch } from "../live.js";

const SUBSCRIBE_AFTER = 150;
const MOST_AT_ONCE = 1_000;
const NEAR = "200px";

export class Feed {
  #things;
  #widgets = new Map(); // by element: {widget, devices, seen}
  #watched = new Set();
  #stops = [];
  #news = new Map(); // by device: changes since the last frame
  #timer = null;
  #frame = null;
  #eye = new IntersectionObserver((entries) => this.#look(entries), { rootMargin: NEAR });

  /** `things` are the devices by ID, kept up to date here. */
  constructor(things) {
    this.#things = things;
  }

  /** `widget.update(changes)` is called with the changes of its devices: a Map from ID to what is new of it. */
  add(element, widget, devices) {
    this.#widgets.set(element, { widget, devices: new Set(devices), seen: false });
    this.#eye.observe(element);
  }

  /** The widget is about other devices than before. */
  refocus(element, devices) {
    const known = this.#widgets.get(element);
    if (!known) return;
    known.devices = new Set(devices);
    this.#resubscribeSoon();
  }

  remove(element) {
    this.#eye.unobserve(element);
    this.#widgets.delete(element);
    this.#resubscribeSoon();
  }

  #look(entries) {
    for (const { target, isIntersecting } of entries) {
      const known = this.#widgets.get(target);
      if (!known || known.seen === isIntersecting) continue;
      known.seen = isIntersecting;
      known.widget.show?.(isIntersecting);
    }
    this.#resubscribeSoon();
  }

  #resubscribeSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#subscribe(), SUBSCRIBE_AFTER);
  }

  #subscribe() {
    const wanted = new Set();
    for (const { devices, seen } of this.#widgets.values()) if (seen) for (const id of devices) wanted.add(id);
    if (wanted.size === this.#watched.size && [...wanted].every((id) => this.#watched.has(id))) return;
    this.#watched = wanted;
    for (const stop of this.#stops) stop();
    const ids = [...wanted];
    this.#stops = Array.from({ length: Math.ceil(ids.length / MOST_AT_ONCE) }, (_, part) =>
      watch(ids.slice(part * MOST_AT_ONCE, (part + 1) * MOST_AT_ONCE), (id, change) => this.#take(id, change)),
    );
  }

  #take(id, change) {
    const thing = this.#things.get(id);
    if (thing) learn(thing, change);
    const before = this.#news.get(id);
    this.#news.set(id, before ? { ...before, ...change, values: { ...before.values, ...change.values } } : change);
    this.#frame ??= requestAnimationFrame(() => this.#tell());
  }

  #tell() {
    this.#frame = null;
    const news = this.#news;
    this.#news = new Map();
    for (const { widget, devices } of this.#widgets.values()) {
      const own = new Map();
      for (const id of devices) if (news.has(id)) own.set(id, news.get(id));
      if (own.size) widget.update(own);
    }
  }
}

function learn(thing, { presence, last_message: lastMessage, values = {}, twin }) {
  if (presence) thing.presence = presence;
  if (lastMessage) thing.last_message = lastMessage;
  if (twin) thing.twin = twin;
  for (const [key, { value, time }] of Object.entries(values)) {
    const metric = (thing.metrics[key] ??= { key, label: key, unit: "", type: typeof value, precision: null });
    metric.value = metric.type === "boolean" && value !== null ? Boolean(value) : value;
    metric.time = time;
  }
}
