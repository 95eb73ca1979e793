// In place of a page that cannot be had: those that this browser has kept of the person who sits here.

import { ageInWords } from "./ages.js";

const MOST = 8;
const main = document.getElementById("main");

if (location.pathname === main.dataset.logout) {
  main.querySelector("[data-why]").hidden = true;
  main.querySelector("[data-signing-out]").hidden = false;
} else {
  showKept(await keptPages());
}
// Browsers say so also of a network that does not lead to the portal.
window.addEventListener("online", async () => {
  const answer = await fetch(location.href, { method: "HEAD" }).catch(() => null);
  if (answer) location.reload();
});

async function keptPages() {
  const name = (await caches.keys()).find((one) => one.startsWith("kept-"));
  if (!name) return [];
  const cache = await caches.open(name);
  const answers = await cache.matchAll();
  const pages = answers.filter(({ headers }) => headers.get("Content-Type")?.startsWith("text/html"));
  const keys = await cache.keys();
  return Promise.all(
    pages.reverse().slice(0, MOST).map(async (answer) => {
      const html = new DOMParser().parseFromString(await answer.clone().text(), "text/html");
      const key = keys[answers.indexOf(answer)];
      return { address: key.url, title: html.title.replace(/ · IoTSphere$/, ""), at: Date.parse(answer.headers.get("Kept-At")) };
    }),
  );
}

function showKept(pages) {
  main.querySelector("[data-kept]").hidden = pages.length === 0;
  main.querySelector("[data-pages]").replaceChildren(
    ...pages.map(({ address, title, at }) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = address;
      link.textContent = title;
      item.append(link, ` ${ageInWords(Date.now() - at)}`);
      return item;
    }),
  );
}
