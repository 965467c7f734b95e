// What every screen of a registered device has in common: its registration, the line, the alerts, the receipts, the
// loudspeaker, and of several tabs the one that owns them. Knows nothing of what the page looks like: it says what changed.

import { heard } from "./alarm.js";
import { Board, key } from "./board.js";
import { HubClock } from "./clock.js";
import { enrol } from "./enrolment.js";
import { Outbox } from "./outbox.js";
import { Seals } from "./seals.js";
import { hold } from "./signed.js";
import { Signs } from "./signs.js";
import { Sound } from "./sound.js";
import { erase, read, shortName, write } from "./store.js";
import { Line } from "./stream.js";
import { Tabs } from "./tabs.js";

/** Milliseconds of grace: the hub ending a stream to begin a new one is no failure. */
const GRACE = 3000;
/** Seconds between two words of the owning tab to the others on how the line is. */
const TELL = 10;

export class Receiver {
  clock = new HubClock();
  sound = new Sound();
  device = null;
  board = new Board();
  /** Whether the line is "up", "down" or "unknown" (whoever answers does not know this device); null before its first word. */
  state = null;
  /** Whether people are told that the line is cut; since when it is. */
  isCut = false;
  cutSince = null;
  /** What an edge last said of its own line to the hub; null at a hub. */
  hubLine = null;
  /** Events are taken one after the other, however long it takes to look whose word they are. */
  #turn = Promise.resolve();
  #position = null;
  #cutTimer = null;
  #wakeLock = null;
  #seen = new Set();
  #lastTick = Date.now();
  #ticks = 0;
  /** Seconds that the owning tab had heard nothing, and when it said so. */
  #toldSilence = null;
  #saidUnproven = false;

