// One socket to /ws/live/ for a page: keeps it open, subscribes again after a drop and asks for what it missed.

const PING_EVERY = 15_000;
const ANSWER_WITHIN = 10_000;
const LONGEST_WAIT = 30_000;
const SIGNED_OUT = 4401;

/**
 * Emits "status" whenever `status` changes: connecting, live, paused (`detail` says why nothing comes), reconnecting,
 * ended (the session is over).
 */
export class LiveSocket extends EventTarget {
  #url;
  #socket = null;
  #subscriptions = new Map();
  #counter = 0;
  #attempts = 0;
  #timers = {};

  status = "connecting";
  detail = "";
  lastHeard = null;
  pausedAt = null;

  constructor(url) {
    super();
    this.#url = url;
    window.addEventListener("online", () => this.#hurry());
    window.addEventListener("offline", () => this.#socket && this.#drop(this.#socket));
    document.addEventListener("visibilitychange", () => document.hidden || this.#hurry());
    window.addEventListener("pagehide", () => this.#hangUp());
    window.addEventListener("pageshow", (event) => event.persisted && this.#return());
    this.#connect();
  }

  /** Call `handler(deviceId, change)` with the state of the devices and then with each change; returns the way out. */
  watch(devices, handler) {
    return this.follow("devices", devices, (changes) => {
      for (const [deviceId, change] of Object.entries(changes)) handler(deviceId, change);
    });
  }

  /**
   * Call `handler(told, isState)` with what a topic (devices, alerts, notifications) tells of `wish`, by ID: first how
   * things stand, and then each change; returns the way out.
   */
  follow(topic, wish, handler) {
    const id = `w${(this.#counter += 1)}`;
    const subscription = { topic, wish, handler, cursor: null };
    this.#subscriptions.set(id, subscription);
    if (this.#isReady) this.#subscribe(id, subscription);
    return () => {
      if (this.#subscriptions.delete(id) && this.#isReady) this.#send({ type: "unsubscribe", id });
    };
  }

  get #isReady() {
    return this.status === "live" || this.status === "paused";
  }

  #connect() {
    clearTimeout(this.#timers.retry);
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#timers.answer = setTimeout(() => this.#drop(socket), ANSWER_WITHIN);
    socket.addEventListener("message", (event) => this.#receive(JSON.parse(event.data)));
    socket.addEventListener("close", (event) => socket === this.#socket && this.#closed(event.code));
  }

  #closed(code) {
    this.#stopTimers();
    this.#socket = null;
    if (this.status === "ended" || code === SIGNED_OUT) {
      this.#become("ended");
      return;
    }
    this.#become("reconnecting");
    // Doubling, with jitter: after a restart of the server not everybody returns in the same moment.
    const wait = Math.min(LONGEST_WAIT, 500 * 2 ** this.#attempts) * (0.5 + Math.random() / 2);
    this.#attempts += 1;
    this.#timers.retry = setTimeout(() => this.#connect(), wait);
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
    this.#connect();
  }

  #hurry() {
    if (this.status === "reconnecting" && !this.#socket) this.#connect();
  }

  #receive(frame) {
    this.lastHeard = Date.now();
    clearTimeout(this.#timers.answer);
    if (frame.type === "ready") {
      this.#attempts = 0;
      this.#become("live");
      for (const [id, subscription] of this.#subscriptions) this.#subscribe(id, subscription);
      this.#timers.ping = setInterval(() => this.#ping(), PING_EVERY);
    } else if (frame.type === "state" || frame.type === "change") {
      const subscription = this.#subscriptions.get(frame.id);
      if (!subscription) return;
      subscription.cursor = frame.cursor ?? subscription.cursor;
      subscription.handler(frame[subscription.topic], frame.type === "state");
    } else if (frame.type === "ping") {
      this.#send({ type: "pong", mark: frame.mark }); // all before it has been read
    } else if (frame.type === "paused") {
      this.detail = frame.detail;
      this.pausedAt = Date.now();
      this.#become("paused");
    } else if (frame.type === "resumed") {
      this.#become("live");
    } else if (frame.type === "error") {
      console.warn(`Live updates: ${frame.detail}`);
    } else if (frame.type === "authenticate") {
      this.#become("ended"); // the server asks for a token: there is no session
      this.#socket?.close();
    }
  }

  #subscribe(id, { topic, wish, cursor }) {
    this.#send({ type: "subscribe", id, [topic]: wish, ...(cursor && { cursor }) });
  }

  #ping() {
    const socket = this.#socket;
    this.#send({ type: "ping" });
    clearTimeout(this.#timers.answer);
    this.#timers.answer = setTimeout(() => this.#drop(socket), ANSWER_WITHIN);
  }

  #send(frame) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  #stopTimers() {
    clearTimeout(this.#timers.answer);
    clearTimeout(this.#timers.retry);
    clearInterval(this.#timers.ping);
  }

  #become(status) {
    if (this.status === status) return;
    this.status = status;
    if (status !== "paused") this.detail = "";
    this.dispatchEvent(new Event("status"));
  }
}
