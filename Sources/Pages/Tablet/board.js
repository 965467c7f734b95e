// What is on the tablet's screen, as a value: which alerts there are, which one is in front, what is over.
// No clock and no page in here; `now` is the hub's time in milliseconds.
//
//   in force ──▶ lifted, cancelled ──▶ gone      (an hour, struck through or calm)
//       └──────▶ ended by its time ──▶ gone      (three hours, under 終わった情報)
//
// A drill and something grave and real are never on one screen: what is real ends the drill for good, and a drill that
// comes meanwhile is counted and not shown, so that no old drill fills the screen when the real alert is over.

import { GRAVE, changeOf, earsFor, gravityOf, isCancel, isOver } from "./news.js";
export { isWorse } from "./news.js";

/** Milliseconds that what was cancelled or lifted stays, what has ended, and the trace of a cancel that came alone. */
const CANCELLED_FOR = 3600e3;
const ENDED_FOR = 3 * 3600e3;
const TRACE_FOR = 86400e3;
/** Milliseconds after which a drill is over, whatever it says. */
const DRILL_FOR = 3 * 3600e3;
/** Seconds, for an alert that does not say how long it holds. */
const DAY = 86400;
const LIMIT = 300;

/** What is not proven stands apart, and takes the place of nothing. */
export const key = (alert) => (alert.doubt ? "? " : "") + alert.mode + " " + alert.event;

/** A correction comes after what it corrects, a cancel after both: they repeat its serial, and sometimes its second. */
const weight = (alert) => (alert.message === "cancel" ? 2 : alert.revision.correction ? 1 : 0);

/** Whether `a` says more than `b` about the same event; the rule is `Revision.isNewer` of the hub. */
export function isNewer(a, b) {
  const mine = a.revision, theirs = b.revision;
  const sent = Date.parse(mine.sent) - Date.parse(theirs.sent), weights = weight(a) - weight(b);
  if (mine.series === theirs.series && mine.serial != null && theirs.serial != null) {
    if (mine.serial !== theirs.serial) return mine.serial > theirs.serial;
    return weights === 0 ? sent > 0 : weights > 0;
  }
  if (sent !== 0) return sent > 0;
  if (weights !== 0) return weights > 0;
  return mine.series < theirs.series;
}

const isDrill = (entry) => entry.alert.mode === "exercise";
/** Still to be followed: neither cancelled nor lifted nor out of time. */
export const isInForce = (entry) => entry.wasShown && !entry.cancelledBy && !isOver(entry.alert) && !entry.endedAt;

export class Board {
  /** What a replay from the beginning has not confirmed yet; null while none is running. */
  #unconfirmed = null;

  constructor(saved = []) {
    this.entries = new Map(saved.map((entry) => [key(entry.alert), { gravity: gravityOf(entry.alert), ...entry }]));
  }

  /** For the next start of the page. */
  saved() {
    return [...this.entries.values()];
  }

  /** All that is in force comes now, and what does not come is no longer in force. */
  beginReplay() {
    this.#unconfirmed = new Set([...this.entries].filter(([, entry]) => isInForce(entry) || entry.isHalted).map(([name]) => name));
  }

  /** True when something on the screen changed. `isLeft`: what did not come stays until the town says itself that it does not stand. */
  endReplay(isLeft = false) {
    const gone = isLeft ? new Set() : this.#unconfirmed ?? new Set();
    this.#unconfirmed = null;
    for (const name of gone) this.entries.delete(name);
    return gone.size > 0;
  }

  /** What is in force by `alert.key` and is gone goes. True when something on the screen changed. */
  drop(isGone) {
    const gone = [...this.entries].filter(([, entry]) => (isInForce(entry) || entry.isHalted) && entry.alert.key && isGone(entry.alert.key));
    for (const [name] of gone) this.entries.delete(name);
    return gone.length > 0;
  }

  /** "new", "worse" (it wakes again), "updated", "richer" (in more languages), "cancelled", "halted" (a drill nobody sees), or "ignored". */
  take(alert, now) {
    const old = this.entries.get(key(alert));
    this.#unconfirmed?.delete(key(alert));
    const over = this.#end(alert, now);
    if (old?.alert.id === alert.id && !old.cancelledBy) return this.#again(old, alert, over, now);
    const same = old?.cancelledBy && ["cancelledBy", "alert"].find((part) => old[part].id === alert.id);
    if (same) return old.wasShown ? this.#enrich(old, same, alert) : "ignored";
    if (old && !isNewer(alert, old.cancelledBy ?? old.alert)) return "ignored";
    if (isCancel(alert)) return this.#cancel(alert, old, now);
    if (over <= now) return "ignored";
    const before = old && isInForce(old) && old.over > now && !old.isHalted ? old : null;
    const change = changeOf(alert, before?.alert ?? null);
    const gravity = alert.doubt ? 1 : gravityOf(alert, before?.gravity);
    const entry = { alert, gravity, change, over, wasShown: true, ...earsFor(alert, change, gravity, before) };
    if (isOver(alert)) entry.liftedAt = now;
    this.entries.set(key(alert), entry);
    this.#makeRoom(now);
    if (isDrill(entry) && this.#isReal()) entry.isHalted = true;
    if (entry.isHalted) return "halted";
    if (!isDrill(entry) && this.#isReal()) for (const drill of this.entries.values()) if (isDrill(drill)) drill.isHalted = true;
    return !before ? "new" : entry.isTouched || change === "unchanged" || isOver(alert) ? "updated" : "worse";
  }

  /** `expires_in` counts from the moment at which the hub said it, also in a replay. */
  #end(alert, now) {
    const lasts = (alert.expires_in ?? DAY) * 1000;
    return now + (alert.mode === "exercise" ? Math.min(lasts, DRILL_FOR) : lasts);
  }

  /** The same said again: how long it still holds is the hub's word, whatever this tablet's clock had made of it. */
  #again(entry, alert, over, now) {
    const change = this.#enrich(entry, "alert", alert);
    if (isDrill(entry) || isOver(entry.alert)) return change;
    entry.over = over;
    if (!entry.endedAt || over <= now) return change;
    delete entry.endedAt;
    return "updated";
  }

