// The fleet's figures, as they change.
import { Binder } from "/assets/design/bind.js";
import { live } from "/assets/design/live.js";

const binder = new Binder({
  language: document.documentElement.lang,
  words: document.getElementById("words").content,
});
const totals = document.getElementById("totals");
const cards = new Map([...document.querySelectorAll("[data-gateway]")].map((card) => [card.dataset.gateway, card]));

live.on("fleet", (view) => {
  binder.fill(totals, view);
  for (const store of view.stores) {
    const card = cards.get(store.gateway);
    if (card) binder.fill(card, store);
  }
});
binder.retell(document);
live.start();
