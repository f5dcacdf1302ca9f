// A floor page follows the stores: when one has told something, the page is fetched anew and its figures replaced.
import { Binder } from "/assets/design/bind.js";
import { live } from "/assets/design/live.js";

const PAUSE_MS = 3000;

const binder = new Binder({ language: document.documentElement.lang });
let isFetching = false;
let isBehind = false;

async function follow() {
  isBehind = true;
  if (isFetching) return;
  isFetching = true;
  while (isBehind) {
    isBehind = false;
    try {
      const response = await fetch(location.href);
      if (response.ok) replace(new DOMParser().parseFromString(await response.text(), "text/html"));
    } catch {
      // The cloud is away; its stream says so, and what is missed comes with the next word.
    }
    await new Promise((done) => setTimeout(done, PAUSE_MS));
  }
  isFetching = false;
}

// Whoever reads on with the keyboard is not thrown out of a list.
function replace(page) {
  const fresh = page.getElementById("floor");
  const floor = document.getElementById("floor");
  if (!fresh || floor.contains(document.activeElement)) return;
  floor.replaceChildren(...fresh.childNodes);
  binder.retell(floor);
}

for (const word of ["store", "fleet"]) live.on(word, follow);
binder.retell(document);
live.start();
