// The page's one socket to /ws/live/, whoever of its modules wants to be told something.

import { LiveSocket } from "./live-socket.js";

export const socket = new LiveSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/live/`);
