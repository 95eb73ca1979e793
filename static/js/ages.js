// Ages count on by themselves, by the server's clock: a visitor's clock may be wrong.

const STEPS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
const page = document.documentElement.dataset;
const zone = page.timeZone;

const [navigation] = performance.getEntriesByType("navigation");
const answeredAt = performance.timeOrigin + (navigation?.responseStart ?? 0);
const aheadOfUs = page.now ? Date.parse(page.now) - answeredAt : 0;

export const serverNow = () => Date.now() + aheadOfUs;

export function ageInWords(milliseconds) {
  const seconds = Math.floor(milliseconds / 1000);
  const step = STEPS.find(([, length]) => seconds >= length);
  return step ? `${Math.floor(seconds / step[1])} ${step[0]} ago` : "now";
}

const exact = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium", timeZone: zone });

/** Let the time element inside `place` count from `iso`; older times than the one shown are ignored. */
export function setAge(place, iso) {
  const element = place.matches("time") ? place : place.querySelector("time");
  const moment = Date.parse(iso);
  if (!element || Number.isNaN(moment) || Date.parse(element.dateTime) > moment) return;
  element.dateTime = iso;
  element.title = `${exact.format(moment)} ${zone}`;
  element.textContent = ageInWords(serverNow() - moment);
}

function tick() {
  const now = serverNow();
  for (const element of document.querySelectorAll("time[data-age][datetime]")) {
    const words = ageInWords(now - Date.parse(element.dateTime));
    if (element.textContent !== words) element.textContent = words;
  }
  document.dispatchEvent(new CustomEvent("second", { detail: now }));
}

setInterval(tick, 1000);
