// Ages count on by themselves, by the server's clock: a visitor's clock may be wrong.

import { language } from "./language.js";

const TODAY = 12 * 3600_000;
const NOT_LIVE = { reconnecting: true, stale: true, ended: true };
const STEPS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
const page = document.documentElement.dataset;
const zone = page.timeZone;

// A page that the service worker kept says when it came.
const [navigation] = performance.getEntriesByType("navigation");
const pageCameAt = page.kept ? Date.parse(page.kept) : performance.timeOrigin + (navigation?.responseStart ?? 0);
const aheadOfUs = page.now ? Date.parse(page.now) - pageCameAt : 0;

export const serverNow = () => Date.now() + aheadOfUs;

/** When the portal gave an answer: the service worker says of one that it kept when that was. */
export function answeredAt(answer) {
  const kept = answer.headers.get("Kept-At");
  return new Date(kept ? Date.parse(kept) + aheadOfUs : serverNow()).toISOString();
}

export function ageInWords(milliseconds) {
  const seconds = Math.floor(milliseconds / 1000);
  const step = STEPS.find(([, length]) => seconds >= length);
  return step ? `${Math.floor(seconds / step[1])} ${step[0]} ago` : "now";
}

const clock = new Intl.DateTimeFormat(language, { timeStyle: "short", timeZone: zone });
const dayAndClock = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone: zone });

/** Of a value that is not kept up: "as of 14:03, 12 min ago", so that nobody takes it for one of now. */
export function asOfInWords(moment) {
  const age = serverNow() - moment;
  return `as of ${(age < TODAY ? clock : dayAndClock).format(moment)}, ${ageInWords(age)}`;
}

function wordsFor(element, moment) {
  const isOfValue = page.live in NOT_LIVE && element.closest("[data-age-of], [data-as-of]");
  return isOfValue ? asOfInWords(moment) : ageInWords(serverNow() - moment);
}

const exact = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium", timeZone: zone });

/** Let the time element inside `place` count from `iso`; older times than the one shown are ignored. */
export function setAge(place, iso) {
  const element = place.matches("time") ? place : place.querySelector("time");
  const moment = Date.parse(iso);
  if (!element || Number.isNaN(moment) || Date.parse(element.dateTime) > moment) return;
  element.dateTime = iso;
  element.title = `${exact.format(moment)} ${zone}`;
  element.textContent = wordsFor(element, moment);
}

function tick() {
  const now = serverNow();
  for (const element of document.querySelectorAll("time[data-age][datetime]")) {
    const words = wordsFor(element, Date.parse(element.dateTime));
    if (element.textContent !== words) element.textContent = words;
  }
  document.dispatchEvent(new CustomEvent("second", { detail: now }));
}

setInterval(tick, 1000);