  /**
   * `page`: show() the alerts; sayLine() its state, the cut and the hub's line; saySound(); entered(); left();
   * taken(change, alert); waiting(count) in the outbox; told(entry, state, words); fromTab(message);
   * stated(line) what the town has signed of a place; everyHalfMinute(); exam() seconds for which it is silent on purpose, where a page has such; language() that is read here, absent where several are; audible(visible) what of the alerts may sound here.
   */
  constructor(page) {
    this.page = page;
    this.tabs = new Tabs({ owned: () => this.#owned(), heard: (message) => this.#fromTab(message) });
    this.outbox = new Outbox({
      token: () => this.device?.token, device: () => this.device?.id, town: () => this.device?.code, time: () => (this.clock.isCertain ? this.clock.now() : null), least: () => (this.clock.mayJudge ? this.clock.now() : null), owns: () => this.isOwner,
      handOver: () => this.tabs.tell({ outbox: true }),
      changed: (count) => page.waiting(count),
      told: (entry, state) => page.told(entry, state, null),
      refused: (entry, words) => page.told(entry, "refused", words),
    });
    this.seals = new Seals({ again: () => this.line.beginAnew(), gone: (isGone) => this.#drop(isGone), stated: (line) => this.page.stated?.(line) });
    this.line = new Line({
      token: () => this.device?.token ?? "", language: () => page.language?.(), device: () => this.device?.id, position: () => this.#position,
      event: (event) => this.#onEvent(event), isRevocation: (problem) => this.seals.isRevocation(problem), state: (state) => this.#onState(state), revoked: (why) => this.#forget(why),
    }, this.clock);
  }

  get isOwner() {
    return this.tabs.isOwner;
  }

  /** Somebody answers, and does not prove to be the town; where an edge says that it hears nothing itself, that is known. */
  get isUnproven() {
    return this.isOwner && this.state === "up" && !this.hubLine && this.seals.isSilent;
  }

  /** Milliseconds since 1970 at which something last came over the line; null where nobody knows. */
  get lastHeard() {
    if (!this.clock.mayJudge) return null;
    const silence = this.isOwner ? this.line.silence : this.#toldSilence;
    if (!this.clock.isCertain || silence === null) return this.clock.recalled;
    return this.clock.now() - silence * 1000;
  }

  // MARK: the page's life

  /** What lies on this tablet, as the tab that owns the line has left it. */
  async load() {
    this.device = (await read("device")) ?? null;
    await hold(this.device);
    await this.seals.open(this.device);
    this.#position = (await read("position")) ?? null;
    this.board = new Board((await read("board")) ?? []);
    this.hubLine = (await read("hubLine")) ?? null;
    this.clock.recall(await read("hubTime"));
  }

  /** From here on it listens, if it is registered. */
  run() {
    this.tabs.claim();
    this.tabs.tell({ ask: true });
    setInterval(() => this.#tick(), 1000);
    setInterval(() => this.#halfMinute(), 30000);
    document.addEventListener("visibilitychange", () => this.#onVisible());
    for (const name of ["pageshow", "online"]) addEventListener(name, () => this.#onVisible());
    this.signs = new Signs({
      seals: () => this.seals.word, token: () => (this.isOwner && this.state === "up" ? this.device?.token : null), isMute: () => !this.sound.isRunning,
      exam: () => this.page.exam?.() ?? null,
    });
    this.signs.run();
    if (globalThis.isSecureContext) navigator.serviceWorker?.register("wake.js", { type: "module" }).catch(() => navigator.serviceWorker.register("worker.js")).catch(() => {});
  }

  /** Inside a tap: from here on there is sound, and the screen stays on. */
  start() {
    this.sound.unlock(() => this.page.saySound());
    this.keepAwake();
    navigator.storage?.persist?.();
    this.page.saySound();
    this.page.show();
  }

  async keepAwake() {
    try { this.#wakeLock = await navigator.wakeLock?.request("screen"); } catch { this.#wakeLock = null; }
  }

  enter() {
    this.page.entered();
    if (!this.isOwner) return;
    // Known here by another token now, it does not wait for the next try.
    if (this.state === "unknown") this.line.restart();
    if (this.state !== "up") this.#expectCut();
    this.line.run();
    // How old things are is known by the hub's time, which comes with its first word; the line says then that it is up.
    if (this.clock.isCertain) this.outbox.send();
  }

  /** Throws with the hub's words. */
  async register(code, name, words, how = enrol) {
    const made = await how(code, name, words);
    // Registered anew, perhaps elsewhere: what is in force is told from the beginning. What was not sent yet stays.
    if (this.device && this.device.code !== made.device.code) this.board = new Board();
    this.#position = null;
    this.device = made.device;
    // Whom he believes is said by who registers it.
    const opened = this.seals.open(this.device, true);
    await write("position", null);
    await write("board", this.board.saved());
    await write("device", this.device);
    await write("key", made.pair);
    await hold(this.device);
    await opened;
    await this.outbox.open();
    this.tabs.tell({ device: true });
    this.enter();
  }

  /** The town has revoked this device: nothing of it stays on a tablet that is lost or handed back. */
  async #forget(why) {
    if (!this.device) return;
    const { id, code } = this.device;
    this.#leave(why);
    await erase();
    this.tabs.tell({ device: true });
    // Nothing is on it any more, and its key, which nobody stores now, says so; then the key is forgotten too.
    await import("./erased.js").then(({ prove }) => prove(id, code)).catch(() => {});
    if (!this.device) await hold(null);
  }

  #leave(why) {
    this.line.stop();
    this.outbox.close();
    clearTimeout(this.#cutTimer);
    this.device = this.#position = this.hubLine = this.state = this.cutSince = this.#cutTimer = null;
    this.isCut = false;
    this.board = new Board();
    this.page.left(why);
  }

  /** This tab has the line now: the first one, or the one before it was closed. */
  async #owned() {
    await this.load();
    await this.outbox.open();
    this.page.sayLine();
    if (this.device) this.enter();
    this.page.saySound();
  }

  /** Another tab of this tablet. */
  async #fromTab(message) {
    if (message.touch && this.isOwner) this.#touch(message.touch);
    if (message.outbox && this.isOwner) this.outbox.open().then(() => this.outbox.send());
    if (message.ask && this.isOwner) this.#tellLine();
    if (message.line && !this.isOwner) this.#takeLine(message.line);
    this.page.fromTab(message);
    if (message.device) {
      await this.load();
      if (this.device) this.enter();
      else this.#leave();
    } else if (message.board && !this.isOwner) {
      this.board = new Board((await read("board")) ?? []);
      this.page.show();
    }
  }

  #tellLine() {
    const { state, isCut, cutSince, hubLine, clock } = this;
    this.tabs.tell({ line: { state, isCut, cutSince, hubLine, silence: this.line.silence, time: clock.isCertain ? clock.now() : null } });
  }

  #takeLine({ state, isCut, cutSince, hubLine, silence, time }) {
    Object.assign(this, { state, isCut, cutSince, hubLine });
    if (time) this.clock.learn(new Date(time).toISOString());
    this.#toldSilence = time ? silence : null;
    this.page.sayLine();
  }

  // MARK: what arrives

  #onEvent(event) {
    return (this.#turn = this.#turn.then(() => this.device && this.#take(event)).catch((problem) => console.error(problem)));
  }

  async #take({ name, data, id }) {
    // "gap": all that is in force follows. For the other reasons the hub hangs up and the next try catches up.
    if (name === "resync" && data.includes('"gap"')) {
      this.board.beginReplay();
      this.#takeHubLine(null);
    }
    // The word alone, from a hub that was misled or a line that was, erases nothing: it makes us ask at once.
    if (name === "resync" && data.includes('"revoked"')) this.line.hurry();
    if (name === "position" && this.board.endReplay(this.seals.isChecking)) {
      this.#keepBoard();
      this.page.show();
    }
    // One bad line must not silence the next; the console says it, so that a fault of ours is found.
    try {
      if (name === "line") this.#takeHubLine(JSON.parse(data));
      if (name === "rollcall") {
        this.page.rollCalled?.();
        this.tabs.tell({ roll: true });
      }
      if (name === "alert" || name === "cancel") await this.#onAlert(name, JSON.parse(data));
      if (name === "state") {
        const isNew = await this.seals.state(JSON.parse(data));
        this.clock.atLeast(this.seals.floor);
        if (isNew) await this.#judgeAgain();
        this.page.sayLine();
      }
    } catch (problem) {
      console.error(problem);
    }
    if (id) {
      this.#position = id;
      write("position", id);
    }
  }

  async #onAlert(name, alert) {
    const word = await this.seals.judge(name, alert);
    if (word === "old") return;
    if (word === "doubt") alert.doubt = true;
    else {
      this.receipt(alert, "reached");
      this.clock.atLeast(Date.parse(alert.server_time));
      this.clock.atLeast(this.seals.floor);
      // Where this tablet's time is behind, what is left would end it before its end, once the time is right again; where the edge's is, long after it.
      const left = this.seals.left(alert, this.clock.now()), { isGuessed } = this.clock;
      if (isGuessed && left <= 0) return;
      if (left > alert.expires_in || isGuessed && left < alert.expires_in) alert.expires_in = left;
    }
    const change = this.board.take(alert, this.clock.now());
    this.#keepBoard();
    if (change === "ignored") return;
    this.page.taken(change, alert);
    this.page.show();
  }

  /** A key has come by which more is proven. */
  async #judgeAgain() {
    for (const entry of [...this.board.entries.values()].filter((one) => one.alert.doubt)) {
      const { doubt: _, ...alert } = entry.alert, name = alert.message === "cancel" ? "cancel" : "alert";
      if (await this.seals.judge(name, alert) !== "proven") continue;
      this.board.entries.delete(key(entry.alert));
      await this.#onAlert(name, alert);
    }
  }

  /** The town says that it does not stand. */
  #drop(isGone) {
    if (!this.board.drop(isGone)) return;
    this.#keepBoard();
    this.page.show();
  }

