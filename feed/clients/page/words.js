// What a state says to a person: names, scores, times and prices as texts.
//
// Pure: a state goes in, words come out. Knows the names of CLIENTS.md and nothing of the page.

const words_of = name => {
  const text = String(name ?? "").replaceAll("_", " ").toLowerCase();
  return text.charAt(0).toUpperCase() + text.slice(1);
};

const over = new Set(["finished", "settled", "cancelled", "abandoned", "postponed"]);
export const is_over = state => over.has(state.status);
export const is_live = state => state.status === "live";
export const status_of = state => words_of(state.status ?? "");
// A word that asks for a second look.
export const is_trouble = state => ["delayed", "interrupted", "abandoned", "cancelled", "postponed"].includes(state.status);

export function clock_of({ clock_ms, period, status }) {
  if (status !== "live" && status !== "interrupted") return "";
  const minute = Math.floor((clock_ms ?? 0) / 60_000) + 1;
  const half_ends = { first_half: 45, second_half: 90, extra_time_first: 105, extra_time_second: 120 }[period];
  if (half_ends) return minute > half_ends ? `${half_ends}+${minute - half_ends}’` : `${minute}’`;
  if (period) return words_of(period);
  return clock_ms === undefined ? "" : `${minute}’`;
}
export function names_of(id, { name }) {
  const parts = String(name ?? id).split(/ (?:v|vs|vs\.|-|–) /);
  return parts.length === 2 ? parts : [String(name ?? id), ""];
}
export const score_of = state => [state.home_score, state.away_score].map(score => score ?? "");
export const has_score = state => state.home_score !== undefined || state.away_score !== undefined;
export function time_of(text) {
  const time = new Date(text);
  if (!text || Number.isNaN(time.getTime())) return "";
  return time.toLocaleString([], { weekday: "short", hour: "2-digit", minute: "2-digit" });
}

export const market_name_of = (id, market) => market.name ?? (market.type ? words_of(market.type) : id);
const id_of = (key, { handicap }) => handicap === undefined ? key : key.slice(0, key.lastIndexOf("/"));
export function outcome_name_of(key, outcome, { outcomes }) {
  const id = id_of(key, outcome), entries = Object.entries(outcomes);
  // One id at several handicaps: not all of them are named.
  const name = outcome.name ?? entries.find(([k, o]) => o.name && id_of(k, o) === id)?.[1].name ?? words_of(id);
  if (!entries.some(([, { handicap }]) => handicap !== undefined)) return name;
  const handicap = outcome.handicap ?? 0;
  return `${name} ${handicap > 0 ? "+" : ""}${handicap}`;
}
// Those with something to say: at a handicap that is not played there is neither a price nor a result.
export function outcomes_of({ outcomes }) {
  const entries = Object.entries(outcomes);
  const says = ([, outcome]) => price_of(outcome) !== undefined || (outcome.status ?? "active") !== "active";
  return entries.some(([, { handicap }]) => handicap !== undefined) && entries.some(says) ? entries.filter(says) : entries;
}
export const is_shut = market => market.status !== "open" && market.status !== undefined;

// What would be paid now; where nobody offers anything, what was paid last.
export function price_of(outcome) {
  if (outcome.price !== undefined) return outcome.price;
  const best = outcome.best_back?.["0"]?.[0];
  if (best !== undefined) return best;
  const offered = Object.keys(outcome.back ?? {}).map(Number);
  return offered.length ? Math.max(...offered) : outcome.last_price;
}
export const price_text = price => price === undefined ? "–" : price.toFixed(2);

export const short_name_of = key => ({ home: "1", draw: "X", away: "2" })[key] ?? "";

// The market that stands for the match: the one that is called so, else the smallest that has a price.
export function main_market(state) {
  const markets = Object.entries(state.markets ?? {});
  const named = markets.find(([, market]) => /match.?odds|1x2|moneyline|^winner/i.test(market.type ?? market.name ?? ""));
  if (named) return named;
  const priced = markets.filter(([, { outcomes }]) => Object.values(outcomes).some(o => price_of(o) !== undefined));
  return priced.sort((a, b) => Object.keys(a[1].outcomes).length - Object.keys(b[1].outcomes).length)[0];
}

// [{ name, home, away }] of what the source counts for each side.
export function counts_of({ attributes = {} }) {
  const counts = new Map();
  for (const [path, value] of Object.entries(attributes)) {
    const match = /^(.+)\/(home|away)(?:\/(.+))?$/.exec(path);
    if (!match || typeof value === "object") continue;
    const name = match[3] ? words_of(`${match[3]} ${match[1]}`) : words_of(match[1]);
    counts.set(name, { name, home: 0, away: 0, ...counts.get(name), [match[2]]: value });
  }
  return [...counts.values()].sort((a, b) => a.name < b.name ? -1 : 1);
}
// [{ minute, text }], the newest first.
export function incidents_of({ attributes = {} }) {
  return Object.entries(attributes)
    .filter(([path, value]) => path.startsWith("incidents/") && typeof value === "string")
    .sort(([a], [b]) => Number(b.slice(10)) - Number(a.slice(10)))
    .map(([, value]) => {
      const match = /^(\d+(?:\+\d+)?)'\s+(.*)$/.exec(value);
      return match ? { minute: match[1] + "’", text: match[2].charAt(0).toUpperCase() + match[2].slice(1) } : { minute: "", text: value };
    });
}
