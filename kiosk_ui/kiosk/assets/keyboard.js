// On-screen keyboards: a kiosk has none of its own. Digits for phone numbers and PINs, letters for names, both for codes.

const LAYOUTS = {
  digits: ["123", "456", "789", " 0<"],
  phone: ["123", "456", "789", "+0<"],
  code: ["1234567890", "QWERTYUIOP", "ASDFGHJKL-", "ZXCVBNM<"],
  letters: ["qwertyuiop", "asdfghjkl'", "^zxcvbnm-<", "~_"],
  accents: ["áàâäãåæçéè", "êëíìîïñóòô", "^öõøœúùûüß<", "~_"],
};
const COMMANDS = { "<": "erase", "^": "shift", _: "space", "~": "accents", " ": "gap" };
const SIGNS = { erase: "⌫", shift: "⇧", space: "␣", accents: "áé", plain: "abc" };
const WORD_START = /(^|[\s-])$/;

export class Keyboard {
  #board;
  #input;
  #word;
  #isShifted = false;
  #layout;

  // word(kind, code) gives the spoken name of a key that bears only a sign.
  constructor(board, input, word) {
    this.#board = board;
    this.#input = input;
    this.#word = word;
    this.#layout = board.dataset.board;
    board.addEventListener("pointerdown", (event) => event.preventDefault()); // The cursor stays in the text.
    board.addEventListener("click", (event) => this.#press(event.target.closest("button")));
    input.addEventListener("input", () => this.#capitalise());
    input.addEventListener("written", () => this.#capitalise());
    this.#draw();
    this.#capitalise();
  }

  #draw() {
    this.#board.replaceChildren(...LAYOUTS[this.#layout].map((row) => this.#row(row)));
    this.#board.dataset.layout = this.#layout;
  }

  #row(signs) {
    const row = document.createElement("div");
    row.className = "board-row";
    row.append(...[...signs].map((sign) => this.#key(sign)));
    return row;
  }

  #key(sign) {
    let command = COMMANDS[sign];
    if (command === "gap") return document.createElement("span");
    if (command === "accents" && this.#layout === "accents") command = "plain";
    const key = document.createElement("button");
    key.type = "button";
    key.className = command ? `cap cap-${command}` : "cap";
    if (command) {
      key.dataset.command = command;
      key.setAttribute("aria-label", this.#word("key", command));
      if (command === "shift") key.setAttribute("aria-pressed", String(this.#isShifted));
    }
    key.textContent = command ? SIGNS[command] : this.#isShifted ? sign.toLocaleUpperCase() : sign;
    return key;
  }

  #press(key) {
    if (!key) return;
    switch (key.dataset.command) {
      case "erase":
        return this.#write("", { erases: true });
      case "space":
        return this.#write(" ");
      case "shift":
        this.#isShifted = !this.#isShifted;
        return this.#draw();
      case "accents":
      case "plain":
        this.#layout = this.#layout === "letters" ? "accents" : "letters";
        return this.#draw();
      default:
        return this.#write(key.textContent);
    }
  }

  #write(text, { erases = false } = {}) {
    const input = this.#input;
    const at = input.selectionStart ?? input.value.length;
    const end = input.selectionEnd ?? at;
    const from = erases && at === end ? Math.max(0, at - 1) : at;
    if (input.value.length - (end - from) + text.length > input.maxLength) return;
    input.setRangeText(text, from, end, "end");
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // A name begins with a capital, and so does each part of it.
  #capitalise() {
    if (this.#layout !== "letters" && this.#layout !== "accents") return;
    const isStart = WORD_START.test(this.#input.value.slice(0, this.#input.selectionStart ?? undefined));
    if (isStart === this.#isShifted) return;
    this.#isShifted = isStart;
    this.#draw();
  }
}