  async #keepBoard() {
    await write("board", this.board.saved());
    if (this.clock.mayJudge) await write("hubTime", this.clock.now());
    this.tabs.tell({ board: true });
  }

  /** An edge goes on when its line to the hub is cut, and people read that nothing newer can come. */
  #takeHubLine(said) {
    this.hubLine = said?.state === "cut" ? said : null;
    write("hubLine", this.hubLine);
    this.page.sayLine();
    this.#tellLine();
  }

  #onState(now) {
    this.state = now;
    if (now === "up") {
      this.seals.begin();
      clearTimeout(this.#cutTimer);
      this.#cutTimer = this.cutSince = null;
      this.outbox.send();
      this.page.rollCalled?.();
    } else if (now === "down") {
      this.cutSince ??= this.clock.now();
      this.#expectCut();
    }
    this.#say(this.isCut && now === "down");
  }

  /** Once per cut. */
  #expectCut() {
    this.#cutTimer ??= setTimeout(() => this.#say(true), GRACE);
  }

  #say(isCut) {
    this.isCut = Boolean(isCut && this.device && this.state !== "up" && this.state !== "unknown");
    this.page.sayLine();
    this.#tellLine();
  }

  // MARK: what is told and heard

  /** The id is made of what it says, so that the same thing said twice counts once; the hub knows the device. */
  receipt(alert, level) {
    const id = level + "-" + shortName(alert.delivery ?? alert.id);
    this.outbox.add("receipts", { id, delivery: alert.delivery, alert: alert.id, level });
  }

  /** Shown means that it is painted and the page is in front, not that it arrived. */
  reportShown(alert) {
    if (alert.doubt || this.#seen.has(alert.id) || document.visibilityState !== "visible") return;
    this.#seen.add(alert.id);
    requestAnimationFrame(() => requestAnimationFrame(() => this.receipt(alert, "shown")));
  }

  /** The loudspeaker does what the arbiter says, and nothing else ever starts or stops it. */
  sing() {
    const visible = this.isOwner ? this.page.audible(this.board.visible()) : [];
    const next = heard(this.sound.sounding, visible, this.sound.isBusy);
    const isNews = this.sound.follow(next);
    this.page.sounds?.(this.sound.isRunning ? next : null, visible);
    if (!isNews) return;
    this.board.rung(next.key);
    this.#keepBoard();
  }

  /** A person has read what `entry` says. */
  touch(entry) {
    const { mode, event, id, doubt } = entry.cancelledBy ?? entry.alert;
    this.#touch({ mode, event, id, doubt });
    if (!this.isOwner) this.tabs.tell({ touch: { mode, event, id, doubt } });
  }

  /** Only what was read: a newer word on the same event has to be read for itself. */
  #touch(said) {
    const entry = this.board.entries.get(key(said));
    if (!entry || (entry.cancelledBy ?? entry.alert).id !== said.id) return;
    this.board.touch(said);
    if (this.isOwner) this.#keepBoard();
    this.page.show();
  }

  // MARK: time

  #onVisible() {
    if (document.visibilityState !== "visible" || !this.device) return;
    if (this.isOwner) this.line.restart();
    this.sound.wake();
    if (this.sound.isRunning) this.keepAwake();
    this.page.show();
  }

  /** Once a second: what is over goes; a jump of the clock means that the tablet slept. */
  #tick() {
    const jump = Math.abs(Date.now() - this.#lastTick - 1000);
    this.#lastTick = Date.now();
    this.#ticks += 1;
    if (jump > 20000 && this.device && this.isOwner) this.line.restart();
    // Nothing is over by a clock that may be a year ahead.
    if (this.isOwner && this.clock.mayJudge && this.board.age(this.clock.now())) {
      this.#keepBoard();
      this.page.show();
    }
    if (this.isOwner && this.#ticks % TELL === 0) this.#tellLine();
    else if (!this.isOwner && this.#toldSilence !== null) this.#toldSilence += 1;
    if (this.isUnproven !== this.#saidUnproven) {
      this.#saidUnproven = this.isUnproven;
      if (this.isUnproven) this.seals.doubt();
      this.page.sayLine();
    }
    this.page.saySound();
    this.page.everySecond?.();
    this.sing();
  }

  #halfMinute() {
    this.outbox.send();
    if (!this.isOwner) return;
    if (this.clock.isCertain) write("hubTime", this.clock.now());
    if (this.clock.isGuessed && this.state === "up") this.line.askTime();
    this.page.everyHalfMinute();
  }
}
