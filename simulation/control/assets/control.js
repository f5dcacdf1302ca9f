// The control page: buttons and forms post JSON, the live stream shows what came of it.

import { Binder } from "/assets/design/bind.js";
import { live } from "/assets/design/live.js";
import { Verbs, wordsOf } from "/assets/control/verbs.js";

const LIT_MS = 900;

const root = document.getElementById("control");
const wordList = document.getElementById("words").content;
const verbs = new Verbs(wordsOf(wordList));
const binder = new Binder({ language: document.documentElement.lang, words: wordList });
const stations = new Map([...document.querySelectorAll("[data-station]")].map((item) => [item.dataset.station, item]));
const counters = document.getElementById("counters");
const kioskLink = document.getElementById("kiosk-link");
const passed = new Map();
const fading = new Map();
let latest = null;

function line({ gateway_running: running, online }) {
  if (!running) return "down";
  return online ? "online" : "offline";
}

function redeeming({ is_frozen: isFrozen }) {
  if (isFrozen === null) return "unknown";
  return isFrozen ? "frozen" : "open";
}

function counterNumber() {
  return Number(counters.querySelector("input:checked").value);
}

function show(view) {
  latest = view;
  const state = line(view);
  const counter = view.counters.find((each) => each.number === counterNumber());
  kioskLink.href = counter.kiosk_url;
  binder.fill(root, {
    ...view,
    kiosk: counter.kiosk,
    reader: counter.reader,
    line: state,
    line_tone: { online: "good", offline: "warn", down: "bad" }[state],
    cable: view.plugged ? "plugged" : "pulled",
    cable_tone: view.plugged ? "good" : "warn",
    reader_tone: counter.reader === "working" ? "good" : "bad",
    redeeming: redeeming(view),
    redeeming_tone: { open: "good", frozen: "warn", unknown: "bad" }[redeeming(view)],
    gateway_tone: view.gateway_running ? "good" : "bad",
  });
}

function light(name) {
  const item = stations.get(name);
  item.toggleAttribute("data-lit", true);
  clearTimeout(fading.get(name));
  fading.set(name, setTimeout(() => item.toggleAttribute("data-lit", false), LIT_MS));
}

function pass({ passed: counts }) {
  for (const [name, count] of Object.entries(counts)) {
    const before = passed.get(name);
    if (before !== undefined && count > before) light(name);
    passed.set(name, count);
    const number = stations.get(name)?.querySelector(".number");
    if (number) number.textContent = new Intl.NumberFormat(document.documentElement.lang).format(count);
  }
}

function digits(currency) {
  return new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits;
}

function bodyOf(form) {
  const fields = Object.fromEntries(new FormData(form));
  if ("amount" in fields) {
    const amountMinor = Math.round(Number(fields.amount) * 10 ** digits(form.dataset.currency));
    return { amount_minor: amountMinor, with_points: "with_points" in fields };
  }
  return fields;
}

// What happens at a counter happens at the chosen one; the cable and the gateway are the whole store's.
function atCounter(element, body) {
  return element.hasAttribute("data-at-counter") ? { ...body, counter: counterNumber() } : body;
}

for (const button of root.querySelectorAll("button[data-post]")) {
  button.addEventListener("click", () => verbs.post(button, atCounter(button, JSON.parse(button.dataset.body ?? "{}"))));
}

for (const form of root.querySelectorAll("form[data-post]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    verbs.post(form, atCounter(form, bodyOf(form)));
  });
}

counters.addEventListener("change", () => show(latest));
live.on("control", show);
live.on("stations", pass);
show(JSON.parse(document.getElementById("view").textContent));
pass(JSON.parse(document.getElementById("passed").textContent));
live.start();
