// What the board shows of a view: pure functions from what the gateway says to what stands in the markup.

const OPEN = new Set(["raised", "escalated", "acknowledged", "snoozed"]);
const STOCK = new Set(["low_stock", "stock_out", "overstock", "wrong_item"]);
const LEVELS = new Set(["low_stock", "stock_out", "overstock"]); // Of wrong goods nobody can say how many there are.
const COUNTED = new Set(["missing", "phantom"]);
const REFILLS = new Set(["low_stock", "stock_out"]);
const TONES = { urgent: "bad", warning: "warn", info: "calm" };
const SLOT_TONES = { ok: "good", low: "warn", out: "bad", over: "calm", unknown: "mute" };
const RESOLVED_SHOWN_S = 120;
const RESOLVED_SHOWN_MAX = 6;
const SURE_PERCENT_MIN = 60;
const BATTERY_LOW_PERCENT = 15;
const MINUTE_S = 60;
const MILLI = 1000;

export const isOpen = ({ state }) => OPEN.has(state);
export const isClaimed = ({ state, claimed_by: by }) => state === "acknowledged" || (state === "snoozed" && Boolean(by));
// Somebody is still to come: what rings, and what the first figure counts.
export const isWaiting = ({ state }) => state === "raised" || state === "escalated";

function named(thing, language) {
  const [first, second] = language.startsWith("zh") ? [thing.name_zh, thing.name_en] : [thing.name_en, thing.name_zh];
  return first || second || "";
}

function seconds(from, now) {
  return Math.max(0, (now - Date.parse(from)) / MILLI);
}

// Whole minutes, so that what is shown changes once a minute; 0 within the first.
function wholeMinutes(from, now) {
  return Math.floor(seconds(from, now) / MINUTE_S) * MINUTE_S;
}

function percent(units, capacity) {
  return capacity > 0 ? Math.min(100, Math.max(0, (100 * units) / capacity)) : 0;
}

function look(alert) {
  if (alert.state === "resolved") return "done";
  if (alert.state === "snoozed") return "later";
  return isClaimed(alert) ? "claimed" : alert.severity;
}

function tone(alert) {
  if (alert.state === "resolved") return "good";
  return isWaiting(alert) ? TONES[alert.severity] : "mute";
}

// Facts are what some room said: a number that is none is not shown.
function whole(fact, parts = 1) {
  return Number.isInteger(fact) ? fact / parts : null;
}

// An alert of a slot shows the slot as it is this moment; any other shows what was found.
function amounts(alert, slot) {
  const { units, capacity, milli } = alert.facts;
  const have = slot?.units ?? whole(units);
  const of = slot?.capacity ?? whole(capacity);
  const isWarmth = alert.kind === "temperature";
  const counts = LEVELS.has(alert.kind) && have !== null && of !== null;
  return {
    have,
    of,
    has_level: counts,
    share: counts ? percent(have, of) : 0,
    mark: counts ? percent(slot?.reorder_at ?? whole(alert.facts.reorder_at) ?? 0, of) : 0,
    units: COUNTED.has(alert.kind) ? whole(units) : null,
    degrees: isWarmth ? whole(milli, MILLI) : null,
  };
}

function thanks(alert, level) {
  if (alert.state !== "resolved") return "";
  return REFILLS.has(alert.kind) && level.has_level ? "refilled" : "over";
}

function alertView(alert, { slots, sensors, language, now, me, word }) {
  const slot = STOCK.has(alert.kind) ? slots.get(alert.subject) : undefined;
  const level = amounts(alert, slot);
  const state = look(alert);
  const name = named(alert, language) || (slot ? named(slot, language) : sensors.get(alert.subject)?.name);
  return {
    ...alert,
    ...level,
    look: state,
    tone: tone(alert),
    title: word("kind", alert.kind),
    // What is wrong with a device says what to do about it, better than its kind does.
    hint: isWaiting(alert) && !alert.facts.key ? word("hint", alert.kind) : "",
    thing: name || alert.facts.sku || alert.subject,
    place: name || alert.facts.sku ? alert.subject : "",
    zone: alert.zone || slot?.zone || "",
    key: isOpen(alert) ? (alert.facts.key ?? "") : "",
    reason: isOpen(alert) && typeof alert.facts.reason === "string" ? alert.facts.reason : "",
    for_s: wholeMinutes(alert.raised_at, now),
    is_hand: isOpen(alert) && slot?.note === "hand",
    is_waiting: isWaiting(alert),
    // What the gateway could not write down nobody can take on: it would be forgotten.
    is_unsaved: alert.is_recorded === false,
    is_open: isOpen(alert) && alert.is_recorded !== false,
    is_later: state === "later",
    is_mine: isOpen(alert) && Boolean(me) && alert.claimed_by === me,
    is_anothers: isOpen(alert) && Boolean(alert.claimed_by) && alert.claimed_by !== me,
    thanks: thanks(alert, level),
  };
}

