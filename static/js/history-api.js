// Asks /api/v1/devices/{device_id}/history/, for as many metrics as are wanted.

import { answeredAt } from "./ages.js";

const METRICS_AT_ONCE = 10;

/** The address for at most ten metrics; `how` are the other parameters: range or from and to, points, agg … */
export function historyAddress(url, keys, how) {
  return `${url}?${new URLSearchParams({ metrics: keys.slice(0, METRICS_AT_ONCE).join(","), ...how })}`;
}

/** {interval in milliseconds, raw, keptAt if it is of then, series: points by key}. An Error says in its message what the portal said. */
export async function fetchHistory(url, keys, how, signal) {
  const parts = Array.from({ length: Math.ceil(keys.length / METRICS_AT_ONCE) }, (_, part) =>
    keys.slice(part * METRICS_AT_ONCE, (part + 1) * METRICS_AT_ONCE),
  );
  const answers = await Promise.all(parts.map((part) => fetchPart(historyAddress(url, part, how), signal)));
  const series = Object.assign({}, ...answers.map((answer) => answer.series));
  return {
    interval: (answers[0]?.interval ?? 0) * 1000,
    keptAt: answers.find((answer) => answer.keptAt)?.keptAt ?? null,
    raw: Object.values(series).every((one) => one.raw),
    series: Object.fromEntries(Object.entries(series).map(([key, { points }]) => [key, points])),
  };
}

async function fetchPart(address, signal) {
  const answer = await fetch(address, { signal });
  if (answer.ok) return { ...(await answer.json()), keptAt: answer.headers.has("Kept-At") ? answeredAt(answer) : null };
  const { detail, errors } = await answer.json().catch(() => ({}));
  const reasons = Object.values(errors ?? {}).flat().join(" ");
  throw new Error(reasons || (detail ?? `The portal answered ${answer.status}.`));
}
