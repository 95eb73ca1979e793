// The fleet on a map: coloured by presence as it changes, and as a list beside it.

import { watch } from "../live.js";
import { clustered, urgency } from "./clusters.js";
import { makeMap } from "./world.js";

const MOST_LISTED = 200;
const MOST_WATCHED_AT_ONCE = 1_000;
const CLOSEST_AT_FIRST = { land: 7, tiles: 15 };
const WORDS = { unknown: "Unknown", online: "Online", stale: "Stale", offline: "Offline" };

const page = document.getElementById("places");
const find = (name) => page.querySelector(`[data-${name}]`);
const map = makeMap(find("map"), page.dataset);
const marks = L.layerGroup().addTo(map);
let devices = [];

load();

async function load() {
  const answer = await fetch(page.dataset.devices, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok || answer.redirected) {
    note("The devices could not be loaded. Reload the page to try again.");
    return;
  }
  const found = await answer.json();
  devices = found.devices;
  tellWhatIsMissing(found);
  showAll();
  map.on("moveend", draw);
  draw();
  follow();
}

function showAll() {
  if (!devices.length) return;
  const corners = devices.map(({ latitude, longitude }) => [latitude, longitude]);
  const maxZoom = page.dataset.tiles ? CLOSEST_AT_FIRST.tiles : CLOSEST_AT_FIRST.land;
  map.fitBounds(corners, { maxZoom, padding: [40, 40], animate: false });
}

function follow() {
  const byId = new Map(devices.map((device) => [device.device_id, device]));
  const ids = [...byId.keys()];
  let due = false;
  for (let start = 0; start < ids.length; start += MOST_WATCHED_AT_ONCE) {
    watch(ids.slice(start, start + MOST_WATCHED_AT_ONCE), (deviceId, { presence }) => {
      const device = byId.get(deviceId);
      if (!presence || !device || device.presence === presence) return;
      device.presence = presence;
      if (due) return;
      due = true;
      requestAnimationFrame(() => {
        due = false;
        draw();
      });
    });
  }
}

// --- Marks ---

function draw() {
  const around = map.getBounds().pad(0.2);
  const seen = devices.filter(({ latitude, longitude }) => around.contains([latitude, longitude]));
  const zoom = map.getZoom();
  const focused = document.activeElement?.dataset?.mark;
  marks.clearLayers();
  for (const group of clustered(seen, ({ latitude, longitude }) => map.project([latitude, longitude], zoom))) {
    marks.addLayer(group.members.length > 1 ? clusterMark(group) : deviceMark(group.members[0]));
  }
  if (focused) find("map").querySelector(`[data-mark="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  list(seen.filter(({ latitude, longitude }) => map.getBounds().contains([latitude, longitude])));
}

function deviceMark(device) {
  const title = `${device.name}: ${WORDS[device.presence]}${device.severity && `, ${device.severity} alert`}`;
  return mark(device, "", title, device.device_id).bindPopup(() => about(device));
}

function clusterMark(group) {
  const { members, presence, severity } = group;
  const alert = severity && `, with a ${severity} alert`;
  const title = `${members.length} devices, the worst of them ${WORDS[presence].toLowerCase()}${alert}`;
  const made = mark(group, String(members.length), title, `+${members[0].device_id}`);
  return made.on("click", () => open(members, made));
}

/** Closer, until they part; at one and the same place they are listed. */
function open(members, made) {
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

// --- The list beside the map ---

function list(seen) {
  find("count").textContent = `${seen.length} of ${devices.length} in view`;
  const brokenFirst = seen.toSorted((one, other) => urgency(one) - urgency(other));
  find("list").replaceChildren(...brokenFirst.slice(0, MOST_LISTED).map(row));
}

function row(device) {
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

function tellWhatIsMissing({ elsewhere, is_cut }) {
  const sentences = [];
  if (!devices.length) sentences.push("Of no device is it known where it is.");
  else if (elsewhere) sentences.push(`${elsewhere} more ${elsewhere === 1 ? "is" : "are"} nowhere on the map.`);
  if (elsewhere) sentences.push("An administrator sets latitude and longitude of a device in the admin.");
  if (is_cut) sentences.push("There are more devices than are shown: filter them.");
  note(sentences.join(" "));
}

function note(text) {
  find("note").textContent = text;
  find("note").hidden = !text;
}
