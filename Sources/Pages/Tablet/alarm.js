// The one arbiter of sound on a tablet, as a value: what is to be heard, given what sounds now and what is on the board.
//
// The gravest alert that nobody has read calls until it is touched, ends or is cancelled; nothing lesser touches it. Only
// where nothing calls, what was lifted, cancelled or is no more than a notice chimes, once.

import { key } from "./board.js";

const KINDS = ["eew", "tsunami", "evacuation"];

/**
 * `visible` as the board orders it, the gravest first; `isBusy` while a chime has not come to its end. Gives what sounds from now on: the same object means "go on", null
 * means silence. Seconds between two calls in `rest`; a chime has `isOnce`.
 */
export function heard(sounding, visible, isBusy = false) {
  const unread = visible.filter((entry) => !entry.isTouched);
  const call = unread.find((entry) => entry.calls);
  if (call) {
    const name = KINDS.includes(call.alert.kind) ? call.alert.kind : "other", rest = call.gravity > 3 ? 0 : 8;
    const isSame = sounding && !sounding.isOnce && sounding.key === key(call.alert) && sounding.rest === rest;
    return isSame ? sounding : { key: key(call.alert), name, rest, isOnce: false };
  }
  const isOwn = sounding?.isOnce && unread.some((entry) => key(entry.alert) === sounding.key);
  const chime = unread.find((entry) => entry.chime);
  if (!chime || isOwn && isBusy) return isOwn ? sounding : null;
  return { key: key(chime.alert), name: chime.chime, rest: 0, isOnce: true };
}
