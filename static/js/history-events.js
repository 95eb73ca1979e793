// What happened in the time that charts show: alerts of the device, and commands to it.

import { call } from "./call.js";

const MOST = 100;

/** {alerts, commands} that touch the range; empty where they cannot be had. */
export async function fetchEvents({ device, alerts, commands }, { from, to }) {
  const ask = async (address, more) => {
    const query = new URLSearchParams({ device, before: new Date(to).toISOString(), page_size: MOST, ...more });
    return (await call("GET", `${address}?${query}`).catch(() => ({ results: [] }))).results;
  };
  const [raised, sent] = await Promise.all([ask(alerts, {}), ask(commands, { after: new Date(from).toISOString() })]);
  return {
    alerts: raised.filter(({ resolved_at: end }) => end === null || Date.parse(end) >= from),
    commands: sent,
    now: Math.min(to, Date.now()),
  };
}

export const marksOf = ({ alerts, commands, now }) => ({
  spans: alerts.map(({ event_time: start, resolved_at: end, severity }) => ({
    from: Date.parse(start),
    to: end ? Date.parse(end) : now,
    severity,
  })),
  moments: commands.map(({ created_at: at }) => Date.parse(at)),
});

/** List items, the newest first. */
export function eventList({ alerts, commands }, clock, { alertPage, statuses }) {
  const raised = alerts.map(({ id, event_time: at, resolved_at: end, severity, message }) => {
    const link = Object.assign(document.createElement("a"), { href: `${alertPage}${id}/`, textContent: message });
    return { at, parts: [badge({ severity }, severity), link, end ? ` until ${clock.full(Date.parse(end))}` : ", still open"] };
  });
  const sent = commands.map(({ created_at: at, label, status, created_by: by }) => ({
    at,
    parts: [badge({ command: status }, statuses[status] ?? status), `${label}, by ${by ?? "the portal"}`],
  }));
  return [...raised, ...sent]
    .sort((a, b) => Date.parse(b.at) - Date.parse(a.at))
    .map(({ at, parts }) => {
      const item = document.createElement("li");
      const time = Object.assign(document.createElement("time"), { dateTime: at, textContent: clock.full(Date.parse(at)) });
      const what = document.createElement("span");
      what.append(...parts.slice(1));
      item.append(time, parts[0], what);
      return item;
    });
}

function badge(data, text) {
  const element = Object.assign(document.createElement("span"), { className: "badge", textContent: text });
  Object.assign(element.dataset, data);
  return element;
}
