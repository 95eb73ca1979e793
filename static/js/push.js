// Whether this browser tells its user of alerts while no page of the portal is open, and turning that on and off.

import { call } from "./call.js";

const PLACE = "/api/v1/push-subscriptions/";

export const isSupported = "serviceWorker" in navigator && "PushManager" in window;

/** "unsupported", "denied" (the user has said no to the browser), "on" or "off". */
export async function state() {
  if (!isSupported) return "unsupported";
  if (Notification.permission === "denied") return "denied";
  const subscription = await current();
  return subscription && (await known(subscription)) ? "on" : "off";
}

/** To be called from a click: browsers ask their user only then. Returns the new state. */
export async function subscribe() {
  if (!isSupported || (await Notification.requestPermission()) !== "granted") return state();
  await navigator.serviceWorker.register("/sw.js", { updateViaCache: "none" });
  const { pushManager } = await navigator.serviceWorker.ready;
  const { public_key: applicationServerKey } = await call("GET", `${PLACE}key/`);
  const wanted = { userVisibleOnly: true, applicationServerKey };
  // A subscription with another key than the portal's is of no use any more.
  const subscription = await pushManager.subscribe(wanted).catch(async (error) => {
    if (error.name !== "InvalidStateError") throw error;
    await (await pushManager.getSubscription()).unsubscribe();
    return pushManager.subscribe(wanted);
  });
  const { endpoint, keys } = subscription.toJSON();
  await call("POST", PLACE, { endpoint, ...keys, name: browserName() });
  return "on";
}

export async function unsubscribe() {
  const subscription = await current();
  if (subscription) {
    const row = await known(subscription);
    if (row) await call("DELETE", `${PLACE}${row.id}/`);
    await subscription.unsubscribe();
  }
  return state();
}

async function current() {
  const registration = await navigator.serviceWorker.getRegistration("/");
  return (await registration?.pushManager.getSubscription()) ?? null;
}

/** What the portal knows of it: it may be another account's. */
async function known(subscription) {
  const { results } = await call("GET", PLACE);
  return results.find(({ endpoint }) => endpoint === subscription.endpoint);
}

function browserName() {
  const { brands, platform } = navigator.userAgentData ?? {};
  const brand = brands?.find(({ brand }) => !/not.?a.?brand/i.test(brand))?.brand;
  return (brand ? `${brand} on ${platform}` : navigator.userAgent).slice(0, 200);
}
