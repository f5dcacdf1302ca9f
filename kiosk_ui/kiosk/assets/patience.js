// How long a screen stays: a bar that empties, and the way back for a page that was cut off meanwhile.

const GRACE_S = 2; // The gateway turns back to the invitation; the page does it alone only when cut off.

export class Patience {
  #bar;
  #leave;
  #timer = 0;

  constructor(bar, leave) {
    this.#bar = bar;
    this.#leave = leave;
  }

  // seconds: null for a screen that stays.
  start(seconds) {
    clearTimeout(this.#timer);
    this.#bar.getAnimations().forEach((animation) => animation.cancel());
    this.#bar.hidden = seconds === null;
    if (seconds === null) return;
    this.#timer = setTimeout(this.#leave, (seconds + GRACE_S) * 1000);
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const empties = [{ transform: "scaleX(1)" }, { transform: "scaleX(0)" }];
    this.#bar.animate(empties, { duration: seconds * 1000, fill: "forwards" });
  }
}
