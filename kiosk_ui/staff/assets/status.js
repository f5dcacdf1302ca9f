// The store's status: the view as the gateway sends it, and what follows from it.

import { Binder } from "/assets/design/bind.js";
import { live } from "/assets/design/live.js";

const language = document.documentElement.lang;
const root = document.getElementById("status");
const binder = new Binder({ language, words: document.getElementById("words").content });
const books = new Map([...document.querySelector("#books").content.querySelectorAll("data")].map((word) => [word.value, word.textContent]));

// Being offline is ordinary here: it asks for a look, not for alarm.
const LINK_TONES = { online: "good", connecting: "calm", offline: "warn" };

function sum(lanes, key) {
  return lanes.reduce((total, lane) => total + lane[key], 0);
}

function health({ quarantined, undecided, devices, link, rights }, missing) {
  if (quarantined || missing !== 0 || devices.some(({ state }) => state === "offline")) return "bad";
  if (undecided > 0 || link.state !== "online" || rights?.detail || devices.some(({ state }) => state !== "online")) return "warn";
  return "good";
}

function derived(view) {
  const lanes = Object.entries(view.lanes).map(([name, lane]) => ({
    name,
    ...lane,
    missing: lane.recorded - lane.acked - lane.queued - lane.dropped,
  }));
  const ages = lanes.map((lane) => lane.oldest_unsent_age_s).filter((age) => age !== null);
  const queued = sum(lanes, "queued");
  const state = sum(lanes, "missing") === 0 ? "good" : "bad";
  return {
    ...view,
    lanes_list: lanes,
    reasons: lanes.flatMap((lane) => Object.entries(lane.dropped_by_reason).map(([reason, count]) => ({ reason, count }))),
    queued,
    queued_some: queued > 0,
    acked: sum(lanes, "acked"),
    oldest_s: queued > 0 && ages.length > 0 ? Math.max(...ages) : null,
    undecided_some: view.undecided > 0,
    devices_online: `${view.devices.filter((device) => device.state === "online").length} / ${view.devices.length}`,
    link_tone: LINK_TONES[view.link.state],
    books: state,
    books_word: books.get(state),
    health: health(view, sum(lanes, "missing")),
  };
}

function show(view) {
  binder.fill(root, derived(view));
}

live.on("status", show);
show(JSON.parse(document.getElementById("view").textContent));
live.start();
