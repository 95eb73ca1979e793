// The number at “Alerts” in the bar: what the person was told in the portal and has not seen. With a sound, if wanted.

import { socket } from "./live-connection.js";
import { beep, isWanted, want } from "./sound.js";

const MOST = 99;
const badge = document.querySelector("[data-unread]");
const switcher = document.querySelector("[data-sound]");
const unread = new Set();

socket.follow("notifications", {}, (told, isState) => {
  if (isState) unread.clear();
  let isNew = false;
  for (const [id, { read_at }] of Object.entries(told)) {
    if (read_at) unread.delete(id);
    else {
      isNew ||= !isState && !unread.has(id);
      unread.add(id);
    }
  }
  show();
  if (isNew && isWanted()) beep();
});

function show() {
  badge.hidden = unread.size === 0;
  badge.textContent = unread.size > MOST ? `${MOST}+` : unread.size;
  badge.setAttribute("aria-label", `${badge.textContent} unread`);
}

function showSwitcher() {
  switcher.hidden = false;
  switcher.setAttribute("aria-pressed", isWanted());
  switcher.querySelector("span").textContent = `Sound of alerts: ${isWanted() ? "on" : "off"}`;
}

switcher.addEventListener("click", () => {
  want(!isWanted());
  showSwitcher();
  if (isWanted()) beep();
});
showSwitcher();
