// Calibrating a shelf from a phone: choose the shelf, choose a weight, then one thing to do at a time.

import { Binder } from "/assets/design/bind.js";
import { number, signed } from "/assets/design/format.js";
import { live } from "/assets/design/live.js";

const WAITING = new Set(["taring", "weighing", "unloading"]);
const ORDER = ["empty", "taring", "load", "weighing", "unloading", "confirm", "done"];
const UNITS = { least: 1, most: 1000, usual: 3 };
const LEAST_TOLD = 0.01; // Nobody believes in no error at all.
const REFUSED = new Set([404, 409]);

const language = document.documentElement.lang;
const at = (id) => document.getElementById(id);
const root = at("calibration");
const binder = new Binder({ language, words: at("words").content });
const state = { list: JSON.parse(at("view").textContent), slot: null, lesson: null, units: UNITS.usual, problem: null };

const thing = (view) => (language.startsWith("zh") ? view.name_zh || view.name_en : view.name_en || view.name_zh) || view.sku;

function rounded(value, digits) {
  return value === null ? null : Number(value.toFixed(digits)) || 0;
}

// Below a kilogram a scale says tenths; above, they would only flicker.
function grams(value) {
  return value === null ? null : rounded(value, Math.abs(value) < 1000 ? 1 : 0);
}

function way(step, from, until) {
  const now = ORDER.indexOf(step);
  if (now >= ORDER.indexOf(until)) return "done";
  return now >= ORDER.indexOf(from) ? "now" : "later";
}

function lessonShown(view) {
  const isLoad = view.step === "load";
  const error = view.error_units === null ? null : Math.max(LEAST_TOLD, rounded(view.error_units, 2));
  return {
    ...view,
    thing: thing(view),
    problem: state.problem ?? view.problem,
    steady: String(view.is_steady),
    has_g: view.live_g !== null,
    live: grams(view.live_g),
    counts: view.live_counts === null ? "–" : number(rounded(view.live_counts, 0), language),
    is_load: isLoad,
    load_units: isLoad && view.known_units !== null ? view.known_units : null,
    load_g: isLoad && view.known_units === null ? view.known_g : null,
    is_waiting: WAITING.has(view.step),
    is_found: view.step === "confirm" || view.step === "done",
    is_open: view.step !== "done",
    error_units_shown: view.teach === "whole" ? error : null,
    error_g_shown: grams(view.error_g),
    drift_shown: view.drift_g === null ? null : signed(grams(view.drift_g), language),
    drift_day: view.drift_g_per_day === null ? null : signed(rounded(view.drift_g_per_day, 1), language),
    way_zero: way(view.step, "empty", "load"),
    way_load: way(view.step, "load", "unloading"),
    way_check: way(view.step, "unloading", "done"),
  };
}

function listShown() {
  const scales = state.list.scales.map((one) => ({
    ...one,
    thing: thing(one),
    tone: one.taught_at ? "good" : one.is_raw ? "warn" : "calm",
    is_untaught: one.taught_at === null && one.is_raw,
    tells_grams: one.taught_at === null && !one.is_raw,
    drift: one.drift_g_per_day === null ? null : signed(rounded(one.drift_g_per_day, 1), language),
  }));
  return { scales, has_scales: scales.length > 0 };
}

function weightShown() {
  const one = state.list.scales.find(({ slot }) => slot === state.slot);
  return {
    ...one,
    thing: thing(one),
    units: state.units,
    units_g: rounded(state.units * one.unit_weight_g, 1),
    may_zero: one.taught_at !== null || !one.is_raw,
    problem: state.problem,
  };
}

function show() {
  const where = state.lesson ? "lesson" : state.slot ? "weight" : "scales";
  for (const id of ["scales", "weight", "lesson"]) at(id).hidden = id !== where;
  if (where === "scales") binder.fill(at("scales"), listShown());
  if (where === "weight") binder.fill(at("weight"), weightShown());
  if (where === "lesson") binder.fill(at("lesson"), lessonShown(state.lesson));
}

const addressOf = (verb) => `/api/calibrations/${state.slot.split("/").map(encodeURIComponent).join("/")}/${verb}`;

async function ask(verb, body) {
  state.problem = null;
  try {
    const answer = await fetch(addressOf(verb), {
      method: body === undefined ? "GET" : "POST",
      headers: { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (answer.status === 204) return null;
    const said = await answer.json();
    if (answer.ok) return said;
    state.problem = REFUSED.has(answer.status) ? said.reason : "other";
    if (said.reason === "no_lesson") state.lesson = null;
  } catch {
    state.problem = "other";
  }
  return undefined;
}

async function take(verb, body) {
  const view = await ask(verb, body);
  if (view) state.lesson = view;
  show();
}

async function look() {
  const answer = await fetch("/api/calibrations").catch(() => null);
  if (answer?.ok) state.list = await answer.json();
}

async function open(slot) {
  await look();
  state.slot = slot;
  const one = state.list.scales.find((scale) => scale.slot === slot);
  // Somebody may be at it already: with this phone before it was put away, or with another one.
  if (one.is_being_taught) state.lesson = (await ask("lesson")) ?? null;
  state.problem = null;
  state.units = Math.max(UNITS.least, Math.min(UNITS.usual, one.capacity));
  show();
  scrollTo(0, 0);
}

async function leave() {
  Object.assign(state, { slot: null, lesson: null, problem: null });
  await look();
  show();
}

const doing = {
  "go-on": () => take("go-on", { step: state.lesson.step }),
  keep: () => take("keep", {}),
  again: () => take("again", {}),
  end: async () => {
    await ask("end", {});
    await leave();
  },
  leave,
};

root.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const { slot, step, do: verb } = button.dataset;
  if (slot) open(slot);
  if (step) {
    state.units = Math.max(UNITS.least, Math.min(UNITS.most, state.units + Number(step)));
    show();
  }
  if (verb) doing[verb]();
});

function begins(form, weight) {
  at(form).addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = weight();
    if (chosen) take("begin", chosen);
  });
}

begins("by-units", () => ({ units: state.units }));
begins("by-nothing", () => ({}));
begins("by-grams", () => {
  const known = Number(at("grams").value.trim().replace(",", "."));
  const isWeight = Number.isFinite(known) && known >= 1;
  at("grams").setAttribute("aria-invalid", String(!isWeight));
  return isWeight ? { known_g: known } : null;
});

live.on("calibration", (view) => {
  if (!state.lesson || view.slot !== state.slot) return;
  if (view.step !== state.lesson.step) state.problem = null;
  state.lesson = view;
  show();
});

const asked = new URLSearchParams(location.search).get("slot");
if (state.list.scales.some(({ slot }) => slot === asked)) open(asked);
show();
live.start();
