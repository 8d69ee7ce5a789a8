// From the identifiers of the glossary to their texts.

import { lookup } from "../../core/lookup";
import type { Key } from "../../i18n/vi";
import type { OfficeKey } from "../../i18n/vi.office";
import { formKey as formOf, phaseKey as phaseOf } from "../../ui/terms";
import type { ProposalKind, Role } from "../core/api";

const roles: Record<Role, OfficeKey> = {
  judge: "role_judge",
  chief_judge: "role_chief_judge",
  clerk: "role_clerk",
  tech_operator: "role_tech_operator",
  sys_admin: "role_sys_admin",
  auditor: "role_auditor",
  archivist: "role_archivist",
  procurator: "role_procurator",
  procuracy_head: "role_procuracy_head",
  procuracy_deputy: "role_procuracy_deputy",
  point_officer: "role_point_officer",
  service: "role_service",
};
export const ROLES = Object.keys(roles) as Role[];
export const roleKey = (r: Role): OfficeKey => lookup(roles, r) ?? "role_other";

const methods: Record<string, OfficeKey> = {
  password: "method_password",
  passkey: "method_passkey",
  certificate: "method_certificate",
};
/** methodKey is how one signed in. */
export const methodKey = (m: string): OfficeKey => lookup(methods, m) ?? "method_other";

const proposalKinds: Record<ProposalKind, OfficeKey> = {
  reset: "proposal_reset",
  enable: "proposal_enable",
  certificate: "proposal_certificate",
  roles: "proposal_roles",
};
export const proposalKey = (k: string): OfficeKey => lookup(proposalKinds, k) ?? "proposal_other";

/** Mark is the shape that says a state without its colour. */
export type Mark = "ring" | "half" | "dot" | "bars" | "square" | "cross" | "check";

export interface StatusWord {
  text: OfficeKey;
  mark: Mark;
  tone: "plain" | "ok" | "attention" | "error" | "gold";
}

const statuses: Record<string, StatusWord> = {
  scheduled: { text: "status_scheduled", mark: "ring", tone: "plain" },
  preparing: { text: "status_preparing", mark: "half", tone: "attention" },
  ready: { text: "status_ready", mark: "check", tone: "ok" },
  in_session: { text: "status_in_session", mark: "dot", tone: "ok" },
  recess: { text: "status_recess", mark: "bars", tone: "gold" },
  technical_hold: { text: "status_technical_hold", mark: "bars", tone: "error" },
  suspended: { text: "status_suspended", mark: "bars", tone: "error" },
  adjourned: { text: "status_adjourned", mark: "square", tone: "plain" },
  cancelled: { text: "status_cancelled", mark: "cross", tone: "plain" },
  closed: { text: "status_closed", mark: "square", tone: "plain" },
};
export const STATUSES = Object.keys(statuses);
export const statusWord = (s: string): StatusWord =>
  lookup(statuses, s) ?? { text: "status_unknown", mark: "ring", tone: "plain" };

const procedures: Record<string, OfficeKey> = {
  criminal: "procedure_criminal",
  civil: "procedure_civil",
  administrative: "procedure_administrative",
};
export const procedureKey = (p: string): OfficeKey => lookup(procedures, p) ?? "procedure_none";

const instances: Record<string, OfficeKey> = {
  first_instance: "instance_first",
  appeal: "instance_appeal",
};
export const instanceKey = (i: string): OfficeKey => lookup(instances, i) ?? "instance_none";

/** formKey is the room's word, and another for a booking that says none. */
export const formKey = (f: string): Key | OfficeKey => (f === "" ? "form_none" : formOf(f));

/** phaseKey is the room's word; the list of live hearings names no procedure and has the criminal one's. */
export const phaseKey = (p: string): Key | OfficeKey =>
  p === "" ? "phase_none" : phaseOf(p, "criminal");

const alarms: Record<string, OfficeKey> = {
  help: "alarm_help",
  test_failed: "alarm_test_failed",
  point_lost: "alarm_point_lost",
  recorder: "alarm_recorder",
  picture: "alarm_picture",
  media_blocked: "alarm_media_blocked",
  disk: "alarm_disk",
  certificate: "alarm_certificate",
};
export const alarmKey = (k: string): OfficeKey => lookup(alarms, k) ?? "alarm_other";

const disks: Record<string, OfficeKey> = {
  evidence: "disk_evidence",
  second: "disk_second",
  data: "disk_data",
};
/** diskKey names a disk of the machine. */
export const diskKey = (k: string): OfficeKey => lookup(disks, k) ?? "disk_data";

const certificates: Record<string, OfficeKey> = {
  web: "certificate_web",
  relay: "certificate_relay",
  signer: "certificate_signer",
  timestamp: "certificate_timestamp",
  authority: "certificate_authority",
  court: "certificate_court",
  client_ca: "certificate_client_ca",
  personal_ca: "certificate_personal_ca",
  court_ca: "certificate_court_ca",
  s3_ca: "certificate_s3_ca",
};
/** certificateKey names a certificate of the machine. */
export const certificateKey = (k: string): OfficeKey =>
  lookup(certificates, k) ?? "certificate_other";

const recorderTroubles: Record<string, OfficeKey> = {
  not_recording: "recorder_not_recording",
  "disk-full": "recorder_full",
  "io-error": "recorder_disk",
  "log-failed": "recorder_disk",
  "disk-low": "recorder_low",
  "second-disk": "recorder_second",
  "no-mirror": "recorder_alone",
  "queue-full": "recorder_slow",
  "track-limit": "recorder_tracks",
  "exhibit-missing": "recorder_exhibit",
};
/** recorderKey is what troubles a recorder; undefined: a text, not a code of ours. */
export const recorderKey = (code: string): OfficeKey | undefined => lookup(recorderTroubles, code);

const causes: Record<string, OfficeKey> = {
  loss: "archive_cause_loss",
  silent: "archive_cause_silent",
  stalled: "archive_cause_stalled",
  restart: "archive_cause_restart",
  "queue-full": "archive_cause_queue",
  "no-keyframe": "archive_cause_keyframe",
  unsteady: "archive_cause_unsteady",
  "io-error": "archive_cause_disk",
  "disk-full": "archive_cause_full",
};
/** causeKey is why a recording has a gap (docs/archive-format.md, causes). */
export const causeKey = (c: string): OfficeKey => lookup(causes, c) ?? "archive_cause_other";

const sources: Record<string, OfficeKey> = { mic: "archive_kind_mic", cam: "archive_kind_cam" };
/** sourceKey is what kind of track a gap is in. */
export const sourceKey = (k: string): OfficeKey => lookup(sources, k) ?? "archive_kind_other";

const notReleased: Record<string, OfficeKey> = {
  closed_doors: "coverage_closed_doors",
  policy: "coverage_policy",
  unsaid: "coverage_unsaid",
  undecided: "coverage_undecided",
};
/** notReleasedKey is why nobody was let follow a hearing, where the court gave no words. */
export const notReleasedKey = (c: string): OfficeKey => lookup(notReleased, c) ?? "coverage_unsaid";

const views: Record<string, OfficeKey> = {
  view: "archive_view_view",
  download: "archive_view_download",
  render: "archive_view_render",
  excerpt: "archive_view_excerpt",
  redacted: "archive_view_redacted",
  "excerpt.download": "archive_view_excerpt_download",
  copy: "archive_view_copy",
  "copy.download": "archive_view_copy_download",
  "supplement.download": "archive_view_supplement_download",
};
/** viewKey is what somebody did with a recording. */
export const viewKey = (w: string): OfficeKey => lookup(views, w) ?? "archive_view_other";
