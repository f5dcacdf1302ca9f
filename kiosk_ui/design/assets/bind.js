// Puts a view (JSON) into markup the server wrote, as text and only as text.
//
//   data-text="link.state"            the value at that path becomes the text
//   data-text="balance|number"        through a format: number signed discount money time moment duration
//   data-text="total_minor|money:currency"   money (and amount, without sign) take the path of the currency
//   data-in="as of {}"                the sentence around it; data-in-one="{} point" where the number is one
//   data-say="have=usable|number all=balance|number"  several values in one sentence: data-in="{have} of {all}"
//   data-text="devices.state|word:device"    a code in the reader's words: <data value="device.online">
//   data-text="glance|words:glance"          the same for each part of "kiosk-1 · greeting"
//   data-if="claimable" data-if="!name"      shown when the value says something / nothing
//   data-if="kind=gift" data-if="owed>0"     shown when the value is that word / a number above zero
//   data-value="share"                becomes the value of a <progress>
//   data-state-of="link.state"        becomes the data-state attribute that colours follow
//   data-set="subject=claimable.sale" becomes data-subject, for a button's module
//   data-vars="share=share low=mark"  become the CSS variables --share and --low
//   data-each="devices"               its <template> once per item; inside, paths start at the item
//   data-each="alerts" data-key="id"  the same, and an item keeps its element wherever it moves in the list
//
// Items are kept and filled anew, so focus and scrolling stay where they are. A keyed one is not even looked at
// while what it says is the same.

import * as format from "/assets/design/format.js";

const PARTS = " · ";
const OTHER = "other"; // The words for a code that nobody foresaw.
const BOUND = "[data-text],[data-say],[data-if],[data-state-of],[data-set],[data-value],[data-vars],[data-each]";

function at(view, path) {
  if (path === ".") return view;
  return path.split(".").reduce((value, key) => value?.[key], view);
}

function says(value) {
  return Array.isArray(value) ? value.length > 0 : value !== null && value !== undefined && value !== false && value !== "";
}

function holds(view, condition) {
  if (condition.startsWith("!")) return !holds(view, condition.slice(1));
  if (condition.endsWith(">0")) return at(view, condition.slice(0, -2)) > 0;
  const [path, word] = condition.split("=");
  return word === undefined ? says(at(view, path)) : String(at(view, path)) === word;
}

function setVariables(element, view, bindings) {
  for (const binding of bindings.split(" ")) {
    const [name, path] = binding.split("=");
    element.style.setProperty(`--${name}`, at(view, path) ?? 0);
  }
}

export class Binder {
  #language;
  #words;
  #said = new WeakMap();

  // words: an element (or template content) holding <data value="device.online">Online</data>
  constructor({ language, words }) {
    this.#language = language;
    this.#words = new Map();
    for (const word of words?.querySelectorAll("data") ?? []) this.#words.set(word.value, word.textContent);
  }

  fill(root, view) {
    const bound = root.matches?.(BOUND) ? [root] : [];
    for (const element of [...bound, ...root.querySelectorAll(BOUND)]) {
      const list = element.parentElement?.closest("[data-each]");
      if (list && list !== root && root.contains(list)) continue;
      this.#bind(element, view);
    }
  }

  // Times that the server wrote, as this reader's clock and calendar have them.
  retell(root) {
    for (const element of root.querySelectorAll("time[data-text][datetime]")) {
      const formatting = element.dataset.text.split("|")[1];
      element.textContent = this.#formatted(element.dateTime, formatting);
    }
  }

  #bind(element, view) {
    const { text, say, if: condition, stateOf, set, value, vars, each, key } = element.dataset;
    if (condition !== undefined) element.hidden = !holds(view, condition);
    if (stateOf !== undefined) element.dataset.state = at(view, stateOf) ?? "";
    if (set !== undefined) {
      const [name, path] = set.split("=");
      element.dataset[name] = at(view, path) ?? "";
    }
    if (value !== undefined) element.value = at(view, value) ?? 0;
    if (vars !== undefined) setVariables(element, view, vars);
    if (text !== undefined) this.#write(element, view, text);
    if (say !== undefined) this.#say(element, view, say);
    if (each !== undefined && key === undefined) this.#repeat(element, at(view, each) ?? []);
    if (each !== undefined && key !== undefined) this.#keep(element, at(view, each) ?? [], key);
  }

  #write(element, view, binding) {
    const [path, formatting] = binding.split("|");
    const value = at(view, path);
    const formatted = value === null || value === undefined ? "" : this.#formatted(value, formatting, view);
    const sentence = this.#sentence(element.dataset, value);
    const text = sentence && formatted !== "" ? sentence.replace("{}", () => formatted) : formatted;
    if (element.textContent !== text) element.textContent = text;
    if (element instanceof HTMLTimeElement && value) element.dateTime = value;
  }

  #say(element, view, bindings) {
    const parts = bindings.split(" ").map((part) => part.split("="));
    const first = at(view, parts[0][1].split("|")[0]);
    let text = this.#sentence(element.dataset, first);
    for (const [name, binding] of parts) {
      const [path, formatting] = binding.split("|");
      const value = at(view, path);
      const formatted = value === null || value === undefined ? "" : this.#formatted(value, formatting, view);
      text = text.replace(`{${name}}`, () => formatted);
    }
    if (element.textContent !== text) element.textContent = text;
  }

  #sentence({ in: other, inOne: one }, value) {
    const isOne = one !== undefined && typeof value === "number" && format.plural(value, this.#language) === "one";
    return isOne ? one : other;
  }

  #formatted(value, formatting, view) {
    const [name, argument] = (formatting ?? "").split(":");
    switch (name) {
      case "":
        return String(value);
      case "word":
        return this.word(argument, value);
      case "words":
        return String(value).split(PARTS).map((part) => this.word(argument, part)).join(PARTS);
      case "money":
      case "amount":
        return at(view, argument) ? format[name](value, at(view, argument), this.#language) : "";
      default:
        return format[name](value, this.#language);
    }
  }

  // What the words given here say for a code.
  word(kind, code) {
    return this.#words.get(`${kind}.${code}`) ?? this.#words.get(`${kind}.${OTHER}`) ?? String(code);
  }

  #repeat(list, items) {
    const template = list.querySelector(":scope > template");
    const shown = [...list.children].filter((child) => child !== template);
    items.forEach((item, index) => {
      let element = shown[index];
      if (!element) {
        element = template.content.firstElementChild.cloneNode(true);
        list.append(element);
      }
      this.fill(element, item);
    });
    for (const extra of shown.slice(items.length)) extra.remove();
  }

  // Whoever has the focus keeps it: an element that moves would lose it otherwise.
  #keep(list, items, key) {
    const template = list.querySelector(":scope > template");
    const focused = list.contains(document.activeElement) ? document.activeElement : null;
    const known = new Map([...list.children].filter((child) => child !== template).map((child) => [child.dataset.key, child]));
    let before = template;
    for (const item of items) {
      const name = String(at(item, key));
      const element = known.get(name) ?? template.content.firstElementChild.cloneNode(true);
      known.delete(name);
      element.dataset.key = name;
      const said = JSON.stringify(item);
      if (this.#said.get(element) !== said) this.fill(element, item);
      this.#said.set(element, said);
      if (before.nextElementSibling !== element) before.after(element);
      before = element;
    }
    for (const gone of known.values()) gone.remove();
    if (focused?.isConnected && focused !== document.activeElement) focused.focus({ preventScroll: true });
  }
}
