// The desk's one line to the hub. Whatever room is open hears through it what changes, and after every gap, known or
// possible, it is told to read everything on the screen again: a screen that missed something must not look current.

import { follow } from "./api.js";
import { byID, timeWord } from "./parts.js";
import { question } from "./towns.js";

/** Without anything said, as often as this all the same: what ends by the clock sends no event. */
const ANEW = 60000;

let stop = null;
let timer = 0;
let last = 0;
let up = false;

export const isUp = () => up;

/** `ear` has `arrive(delivery)`, `again()` and `refused(error)`. */
export function open(ear) {
  close();
  stop = new AbortController();
  follow("/v1/deliveries/stream" + question(), stop.signal, {
    heard: () => { last = Date.now(); },
    line: (isUp) => {
      show(isUp);
      if (isUp) ear.again();
    },
    event: ({ name, data }) => {
      if (name === "delivery") ear.arrive(JSON.parse(data));
      if (name === "resync") ear.again();
    },
    refused: ear.refused,
  });
  timer = setInterval(ear.again, ANEW);
}

export function close() {
  stop?.abort();
  stop = null;
  up = false;
  clearInterval(timer);
  byID("line").textContent = "";
}

function show(isUp) {
  up = isUp;
  byID("line").textContent = isUp
    ? "● つながっています"
    : `× つながっていません${last ? `（${timeWord(last / 1000)}から）` : ""}。無線と電話で`;
  byID("line").className = document.body.dataset.line = isUp ? "" : "down";
}
