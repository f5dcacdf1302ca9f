// A form as steps, one question on the screen at a time. What was filled in outlives a change of language.

import { Calendar } from "/assets/kiosk/calendar.js";
import { countDown } from "/assets/kiosk/countdown.js";
import { fit } from "/assets/kiosk/fit.js";
import { collected, problemOf } from "/assets/kiosk/form_fields.js";
import { Keyboard } from "/assets/kiosk/keyboard.js";

const AGAIN = "_again";

// The keyboard hears of it.
function write(input, text) {
  input.value = text;
  input.dispatchEvent(new Event("written"));
}

export class Steps {
  #section;
  #view;
  #draft;
  #words;
  #acts;
  #steps;
  #language;
  #kept = new Map(); // What stood there before anybody typed.
  #before; // Of the detail being changed: "back" leaves it as it was.

  // draft: {step, values}, kept by the caller. acts: {leave(), send(form, subject, fields), touched()}.
  constructor(section, { view, draft, words, language, acts }) {
    this.#section = section;
    this.#view = view;
    this.#draft = draft;
    this.#words = words;
    this.#acts = acts;
    this.#language = language;
    this.#steps = [...section.querySelectorAll("[data-step]")].filter((step) => !step.closest("[hidden]"));
    for (const shown of section.querySelectorAll("[data-draft]")) this.#kept.set(shown, shown.textContent);
    for (const step of this.#steps) this.#prepare(step);
    section.addEventListener("click", (event) => this.#click(event.target.closest("button")));
    section.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target.matches("input:not([type=checkbox])")) this.#next();
    });
    this.#show(Math.min(draft.step, this.#steps.length - 1));
  }

  get #isHub() {
    return "first" in this.#steps[0].dataset;
  }

  get #current() {
    return this.#steps[this.#draft.step];
  }

  #prepare(step) {
    const { values } = this.#draft;
    for (const input of step.querySelectorAll("input")) {
      if (input.type === "checkbox") {
        input.checked = (values[input.name] ?? this.#granted(input.name)) === "yes";
        input.addEventListener("change", () => this.#put(input.name, input.checked ? "yes" : "no"));
        continue;
      }
      input.value = values[input.name] ?? "";
      input.addEventListener("input", () => this.#put(input.name, input.value));
    }
    for (const board of step.querySelectorAll("[data-board]")) {
      if (board.closest("[hidden]")) continue;
      new Keyboard(board, step.querySelector("input"), (kind, code) => this.#words.word(kind, code));
    }
    for (const root of step.querySelectorAll("[data-calendar]")) {
      const name = root.dataset.calendar;
      const choose = (day) => this.#put(name, day);
      const word = (kind, code) => this.#words.word(kind, code);
      new Calendar(root, { language: this.#language, word, value: values[name], choose });
    }
  }

  #granted(name) {
    const consent = this.#view.consents?.find(({ purpose }) => name === `consent_${purpose}`);
    return consent?.granted ? "yes" : "no";
  }

  #put(name, value) {
    this.#draft.values[name] = value;
    this.#say("");
    this.#reflect();
  }

  // What was filled in, wherever it is shown.
  #reflect() {
    const { values } = this.#draft;
    for (const pick of this.#section.querySelectorAll("[data-pick]")) {
      const chosen = values[pick.dataset.pick] ?? this.#view.preferred;
      pick.setAttribute("aria-pressed", String(chosen === pick.dataset.valueOf));
    }
    for (const shown of this.#section.querySelectorAll("[data-draft]")) {
      const [name, formatting] = shown.dataset.draft.split("|");
      if (values[name]) shown.textContent = this.#words.formatted(values[name], formatting);
      else shown.textContent = this.#kept.get(shown) || (shown.dataset.empty ?? "");
    }
    for (const shown of this.#section.querySelectorAll("[data-chosen-day]")) {
      shown.textContent = values.birthday ? this.#words.formatted(values.birthday, "monthDay") : shown.dataset.empty;
    }
    for (const key of this.#section.querySelectorAll("[data-if-draft]")) {
      key.disabled = Object.values(values).every((value) => !value);
    }
  }

  #show(index) {
    this.#draft.step = index;
    this.#steps.forEach((step, place) => (step.hidden = place !== index));
    for (const dots of this.#current.querySelectorAll("[data-dots]")) this.#dot(dots, index);
    this.#current.querySelectorAll("[data-fit]").forEach(fit);
    this.#reflect();
    const input = this.#current.querySelector("input:not([type=checkbox])");
    if (input?.checkVisibility()) input.focus({ preventScroll: true });
  }

  #dot(dots, index) {
    if (this.#isHub || this.#steps.length < 2) return;
    dots.replaceChildren(
      ...this.#steps.map((_, place) => {
        const dot = document.createElement("i");
        dot.toggleAttribute("data-done", place <= index);
        return dot;
      }),
    );
  }

  #click(key) {
    if (!key || key.disabled) return;
    const { dataset } = key;
    this.#acts.touched();
    if ("pick" in dataset) this.#put(dataset.pick, dataset.valueOf);
    if ("next" in dataset || "andNext" in dataset) this.#next();
    if ("skip" in dataset) this.#skip();
    if ("previous" in dataset) this.#previous();
    if ("send" in dataset) this.#send();
    if ("go" in dataset) this.#go(dataset.go);
  }

  #go(name) {
    const index = this.#steps.findIndex((step) => step.dataset.step === name);
    this.#before = this.#draft.values[name];
    if (index >= 0) this.#show(index);
  }

  #next() {
    const name = this.#current.dataset.step;
    const problem = problemOf(this.#current, this.#draft.values);
    if (problem === "not_the_same") {
      const original = name.slice(0, -AGAIN.length);
      this.#empty(name, original);
      this.#go(original);
    }
    if (problem) return this.#say(this.#words.word("field", problem));
    if (this.#isHub && this.#draft.step > 0) return this.#show(0);
    if (this.#isHub || this.#draft.step === this.#steps.length - 1) return this.#send();
    return this.#show(this.#following());
  }

  #following() {
    const next = this.#steps[this.#draft.step + 1].dataset.step;
    const isEmpty = next.endsWith(AGAIN) && !this.#draft.values[next.slice(0, -AGAIN.length)];
    return this.#draft.step + (isEmpty ? 2 : 1);
  }

  #skip() {
    const name = this.#current.dataset.step;
    this.#empty(name);
    if (this.#isHub) return this.#show(0);
    return this.#show(this.#following());
  }

  #previous() {
    this.#say("");
    if (this.#isHub) return this.#restore();
    const { step } = this.#draft;
    if (step === 0) return this.#acts.leave();
    const skips = this.#steps[step - 1].dataset.step.endsWith(AGAIN) ? 2 : 1;
    return this.#show(step - skips);
  }

  // Nobody can see what is wrong with a PIN: it is typed anew, twice.
  #forgetPin(name) {
    const input = this.#section.querySelector(`input[name="${CSS.escape(name)}"]`);
    if (input?.dataset.entry === "pin") this.#empty(name, name + AGAIN);
  }

  #restore() {
    const name = this.#current.dataset.step;
    this.#empty(name);
    if (this.#before) this.#draft.values[name] = this.#before;
    for (const input of this.#current.querySelectorAll("input")) write(input, this.#before ?? "");
    this.#show(0);
  }

  #empty(...names) {
    for (const name of names) {
      delete this.#draft.values[name];
      for (const input of this.#section.querySelectorAll(`input[name="${CSS.escape(name)}"]`)) write(input, "");
    }
    this.#reflect();
  }

  async #send() {
    const problem = problemOf(this.#current, this.#draft.values);
    if (problem) return this.#say(this.#words.word("field", problem));
    const { form, subject = "" } = this.#section.dataset;
    const fields = collected(this.#section, this.#view, { values: this.#draft.values, language: this.#language });
    const answer = await this.#acts.send(form, subject, fields);
    if (answer === null) return this.#advise("outcome_unknown");
    if (!answer.is_accepted) this.#refused(answer);
  }

  #refused({ reason, problems = [], retry_after_s: wait_s = 0 }) {
    const [first] = problems;
    if (first) {
      this.#forgetPin(first.field);
      if (this.#steps.some((step) => step.dataset.step === first.field)) this.#go(first.field);
      return this.#say(this.#words.word("field", first.problem));
    }
    this.#empty(...["pin", "old"].filter((name) => name in this.#draft.values && reason.includes("pin")));
    return this.#advise(reason, wait_s);
  }

  #advise(reason, wait_s = 0) {
    const both = this.#words.word("say", "both");
    const parts = { problem: this.#words.word("problem", reason), advice: this.#words.word("advice", reason) };
    this.#say(both.replace(/{(\w+)}/g, (_, part) => parts[part]));
    if (wait_s <= 0) return;
    const wait = document.createElement("span");
    wait.dataset.in = ` ${this.#words.word("say", "wait")}`;
    this.#current.querySelector("[data-said]").append(wait);
    countDown(wait, performance.now() + wait_s * 1000);
  }

  #say(text) {
    const said = this.#current.querySelector("[data-said]");
    if (!said) return;
    said.textContent = text;
    said.hidden = text === "";
  }
}
