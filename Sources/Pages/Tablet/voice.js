// Says aloud what calls: its name and the one thing to do, in the page's language. Under the arbiter (alarm.js): only what sounds is spoken, and whoever
// touches it has silence at once. Where the tablet has no voice of that language nothing is said; the tones and the words stay.

import { key } from "./board.js";
import { readFirst } from "./classroom.js";
import { textOf } from "./front.js";
import { wordsOf } from "./words.js";

/** Milliseconds between two times that the same is said while it calls. */
const AGAIN = 30000;
/** How browsers call languages whose tag here is another. */
const VOICES = { "ja-x-easy": ["ja"], "zh-Hans": ["zh-CN", "zh"], "zh-Hant": ["zh-TW", "zh-HK", "zh"], tl: ["fil", "tl"] };

/** One that needs no line comes first. */
export function voiceFor(language, voices) {
  const fits = (tag) => voices.filter(({ lang }) => lang.replace("_", "-").toLowerCase().startsWith(tag.toLowerCase()));
  const all = (VOICES[language] ?? [language]).flatMap(fits);
  return all.find((voice) => voice.localService) ?? all[0] ?? null;
}

/** What is said of an entry, and in which language: of what was taken back, the words that take it back. */
export function wordsFor(entry, language) {
  const { title, body, language: found } = textOf(entry.cancelledBy ?? entry.alert, language), { name, act } = readFirst({ title, body });
  const isDrill = entry.alert.mode === "exercise", drill = isDrill && !title.includes(wordsOf(found).drill) ? [wordsOf(found).drill] : [];
  return { language: found, text: [...drill, name, act].filter(Boolean).join("。").replace(/[【】［］[\]]/g, " ").trim() };
}

export class Voice {
  #said = null;
  #at = -Infinity;

  constructor(synth = globalThis.speechSynthesis) {
    this.synth = synth;
    // The list of voices may come later than the page.
    synth?.getVoices();
  }

  get isSpeaking() {
    return Boolean(this.synth?.speaking);
  }

  /** `sounding` as the arbiter says it, null where nothing may be heard; `visible` of the board. Asked once a second at least; true while it speaks. */
  follow(sounding, visible, language) {
    if (!this.synth) return false;
    const entry = sounding && visible.find((one) => key(one.alert) === sounding.key);
    if (entry) this.#say(entry, sounding, language);
    // A chime is over before its words are; they end when somebody has read them, or they are no more.
    else if (this.#said && !visible.some((one) => this.#name(one, language) === this.#said && !one.isTouched)) this.hush();
    return this.isSpeaking;
  }

  #name(entry, language) {
    const alert = entry.cancelledBy ?? entry.alert;
    // In the language that is there: the words of another may come later.
    return textOf(alert, language).language + " " + alert.id;
  }

  #say(entry, sounding, language) {
    const name = this.#name(entry, language), isNew = name !== this.#said;
    if (!isNew && (sounding.isOnce || this.isSpeaking || performance.now() - this.#at < AGAIN)) return;
    this.hush();
    const said = wordsFor(entry, language), voice = voiceFor(said.language, this.synth.getVoices());
    this.#said = name;
    this.#at = performance.now();
    if (!voice || !said.text) return;
    this.synth.speak(Object.assign(new SpeechSynthesisUtterance(said.text), { voice, lang: voice.lang, rate: 0.9 }));
  }

  hush() {
    if (this.#said && this.isSpeaking) this.synth.cancel();
    this.#said = null;
  }
}
