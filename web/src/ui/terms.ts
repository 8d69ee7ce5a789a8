// The texts of the words that room and office share: kinds of things, by their
// identifiers in the glossary. An unknown word of a newer server has a plain text,
// never a hole. Nothing of the protocol is needed here, so that the office's page
// does without it.
import { lookup } from "../core/lookup";
import type { Key } from "../i18n/vi";

type Table = Readonly<Record<string, Key>>;

const phases: Table = {
  formalities: "phase_formalities",
  indictment_reading: "phase_indictment_reading",
  dialogue: "phase_dialogue",
  questioning: "phase_questioning",
  evidence_review: "phase_evidence_review",
  debate: "phase_debate",
  procurator_opinion: "phase_procurator_opinion",
  last_words: "phase_last_words",
  deliberation: "phase_deliberation",
  pronouncement: "phase_pronouncement",
};

/** phaseKey: questioning has its own name outside criminal procedure. */
export function phaseKey(phase: string, procedure: string): Key {
  if (phase === "questioning" && procedure !== "criminal") return "phase_questioning_civil";
  return lookup(phases, phase) ?? "phase_unknown";
}

const tests: Table = {
  camera: "test_key_camera",
  microphone: "test_key_microphone",
  speaker: "test_key_speaker",
  visualiser: "test_key_visualiser",
  ups: "test_key_ups",
  link: "test_key_link",
  recorder: "test_key_recorder",
  browser: "test_key_browser",
};

export function testKey(key: string): Key {
  return lookup(tests, key) ?? "test_key_other";
}

const identities: Table = {
  citizen_card: "identity_citizen_card",
  vneid: "identity_vneid",
  population_database: "identity_population_database",
  lawyer_card: "identity_lawyer_card",
  official_card: "identity_official_card",
};

export function identityKey(method: string): Key {
  return lookup(identities, method) ?? "identity_citizen_card";
}

const checks: Table = {
  procuracy_opinion: "check_procuracy_opinion",
  notice: "check_notice",
  facilities: "check_facilities",
  identity: "check_identity",
  presence: "check_presence",
  point_test: "check_point_test",
  recording_left: "check_recording_left",
};

export function checkKey(key: string): Key {
  return lookup(checks, key) ?? "check_unknown";
}

const forms: Table = {
  online: "form_online",
  in_person: "form_in_person",
  mixed: "form_mixed",
};

export function formKey(form: string): Key {
  return lookup(forms, form) ?? "form_online";
}
