// Devices as marks on a map: coloured by presence, grouped where they would cover each other.

import { clustered } from "./clusters.js";

export const MOST_LISTED = 200;
const CLOSEST_AT_FIRST = { land: 7, tiles: 15 };
const WORDS = { unknown: "Unknown", online: "Online", stale: "Stale", offline: "Offline" };

export class Marks {
  #map;
  #layer = L.layerGroup();

  constructor(map) {
    this.#map = map;
    this.#layer.addTo(map);
  }

  showAll(devices, hasTiles) {
    if (!devices.length) return;
    const corners = devices.map(({ latitude, longitude }) => [latitude, longitude]);
    const maxZoom = hasTiles ? CLOSEST_AT_FIRST.tiles : CLOSEST_AT_FIRST.land;
    this.#map.fitBounds(corners, { maxZoom, padding: [40, 40], animate: false });
  }

  /** Draw those that are in view or nearly; returns them. */
  draw(devices) {
    const map = this.#map;
    const around = map.getBounds().pad(0.2);
    const seen = devices.filter(({ latitude, longitude }) => around.contains([latitude, longitude]));
    const zoom = map.getZoom();
    const focused = document.activeElement?.dataset?.mark;
    this.#layer.clearLayers();
    for (const group of clustered(seen, ({ latitude, longitude }) => map.project([latitude, longitude], zoom))) {
      this.#layer.addLayer(group.members.length > 1 ? this.#cluster(group) : this.#device(group.members[0]));
    }
    if (focused) map.getContainer().querySelector(`[data-mark="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
    return seen;
  }

  #device(device) {
    const { presence, severity, name, device_id: id } = device;
    const title = `${name}: ${WORDS[presence]}${severity && `, ${severity} alert`}`;
    return mark(device, "", title, id).bindPopup(() => about(device));
  }

  #cluster(group) {
    const { members, presence, severity } = group;
    const alert = severity && `, with a ${severity} alert`;
    const title = `${members.length} devices, the worst of them ${WORDS[presence].toLowerCase()}${alert}`;
    const made = mark(group, String(members.length), title, `+${members[0].device_id}`);
    return made.on("click", () => this.#open(members, made));
  }

  /** Closer, until they part; at one and the same place they are listed. */
  #open(members, made) {
    const map = this.#map;
    const bounds = L.latLngBounds(members.map((device) => [device.latitude, device.longitude]));
    const isOnePlace = bounds.getNorthEast().equals(bounds.getSouthWest(), 1e-5);
    if (!isOnePlace && map.getZoom() < map.getMaxZoom()) {
      map.fitBounds(bounds, { padding: [60, 60] });
      return;
    }
    const names = document.createElement("ul");
    names.className = "map__names";
    names.append(...members.slice(0, MOST_LISTED).map(row));
    L.popup().setLatLng(made.getLatLng()).setContent(names).openOn(map);
  }
}

function mark({ latitude, longitude, presence, severity }, text, title, name) {
  const shape = document.createElement("span");
  shape.className = text ? "mark mark--many" : "mark";
  shape.dataset.presence = presence;
  if (severity) shape.dataset.severity = severity;
  shape.textContent = text;
  const size = text ? 36 : 28;
  const icon = L.divIcon({ className: "mark__place", html: shape, iconSize: [size, size] });
  return L.marker([latitude, longitude], { icon, title, riseOnHover: true }).on("add", ({ target }) => {
    target.getElement().dataset.mark = name;
    target.getElement().setAttribute("aria-label", title);
  });
}

function about(device) {
  const box = document.createElement("div");
  box.className = "map__about";
  box.append(item(device));
  if (device.location) {
    const place = document.createElement("p");
    place.textContent = device.location;
    box.append(place);
  }
  return box;
}

export function row(device) {
  const element = document.createElement("li");
  element.append(item(device));
  return element;
}

function item(device) {
  const link = document.createElement("a");
  link.className = "places__device";
  link.href = device.address;
  const name = document.createElement("span");
  name.className = "places__name";
  name.textContent = device.name;
  const badge = document.createElement("span");
  badge.className = "badge";
  badge.dataset.presence = device.presence;
  badge.textContent = WORDS[device.presence];
  link.append(name);
  if (device.severity) {
    const alert = document.createElement("span");
    alert.className = "badge";
    alert.dataset.severity = device.severity;
    alert.textContent = `${device.severity[0].toUpperCase()}${device.severity.slice(1)} alert`;
    link.append(alert);
  }
  link.append(badge);
  return link;
}
