// What follows from a screen, so that its template only says where to show it.

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
  return online ? "part_online" : "part_offline";
}

function line(entry) {
  return { ...entry, sign: entry.points > 0 ? "in" : "out" };
}

function coupon(card) {
  return { ...card, state: card.why ? "resting" : "ready" };
}

function reward(card) {
  const lacks = Boolean(card.why) && card.missing > 0;
  return { ...card, lacks, why_else: lacks ? null : card.why, state: card.why ? "resting" : "ready" };
}

const DERIVED = {
  greeting: (view) => ({
    can: { ...among(view.menu), help: true },
    usable_known: view.usable !== null && view.usable !== undefined,
    tier_wants: view.tier?.next_name ? view.tier.measure : null,
  }),
  earned: (view) => ({ is_gain: view.points > 0 }),
  points: (view) => ({
    history: view.history.map(line),
    shown_usable: Math.max(0, Math.min(view.usable, view.balance)),
    expires_first: view.expiring[0],
  }),
  receipt: (view) => ({ lines: view.lines.map(line), has_total: view.total_minor !== null }),
  coupons: (view) => ({ coupons: view.coupons.map(coupon) }),
  rewards: (view) => ({ rewards: view.rewards.map(reward) }),
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
