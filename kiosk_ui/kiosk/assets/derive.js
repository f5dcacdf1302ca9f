// What follows from a screen, so that its template only says where to show it.

const TOO_FEW = ["not_enough_rights", "not_enough_available"];
const SOON_DAYS = 60;
const DAY_MS = 86_400_000;

function among(keys) {
  return Object.fromEntries((keys ?? []).map((key) => [key, true]));
}

// Which sentence about the purse is true.
function purse({ balance, usable, online, is_frozen: isFrozen }) {
  if (usable === undefined || usable === null) return null;
  if (balance < 0) return "owed";
  if (balance === 0) return "empty";
  if (usable >= balance) return "all";
  if (isFrozen) return "frozen";
  return `${usable > 0 ? "part" : "none"}_${online ? "online" : "offline"}`;
}

function isPart({ usable, balance }) {
  return usable > 0 && usable < balance;
}

function line(entry) {
  return { ...entry, sign: entry.points > 0 ? "in" : "out" };
}

function coupon(card) {
  return { ...card, state: card.why ? "resting" : "ready" };
}

// Too few points altogether, or enough that cannot all be used here now: two kinds of patience.
function reward(card, { balance, online }) {
  const why = card.why ?? null;
  const lacks = TOO_FEW.includes(why) && card.points > balance;
  const waits = why === "not_enough_rights" && !lacks && !online;
  const because = lacks || waits ? null : why;
  return { ...card, lacks, waits, missing: card.points - balance, why_else: because, state: why ? "resting" : "ready" };
}

// Above the name there is room for one thing.
function lead({ is_birthday: isBirthday, today }) {
  if (isBirthday) return "birthday";
  return today ? "today" : "welcome";
}

function isSoon(day) {
  return day !== undefined && new Date(day) - Date.now() < SOON_DAYS * DAY_MS;
}

const DERIVED = {
  greeting: (view) => ({
    can: { ...among(view.menu), help: true },
    usable_known: view.usable !== null && view.usable !== undefined,
    tier_wants: view.tier?.next_name ? view.tier.measure : null,
    lead: lead(view),
    has_ladder: Boolean(view.tier) && !(view.birthday_points > 0),
  }),
  earned: (view) => ({ is_gain: view.points > 0 }),
  points: (view) => ({
    history: view.history.map((entry) => line({ ...entry, is_pending: entry.is_pending && view.pending > 0 })),
    usable_percent: isPart(view) ? Math.max(1, Math.round((view.usable / view.balance) * 100)) : null,
    expires_soon: isSoon(view.expiring[0]?.last_day) ? view.expiring[0] : null,
    expires_later: isSoon(view.expiring[0]?.last_day) ? null : view.expiring[0],
  }),
  receipt: (view) => ({ lines: view.lines.map(line), has_total: view.total_minor !== null }),
  coupons: (view) => ({ coupons: view.coupons.map(coupon) }),
  rewards: (view) => ({ rewards: view.rewards.map((card) => reward(card, view)) }),
  redeemed: (view) => ({ minus_points: -view.reward.points }),
  refer: (view) => ({ both_points: view.referrer_points > 0 && view.referred_points > 0 }),
  consents: (view) => ({ asks: among(view.consents.map(({ purpose }) => purpose)) }),
  register: (view) => ({ asks: among(view.purposes) }),
  survey: (view) => ({ asks: among(view.questions) }),
  thanks: (view) => ({ is_saved: view.what !== "survey" && view.what !== "pin" }),
};

const VARIANTS = {
  greeting: ({ claimable, menu }) => (!claimable && menu?.length ? "home" : null),
  link: ({ medium }) => medium,
  pin: ({ mode }) => mode,
};

// Which of a screen's templates to use; null: the only one.
export function variant(view) {
  return VARIANTS[view.screen]?.(view) ?? null;
}

export function derive(view) {
  return { ...view, purse: purse(view), owed_now: -view.balance, ...DERIVED[view.screen]?.(view) };
}
