// What the tablet lets people hear. Tones are made here, nothing is loaded. Each kind has its own pattern, a drill a
// soft one that none of the others resembles. These are not the chimes of the broadcasters or the carriers.
// Which of them is heard, and until when, is decided in alarm.js.

/** Hertz and milliseconds; 0 Hz is silence. `shape` is the wave, `loud` from 0 to 1. */
const PATTERNS = {
  eew: { shape: "square", loud: 0.9, notes: [[740, 110], [988, 110], [740, 110], [988, 110], [1319, 260], [0, 200]] },
  tsunami: { shape: "sawtooth", loud: 0.9, notes: [[440, 700], [660, 700], [440, 700], [660, 700], [0, 300]] },
  evacuation: { shape: "square", loud: 0.8, notes: [[587, 350], [0, 120], [587, 350], [0, 120], [784, 500], [0, 500]] },
  other: { shape: "triangle", loud: 0.8, notes: [[660, 250], [0, 80], [880, 350], [0, 700]] },
  notice: { shape: "sine", loud: 0.5, notes: [[784, 180], [1047, 350]] },
  cancel: { shape: "sine", loud: 0.7, notes: [[784, 250], [659, 250], [523, 500]] },
  lifted: { shape: "sine", loud: 0.6, notes: [[523, 300], [659, 300], [784, 300], [1047, 700]] },
  drill: { shape: "sine", loud: 0.35, notes: [[392, 500], [330, 700], [0, 900]] },
  test: { shape: "sine", loud: 0.6, notes: [[523, 160], [659, 160], [784, 320]] },
};

/** Seconds that a call is written ahead, and the rest below which more is written: a page may sleep for some seconds. */
const AHEAD = 40;
const REFILL = 25;
/** Seconds; a drill says so for a while and stops by itself. */
const DRILL = 8;

export class Sound {
  #context = null;
  #playing = null;
  /** What the arbiter last said; see alarm.js. */
  #sounding = null;

  /** Must be called directly inside a tap, or the browser keeps silent. */
  unlock(changed) {
    this.open(changed);
    this.play("test", 0);
  }

  /** Without a word to hear: it runs at once where the browser allows that, or inside a tap. */
  open(changed) {
    this.#context ??= new (globalThis.AudioContext ?? globalThis.webkitAudioContext)();
    this.#context.onstatechange = changed;
    this.#context.resume().then(changed, changed);
  }

  get isRunning() {
    return this.#context?.state === "running";
  }

  /** After the page was hidden iOS leaves the context interrupted; without a tap this may fail, and the banner says so. */
  wake() {
    this.#context?.resume().catch(() => {});
  }

  /** What is to be heard now, from `heard` of alarm.js; true where a chime has begun. Asked once a second at least. */
  follow(next) {
    if (!this.isRunning) return false;
    const isNew = next !== this.#sounding;
    this.#sounding = next;
    if (!next && isNew) this.stop();
    else if (next && isNew) this.play(next.name, next.isOnce ? (next.name === "drill" ? DRILL : 0) : AHEAD, next.rest);
    else if (next && !next.isOnce) this.#refill();
    return isNew && !!next?.isOnce;
  }

  /** What was written has not been heard to its end. */
  get isBusy() {
    return !!this.#playing && this.#playing.until > this.#context.currentTime;
  }

  get sounding() {
    return this.#sounding;
  }

  /** `seconds` to repeat for; 0 is once. `rest` seconds of silence after each round. */
  play(name, seconds, rest = 0) {
    this.stop();
    if (!this.#context) return;
    const gain = this.#context.createGain();
    gain.connect(this.#context.destination);
    this.#playing = { gain, pattern: PATTERNS[name], rest, until: this.#context.currentTime + 0.05 };
    this.#write(Math.max(1, Math.round(seconds / this.#length)));
  }

  /** Seconds of one round. */
  get #length() {
    const { pattern, rest } = this.#playing;
    return pattern.notes.reduce((sum, [, time]) => sum + time, 0) / 1000 + rest;
  }

  #refill() {
    if (!this.#playing || this.#playing.until - this.#context.currentTime > REFILL) return;
    this.#playing.until = Math.max(this.#playing.until, this.#context.currentTime + 0.05);
    this.#write(Math.ceil((AHEAD - REFILL) / this.#length));
  }

  #write(rounds) {
    const playing = this.#playing;
    for (let round = 0; round < rounds; round += 1) {
      playing.until = this.#round(playing.pattern, playing.gain, playing.until) + playing.rest;
    }
  }

  /** While somebody speaks the tones stay below the words, and never go out. */
  soften(isSoft) {
    if (this.#playing) this.#playing.gain.gain.value = isSoft ? 0.15 : 1;
  }

  stop() {
    this.#playing?.gain.disconnect();
    this.#playing = null;
  }

  #round(pattern, gain, start) {
    let at = start;
    for (const [pitch, milliseconds] of pattern.notes) {
      const end = at + milliseconds / 1000;
      if (pitch > 0) this.#note(pattern, pitch, gain, at, end);
      at = end;
    }
    return at;
  }

  #note(pattern, pitch, gain, from, to) {
    const voice = this.#context.createOscillator();
    const envelope = this.#context.createGain();
    voice.type = pattern.shape;
    voice.frequency.value = pitch;
    // A short ramp at both ends keeps the loudspeaker from clicking.
    envelope.gain.setValueAtTime(0, from);
    envelope.gain.linearRampToValueAtTime(pattern.loud, from + 0.01);
    envelope.gain.setValueAtTime(pattern.loud, Math.max(from + 0.01, to - 0.02));
    envelope.gain.linearRampToValueAtTime(0, to);
    voice.connect(envelope).connect(gain);
    voice.start(from);
    voice.stop(to);
  }
}
