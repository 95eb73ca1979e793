// The worst open alert of devices, kept up: what they are coloured by.

import { socket } from "./live-connection.js";

const SEVERITIES = ["critical", "high", "medium", "low"];
const MOST_WATCHED_AT_ONCE = 1_000;
// Of a state: more alerts than these are not told, and may be open all the same.
const MOST_TOLD = 500;

/** Call `handler(deviceId, severity)` when a device's worst open alert becomes another; "" stands for none. */
export function watchWorst(deviceIds, handler) {
  const ids = [...deviceIds];
  for (let start = 0; start < ids.length; start += MOST_WATCHED_AT_ONCE) {
    watchSome(ids.slice(start, start + MOST_WATCHED_AT_ONCE), handler);
  }
}

function watchSome(devices, handler) {
  const open = new Map(devices.map((device) => [device, new Map()]));
  socket.follow("alerts", { devices }, (alerts, isState) => {
    const told = Object.entries(alerts);
    const isWhole = isState && told.length < MOST_TOLD;
    if (isWhole) for (const of of open.values()) of.clear();
    const concerned = new Set(isWhole ? devices : []);
    for (const [id, { device, severity, resolved_at: resolvedAt }] of told) {
      if (!open.has(device)) continue;
      concerned.add(device);
      if (resolvedAt) open.get(device).delete(id);
      else open.get(device).set(id, severity);
    }
    for (const device of concerned) handler(device, worst(open.get(device).values()));
  });
}

function worst(severities) {
  const there = new Set(severities);
  return SEVERITIES.find((severity) => there.has(severity)) ?? "";
}
