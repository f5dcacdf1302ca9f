// What a form sends, and what can be seen to be wrong with a step before it is sent.

const PIN_DIGITS_MIN = 6;
const AGAIN = "_again";
const SKIPPED = "skipped";

// The key of what is wrong with a step; null when nothing is.
export function problemOf(step, values) {
  const name = step.dataset.step;
  if (name.endsWith(AGAIN)) return values[name] === values[name.slice(0, -AGAIN.length)] ? null : "not_the_same";
  const input = [...step.querySelectorAll("input:not([type=checkbox])")].find((each) => !each.closest("[hidden]"));
  if (!input) return "calendar" in (step.querySelector("[data-calendar]")?.dataset ?? {}) && !values[name] ? "missing" : null;
  const value = (values[input.name] ?? "").trim();
  if (!value) return "missing";
  if (input.dataset.entry === "pin" && !/^\d+$/.test(value)) return "not_digits";
  return input.dataset.entry === "pin" && value.length < PIN_DIGITS_MIN ? "too_short" : null;
}

const EXTRA = {
  register: (section, view, { language }) => ({ language, ...consents(section, view.purposes), ...version(section) }),
  consents: (section, view) => ({ ...consents(section, view.consents.map(({ purpose }) => purpose)), ...version(section) }),
};

function version({ dataset }) {
  return { text_version: dataset.text_version };
}

function consents(section, purposes) {
  const ticked = (purpose) => section.querySelector(`input[name="consent_${CSS.escape(purpose)}"]`)?.checked;
  return Object.fromEntries(purposes.map((purpose) => [`consent_${purpose}`, ticked(purpose) ? "yes" : "no"]));
}

// The fields of the section's form: what was left out is not among them.
export function collected(section, view, { values, language }) {
  if (section.dataset.form === "survey") {
    return { answers: view.questions.map((question) => values[question] ?? SKIPPED).join(",") };
  }
  const filled = Object.entries(values).filter(([name, value]) => value && !name.endsWith(AGAIN));
  const trimmed = Object.fromEntries(filled.map(([name, value]) => [name, value.trim()]));
  return { ...trimmed, ...EXTRA[section.dataset.form]?.(section, view, { language }) };
}
