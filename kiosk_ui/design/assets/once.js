// A key for one filling-in of a form: sent twice under one key, it is done once.

const KEY_BYTES = 16;

// randomUUID is for https only; these pages speak to a gateway in the same store.
export function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(KEY_BYTES))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
