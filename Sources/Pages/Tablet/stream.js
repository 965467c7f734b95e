// The line to the hub: server-sent events read with fetch (EventSource cannot send the device's token), catch-up by
// polling, a watchdog, and a pause with jitter between tries. Knows nothing of the page.

import { ask } from "./signed.js";

/** Seconds between the hub's comment lines. */
const HEARTBEAT = 15;
const CONNECT_LIMIT = 5;
/** Seconds: the longest pause between two tries. */
const LONGEST_PAUSE = 15;
/** Seconds of a cut after which the whole state is asked for once, and not only what was missed. */
const LONG_CUT = 30;
/** Seconds after an alert within which its words in the other languages are fetched; not all tablets at once. */
const FILL_AFTER = 10;
const FILL_WITHIN = 120;
const REVOKED = "urn:noroshi:problem:device-revoked";

/** Splits text/event-stream into events, as the HTML standard says; pieces may end anywhere. */
export class EventParser {
  #rest = "";
  #name = "";
  #data = [];
  #id = null;

  constructor(onEvent, onRetry = () => {}) {
    this.onEvent = onEvent;
    this.onRetry = onRetry;
  }

  feed(text) {
    // A CR at the very end may be half of CR LF: it waits for the next piece.
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop();
    for (const line of lines) this.#line(line);
  }

  #line(line) {
    if (line === "") return this.#dispatch();
    if (line.startsWith(":")) return;
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#name = value;
    else if (field === "data") this.#data.push(value);
    else if (field === "id" && !value.includes("\0")) this.#id = value;
    else if (field === "retry" && /^\d+$/.test(value)) this.onRetry(Number(value));
  }

  #dispatch() {
    const event = { name: this.#name || "message", data: this.#data.join("\n"), id: this.#id };
    const isEmpty = this.#data.length === 0;
    this.#name = "";
    this.#data = [];
    // An id alone says how far the replay has brought us.
    if (isEmpty) event.name = "position";
    if (!isEmpty || event.id) this.onEvent(event);
  }
}

export class Line {
  #stop = null;
  #isRunning = false;
  /** The first try begins with a catch-up too: it brings the hub's time. */
  #failures = 1;
  #pause = 1;
  #lastWord = 0;
  #wake = null;
  #isHurried = false;
  /** What a reload, a sleep or a long cut may have made of the board is held against the whole state, once. */
  #wantsWhole = true;
  #downSince = null;
  #triedAt = -Infinity;
  #fill = null;

  /**
   * The live line speaks one language, so that a crowd of tablets hears sooner; what is asked for speaks all.
   *
   * `hooks`: token() → string; language() → its tag, or nothing for all; device() → its id; position() → "EPOCH-OFFSET" or null; event({name, data, id}), isRevocation(problem) promise that which they come to;
   * state("up" | "down" | "unknown"); revoked(why); `clock`: HubClock.
   */
  constructor(hooks, clock) {
    this.hooks = hooks;
    this.clock = clock;
  }

