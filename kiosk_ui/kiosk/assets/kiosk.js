// The kiosk's page: shows what the gateway says, in the language of whoever stands there.

import { Binder } from "/assets/design/bind.js";
import * as format from "/assets/design/format.js";
import { live } from "/assets/design/live.js";
import { newKey } from "/assets/design/once.js";
import { Asking } from "/assets/kiosk/asking.js";
import { countDown } from "/assets/kiosk/countdown.js";
import { derive, variant } from "/assets/kiosk/derive.js";
import { fit } from "/assets/kiosk/fit.js";
import { Patience } from "/assets/kiosk/patience.js";
import { phrase } from "/assets/kiosk/phrases.js";
import { Steps } from "/assets/kiosk/steps.js";

const IDLE = JSON.parse(document.body.dataset.idle);
const HOME = document.documentElement.dataset.home;
const LANGUAGE_REST_S = 30;
const ANSWER_WAIT_MS = 5000;
const NOTICE_MS = 6000;
const STAY_EVERY_MS = 10_000;
const NOBODY = { screen: "attract" };

const stage = document.getElementById("stage");
const notices = document.getElementById("notices");
const stages = new Map(
  [...document.querySelectorAll("template[data-stage]")].map((each) => [each.dataset.stage, each.content]),
);
const asking = new Asking(document.body.dataset.kiosk);
const patience = new Patience(document.getElementById("patience"), () => show(NOBODY));

let screen = NOBODY;
let shownAt_ms = 0;
let draft = { step: 0, values: {}, key: null }; // Of the form on the screen; gone with it.
let chosen = null; // The language a finger chose; it lasts for one visit.
let languageTimer = 0;
let stayedAt_ms = 0; // When the time of this screen last began anew.

function language() {
  const wanted = chosen ?? screen.language ?? HOME;
  return stages.has(wanted) ? wanted : HOME;
}

function idleSeconds({ screen: name, claimable, menu }) {
  if (name === "greeting" && claimable) return IDLE.question;
  if (name === "greeting" && menu?.length) return IDLE.menu;
  return IDLE[name] ?? null;
}

function templateOf(content) {
  const name = `[data-screen="${CSS.escape(screen.screen)}"]`;
  const which = variant(screen);
  return content.querySelector(which ? `${name}[data-variant="${CSS.escape(which)}"]` : `${name}:not([data-variant])`);
}

function mood(section) {
  if (screen.screen === "earned" && screen.points <= 0) return "returned";
  return section.dataset.mood ?? screen.screen;
}

function render() {
  const tag = language();
  const content = stages.get(tag);
  const template = templateOf(content);
  if (!template) return;
  const section = template.cloneNode(true);
  const binder = new Binder({ language: tag, words: content.querySelector("[data-lexicon]") });
  const view = derive(screen);
  binder.fill(section, view);
  phrase(section, tag);
  document.documentElement.lang = tag;
  document.body.dataset.mood = mood(section);
  document.body.toggleAttribute("data-question", Boolean(screen.claimable));
  stage.replaceChildren(section);
  finish(section, { tag, view, binder });
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === tag));
  }
  for (const name of [...notices.children].map((notice) => notice.dataset.notice)) notify(name);
}

// What a template cannot say: sizes, drawings, clocks and steps.
function finish(section, { tag, view, binder }) {
  for (const line of section.querySelectorAll(".line[data-view]")) line.disabled = !line.dataset.subject;
  for (const drawing of section.querySelectorAll("[data-qr]")) {
    drawing.setAttribute("viewBox", `-2 -2 ${screen.qr.size + 4} ${screen.qr.size + 4}`);
    drawing.firstElementChild.setAttribute("d", screen.qr.path);
  }
  for (const clock of section.querySelectorAll("[data-countdown]")) {
    countDown(clock, shownAt_ms + (screen[clock.dataset.countdown] ?? 0) * 1000);
  }
  if (section.dataset.form) {
    const words = {
      word: (kind, code) => binder.word(kind, code),
      formatted: (value, formatting) => (formatting ? format[formatting](value, tag) : value),
    };
    new Steps(section, { view, draft, words, language: tag, acts: { leave, send, touched } });
  }
  section.querySelectorAll("[data-fit]").forEach(fit);
}

