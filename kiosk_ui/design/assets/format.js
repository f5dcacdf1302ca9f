// Numbers, money and times as the reader's language writes them. The server's half is formats.py.

const cache = new Map();

function made(kind, language, options) {
  const key = kind.name + language + JSON.stringify(options);
  if (!cache.has(key)) cache.set(key, new kind(language, options));
  return cache.get(key);
}

// 1,234 and −37 (a true minus sign)
export function number(value, language) {
  return (value < 0 ? "\u2212" : "") + made(Intl.NumberFormat, language, {}).format(Math.abs(value));
}

// +37, −37 (a true minus sign), 0
export function signed(value, language) {
  return (value > 0 ? "+" : "") + number(value, language);
}

// Ten per cent off: "−10%", in Chinese "9折": what is left to pay, in tenths.
export function discount(percent, language) {
  if (!language.startsWith("zh") || percent >= 100) return `${number(-percent, language)}%`;
  return `${number((100 - percent) / 10, language)}折`;
}

// ISO 4217, as in currencies.py: what Intl likes to display differs for some and would be wrong by a hundred.
const MINOR_DIGITS_UNUSUAL = {
  0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
  3: "BHD IQD JOD KWD LYD OMR TND",
  4: "CLF UYW",
};

export function minorDigits(currency) {
  const unusual = Object.entries(MINOR_DIGITS_UNUSUAL).find(([, currencies]) => currencies.includes(currency));
  return unusual ? Number(unusual[0]) : 2;
}

// Minor units: fen, cents, whole yen.
export function money(minor, currency, language) {
  const digits = minorDigits(currency);
  const options = { style: "currency", currency, currencyDisplay: "narrowSymbol" };
  const exact = { ...options, minimumFractionDigits: digits, maximumFractionDigits: digits };
  return made(Intl.NumberFormat, language, exact).format(minor / 10 ** digits).replace("-", "\u2212");
}

// The same without its sign, where the words around it say which way the money went.
export function amount(minor, currency, language) {
  return money(Math.abs(minor), currency, language);
}

// "14:05"
export function time(iso, language) {
  const when = new Date(iso);
  if (Number.isNaN(when.getTime())) return String(iso);
  return made(Intl.DateTimeFormat, language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(when);
}

// "14:05" today, with its date on any other day.
export function moment(iso, language, now = new Date()) {
  const when = new Date(iso);
  if (Number.isNaN(when.getTime())) return String(iso);
  if (when.toDateString() === now.toDateString()) return time(iso, language);
  const year = when.getFullYear() === now.getFullYear() ? {} : { year: "numeric" };
  const options = { ...year, month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  return made(Intl.DateTimeFormat, language, options).format(when);
}

// "5 March" of a local date ("2026-03-05"); with its year where that is another one.
export function day(iso, language, now = new Date()) {
  const [year, month, date] = String(iso).split("-").map(Number);
  const when = new Date(year, month - 1, date);
  if (Number.isNaN(when.getTime())) return String(iso);
  const options = { ...(year === now.getFullYear() ? {} : { year: "numeric" }), month: "long", day: "numeric" };
  return made(Intl.DateTimeFormat, language, options).format(when);
}

const LEAP_YEAR = 2024;

// "5 March" of "03-05"
export function monthDay(value, language) {
  const [month, date] = String(value).split("-").map(Number);
  if (!month || !date) return "";
  return made(Intl.DateTimeFormat, language, { month: "long", day: "numeric" }).format(new Date(LEAP_YEAR, month - 1, date));
}

const STEPS = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

// A span in its largest fitting unit: "3 minutes".
export function duration(seconds, language) {
  const [unit, size] = STEPS.find(([, length]) => seconds >= length) ?? STEPS.at(-1);
  const options = { style: "unit", unit, unitDisplay: "long", maximumFractionDigits: 0 };
  return made(Intl.NumberFormat, language, options).format(Math.floor(seconds / size));
}

export function plural(value, language) {
  return made(Intl.PluralRules, language, {}).select(value);
}
