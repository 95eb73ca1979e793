// The MQTT console: what is done here is done by the server, over one socket (docs/developer/console.md).

import { language } from "../language.js";
import { PortalSocket } from "../portal-socket.js";
import { toast } from "../toast.js";
import { Messages } from "./messages.js";
import { TopicTree } from "./topic-tree.js";

const page = document.getElementById("console");
const find = (selector) => page.querySelector(selector);
const indicator = document.getElementById("live");

const socket = new PortalSocket("/ws/mqtt/");
const messages = new Messages(find("[data-messages]"), find("[data-nothing]"), find("[data-shown]"));
const tree = new TopicTree(find("[data-tree]"), find("[data-tree-full]"), (topic) => {
  messages.filter({ topic });
  find("[data-under]").hidden = topic === "";
  find("[data-under] span").textContent = topic;
});

const LIVE = { connecting: "Connecting", live: "Live", reconnecting: "Reconnecting", ended: "Signed out" };
const STATES = {
  connecting: "Connecting",
  connected: "Connected",
  reconnecting: "Connecting again",
  disconnected: "Not connected",
};

let broker = ""; // to which there shall be a connection
const subscriptions = new Map(); // topic → { qos, item }
const counts = { messages: 0, dropped: 0 };

// --- The connection ---

find("[data-connect]").addEventListener("submit", (event) => {
  event.preventDefault();
  if (broker) disconnect();
  else connect(event.target.elements.broker.value);
});

function connect(name) {
  broker = name;
  socket.send({ type: "connect_mqtt", broker });
}

function disconnect() {
  broker = "";
  socket.send({ type: "disconnect_mqtt" });
}

function showState(event, detail = "") {
  const place = find("[data-state]");
  place.dataset.state = event;
  place.textContent = STATES[event];
  const because = find("[data-detail]");
  because.textContent = detail;
  because.hidden = !detail;
  const isOn = event !== "disconnected";
  find("[data-connect] select").disabled = isOn;
  find("[data-connect] button").textContent = isOn ? "Disconnect" : "Connect";
  for (const fields of page.querySelectorAll("[data-when-connected]")) fields.disabled = !isOn;
}

// --- Subscriptions ---

find("[data-subscribe]").addEventListener("submit", (event) => {
  event.preventDefault();
  const { topic, qos } = event.target.elements;
  socket.send({ type: "subscribe_mqtt", topic: topic.value, qos: Number(qos.value) });
});

function showSubscription({ topic, state, qos, granted, detail }) {
  const known = subscriptions.get(topic);
  if (state === "granted") {
    const item = known?.item ?? subscriptionItem(topic);
    subscriptions.set(topic, { qos, item });
    item.querySelector(".subscription__grant").textContent =
      granted === qos ? `QoS ${granted}` : `QoS ${granted}, asked for ${qos}`;
  } else {
    known?.item.remove();
    subscriptions.delete(topic);
    if (state === "refused") toast(`${topic}: ${detail}`);
  }
}

function subscriptionItem(topic) {
  const item = find("[data-subscription]").content.firstElementChild.cloneNode(true);
  item.querySelector(".subscription__topic").textContent = topic;
  const button = item.querySelector("button");
  button.setAttribute("aria-label", `End the subscription to ${topic}`);
  button.addEventListener("click", () => socket.send({ type: "unsubscribe_mqtt", topic }));
  find("[data-subscriptions]").append(item);
  return item;
}

// --- Publishing ---

find("[data-publish]").addEventListener("submit", (event) => {
  event.preventDefault();
  const { topic, payload, qos, retain } = event.target.elements;
  socket.send({
    type: "publish_mqtt",
    topic: topic.value,
    payload: payload.value,
    qos: Number(qos.value),
    retain: retain.checked,
  });
});

// --- What is seen ---

find("[data-filter]").addEventListener("input", (event) => messages.filter({ text: event.target.value }));
find("[data-under]").addEventListener("click", () => tree.pick(""));
find("[data-pause]").addEventListener("click", (event) => {
  messages.pause(!messages.paused);
  event.currentTarget.setAttribute("aria-pressed", String(messages.paused));
  showCounts();
});
find("[data-clear]").addEventListener("click", () => {
  counts.messages = counts.dropped = 0;
  messages.clear();
  tree.clear();
  showCounts();
});

function receive({ number, messages: arrived, dropped }) {
  socket.send({ type: "seen_mqtt", number });
  counts.messages += arrived.length;
  counts.dropped += dropped;
  for (const { topic } of arrived) tree.add(topic);
  messages.add(arrived);
  showCounts();
}

function showCounts() {
  find("[data-count]").textContent = counts.messages.toLocaleString(language);
  find("[data-dropped]").textContent = counts.dropped.toLocaleString(language);
  find("[data-dropped-place]").hidden = counts.dropped === 0;
  find("[data-pause] span").textContent = messages.paused ? `Go on (${messages.waiting.toLocaleString(language)} new)` : "Pause";
}

// --- The socket ---

socket.addEventListener("status", () => {
  indicator.dataset.state = socket.status;
  indicator.querySelector(".live__text").textContent =
    socket.closedWith === 4403 ? "Not allowed" : LIVE[socket.status];
  if (socket.status === "reconnecting" && broker) showState("reconnecting", "The portal does not answer.");
  if (socket.status === "ended") {
    broker = "";
    showState("disconnected");
    if (socket.closedWith !== 4403) document.getElementById("signed-out").showModal();
  }
});

socket.addEventListener("frame", ({ detail: frame }) => {
  if (frame.type === "ready") beginAgain();
  else if (frame.type === "mqtt_message") receive(frame);
  else if (frame.type === "mqtt_subscription") showSubscription(frame);
  else if (frame.type === "mqtt_event") happened(frame);
  else if (frame.type === "error") refused(frame);
});

/** The connection ended with the socket before: make it again, with its subscriptions. */
function beginAgain() {
  if (!broker) return;
  connect(broker);
  for (const [topic, { qos }] of subscriptions) socket.send({ type: "subscribe_mqtt", topic, qos });
}

function happened({ event, topic, detail }) {
  if (event === "published") toast(`Published to ${topic}`);
  else if (event === "failed") toast(`Not published to ${topic}: ${detail}`);
  else showState(event, detail);
  if (event === "disconnected") {
    broker = "";
    for (const { item } of subscriptions.values()) item.remove();
    subscriptions.clear();
  }
}

function refused({ code, detail }) {
  toast(detail);
  if (code === "not_allowed" || code === "unreachable" || code === "limit") {
    if (find("[data-state]").dataset.state === "disconnected") broker = "";
  }
}

showState("disconnected");
socket.open();
