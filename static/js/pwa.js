// The portal as an app: the worker that keeps it for when there is no network, what is new of it, how it is installed.

const LOOK_EVERY = 3600_000;

const worker = navigator.serviceWorker;
let isWanted = false; // the new version, by whoever sits here

export const isSupported = Boolean(worker);

/** Nothing of what this browser has kept of the portal's data is shown to anybody any more. */
export const forget = () => worker?.controller?.postMessage({ type: "forget" });

async function begin() {
  const registration = await worker.register("/sw.js", { updateViaCache: "none" });
  if (registration.waiting) offer(registration.waiting);
  registration.addEventListener("updatefound", () => {
    const coming = registration.installing;
    coming.addEventListener("statechange", () => coming.state === "installed" && offer(coming));
  });
  setInterval(() => registration.update().catch(() => {}), LOOK_EVERY);
  if (worker.controller) return;
  // The first page of all came past the worker.
  const { active } = await worker.ready;
  active.postMessage({ type: "keep", page: location.href });
}

function offer(coming) {
  if (!worker.controller) return; // the first version of all
  const notice = document.getElementById("update");
  notice.hidden = false;
  notice.querySelector("button").onclick = () => {
    isWanted = true;
    coming.postMessage({ type: "take over" });
  };
}

worker?.addEventListener("controllerchange", () => isWanted && location.reload());

window.addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  for (const button of document.querySelectorAll("[data-install]")) {
    button.hidden = false;
    button.onclick = () => {
      // It asks once; the browser says when it may be asked again.
      for (const each of document.querySelectorAll("[data-install]")) each.hidden = true;
      event.prompt();
    };
  }
});

// After what the page itself needs. Without a network nothing comes of it, nor where the browser's user allows none.
if (worker) window.addEventListener("load", () => begin().catch(() => {}));
