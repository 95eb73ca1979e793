// A socket of a page to the portal: kept open, opened again after a drop, and given up when the session is over.

const PING_EVERY = 15_000;
const ANSWER_WITHIN = 10_000;
const LONGEST_WAIT = 30_000;
const FINAL = new Set([4401, 4403]); // signed out, not allowed

/**
 * Emits "status" whenever `status` changes: connecting, live, reconnecting, ended. Every other frame than those about
 * the socket itself is a "frame" event with the frame as `detail`; "ready" is one of them, once for each connection.
 */
export class PortalSocket extends EventTarget {
  #url;
  #socket = null;
  #attempts = 0;
  #timers = {};

  status = "connecting";
  closedWith = null;

  constructor(path) {
    super();
    this.#url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`;
    window.addEventListener("online", () => this.#hurry());
    window.addEventListener("offline", () => this.#socket && this.#drop(this.#socket));
    document.addEventListener("visibilitychange", () => document.hidden || this.#hurry());
    window.addEventListener("pagehide", () => this.#hangUp());
    window.addEventListener("pageshow", (event) => event.persisted && this.#return());
  }

  open() {
    clearTimeout(this.#timers.retry);
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#timers.answer = setTimeout(() => this.#drop(socket), ANSWER_WITHIN);
    socket.addEventListener("message", (event) => this.#receive(JSON.parse(event.data)));
    socket.addEventListener("close", (event) => socket === this.#socket && this.#closed(event.code));
  }

  /** Whether it could be sent. */
  send(frame) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  #receive(frame) {
    clearTimeout(this.#timers.answer);
    if (frame.type === "pong") return;
    if (frame.type === "authenticate") {
      this.#become("ended"); // the server asks for a token: there is no session
      this.#socket?.close();
      return;
    }
    if (frame.type === "ready") {
      this.#attempts = 0;
      this.#timers.ping = setInterval(() => this.#ping(), PING_EVERY);
      this.#become("live");
    }
    this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
  }

  #closed(code) {
    this.#stopTimers();
    this.#socket = null;
    this.closedWith = code;
    if (this.status === "ended" || FINAL.has(code)) {
      this.#become("ended");
      return;
    }
    this.#become("reconnecting");
    // Doubling, with jitter: after a restart of the server not everybody returns in the same moment.
    const wait = Math.min(LONGEST_WAIT, 500 * 2 ** this.#attempts) * (0.5 + Math.random() / 2);
    this.#attempts += 1;
    this.#timers.retry = setTimeout(() => this.open(), wait);
  }

  /** A half-open connection gets no close event for minutes: do not wait for it. */
  #drop(socket) {
    if (socket !== this.#socket) return;
    this.#closed(1006);
    socket.close();
  }

  #hangUp() {
    this.#stopTimers();
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #return() {
    this.#become("reconnecting");
    this.open();
  }

  #hurry() {
    if (this.status === "reconnecting" && !this.#socket) this.open();
  }

  #ping() {
    const socket = this.#socket;
    this.send({ type: "ping" });
    clearTimeout(this.#timers.answer);
    this.#timers.answer = setTimeout(() => this.#drop(socket), ANSWER_WITHIN);
  }

  #stopTimers() {
    clearTimeout(this.#timers.answer);
    clearTimeout(this.#timers.retry);
    clearInterval(this.#timers.ping);
  }

  #become(status) {
    if (this.status === status) return;
    this.status = status;
    this.dispatchEvent(new Event("status"));
  }
}
