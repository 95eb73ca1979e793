// Part of the service worker: where the answer to a request comes from. Sockets never pass here: they are always live.

const PATIENCE = 5_000; // how long the portal may take until a page that is kept is shown instead
const KEPT_PAGES = /^\/(?:(?:devices|dashboards|alerts|models|reports)\/.*|servers\/)?$/;
const DATA = /^\/(?:api\/v1|fleet|dashboards)\//;
const DEVICE = /^\/devices\/[^/]+\//;
const AWAY = 502; // from here on, an answer says that the portal is not there

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(forgetOldFiles().then(() => self.clients.claim())));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin) return;
  if (request.mode === "navigate") navigate(event, url);
  else if (request.method !== "GET") return;
  else if (url.pathname.startsWith(PORTAL.static)) event.respondWith(file(request));
  else if (request.destination === "image") event.respondWith(picture(event));
  else if (request.destination === "" && DATA.test(url.pathname)) event.respondWith(data(event, url));
});

self.addEventListener("message", (event) => {
  const { type, page } = event.data;
  if (type === "take over") self.skipWaiting();
  if (type === "forget") event.waitUntil(forget());
  if (type === "keep") event.waitUntil(keepPage(new URL(page), fetch(page), Date.now()));
});

function navigate(event, url) {
  const { request } = event;
  if (url.pathname === PORTAL.logout) {
    event.waitUntil(forget());
    event.respondWith(fetch(request).catch(() => fromFiles(PORTAL.offline)));
  } else if (request.method === "GET" && !url.pathname.startsWith("/api/")) {
    const asked = fetch(request);
    event.waitUntil(keepPage(url, asked, Date.now()));
    event.respondWith(page(url, asked));
  }
}

/** From the portal; as it was the last time if the portal is not there or does not answer in time. */
async function page(url, asked) {
  const inTime = await Promise.race([asked.catch(() => null), new Promise((resolve) => setTimeout(resolve, PATIENCE, null))]);
  if (inTime && inTime.status < AWAY) return inTime;
  return (await recallPage(url)) ?? inTime ?? asked.catch(() => fromFiles(PORTAL.offline));
}

/** That very page; else the same under other filters; of a device any tab, for they are all on one page. */
function recallPage({ href, pathname, search }) {
  const device = DEVICE.exec(pathname)?.[0];
  return recall(
    (key) => key.href === href,
    (key) => !search && key.pathname === pathname,
    (key) => device !== undefined && key.pathname.startsWith(device) && !key.pathname.endsWith("/quality/"),
  );
}

async function keepPage(url, asked, since) {
  const answer = await asked.then((found) => found.clone()).catch(() => null);
  if (!answer) return;
  noteVersion(answer);
  if (KEPT_PAGES.test(url.pathname) && !answer.redirected && answer.status < 500) await keep(url.href, answer, since, true);
  else if (answer.headers.get("Portal-User") === "anonymous") await forget();
}

/** From the portal, else as it was the last time; then it has the header Kept-At. */
async function data(event, url) {
  const key = keyOf(url);
  const since = Date.now();
  const known = () => recall(({ href }) => href === key);
  try {
    const answer = await fetch(event.request);
    if (answer.status >= AWAY) return (await known()) ?? answer;
    if (answer.headers.get("Content-Type")?.startsWith("application/json") || answer.status >= 400) {
      event.waitUntil(keep(key, answer.clone(), since, false));
    }
    return answer;
  } catch (error) {
    const kept = await known();
    if (kept) return kept;
    throw error;
  }
}

/** Ranges that end now are asked for with other times each time: what counts is how long they are. */
function keyOf({ href }) {
  const url = new URL(href);
  const [from, to] = ["from", "to"].map((name) => Date.parse(url.searchParams.get(name)));
  if (Number.isNaN(from) || Number.isNaN(to)) return url.href;
  url.searchParams.delete("from");
  url.searchParams.delete("to");
  url.searchParams.set("length", Math.round((to - from) / 60_000));
  return url.href;
}
