// Turns on and off that this browser shows alerts while no page of the portal is open.

import { state, subscribe, unsubscribe } from "../push.js";
import { toast } from "../toast.js";

const WORDS = {
  unsupported: "This browser cannot show alerts while no page of the portal is open.",
  denied: "You have forbidden this browser to show notifications of the portal. Allow them in its settings first.",
  on: "This browser shows alerts also while no page of the portal is open.",
  off: "This browser shows alerts only while a page of the portal is open.",
};
const card = document.querySelector("[data-push]");
const button = card.querySelector("[data-push-switch]");
let now = "off";

async function show(coming) {
  try {
    now = await coming;
  } catch (error) {
    toast(error.message);
  }
  card.hidden = false;
  card.querySelector("[data-push-state]").textContent = WORDS[now];
  button.hidden = now !== "on" && now !== "off";
  button.textContent = now === "on" ? "Turn it off" : "Turn it on";
}

button.addEventListener("click", () => show(now === "on" ? unsubscribe() : subscribe()));
show(state());
