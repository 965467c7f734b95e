// What is on the tablet's screen, as a value: which alerts there are, which one is in front, what may sound.
// No clock and no page in here; `now` is the hub's time in milliseconds.

const PRIORITIES = ["immediate", "urgent", "routine", "background"];
const INTENSITIES = ["0", "1", "2", "3", "4", "5-", "5+", "6-", "6+", "7"];
/** Milliseconds that a cancelled alert stays, and the trace of a cancel that came alone. */
const CANCELLED_FOR = 3600e3;
const TRACE_FOR = 86400e3;
/** Seconds, for an alert that does not say how long it holds. */
const DAY = 86400;
const LIMIT = 100;

const key = (alert) => alert.mode + " " + alert.event;
const rank = (alert) => Math.max(0, PRIORITIES.indexOf(alert.priority));

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

/** Whether people must be woken again: a forecast that did not rise is shown, not rung. */
export function isWorse(next, last) {
  return rank(next) < rank(last)
    || (next.level ?? 0) > (last.level ?? 0)
    || INTENSITIES.indexOf(next.local_intensity) > INTENSITIES.indexOf(last.local_intensity);
}

export class Board {
  /** What a replay from the beginning has not confirmed yet; null while none is running. */
  #unconfirmed = null;

  constructor(saved = []) {
    this.entries = new Map(saved.map((entry) => [key(entry.alert), entry]));
  }

  /** For the next start of the page. */
  saved() {
    return [...this.entries.values()];
  }

  /** Too much was missed: what is in force comes again, and what does not come again is no longer in force. */
  beginReplay() {
    this.#unconfirmed = new Set(this.entries.keys());
  }

  /** True when something on the screen changed. */
  endReplay() {
    const gone = this.#unconfirmed ?? new Set();
    this.#unconfirmed = null;
    for (const name of gone) this.entries.delete(name);
    return gone.size > 0;
  }

  /** "new", "worse", "updated", "cancelled", or "ignored": what the page does next depends on it. */
  take(alert, now) {
    const old = this.entries.get(key(alert));
    this.#unconfirmed?.delete(key(alert));
    if (old && (old.alert.id === alert.id || old.cancelledBy?.id === alert.id || !isNewer(alert, old.cancelledBy ?? old.alert))) {
      return "ignored";
    }
    if (alert.message === "cancel") return this.#cancel(alert, old, now);
    // `expires_in` counts from the moment at which the hub said it, also in a replay.
    const over = now + (alert.expires_in ?? DAY) * 1000;
    if (over <= now) return "ignored";
    const isShown = old && !old.cancelledBy && old.over > now;
    const change = !isShown ? "new" : isWorse(alert, old.alert) ? "worse" : "updated";
    const isTouched = change === "updated" && old.isTouched;
    this.entries.set(key(alert), { alert, over, isTouched, wasShown: true });
    this.#makeRoom(now);
    return change;
  }

  #cancel(alert, old, now) {
    if (!old?.wasShown) {
      // Never shown here: remembered so that the alert, should it come late, stays silent.
      this.entries.set(key(alert), { alert, cancelledBy: alert, cancelledAt: now, isTouched: true, wasShown: false });
      return "ignored";
    }
    this.entries.set(key(alert), { ...old, cancelledBy: alert, cancelledAt: now, isTouched: false });
    return "cancelled";
  }

  touch(alert) {
    const entry = this.entries.get(key(alert));
    if (entry) entry.isTouched = true;
  }

  /** Forgets what is over. True when something on the screen changed. */
  age(now) {
    let hasChanged = false;
    for (const [name, entry] of this.entries) {
      const end = !entry.cancelledBy ? entry.over : entry.cancelledAt + (entry.wasShown ? CANCELLED_FOR : TRACE_FOR);
      if (end > now) continue;
      this.entries.delete(name);
      hasChanged ||= entry.wasShown;
    }
    return hasChanged;
  }

  /** Most urgent first. While anything real is in force, drills are not shown. */
  visible() {
    const shown = [...this.entries.values()].filter((entry) => entry.wasShown);
    const isReal = shown.some((entry) => entry.alert.mode === "actual" && !entry.cancelledBy);
    return shown
      .filter((entry) => !isReal || entry.alert.mode === "actual")
      .sort((a, b) => Number(!!a.cancelledBy) - Number(!!b.cancelledBy)
        || rank(a.alert) - rank(b.alert)
        || (b.alert.level ?? 0) - (a.alert.level ?? 0)
        || Date.parse(b.alert.sent) - Date.parse(a.alert.sent));
  }

  /** What fills the screen: the most urgent that nobody has touched. */
  front() {
    return this.visible().find((entry) => !entry.isTouched) ?? null;
  }

  #makeRoom(now) {
    if (this.entries.size <= LIMIT) return;
    this.age(now);
    const worst = this.visible().at(-1);
    if (this.entries.size > LIMIT && worst) this.entries.delete(key(worst.alert));
  }
}
