// What buttons and forms of the demo's pages do: post JSON, and say in words what came of it.

const SAID_MS = 6000;
const LOST = "said.lost";

export class Verbs {
  #said = document.getElementById("said");
  #words;
  #silence = 0;

  // words: a Map of the page's <data value="said.…"> elements
  constructor(words) {
    this.#words = words;
  }

  say(text, state) {
    this.#said.textContent = text;
    this.#said.dataset.state = state;
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => (this.#said.textContent = ""), SAID_MS);
  }

  // The element's data-said names what to say, else the outcome of the answer does.
  async post(element, body) {
    const button = element.matches("form") ? element.querySelector("button[type=submit]") : element;
    button.disabled = true;
    try {
      const response = await fetch(element.dataset.post, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      const answer = await response.json();
      const outcome = element.dataset.said ?? answer.outcome;
      if (response.ok) this.say(this.#words.get(`said.${outcome}`) ?? outcome, outcome === "unanswered" ? "bad" : "good");
      else this.say(`${answer.problem} ${answer.remedy}`, "bad");
      return response.ok;
    } catch {
      this.say(this.#words.get(LOST), "bad");
      return false;
    } finally {
      button.disabled = false;
    }
  }
}

export function wordsOf(list) {
  return new Map([...list.querySelectorAll("data")].map((word) => [word.value, word.textContent]));
}
