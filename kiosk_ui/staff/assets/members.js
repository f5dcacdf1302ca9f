// The staff's member page: find, look, act. Everything is shown as text, every act names who did it and why.

import { Binder } from "/assets/design/bind.js";
import { minorDigits } from "/assets/design/format.js";
import { live } from "/assets/design/live.js";
import { newKey } from "/assets/design/once.js";

const ROOT = "/staff/members";
const SERVER_FAULT = 500;

const language = document.documentElement.lang;
const binder = new Binder({ language, words: document.getElementById("words").content });
const at = (id) => document.getElementById(id);
const dialog = at("act");
const form = at("act-form");

let account = null;

function post(path, body) {
  return fetch(ROOT + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

// What is in a list is shown with the account's currency.
function priced(view) {
  const price = (each) => ({ currency: view.currency, ...each });
  return { ...view, lines: view.lines.map(price), sales: view.sales.map(price) };
}

async function trying(act) {
  at("trouble").hidden = true;
  try {
    if (await act()) return;
  } catch {
    // The gateway is away.
  }
  at("trouble").hidden = false;
}

function find(question) {
  return trying(async () => {
    const response = await post("/find", { question });
    if (!response.ok) return false;
    const found = at("found");
    found.hidden = false;
    binder.fill(found, await response.json());
    return true;
  });
}

function open(member, { focuses = true } = {}) {
  return trying(async () => {
    const response = await fetch(`${ROOT}/${encodeURIComponent(member)}`);
    if (!response.ok) return false;
    account = await response.json();
    at("account").hidden = false;
    binder.fill(at("account"), priced(account));
    if (focuses) at("who").focus();
    return true;
  });
}

function ask({ act, subject = "" }) {
  const { actor, role } = form.elements;
  const kept = [actor.value, role.value]; // Whoever serves the next member is mostly the same person.
  form.reset();
  [actor.value, role.value] = kept;
  form.dataset.act = act;
  form.dataset.subject = subject;
  form.dataset.key = newKey();
  at("act-title").textContent = binder.word("act", act);
  at("act-who").textContent = account.name;
  at("act-subject").textContent = subject;
  at("act-said").hidden = true;
  for (const part of form.querySelectorAll("[data-for]")) {
    part.hidden = part.dataset.for !== act;
    for (const input of part.querySelectorAll("input")) input.required = !part.hidden;
  }
  dialog.showModal();
}

function minor(text) {
  return String(Math.round(Number(text.replace(",", ".")) * 10 ** minorDigits(account.currency)));
}

function fields(act, { amount, points, counter, reason }) {
  const own = {
    refund: () => ({ amount: minor(amount.value) }),
    adjust: () => ({ points: points.value.replace("−", "-").replace("+", "") }),
    replace: () => ({ counter: counter.value }),
  };
  return { key: form.dataset.key, reason: reason.value.trim(), ...own[act]?.() };
}

function say(text) {
  at("act-said").textContent = text;
  at("act-said").hidden = false;
}

function complain({ reason, problems }) {
  const [first] = Object.entries(problems ?? {});
  if (!first) return say(binder.word("reason", reason || "other"));
  const [name, problem] = first;
  form.elements[name]?.focus();
  return say(`${binder.word("field", name)}: ${binder.word("reason", problem)}`);
}

async function act() {
  const { act: what, subject } = form.dataset;
  const { actor, role } = form.elements;
  const body = { form: what, subject, actor: actor.value.trim(), role: role.value, fields: fields(what, form.elements) };
  try {
    const response = await post(`/${encodeURIComponent(account.member)}/act`, body);
    if (!response.ok) return say(binder.word("reason", response.status < SERVER_FAULT ? "other" : "outcome_unknown"));
    const acted = await response.json();
    if (!acted.is_accepted) return complain(acted);
    dialog.close();
    at("done").hidden = false;
    at("done-reference").textContent = acted.reference;
    return await open(account.member);
  } catch {
    return say(binder.word("reason", "outcome_unknown"));
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if ("open" in button.dataset) {
    at("done").hidden = true;
    open(button.dataset.member);
  }
  if (button.dataset.act) ask(button.dataset);
});
at("find").addEventListener("submit", (event) => {
  event.preventDefault();
  find(event.target.elements.question.value);
});
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const key = event.submitter;
  if (key) key.disabled = true;
  await act();
  if (key) key.disabled = false;
});
at("act-cancel").addEventListener("click", () => dialog.close());

live.on("seen", (seen) => {
  at("seen").hidden = false;
  binder.fill(at("seen"), seen);
});
live.start();
