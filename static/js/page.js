// On every page: ages count, menus close, commands are copied; it is part of an app that opens without a network.

import "./ages.js";
import "./pwa.js";
import { toast } from "./toast.js";

document.documentElement.classList.add("with-script");

if (document.querySelector("[data-unread]")) {
  import("./unread.js");
  import("./connection.js");
}

// On a phone there are more tabs than are in sight.
document.querySelector(".tabs--scroll [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  const button = event.target.closest("[data-copy]");
  if (button) copy(button.parentElement.querySelector("code").textContent);
});

document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied");
  } catch {
    toast("Your browser does not let this page copy. Select the text instead.");
  }
}