  /** Runs until stop() or until the town says that this device is revoked; not to be known somewhere ends nothing. */
  async run() {
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (this.#isRunning) {
      let state = "down";
      this.#triedAt = performance.now();
      try {
        if (this.#failures > 0) await this.catchUp();
        await this.#listen();
      } catch (problem) {
        if (problem instanceof Revoked) {
          this.#isRunning = false;
          this.hooks.revoked(problem.why);
          break;
        }
        if (problem instanceof Unknown) state = "unknown";
      }
      // A catch-up follows, in every language.
      this.#dropFill();
      if (!this.#isRunning) break;
      this.hooks.state(state);
      this.#downSince ??= performance.now();
      this.#failures += 1;
      await this.#rest();
    }
  }

  stop() {
    this.#isRunning = false;
    this.#dropFill();
    this.#stop?.abort();
    this.#wake?.();
  }

  /** The page has come back, or time has jumped: what looks open may be dead. */
  restart() {
    // Several signs of one waking come within a moment.
    if (performance.now() - this.#triedAt >= 1000) this.beginAnew();
  }

  /** Also when another language is read from now on: all that holds, in all of them, and then the live line in that one. */
  beginAnew() {
    this.#failures = Math.max(this.#failures, 1);
    this.#wantsWhole = true;
    this.#isHurried = true;
    this.#stop?.abort();
    this.#wake?.();
  }

  /** The next try comes without a pause, once: the hub has said that it will answer differently. */
  hurry() {
    this.#isHurried = true;
  }

  /** Seconds since anything came over the line. */
  get silence() {
    return (performance.now() - this.#lastWord) / 1000;
  }

  async #listen() {
    this.#stop = new AbortController();
    const limit = setTimeout(() => this.#stop.abort(), CONNECT_LIMIT * 1000);
    let answer;
    try {
      const language = this.hooks.language();
      answer = await ask(this.hooks.token(), "/v1/stream" + (language ? "?language=" + language : ""), {
        headers: this.#headers({ Accept: "text/event-stream" }), signal: this.#stop.signal,
      });
    } finally {
      clearTimeout(limit);
    }
    await this.#check(answer);
    if (!(answer.headers.get("Content-Type") ?? "").startsWith("text/event-stream")) throw new Error("no stream");
    this.#lastWord = performance.now();
    this.#failures = 0;
    this.#downSince = null;
    this.hooks.state("up");
    const watchdog = setInterval(() => {
      if (this.silence > HEARTBEAT * 2) this.hooks.state("down");
      if (this.silence > HEARTBEAT * 2.5) this.#stop.abort();
    }, 1000);
    try {
      await this.#read(answer.body.getReader());
    } finally {
      clearInterval(watchdog);
    }
  }

  async #read(reader) {
    const decoder = new TextDecoder();
    const parser = new EventParser(
      (event) => { this.#fillLater(event); this.hooks.event(event); }, (retry) => { this.#pause = Math.min(retry / 1000, LONGEST_PAUSE); });
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      this.#lastWord = performance.now();
      parser.feed(decoder.decode(value, { stream: true }));
    }
  }

  /** Whoever presses another language finds its words here, also when the line is cut by then. */
  #fillLater({ name }) {
    if (this.#fill || !this.hooks.language() || name !== "alert" && name !== "cancel") return;
    const since = this.hooks.position();
    this.#fill = setTimeout(() => {
      this.#fill = null;
      this.#askForWords(since).catch(() => {});
    }, (FILL_AFTER + Math.random() * (FILL_WITHIN - FILL_AFTER)) * 1000);
  }

  #dropFill() {
    clearTimeout(this.#fill);
    this.#fill = null;
  }

  /** Of whoever did not know the time when this line began; what else he tells comes on the line itself. */
  askTime() {
    this.#fetchPast(this.hooks.position()).catch(() => {});
  }

  /** Words alone: the line is live meanwhile, so what comes here moves no position and ends nothing. */
  async #askForWords(since) {
    const line = this.#stop, { events } = await this.#fetchPast(since);
    if (line !== this.#stop || line.signal.aborted || since && events.some(({ name }) => name === "resync")) return;
    for (const { name, data } of events) if (name === "alert" || name === "cancel") this.hooks.event({ name, data, id: null });
  }

  /** Everything since the last position; after a reload, a sleep or a long cut the whole state behind it. */
  async catchUp() {
    if (this.#downSince !== null && performance.now() - this.#downSince > LONG_CUT * 1000) this.#wantsWhole = true;
    const isWhole = await this.#ask(this.hooks.position());
    if (this.#wantsWhole && !isWhole) await this.#ask(null);
    this.#wantsWhole = false;
  }

  /** True when it told all that is in force. */
  async #ask(since) {
    const { events, isWhole } = await this.#fetchPast(since);
    this.#lastWord = performance.now();
    for (const event of events) await this.hooks.event(event);
    return isWhole;
  }

  /** By a plain request: JSON or the stream's own format. Who answers so says the time, and nobody else. */
  async #fetchPast(since) {
    const answer = await ask(this.hooks.token(), "/v1/catch-up" + (since ? "?since=" + encodeURIComponent(since) : ""), {
      signal: AbortSignal.timeout(CONNECT_LIMIT * 1000),
    });
    await this.#check(answer);
    if ((answer.headers.get("Content-Type") ?? "").startsWith("text/event-stream")) {
      const events = [];
      new EventParser((event) => events.push(event)).feed((await answer.text()) + "\n\n");
      this.clock.learn(answer.headers.get("Date"));
      return { events, isWhole: true };
    }
    const page = await answer.json(), isWhole = !since || page.resync === true;
    if (page.server_time_is_certain === false) this.clock.guess(page.server_time);
    else this.clock.learn(page.server_time ?? answer.headers.get("Date"));
    const events = (page.events ?? []).map((event) => (
      { name: event.event ?? event.name, data: typeof event.data === "string" ? event.data : JSON.stringify(event.data), id: event.id ?? null }));
    if (isWhole) events.unshift({ name: "resync", data: '{"reason":"gap"}', id: null });
    if (page.position) events.push({ name: "position", data: "", id: page.position });
    return { events, isWhole };
  }

  #headers(more) {
    const headers = { ...more }, position = this.hooks.position();
    if (position) headers["Last-Event-ID"] = position;
    return headers;
  }

  async #check(answer) {
    if (answer.ok) return;
    if (answer.status === 401) throw await this.#revocation(answer) ?? new Unknown();
    throw new Error("hub answered " + answer.status);
  }

  /** Said by who had this very device in its register. */
  async #revocation(answer) {
    try {
      const problem = await answer.json();
      const isOurs = problem.type === REVOKED && problem.device === this.hooks.device() && await this.hooks.isRevocation(problem);
      return isOurs ? Object.assign(new Revoked(), { why: problem.why }) : null;
    } catch {
      return null;
    }
  }

  /** Full jitter, so that a thousand tablets do not come back in the same second. */
  #rest() {
    if (this.#isHurried) {
      this.#isHurried = false;
      return Promise.resolve();
    }
    const longest = Math.min(LONGEST_PAUSE, this.#pause * 2 ** Math.min(this.#failures - 1, 5));
    const seconds = 0.2 + Math.random() * longest;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, seconds * 1000);
      this.#wake = () => { clearTimeout(timer); resolve(); };
    });
  }
}

/** The town has taken this device off its register: the one thing that erases a tablet. */
export class Revoked extends Error {}

/** Whoever answers here does not know this device: another school's edge, a restored hub, a wrong name. */
export class Unknown extends Error {}
