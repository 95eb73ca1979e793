// Part of the service worker: what the portal last said, for when it cannot be reached. Of one person only; whose an
// answer is, it says itself.

const KEPT = "kept-";
const MOST_KEPT = 200;
const KEPT_FOR = 7 * 86_400_000;

let turn = Promise.resolve();
let forgottenAt = 0;

/** One after the other, so that an answer that was on its way does not bring back what has been forgotten. */
function inTurn(job) {
  turn = turn.then(job, job);
  return turn;
}

function forget() {
  forgottenAt = Date.now();
  return inTurn(() => forgetOthers());
}

async function forgetOthers(own) {
  const others = (await caches.keys()).filter((name) => name.startsWith(KEPT) && name !== own);
  await Promise.all(others.map((name) => caches.delete(name)));
  return others.length > 0;
}

/**
 * Keep what was asked for at `since`. `isPage`: an answer that settles who sits in front of the browser, whose data is
 * kept from now on and nobody else's.
 */
function keep(key, answer, since, isPage) {
  return inTurn(async () => {
    const user = answer.headers.get("Portal-User");
    if (!user || since < forgottenAt) return;
    if (user === "anonymous") {
      await forgetOthers();
      return;
    }
    const name = KEPT + user;
    if (isPage && (await forgetOthers(name))) forgottenAt = Date.now();
    if (!isPage && !(await caches.has(name))) return;
    const cache = await caches.open(name);
    await cache.delete(key);
    if (answer.status !== 200) return; // it is not there any more, or not for them
    await cache.put(key, await marked(answer));
    const keys = await cache.keys();
    await Promise.all(keys.slice(0, Math.max(0, keys.length - MOST_KEPT)).map((old) => cache.delete(old)));
  });
}

/** With the time at which it was true, by this browser's clock. Pages read it themselves (static/js/ages.js). */
async function marked(answer) {
  const at = new Date().toISOString();
  const headers = new Headers(answer.headers);
  headers.set("Kept-At", at);
  const isPage = headers.get("Content-Type")?.startsWith("text/html");
  const body = isPage ? (await answer.text()).replace("<html ", `<html data-kept="${at}" `) : await answer.blob();
  return new Response(body, { status: 200, headers });
}

/** The first that is kept of what `fits` says may stand in for what is asked. */
async function recall(...fits) {
  const name = (await caches.keys()).find((one) => one.startsWith(KEPT));
  if (!name) return undefined;
  const cache = await caches.open(name);
  const keys = (await cache.keys()).reverse();
  for (const fit of fits) {
    const key = keys.find(({ url }) => fit(new URL(url)));
    const answer = key && (await cache.match(key, { ignoreVary: true }));
    if (answer && Date.now() - Date.parse(answer.headers.get("Kept-At")) < KEPT_FOR) return answer;
  }
  return undefined;
}
