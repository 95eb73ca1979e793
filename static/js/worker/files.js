// Part of the service worker: the files that pages are made of, all of one version, and pictures.

const FILES = "files-";
const OWN_FILES = FILES + PORTAL.version;

let pagesAreNewer = false; // than this worker: then they are not given its files

function install() {
  return caches.open(OWN_FILES).then((cache) => {
    const addresses = [...PORTAL.shell, PORTAL.offline];
    return cache.addAll(addresses.map((address) => new Request(address, { cache: "no-cache", credentials: "omit" })));
  });
}

/** Those of the version before stay: pages that were kept then are made of them. */
async function forgetOldFiles() {
  const versions = (await caches.keys()).filter((name) => name.startsWith(FILES) && name !== OWN_FILES);
  await Promise.all(versions.slice(0, -1).map((name) => caches.delete(name)));
}

function noteVersion(answer) {
  const version = answer.headers.get("Portal-Version");
  if (version) pagesAreNewer = version !== PORTAL.version;
}

const fromFiles = (address) => caches.match(address, { ignoreVary: true });

async function file(request) {
  const cache = await caches.open(OWN_FILES);
  const known = await cache.match(request.url, { ignoreVary: true });
  if (known && !pagesAreNewer) return known;
  try {
    const answer = await fetch(request);
    if (answer.status === 200 && !pagesAreNewer) await cache.put(request.url, answer.clone());
    return answer;
  } catch (error) {
    const older = known ?? (await fromFiles(request.url));
    if (older) return older;
    throw error;
  }
}

async function picture(event) {
  const { url } = event.request;
  const known = await recall((key) => key.href === url);
  if (known) return known;
  const since = Date.now();
  const answer = await fetch(event.request);
  if (answer.status === 200) event.waitUntil(keep(url, answer.clone(), since, false));
  return answer;
}
