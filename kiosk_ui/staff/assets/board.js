// The staff board: shows the floor as the gateway tells it, and keeps what this device chose (sound, zone, name).

import { Binder } from "/assets/design/bind.js";
import { live } from "/assets/design/live.js";
import { Acts } from "/assets/staff/board_acts.js";
import { derived } from "/assets/staff/board_views.js";
import { chime } from "/assets/staff/chime.js";

const TICK_MS = 15000;
const WELL_SHOWN_MAX = 9; // A shop of two hundred sensors need not scroll past them all.

const query = new URLSearchParams(location.search);
const language = document.documentElement.lang;
const isWall = query.get("wall") === "1";
const at = (id) => document.getElementById(id);
const root = at("board");
const binder = new Binder({ language, words: at("words").content });
const word = (kind, code) => binder.word(kind, code);

let view = JSON.parse(at("view").textContent);
let zone = query.get("zone") ?? "";
let skew = Date.parse(view.at) - Date.now(); // The gateway's clock counts, not this device's.
let due = 0; // The timer of a view that is not shown yet.

const acts = new Acts({ binder, changed: replaceAlert, current: () => view });

function show({ silently = false } = {}) {
  if (!view.slots.some((slot) => slot.zone === zone)) zone = "";
  const shown = derived(view, { language, word, zone, now: Date.now() + skew, me: acts.me });
  binder.fill(root, { ...shown, me: acts.me, all_zones: zone === "", sound: chime.state });
  for (const chip of root.querySelectorAll(".chip")) chip.setAttribute("aria-pressed", chip.dataset.state);
  acts.refresh(shown);
  chime.hear(shown.alerts, { silently });
  if (isWall) fitWall();
  root.dataset.at = view.at;
}

// A wall is not scrolled: what does not fit is counted, and the count needs room of its own.
function fitWall() {
  const list = at("alerts");
  const cards = [...list.children].filter((card) => card.matches(".alert"));
  for (const card of cards) card.classList.remove("beyond");
  at("beyond").hidden = true;
  if (beyond(list, cards).length === 0) return;
  at("beyond").hidden = false;
  binder.fill(at("beyond"), { more: cards.length }); // An empty line would be measured lower than it is.
  const hidden = beyond(list, cards);
  for (const card of hidden) card.classList.add("beyond");
  const more = hidden.filter(({ dataset }) => dataset.look !== "done").length;
  at("beyond").hidden = more === 0;
  binder.fill(at("beyond"), { more });
}

function beyond(list, cards) {
  const end = list.getBoundingClientRect().bottom + 1;
  return cards.filter((card) => card.getBoundingClientRect().bottom > end);
}

// The stream brings a part at a time: slots, sensors, what there is to do. What comes together is shown together.
function take(part) {
  view = { ...view, ...part };
  skew = Date.parse(view.at) - Date.now();
  due ||= setTimeout(() => {
    due = 0;
    show();
  });
}

// The answer to an act is shown at once; the stream brings the same a moment later.
function replaceAlert(alert) {
  if (alert) view = { ...view, alerts: view.alerts.map((each) => (each.id === alert.id ? alert : each)) };
  show({ silently: true });
}

function choose(next) {
  zone = next;
  const url = new URL(location.href);
  if (zone) url.searchParams.set("zone", zone);
  else url.searchParams.delete("zone");
  history.replaceState(null, "", url);
  show({ silently: true });
}

function tellSound() {
  document.documentElement.dataset.sound = chime.state;
  binder.fill(at("sound"), { sound: chime.state });
}

document.documentElement.toggleAttribute("data-wall", isWall);
document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button && "zone" in button.dataset) choose(button.dataset.zone);
});
at("sound").addEventListener("click", () => chime.turn(chime.state === "off"));
addEventListener("resize", () => isWall && fitWall());
chime.begin({ changed: tellSound, tries: isWall });
for (const part of ["slots", "sensors", "alerts"]) live.on(part, take);
at("sensors-fine").open = view.sensors.length <= WELL_SHOWN_MAX;
show({ silently: true });
live.start();
setInterval(() => show(), TICK_MS);