  /** In one language first, in all of them later; `part` is the alert, or what cancelled it. */
  #enrich(entry, part, { texts = {} }) {
    const known = entry[part];
    if (Object.keys(texts).every((tag) => known.texts?.[tag])) return "ignored";
    entry[part] = { ...known, texts: { ...known.texts, ...texts } };
    return "richer";
  }

  #cancel(alert, old, now) {
    if (!old?.wasShown || old.isHalted) {
      // Never shown here: remembered so that the alert, should it come late, stays silent.
      this.entries.set(key(alert), { alert, gravity: 1, cancelledBy: alert, cancelledAt: now, isTouched: true, wasShown: false });
      return "ignored";
    }
    const ears = earsFor(alert, "taken-back", 1, old);
    this.entries.set(key(alert), { ...old, ...ears, endedAt: undefined, cancelledBy: alert, cancelledAt: now });
    return "cancelled";
  }

  touch(alert) {
    const entry = this.entries.get(key(alert));
    if (entry) Object.assign(entry, { isTouched: true, calls: false, chime: null });
  }

  /** A chime that was heard is not heard again. */
  rung(name) {
    const entry = this.entries.get(name);
    if (entry) entry.chime = null;
  }

  /** Ends what is over and forgets what has long been. True when something on the screen changed. */
  age(now) {
    let hasChanged = false;
    for (const [name, entry] of this.entries) {
      if (isInForce(entry) && entry.over <= now && !entry.isHalted) {
        Object.assign(entry, { endedAt: entry.over, isTouched: true, calls: false, chime: null });
        hasChanged = true;
      }
      if (this.#goneAt(entry) > now) continue;
      this.entries.delete(name);
      hasChanged ||= entry.wasShown;
    }
    return hasChanged;
  }

  #goneAt(entry) {
    if (entry.cancelledBy) return entry.cancelledAt + (entry.wasShown ? CANCELLED_FOR : TRACE_FOR);
    if (entry.liftedAt) return entry.liftedAt + CANCELLED_FOR;
    if (entry.isHalted || isDrill(entry)) return entry.over;
    return entry.endedAt ? entry.endedAt + ENDED_FOR : Infinity;
  }

  /** Whether something real and grave is in force. */
  #isReal() {
    return [...this.entries.values()].some((entry) => !isDrill(entry) && isInForce(entry) && entry.gravity >= GRAVE);
  }

  /** What is real before every drill, what is in force before what is over, then the gravest, then the latest. */
  visible() {
    return [...this.entries.values()]
      .filter((entry) => entry.wasShown && !entry.endedAt && !entry.isHalted)
      .sort((a, b) => Number(isDrill(a)) - Number(isDrill(b))
        || Number(isInForce(b)) - Number(isInForce(a))
        || b.gravity - a.gravity
        || (b.alert.level ?? 0) - (a.alert.level ?? 0)
        || Date.parse(b.alert.sent) - Date.parse(a.alert.sent));
  }

  /** What has ended by its time, latest first; nobody has lifted it. */
  ended() {
    return [...this.entries.values()].filter((entry) => entry.endedAt && !entry.isHalted).sort((a, b) => b.endedAt - a.endedAt);
  }

  /** Drills that are not shown, while what is real is in force. */
  halted() {
    return this.#isReal() ? [...this.entries.values()].filter((entry) => entry.isHalted) : [];
  }

  /** What fills the screen: the gravest that nobody has touched. */
  front() {
    return this.visible().find((entry) => !entry.isTouched) ?? null;
  }

  /** What is real and in force goes last. */
  #makeRoom(now) {
    if (this.entries.size <= LIMIT) return;
    this.age(now);
    const worth = (entry) => (isInForce(entry) ? (isDrill(entry) || entry.isHalted ? 1 : 2 + entry.gravity) : 0);
    const worst = [...this.entries.values()].sort((a, b) => worth(a) - worth(b) || a.over - b.over)[0];
    if (this.entries.size > LIMIT && worst) this.entries.delete(key(worst.alert));
  }
}
