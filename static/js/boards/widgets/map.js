// Devices on a map, coloured by presence as it changes.

import { run } from "../../chart-loader.js";
import { make } from "../dom.js";
import { ask, Asking, queryOf } from "./devices.js";

const MOST_FOLLOWED = 1_000;
let leaflet = null;

export class MapWidget extends Asking {
  every = 120_000;
  #place;
  #map = null;
  #marks = null;
  #devices = new Map();

  constructor(place) {
    super();
    this.#place = place;
    this.address = `${place.page.addresses.places}?${queryOf(place.settings)}`;
    this.canvas = make("div", { className: "map__canvas" });
    this.note = make("p", { className: "cell__note", hidden: true });
    place.body.append(this.canvas, this.note);
  }

  async refresh() {
    const found = await ask(this.address, this.#place.age);
    if (!found) return;
    const isFirst = !this.#map;
    await this.#make();
    if (!this.#map) return;
    this.#devices = new Map(found.devices.map((device) => [device.device_id, device]));
    this.note.hidden = found.devices.length > 0;
    this.note.textContent = "Of no device is it known where it is.";
    if (isFirst) this.#marks.showAll(found.devices, Boolean(this.#place.page.map.tiles));
    this.#draw();
    this.#place.focus([...this.#devices.keys()].slice(0, MOST_FOLLOWED));
  }

  update(news) {
    let moved = false;
    for (const [id, { presence }] of news) {
      const device = this.#devices.get(id);
      if (!presence || !device || device.presence === presence) continue;
      device.presence = presence;
      moved = true;
    }
    if (moved) this.#draw();
  }

  resized() {
    this.#map?.invalidateSize();
  }

  destroy() {
    super.destroy();
    this.#map?.remove();
    this.#map = null;
  }

  async #make() {
    const { script, styles, ...world } = this.#place.page.map;
    leaflet ??= Promise.all([run(script), ...styles.map(style)]).then(() => Promise.all([import("../../map/world.js"), import("../../map/marks.js")]));
    const [{ makeMap }, { Marks }] = await leaflet;
    if (this.#map || !this.canvas.isConnected) return;
    this.#map = makeMap(this.canvas, world);
    this.#marks = new Marks(this.#map);
    this.#map.on("moveend", () => this.#draw());
  }

  #draw() {
    if (this.#map) this.#marks.draw([...this.#devices.values()]);
  }
}

function style(href) {
  return new Promise((resolve, reject) => {
    const link = make("link", { rel: "stylesheet", href });
    link.addEventListener("load", resolve);
    link.addEventListener("error", () => reject(new Error("A part of this page could not be loaded. Reload it.")));
    document.head.append(link);
  });
}
