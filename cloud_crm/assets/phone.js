/* A phone as a member card: an Ed25519 key that cannot leave this browser signs a code every few seconds.

   RG1.  base64url(16-byte key id ‖ 8-byte seconds ‖ 64-byte signature over "regulars-phone-v1" ‖ key id ‖ seconds)
   RGE1. base64url(32-byte public key ‖ 8-byte seconds ‖ signature over "regulars-phone-link-v1" ‖ key ‖ seconds) */

const DATABASE = "regulars-phone";
const SHELF = "keys";
const KEY_ID_BYTES = 16;
const RETRY_MS = 3000;
const LINKED = "regulars-phone-linked";

const place = document.querySelector("[data-phone]");
const everyMs = Number(place.dataset.every) * 1000;
const one = (selector) => place.querySelector(selector);
const each = (selector) => [...place.querySelectorAll(selector)];

/** Seconds by the server's clock: a phone whose own clock is wrong makes codes that stores take. */
let ahead = Number(place.dataset.now) * 1000 - Date.now();
const seconds = () => BigInt(Math.floor((Date.now() + ahead) / 1000));

function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(SHELF);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function asked(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** The key of this browser, made at the first visit. Two open pages agree: what is there first stays. */
async function keyPair() {
  const database = await opened();
  const kept = await asked(database.transaction(SHELF).objectStore(SHELF).get("pair"));
  if (kept) return kept;
  const made = await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"]);
  const shelf = database.transaction(SHELF, "readwrite").objectStore(SHELF);
  const other = await asked(shelf.get("pair"));
  if (other) return other;
  await asked(shelf.put(made, "pair"));
  return made;
}

const words = (text) => new TextEncoder().encode(text);

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function bigEndian(number) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, number);
  return bytes;
}

const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

async function code(pair, publicKey, view) {
  const isLink = view === "link";
  const head = isLink
    ? publicKey
    : new Uint8Array(await crypto.subtle.digest("SHA-256", publicKey)).slice(0, KEY_ID_BYTES);
  const said = joined(head, bigEndian(seconds()));
  const context = words(isLink ? "regulars-phone-link-v1" : "regulars-phone-v1");
  const signature = new Uint8Array(await crypto.subtle.sign({ name: "Ed25519" }, pair.privateKey, joined(context, said)));
  return (isLink ? "RGE1." : "RG1.") + base64url(joined(said, signature));
}

/** The server draws; its time comes along. */
async function drawn(text) {
  const answer = await fetch(place.dataset.draw, { method: "POST", body: text, headers: { "content-type": "text/plain" } });
  if (!answer.ok) throw new Error(`not drawn: ${answer.status}`);
  ahead = Number(answer.headers.get("x-now")) * 1000 - Date.now();
  const picture = new DOMParser().parseFromString(await answer.text(), "image/svg+xml").documentElement;
  return document.importNode(picture, true);
}

function say(problem) {
  one("[data-wait]").hidden = true;
  for (const banner of each("[data-problem]")) banner.hidden = banner.dataset.problem !== problem;
  one("[data-figure]").hidden = problem !== "";
}

let view = localStorage.getItem(LINKED) ? "card" : "link";
let timer = 0;

function arrange() {
  for (const title of each("[data-title]")) title.hidden = title.dataset.title !== view;
  for (const line of each("[data-say]")) line.hidden = line.dataset.say !== view;
  for (const button of each("[data-show]")) button.hidden = button.dataset.show === view;
}

function count() {
  const bar = one("[data-clock]");
  for (const running of bar.getAnimations()) running.cancel();
  bar.animate([{ transform: "scaleX(1)" }, { transform: "scaleX(0)" }], { duration: everyMs });
}

async function show(pair, publicKey) {
  clearTimeout(timer);
  const shown = view;
  let wait = everyMs;
  try {
    const text = await code(pair, publicKey, shown);
    const picture = await drawn(text);
    if (shown !== view) return;
    one("[data-picture]").replaceChildren(picture);
    place.dataset.code = text;
    say("");
    count();
  } catch {
    say("offline");
    wait = RETRY_MS;
  }
  timer = setTimeout(() => show(pair, publicKey), wait);
}

async function begin() {
  arrange();
  let pair;
  let publicKey;
  try {
    if (!globalThis.crypto?.subtle) throw new DOMException("", "NotSupportedError");
    pair = await keyPair();
    publicKey = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  } catch (error) {
    say(error.name === "NotSupportedError" ? "unsupported" : "storage");
    return;
  }
  for (const button of each("[data-show]")) {
    button.addEventListener("click", () => {
      view = button.dataset.show;
      if (view === "card") localStorage.setItem(LINKED, "yes");
      arrange();
      show(pair, publicKey);
    });
  }
  // Whoever wakes the phone sees a fresh code, not the one that was there when it fell asleep.
  document.addEventListener("visibilitychange", () => document.hidden || show(pair, publicKey));
  await show(pair, publicKey);
}

begin();
