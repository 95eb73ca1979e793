// The fleet on a map: coloured by presence and alerts as they change, and as a list beside it.

import { watch } from "../live.js";
import { watchWorst } from "../worst-alerts.js";
import { urgency } from "./clusters.js";
import { Marks, MOST_LISTED, row } from "./marks.js";
import { makeMap } from "./world.js";

const MOST_WATCHED_AT_ONCE = 1_000;

const page = document.getElementById("places");
const find = (name) => page.querySelector(`[data-${name}]`);
const map = makeMap(find("map"), page.dataset);
const marks = new Marks(map);
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
  marks.showAll(devices, Boolean(page.dataset.tiles));
  map.on("moveend", draw);
  draw();
  follow();
}

function follow() {
  const byId = new Map(devices.map((device) => [device.device_id, device]));
  const ids = [...byId.keys()];
  let due = false;
  const change = (deviceId, what, value) => {
    const device = byId.get(deviceId);
    if (!device || device[what] === value) return;
    device[what] = value;
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      draw();
    });
  };
  watchWorst(ids, (deviceId, severity) => change(deviceId, "severity", severity));
  for (let start = 0; start < ids.length; start += MOST_WATCHED_AT_ONCE) {
    watch(ids.slice(start, start + MOST_WATCHED_AT_ONCE), (deviceId, { presence }) => {
      if (presence) change(deviceId, "presence", presence);
    });
  }
}

function draw() {
  const seen = marks.draw(devices);
  list(seen.filter(({ latitude, longitude }) => map.getBounds().contains([latitude, longitude])));
}

// --- The list beside the map ---

function list(seen) {
  find("count").textContent = `${seen.length} of ${devices.length} in view`;
  const brokenFirst = seen.toSorted((one, other) => urgency(one) - urgency(other));
  find("list").replaceChildren(...brokenFirst.slice(0, MOST_LISTED).map(row));
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
