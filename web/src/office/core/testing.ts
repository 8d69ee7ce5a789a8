// Stand-ins for tests.
import { type Draft, emptyDraft, emptyPerson, shared } from "./booking";

export const NOW = Date.parse("2026-11-20T02:42:17Z");

/** whole is a booking that nothing stands against. */
export function whole(): Draft {
  return {
    ...emptyDraft(),
    docketNo: "45/2026/TLST-HS",
    title: "Nguyễn Văn A, tội trộm cắp tài sản",
    exclusions: { state_secret: false, chapter_xiii: false, chapter_xxvi: false },
    procedure: "criminal",
    instance: "first_instance",
    day: "05/12/2026",
    time: "8h30",
    points: [
      { key: "central", name: "Phòng xử án số 2", detention: false },
      { key: "p1", name: "Trại tạm giam Hòa Sơn", detention: true },
    ],
    people: [
      { ...emptyPerson("j", "central"), capacity: "presiding_judge", name: "Nguyễn Thị Hường" },
      {
        ...emptyPerson("c", "central"),
        capacity: "clerk",
        name: "Phạm Quỳnh Như",
        login: "NHU.PQ ",
      },
      { ...emptyPerson("o", "p1"), capacity: "detention_officer", name: "Trần Hữu Lực" },
      {
        ...emptyPerson("d", "p1"),
        capacity: "defendant",
        name: "Nguyễn Văn A",
        device: shared("o"),
      },
      { ...emptyPerson("l", "p1"), capacity: "defence_counsel", name: "Trần B", client: "d" },
    ],
  };
}
