// A short tone for each alert that nobody has heard yet, once somebody has allowed it.
//
// Browsers play nothing before somebody touched the page. So the sound is off until the "Turn sound on" button was
// pressed; that is remembered on this device, and after a reload the first touch anywhere brings it back. A wall screen
// that nobody touches starts its browser with --autoplay-policy=no-user-gesture-required, and asks for ?wall=1.

import { isWaiting } from "/assets/staff/board_views.js";

const WANTED = "regulars.board.sound";
const LOUDEST_FIRST = ["urgent", "warning", "info"];
// Hertz and seconds: an urgent one falls and comes twice, a warning rises, a mere notice is one soft note.
const TUNES = {
  urgent: [[880, 0], [660, 0.16], [880, 0.42], [660, 0.58]],
  warning: [[523, 0], [784, 0.18]],
  info: [[587, 0]],
};
const LOUDNESS = { urgent: 0.5, warning: 0.3, info: 0.15 };
const ATTACK_S = 0.015;
const NOTE_S = 0.22;
const SILENCE = 0.0001;

class Chime {
  #context = null;
  #heard = new Set();
  #wanted = false;
  #changed = () => {};
  rung = { urgent: 0, warning: 0, info: 0 };

  // "off", "waiting" (wanted, but the browser wants a touch first) or "on".
  get state() {
    if (!this.#wanted) return "off";
    return this.#context?.state === "running" ? "on" : "waiting";
  }

  // changed is called whenever state may have changed.
  begin({ changed, tries }) {
    this.#changed = changed;
    this.#wanted = localStorage.getItem(WANTED) === "on";
    for (const gesture of ["pointerdown", "keydown"]) addEventListener(gesture, () => this.#unlock());
    if (this.#wanted && tries) this.#unlock();
    changed();
  }

  // Called from a button: the press is the gesture that browsers ask for.
  async turn(isOn) {
    this.#wanted = isOn;
    localStorage.setItem(WANTED, isOn ? "on" : "off");
    if (isOn) {
      await this.#unlock();
      this.#play("info");
    } else {
      await this.#context?.suspend();
    }
    this.#changed();
  }

  // Whatever waits for somebody rings once in each state: again when it was escalated, or came back after a snooze.
  // What is on the board when a page opens is taken in silently.
  hear(alerts, { silently = false } = {}) {
    const waiting = new Set(alerts.filter(isWaiting).map(matter));
    const fresh = alerts.filter((alert) => isWaiting(alert) && !this.#heard.has(matter(alert)));
    this.#heard = waiting;
    const loudest = LOUDEST_FIRST.find((severity) => fresh.some((alert) => alert.severity === severity));
    if (loudest && !silently && this.state === "on") {
      this.rung[loudest] += 1;
      this.#play(loudest);
    }
  }

  async #unlock() {
    if (!this.#wanted) return;
    this.#context ??= new AudioContext();
    if (this.#context.state !== "running") await Promise.race([this.#context.resume(), changeOf(this.#context)]);
    this.#changed();
  }

  #play(severity) {
    const context = this.#context;
    if (context?.state !== "running") return;
    for (const [hertz, after] of TUNES[severity]) note(context, { hertz, at: context.currentTime + after, peak: LOUDNESS[severity] });
  }
}

const matter = ({ id, severity, state, escalation }) => [id, severity, state, escalation].join("/");

// resume() never settles while the browser refuses; the change of state does when it gives in.
function changeOf(context) {
  return new Promise((changed) => context.addEventListener("statechange", changed, { once: true }));
}

function note(context, { hertz, at, peak }) {
  const tone = context.createOscillator();
  const loudness = context.createGain();
  tone.frequency.value = hertz;
  loudness.gain.setValueAtTime(SILENCE, at);
  loudness.gain.exponentialRampToValueAtTime(peak, at + ATTACK_S);
  loudness.gain.exponentialRampToValueAtTime(SILENCE, at + NOTE_S);
  tone.connect(loudness).connect(context.destination);
  tone.start(at);
  tone.stop(at + NOTE_S);
}

export const chime = new Chime();
