// A birthday by touch: twelve months, then the days of that one. No year.

const LEAP_YEAR = 2024; // So that a 29th of February can be chosen.
const MONTHS = 12;

function twoDigits(value) {
  return String(value).padStart(2, "0");
}

export class Calendar {
  #root;
  #language;
  #word;
  #choose;
  #month = 0;

  // choose("03-05") is called for each day touched, choose("") when the month is left again.
  constructor(root, { language, word, value, choose }) {
    this.#root = root;
    this.#language = language;
    this.#word = word;
    this.#choose = choose;
    const [month, day] = (value ?? "").split("-").map(Number);
    if (month) this.#days(month, day);
    else this.#months();
  }

  #months() {
    this.#month = 0;
    const names = new Intl.DateTimeFormat(this.#language, { month: "short" });
    const keys = Array.from({ length: MONTHS }, (_, index) =>
      this.#key(names.format(new Date(LEAP_YEAR, index, 1)), false, () => this.#days(index + 1)),
    );
    this.#root.dataset.shows = "months";
    this.#root.replaceChildren(...keys);
  }

  #days(month, chosen = 0) {
    this.#month = month;
    const count = new Date(LEAP_YEAR, month, 0).getDate();
    const keys = Array.from({ length: count }, (_, index) =>
      this.#key(String(index + 1), index + 1 === chosen, () => {
        this.#days(month, index + 1);
        this.#choose(`${twoDigits(this.#month)}-${twoDigits(index + 1)}`);
      }),
    );
    const name = new Intl.DateTimeFormat(this.#language, { month: "long" }).format(new Date(LEAP_YEAR, month - 1, 1));
    const other = this.#key(name, false, () => {
      this.#choose("");
      this.#months();
    });
    other.classList.add("month");
    other.setAttribute("aria-label", `${name}: ${this.#word("say", "other_month")}`);
    this.#root.dataset.shows = "days";
    this.#root.replaceChildren(other, ...keys);
  }

  #key(text, isChosen, act) {
    const key = document.createElement("button");
    key.type = "button";
    key.className = "cap";
    key.textContent = text;
    key.setAttribute("aria-pressed", String(isChosen));
    key.addEventListener("click", act);
    return key;
  }
}
