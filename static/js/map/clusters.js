// Devices that lie so close on the screen that their marks would cover each other become one.

const CELL = 44; // pixels
const URGENCY = ["offline", "stale", "unknown", "online"];
const SEVERITIES = ["critical", "high", "medium", "low", ""];

/** The smaller the sooner somebody should look at it: at alerts first. */
export const urgency = ({ presence, severity }) => SEVERITIES.indexOf(severity) * URGENCY.length + URGENCY.indexOf(presence);

/** Groups of devices, each at its middle: `project` gives the pixels of a device. */
export function clustered(devices, project) {
  const cells = new Map();
  for (const device of devices) {
    const { x, y } = project(device);
    const cell = `${Math.floor(x / CELL)} ${Math.floor(y / CELL)}`;
    if (!cells.has(cell)) cells.set(cell, []);
    cells.get(cell).push(device);
  }
  return Array.from(cells.values(), (members) => ({
    members,
    latitude: mean(members, "latitude"),
    longitude: mean(members, "longitude"),
    presence: worst(members, "presence", URGENCY),
    severity: worst(members, "severity", SEVERITIES),
  }));
}

/** What is broken shows through. */
function worst(devices, what, order) {
  return order[Math.min(...devices.map((device) => order.indexOf(device[what])))];
}

function mean(devices, key) {
  return devices.reduce((sum, device) => sum + device[key], 0) / devices.length;
}
