// The kiosk's page: shows what the gateway says, in the language of whoever stands there.

import { Binder } from "/assets/design/bind.js";
import { live } from "/assets/design/live.js";

const { kiosk, idle: idleJson } = document.body.dataset;
const IDLE = JSON.parse(idleJson);
const HOME = document.documentElement.dataset.home;
const GRACE_S = 2; // The gateway turns back to the invitation; this page does it alone only when cut off.
const LANGUAGE_REST_S = 30;
const PRESS_TRIES_MAX = 3;
const PRESS_RETRY_MS = 700;
const ANSWER_WAIT_MS = 5000;
const NOTICE_MS = 6000;
const FIT_STEP = 0.93;
const FIT_LEAST = 0.36;

const stage = document.getElementById("stage");
const notices = document.getElementById("notices");
const patience = document.getElementById("patience");
const stages = new Map(
  [...document.querySelectorAll("template[data-stage]")].map((each) => [each.dataset.stage, each.content]),
);

let screen = { screen: "attract" };
let chosen = null; // The language a finger chose; it lasts for one visit.
let leaveTimer = 0;
let languageTimer = 0;

function language() {
  const wanted = chosen ?? screen.language ?? HOME;
  return stages.has(wanted) ? wanted : HOME;
}

function idleSeconds({ screen: name, claimable }) {
  if (name === "greeting" && claimable) return IDLE.question_s;
  return IDLE[`${name}_s`] ?? null;
}

// Names and numbers come in all lengths: each gets the largest size at which it fits its lines.
function fit(element) {
  const lines = Number(element.dataset.fit || 1);
  const full = parseFloat(getComputedStyle(element).fontSize);
  for (let size = full; size >= full * FIT_LEAST; size *= FIT_STEP) {
    element.style.fontSize = `${size}px`;
    const lineHeight = parseFloat(getComputedStyle(element).lineHeight);
    if (element.scrollWidth <= element.clientWidth + 1 && element.scrollHeight < lineHeight * (lines + 0.6)) return;
  }
  element.classList.add("cut");
}

function render() {
  const tag = language();
  const template = stages.get(tag).querySelector(`[data-screen="${CSS.escape(screen.screen)}"]`);
  if (!template) return;
  const section = template.cloneNode(true);
  new Binder({ language: tag }).fill(section, { ...screen, is_gain: screen.points > 0 });
  document.documentElement.lang = tag;
  document.body.dataset.mood = screen.screen === "earned" && screen.points <= 0 ? "returned" : screen.screen;
  document.body.toggleAttribute("data-question", Boolean(screen.claimable));
  stage.replaceChildren(section);
  section.querySelectorAll("[data-fit]").forEach(fit);
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === tag));
  }
  for (const name of [...notices.children].map((notice) => notice.dataset.notice)) notify(name);
}

function show(next) {
  if (next.screen === "attract" && screen.screen !== "attract") chosen = null;
  screen = next;
  render();
  wait(idleSeconds(next));
}

function wait(seconds) {
  clearTimeout(leaveTimer);
  patience.getAnimations().forEach((animation) => animation.cancel());
  patience.hidden = seconds === null;
  if (seconds === null) return;
  leaveTimer = setTimeout(() => show({ screen: "attract" }), (seconds + GRACE_S) * 1000);
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  patience.animate([{ transform: "scaleX(1)" }, { transform: "scaleX(0)" }], { duration: seconds * 1000, fill: "forwards" });
}

function notify(name, isOn = true) {
  const shown = notices.querySelector(`[data-notice="${name}"]`);
  if (!isOn) return shown?.remove();
  const notice = stages.get(language()).querySelector(`[data-notice="${name}"]`).cloneNode(true);
  return shown ? shown.replaceWith(notice) : notices.append(notice);
}

async function send(choice, subject) {
  for (let attempt = 1; attempt <= PRESS_TRIES_MAX; attempt += 1) {
    try {
      const response = await fetch(`/kiosk/${encodeURIComponent(kiosk)}/choice`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ choice, subject }),
      });
      if (response.ok) return true;
      if (response.status !== 503) return false;
    } catch {
      // The gateway is away; try again like after a 503.
    }
    await new Promise((resolve) => setTimeout(resolve, PRESS_RETRY_MS * attempt));
  }
  return false;
}

async function press(button) {
  const keys = [...stage.querySelectorAll("[data-choice]")];
  keys.forEach((key) => (key.disabled = true));
  button.setAttribute("aria-busy", "true");
  const release = () => {
    keys.forEach((key) => (key.disabled = false));
    button.removeAttribute("aria-busy");
  };
  if (await send(button.dataset.choice, button.dataset.subject ?? "")) {
    setTimeout(release, ANSWER_WAIT_MS);
    return;
  }
  release();
  notify("unsent");
  setTimeout(() => notify("unsent", false), NOTICE_MS);
}

function choose(tag) {
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
  if (button?.dataset.choice) press(button);
  if (button?.dataset.language) choose(button.dataset.language);
});
document.addEventListener("contextmenu", (event) => event.preventDefault());
document.addEventListener("live-lost", (event) => notify("lost", event.detail));

addEventListener("resize", render);

live.on("screen", show);
live.on("connection", ({ online }) => notify("offline", !online));
render();
live.start();
