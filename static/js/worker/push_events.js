// Part of the service worker: shows what the portal pushes, and leads to it. A classic script, not a module.

self.addEventListener("push", (event) => {
  const { title, body, tag, url } = event.data.json();
  const shown = { body, tag, renotify: true, data: { url }, icon: `${PORTAL.static}pwa/icon-192.png` };
  event.waitUntil(self.registration.showNotification(title, shown));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(lead(new URL(event.notification.data.url, self.location.origin).href));
});

/** To a page of the portal that is open already, or to a new one. */
async function lead(address) {
  const pages = await self.clients.matchAll({ type: "window" });
  const page = pages.find(({ url }) => url === address) ?? pages[0];
  if (!page) return self.clients.openWindow(address);
  await page.focus();
  return page.url === address ? page : page.navigate(address);
}