function show(next) {
  if (next.screen === "attract" && screen.screen !== "attract") chosen = null;
  screen = next;
  shownAt_ms = stayedAt_ms = performance.now();
  draft = { step: 0, values: {}, key: null };
  render();
  patience.start(idleSeconds(next));
}

function notify(name, isOn = true) {
  const shown = notices.querySelector(`[data-notice="${name}"]`);
  if (!isOn) return shown?.remove();
  const notice = stages.get(language()).querySelector(`[data-notice="${name}"]`).cloneNode(true);
  return shown ? shown.replaceWith(notice) : notices.append(notice);
}

function tell(name) {
  notify(name);
  setTimeout(() => notify(name, false), NOTICE_MS);
}

// Keys wait while something is on its way; the next screen ends that, or time does.
async function busily(button, act) {
  const keys = [...stage.querySelectorAll("[data-choice],[data-view],[data-send],[data-next]")];
  const free = keys.filter((key) => !key.disabled);
  free.forEach((key) => (key.disabled = true));
  button?.setAttribute("aria-busy", "true");
  const release = () => {
    free.forEach((key) => (key.disabled = false));
    button?.removeAttribute("aria-busy");
  };
  const isWaiting = await act();
  if (isWaiting) setTimeout(release, ANSWER_WAIT_MS);
  else release();
}

function press(button, go) {
  return busily(button, async () => {
    const outcome = await go();
    if (outcome !== "sent") tell(outcome === "over" ? "over" : "unsent");
    return outcome === "sent";
  });
}

// Not theirs: on to what is.
async function decline(sale) {
  const { visit } = screen;
  const outcome = await asking.choose("decline", sale);
  return outcome === "sent" && visit ? asking.ask("home", { visit }) : outcome;
}

function leave() {
  const { visit, name } = screen;
  press(null, () => (name ? asking.ask("home", { visit }) : asking.choose("done", "")));
}

async function send(form, subject, fields) {
  let answer = null;
  await busily(stage.querySelector("[data-send]:not([hidden])"), async () => {
    draft.key ??= newKey();
    const { key } = draft;
    answer = await asking.fill(form, { visit: screen.visit, subject, fields, key });
    if (answer !== null) draft.key = null; // While nobody knows, sending again means the same form.
    return answer?.is_accepted ?? false;
  });
  return answer;
}

function touched() {
  const now_ms = performance.now();
  if (!screen.visit || now_ms - stayedAt_ms < STAY_EVERY_MS) return;
  stayedAt_ms = now_ms;
  asking.ask("stay", { visit: screen.visit });
  patience.start(idleSeconds(screen));
}

function choose(tag) {
  touched();
  chosen = tag;
  render();
  clearTimeout(languageTimer);
  languageTimer = setTimeout(() => {
    if (screen.screen !== "attract" || chosen === null) return;
    chosen = null;
    render();
  }, LANGUAGE_REST_S * 1000);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button || button.disabled) return;
  const { choice, view, language: tag, subject = "" } = button.dataset;
  if (choice === "decline") press(button, () => decline(subject));
  else if (choice) press(button, () => asking.choose(choice, subject));
  else if (view) press(button, () => asking.ask(view, { visit: screen.visit, subject }));
  else if (tag) choose(tag);
});
stage.addEventListener("scroll", touched, { capture: true, passive: true });
document.addEventListener("contextmenu", (event) => event.preventDefault());
document.addEventListener("live-lost", (event) => notify("lost", event.detail));

addEventListener("resize", render);

live.on("screen", show);
live.on("connection", ({ online }) => notify("offline", !online));
render();
live.start();
