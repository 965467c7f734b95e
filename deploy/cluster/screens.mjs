// Tablets without a browser: the page's own line (stream.js) and the page's own screen (board.js), and a line of JSON whenever what stands
// on a screen changes. Reads one line of JSON: {"hubs": [address], "tablets": [{"name", "town", "token"}]}.

import { createInterface } from "node:readline";
import { Board, isInForce } from "./board.js";
import { HubClock } from "./clock.js";
import { Line } from "./stream.js";

/** The same clock as the driver's: CLOCK_MONOTONIC, in seconds. */
const now = () => Number(process.hrtime.bigint()) / 1e9;
const say = (line) => process.stdout.write(JSON.stringify({ at: now(), ...line }) + "\n");
const plain = globalThis.fetch;

/** What stands in front of the hubs where there are several: whoever answers is asked until he does not. */
function front(hubs) {
  let first = 0;
  globalThis.fetch = async (path, wish) => {
    const asked = first;
    try {
      const answer = await plain(hubs[asked] + path, { ...wish, redirect: "manual" });
      if (answer.ok) return answer;
      await answer.body?.cancel();
      throw new Error("hub answered " + answer.status);
    } catch (problem) {
      if (asked === first) first = (first + 1) % hubs.length;
      throw problem;
    }
  };
}

class Tablet {
  #board = new Board();
  #position = null;
  #shown = "[]";

  constructor({ name, town, token }) {
    Object.assign(this, { name, town });
    this.clock = new HubClock();
    this.line = new Line({
      token: () => token, language: () => "ja", device: () => name, position: () => this.#position, event: (event) => this.#take(event),
      isRevocation: async () => false, state: (state) => say({ node: name, state }), revoked: (why) => say({ node: name, state: "revoked " + why }),
    }, this.clock);
  }

  /** As the page's receiver does it, but for seals: without https nothing is checked there either. */
  #take({ name, data, id }) {
    let took = null;
    if (name === "resync" && data.includes('"gap"')) this.#board.beginReplay();
    if (name === "position") this.#board.endReplay();
    if (name === "alert" || name === "cancel") {
      const alert = JSON.parse(data);
      const change = this.#board.take(alert, this.clock.now());
      const entry = [...this.#board.entries.values()].find((one) => one.alert.event === alert.event);
      if (change !== "ignored" || entry?.cancelledBy?.id === alert.id) took = alert.id;
    }
    if (id) this.#position = id;
    this.#say(took);
  }

  #say(took) {
    const shows = [...this.#board.entries.values()].filter(isInForce).map((entry) => entry.alert.id).sort();
    const text = JSON.stringify(shows);
    if (text === this.#shown && !took) return;
    this.#shown = text;
    say({ node: this.name, what: "screen", town: this.town, shows, ...(took ? { took } : {}) });
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { hubs, tablets } = JSON.parse(line);
  front(hubs);
  for (const one of tablets) new Tablet(one).line.run();
}
