// One stream of server-sent events per page, multiplexed by event name.
//
// The page says where: <body data-live="/live/status" data-live-after="…">, and holds one element
// [data-live-lost] that is shown while the stream is down (or listens for "live-lost"). Page modules register what to do:
//
//   import { live } from "/assets/design/live.js";
//   live.on("status", (view) => …);
//   live.start();
//
// The browser reconnects by itself after a dropped connection (with Last-Event-ID). What it does not
// do is notice a silent connection or come back after an error answer: the watchdog here does.

const SILENT_BEATS = 2.5;
const RETRY_MS = { first: 500, most: 8000 };
const LOST_AFTER_MS = 1200;

class Live {
  #handlers = new Map();
  #source = null;
  #url = "";
  #lastId = "";
  #run = null;
  #heartbeatMs = 10000;
  #retryMs = RETRY_MS.first;
  #watchdog = 0;
  #retry = 0;
  #lost = 0;

  // Call handler(data) for each event of this name. "sync" carries {resumed, run, heartbeat_s}.
  on(name, handler) {
    const known = this.#handlers.get(name);
    if (known) {
      known.push(handler);
      return;
    }
    this.#handlers.set(name, [handler]);
    this.#source?.addEventListener(name, this.#receive);
  }

  start() {
    this.#url = document.body.dataset.live ?? "";
    this.#lastId = document.body.dataset.liveAfter ?? "";
    if (!this.#url) return;
    this.#open();
    addEventListener("pagehide", () => this.#close());
    addEventListener("pageshow", (event) => event.persisted && this.#open());
    addEventListener("online", () => this.#source || this.#open());
  }

  #open() {
    this.#close();
    const url = new URL(this.#url, location.href);
    if (this.#lastId) url.searchParams.set("after", this.#lastId);
    const source = new EventSource(url);
    this.#source = source;
    source.addEventListener("error", () => this.#failed(source));
    source.addEventListener("sync", this.#synced);
    source.addEventListener("beat", this.#alive);
    for (const name of this.#handlers.keys()) source.addEventListener(name, this.#receive);
    this.#watch();
  }

  #close() {
    clearTimeout(this.#watchdog);
    clearTimeout(this.#retry);
    this.#source?.close();
    this.#source = null;
  }

  #synced = (event) => {
    const sync = JSON.parse(event.data);
    this.#heartbeatMs = sync.heartbeat_s * 1000;
    this.#retryMs = RETRY_MS.first;
    // The program was started anew, perhaps upgraded: begin again with its own page and scripts.
    if (this.#run !== null && this.#run !== sync.run) location.reload();
    this.#run = sync.run;
    this.#alive();
  };

  #receive = (event) => {
    if (event.lastEventId) this.#lastId = event.lastEventId;
    this.#alive();
    const data = JSON.parse(event.data);
    for (const handler of this.#handlers.get(event.type)) handler(data, event.lastEventId);
  };

  #alive = () => {
    clearTimeout(this.#lost);
    this.#lost = 0;
    this.#show(false);
    this.#watch();
  };

  #watch() {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => {
      this.#missed();
      this.#open();
    }, this.#heartbeatMs * SILENT_BEATS);
  }

  #failed(source) {
    this.#missed();
    if (source !== this.#source || source.readyState !== EventSource.CLOSED) return;
    this.#close();
    this.#retry = setTimeout(() => this.#open(), this.#retryMs * (0.5 + Math.random()));
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS.most);
  }

  #missed() {
    // A blink of the connection is nobody's business.
    this.#lost ||= setTimeout(() => this.#show(true), LOST_AFTER_MS);
  }

  #show(lost) {
    if (document.documentElement.hasAttribute("data-live-is-lost") === lost) return;
    document.documentElement.toggleAttribute("data-live-is-lost", lost);
    for (const element of document.querySelectorAll("[data-live-lost]")) element.hidden = !lost;
    document.dispatchEvent(new CustomEvent("live-lost", { detail: lost }));
  }
}

export const live = new Live();
