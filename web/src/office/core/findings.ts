// Where a finding of the server's check belongs in the wizard: "people[2].name" is
// the third person, in the step about people. Pure.

import { lookup } from "../../core/lookup";
import type { OfficeKey } from "../../i18n/vi.office";
import type { Step } from "./booking";

export interface Place {
  step: Step;
  text: OfficeKey;
  params?: Record<string, number>;
}

const plain: Record<string, Place> = {
  "case.docket_no": { step: "case", text: "docket_no" },
  "case.e_file_code": { step: "case", text: "e_file_code" },
  "case.title": { step: "case", text: "case_title" },
  procedure: { step: "form", text: "procedure" },
  instance: { step: "form", text: "instance" },
  form: { step: "form", text: "form" },
  visibility: { step: "form", text: "visibility" },
  starts_at: { step: "form", text: "when" },
  minutes: { step: "form", text: "minutes" },
  points: { step: "points", text: "step_points" },
  people: { step: "people", text: "step_people" },
};

/** placeOf is the place of a finding's field, null where it concerns the whole. */
export function placeOf(field: string): Place | null {
  if (field.startsWith("exclusions.")) return { step: "case", text: "eligibility" };
  const m = /^(points|people)\[(\d+)\]/.exec(field);
  const n = Number(m?.[2] ?? 0);
  if (m?.[1] === "points") {
    return n === 0
      ? { step: "points", text: "central_point" }
      : { step: "points", text: "component_point", params: { n } };
  }
  if (m?.[1] === "people") return { step: "people", text: "where_person", params: { n: n + 1 } };
  return lookup(plain, field) ?? null;
}
