// A tablet that is out has erased itself: it says so by its key, which lies in this page alone by now. Fetched when it has happened.

import { statement } from "./signed.js";

/** How often, and after how many milliseconds each: the line may be cut just then. */
const TRIES = 60;
const RETRY = 10000;

export async function prove(device, town) {
  const signature = await statement(`noroshi-erased 1\n{"device":"${device}","town":"${town}"}`);
  for (let tries = 0; signature && tries < TRIES; tries += 1) {
    const answer = await fetch("/v1/devices/erased", {
      method: "POST", keepalive: true, headers: { "Content-Type": "application/json" }, body: JSON.stringify({ device, signature }),
    }).catch(() => null);
    if (answer && answer.status < 500 && answer.status !== 429) return;
    await new Promise((resolve) => { setTimeout(resolve, RETRY); });
  }
}
