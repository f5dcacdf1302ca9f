// The page of the demo's shop floor: choose a slot and do something there, open a door, break a device.

import { Binder } from "/assets/design/bind.js";
import { live } from "/assets/design/live.js";
import { Verbs, wordsOf } from "/assets/control/verbs.js";

const root = document.getElementById("floor");
const wordList = document.getElementById("words").content;
const verbs = new Verbs(wordsOf(wordList));
const binder = new Binder({ language: document.documentElement.lang, words: wordList });
const pieces = new Map([...root.querySelectorAll("[data-slot]")].map((piece) => [piece.dataset.slot, piece]));
const faults = new Map([...root.querySelectorAll("[data-fault]")].map((select) => [select.dataset.fault, select]));
const switches = [...root.querySelectorAll("[data-room]")];
const behind = document.getElementById("chosen-behind");
let latest = null;

function chosen() {
  return root.querySelector("input[name=slot]:checked").value;
}

function showSlot(slot) {
  const piece = pieces.get(slot.slot);
  piece.querySelector(".units").textContent = slot.units;
  piece.style.setProperty("--share", Math.min(1, slot.units / slot.capacity));
  piece.dataset.level = slot.units === 0 ? "out" : "some";
  for (const mark of piece.querySelectorAll("[data-mark]")) mark.hidden = !slot[mark.dataset.mark];
}

function showChosen() {
  const slot = latest.slots.find((each) => each.slot === chosen());
  document.getElementById("chosen-slot").textContent = slot.slot;
  document.getElementById("chosen-goods").textContent = pieces.get(slot.slot).querySelector(".goods").textContent;
  behind.textContent = behind.dataset.in.replace("{}", slot.behind);
}

function show(view) {
  latest = view;
  binder.fill(root, { ...view, faults_tone: view.failing > 0 ? "bad" : "good" });
  for (const slot of view.slots) showSlot(slot);
  for (const { name, fault } of view.fixtures) {
    const select = faults.get(name);
    if (document.activeElement !== select && !select.disabled) select.value = fault ?? "";
    select.closest(".fault").toggleAttribute("data-failing", fault !== null);
  }
  for (const box of switches) if (!box.disabled) box.checked = view[box.dataset.room];
  showChosen();
}

function post(element, path, body, said) {
  element.dataset.post = path;
  if (said) element.dataset.said = said;
  return verbs.post(element, body);
}

for (const button of root.querySelectorAll("[data-act]")) {
  const units = document.getElementById("units");
  button.addEventListener("click", () => {
    if (units.reportValidity()) post(button, "/api/floor/shelf", { slot: chosen(), act: button.dataset.act, units: Number(units.value) });
  });
}

for (const select of faults.values()) {
  select.addEventListener("change", async () => {
    const kind = select.value || null;
    await post(select, "/api/fault", { device: select.dataset.fault, kind });
    select.blur(); // From here on it shows what is, not what was asked for.
  });
}

for (const box of switches) {
  box.addEventListener("change", () => post(box, "/api/floor/room", { [box.dataset.room]: box.checked }, "changed"));
}

document.getElementById("shelves").addEventListener("change", showChosen);
live.on("floor", show);
show(JSON.parse(document.getElementById("view").textContent));
live.start();
