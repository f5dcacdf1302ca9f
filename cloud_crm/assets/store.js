// One store: figures and ledger as they change, events as they land, newest on top.
import { Binder } from "/assets/design/bind.js";
import { live } from "/assets/design/live.js";

const ROWS_MAX = 25;
// Everything but the feed, whose rows belong to their own events.
const FIGURES = ".page-title, .banner[data-if], #figures, #ledger, #lanes, #devices";

const binder = new Binder({
  language: document.documentElement.lang,
  words: document.getElementById("words").content,
});
const feed = document.getElementById("feed");
const template = feed.querySelector("template");

live.on("store", (view) => {
  for (const part of document.querySelectorAll(FIGURES)) binder.fill(part, view);
});

live.on("landed", (event) => {
  const row = template.content.firstElementChild.cloneNode(true);
  binder.fill(row, event);
  row.dataset.lane = event.lane;
  row.classList.add("fresh");
  template.after(row);
  while (feed.querySelectorAll(".feed-row").length > ROWS_MAX) feed.lastElementChild.remove();
  document.getElementById("feed-empty").hidden = true;
});

binder.retell(document);
live.start();
