// How bad an alert is, and what a revision does to what was said before: colour, place and sound follow these two and
// nothing else. How fast it came (`priority`) says neither. Values in, values out.

export const GRAVITIES = ["information", "advisory", "warning", "danger", "emergency"];
/** From here on it calls until somebody has read it, and no drill stands beside it. */
export const GRAVE = 3;
/** For the line of a hub that says only the pace. */
const OF_PRIORITY = { immediate: 5, urgent: 4, routine: 2, background: 1 };
const INTENSITIES = ["0", "1", "2", "3", "4", "5-", "5+", "6-", "6+", "7"];
const CHANGES = ["new", "raised", "widened", "corrected", "changed", "lowered", "part-lifted", "lifted", "taken-back", "restored",
  "ran-out", "unchanged"];
/** News that wakes, also who has read what was before. */
const WAKES = ["new", "raised", "widened", "corrected", "restored"];

/** 1 to 5. `before` is what the event had: a hub that does not say it lowers nothing by silence. */
export function gravityOf(alert, before = 0) {
  const said = GRAVITIES.indexOf(alert.gravity) + 1;
  if (said) return said;
  if (alert.lifted) return 1;
  return alert.level ?? Math.max(OF_PRIORITY[alert.priority] ?? 1, before);
}

/** Nothing of the event is left in force here. */
export const isOver = (alert) => alert.over ?? (alert.message === "cancel" || alert.lifted === true);

/** What takes the whole event back; something taken back of which a part stands on is an update like others. */
export const isCancel = (alert) => alert.message === "cancel" && isOver(alert);

/** Whether `next` says worse than `last`, by what both say of themselves. */
export function isWorse(next, last) {
  return gravityOf(next, gravityOf(last)) > gravityOf(last)
    || (next.level ?? 0) > (last.level ?? 0)
    || INTENSITIES.indexOf(next.local_intensity) > INTENSITIES.indexOf(last.local_intensity);
}

/** The hub's word; where it has none, what can be seen. `last` is what stands on the screen, or null. */
export function changeOf(alert, last) {
  if (!last && !isOver(alert)) return "new";
  if (CHANGES.includes(alert.change)) return last && alert.change === "new" ? (isWorse(alert, last) ? "raised" : "changed") : alert.change;
  if (alert.message === "cancel") return "taken-back";
  if (alert.lifted) return "lifted";
  if (!last || isWorse(alert, last)) return last ? "raised" : "new";
  return alert.revision.correction ? "corrected" : "unchanged";
}

/**
 * Who must hear it: `isTouched` stays true where nothing is new to who has read it; `calls` until it is read;
 * `chime` is heard once.
 */
export function earsFor(alert, change, gravity, old) {
  const wasRead = old?.isTouched ?? false;
  const isDrill = alert.mode === "exercise";
  if (isOver(alert)) {
    return { isTouched: false, calls: false, chime: isDrill ? "drill" : { lifted: "lifted", "taken-back": "cancel" }[change] ?? "notice" };
  }
  const isQuick = alert.priority === "immediate" || alert.priority === "urgent";
  const isNews = WAKES.includes(change) || change === "changed" && (isQuick || !wasRead);
  if (change === "unchanged" || change === "changed" && !isNews) {
    return { isTouched: wasRead, calls: old?.calls ?? false, chime: old?.chime ?? null };
  }
  if (isDrill) return { isTouched: false, calls: false, chime: "drill" };
  if (isNews && gravity >= GRAVE) return { isTouched: false, calls: true, chime: null };
  const isSilent = gravity === 1 && alert.priority === "background";
  // What nobody has read yet goes on calling, however much of it was lifted meanwhile.
  return {
    isTouched: false, calls: !wasRead && gravity >= GRAVE && (old?.calls ?? false),
    chime: isSilent ? null : { "part-lifted": "lifted", lowered: "lifted", "taken-back": "cancel" }[change] ?? "notice",
  };
}
