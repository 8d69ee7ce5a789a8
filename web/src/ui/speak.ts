// A sentence said aloud, where the browser has a voice for its language. The
// same sentence always stands on the screen too.

/** speak says a text; without a voice for the language nothing is heard. */
export function speak(text: string, language: "vi" | "en"): void {
  if (!("speechSynthesis" in window)) return;
  const voice = speechSynthesis.getVoices().find((v) => v.lang.toLowerCase().startsWith(language));
  if (!voice) return;
  const said = new SpeechSynthesisUtterance(text);
  said.voice = voice;
  said.lang = voice.lang;
  speechSynthesis.cancel();
  speechSynthesis.speak(said);
}