function isShown(alert, now, zone) {
  if (alert.state === "resolved" && seconds(alert.changed_at, now) > RESOLVED_SHOWN_S) return false;
  // What belongs to no zone (a device, the gateway) concerns whoever looks.
  return !zone || !alert.zone || alert.zone === zone;
}

function slotView(slot, { language }) {
  const isKnown = slot.units !== null && slot.state !== "unknown";
  return {
    ...slot,
    name: named(slot, language) || slot.sku,
    tone: SLOT_TONES[slot.state],
    is_known: isKnown,
    is_about: isKnown && slot.confidence < SURE_PERCENT_MIN,
    share: isKnown ? percent(slot.units, slot.capacity) : 0,
    mark: percent(slot.reorder_at, slot.capacity),
    old_as_of: slot.note === "stale" ? slot.as_of : null,
  };
}

function tally(slots) {
  const count = (state) => slots.filter((slot) => slot.state === state).length;
  return { fine: count("ok"), low: count("low"), out: count("out"), over: count("over"), unknown: count("unknown") };
}

function zonesOf(slots, alerts) {
  const zones = new Map();
  for (const slot of slots) {
    if (!zones.has(slot.zone)) zones.set(slot.zone, []);
    zones.get(slot.zone).push(slot);
  }
  return [...zones].map(([zone, its]) => ({
    zone,
    key: zone || "·",
    slots: its,
    ...tally(its),
    todo: alerts.filter((alert) => isWaiting(alert) && alert.zone === zone).length,
  }));
}

function sensorLook({ is_stale: isStale, state }, isLow) {
  if (state !== "online") return state;
  if (isStale) return "stale";
  return isLow ? "low" : state;
}

function sensorView(sensor, { word }) {
  const value = sensor.value;
  const isSwitch = sensor.unit === "" && (value === 0 || value === 1);
  const isLow = sensor.measure === "battery" && value !== null && value <= BATTERY_LOW_PERCENT;
  const said = isSwitch ? word(`switch.${sensor.measure}`, String(value)) : "";
  return {
    ...sensor,
    key: `${sensor.sensor} ${sensor.measure}`,
    name: sensor.name || sensor.sensor,
    word: said,
    figure: value !== null && !isSwitch ? value : null,
    look: sensorLook(sensor, isLow),
    tone: sensor.is_stale || isLow ? "warn" : sensor.state,
    // How old matters where it is old; a figure that changes every second would only flicker.
    old_s: sensor.is_stale && sensor.age_s !== null ? Math.floor(sensor.age_s / MINUTE_S) * MINUTE_S : null,
    age_s: null,
  };
}

// Everything on the page. context: language, now (ms of the gateway's clock), me, zone ("": all), word(kind, code).
export function derived(view, context) {
  const { now, zone } = context;
  const known = {
    slots: new Map(view.slots.map((slot) => [slot.slot, slot])),
    sensors: new Map(view.sensors.map((sensor) => [sensor.sensor, sensor])),
  };
  const every = view.alerts.map((alert) => alertView(alert, { ...context, ...known }));
  const shown = every.filter((alert) => isShown(alert, now, zone));
  const open = shown.filter(isOpen);
  const alerts = [...open, ...shown.filter((alert) => !isOpen(alert)).slice(0, RESOLVED_SHOWN_MAX)];
  const slots = view.slots.map((slot) => slotView(slot, context));
  const zones = zonesOf(slots, every);
  const sensors = view.sensors.map((sensor) => sensorView(sensor, context));
  const inOrder = (one, other) => one.name.localeCompare(other.name, context.language, { numeric: true });
  const ailing = sensors.filter(({ look: state }) => state !== "online").sort(inOrder);
  const well = sensors.filter(({ look: state }) => state === "online").sort(inOrder);
  return {
    at: view.at,
    shift: view.shift,
    is_quiet: view.is_quiet,
    alerts,
    waiting: open.filter(isWaiting).length,
    in_hand: open.filter((alert) => alert.look === "claimed").length,
    later: open.filter((alert) => alert.look === "later").length,
    is_quiet_board: open.length === 0,
    all_fine: slots.length > 0 && slots.every((slot) => slot.state === "ok"),
    has_slots: slots.length > 0,
    zones: zones.filter((each) => !zone || each.zone === zone),
    zone_choices: zones.filter((each) => each.zone).map((each) => ({ zone: each.zone, todo: each.todo, is_on: each.zone === zone })),
    sensors,
    sensors_ailing: ailing,
    sensors_well: well,
    sensors_silent: ailing.length,
    sensors_fine: well.length,
  };
}
