// A short sound for news, if this browser's user wants one: off until they say so.

const KEY = "sound-of-alerts";

export const isWanted = () => localStorage.getItem(KEY) === "on";
export const want = (wanted) => localStorage.setItem(KEY, wanted ? "on" : "off");

/** Browsers stay silent until the page was clicked on or typed into. */
export function beep() {
  const context = new AudioContext();
  const tone = context.createOscillator();
  const volume = context.createGain();
  const end = context.currentTime + 0.4;
  tone.frequency.value = 880;
  volume.gain.setValueAtTime(0.1, context.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.001, end);
  tone.connect(volume).connect(context.destination);
  tone.addEventListener("ended", () => context.close());
  tone.start();
  tone.stop(end);
}
