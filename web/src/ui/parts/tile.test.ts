import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import {
  PausedBy,
  PersonStatus,
  PersonViewSchema,
  ReceiverStateSchema,
} from "../../wire/phientoa/v1/phientoa_pb";
import { tileReason } from "./Tile";

const here = create(PersonViewSchema, { connected: true, status: PersonStatus.IN_COURTROOM });
const section = (pausedBy: PausedBy) => ({
  state: create(ReceiverStateSchema, { mid: "0", granted: true, pausedBy }),
});

describe("a tile without a picture", () => {
  it("says of a seat without a camera that none is used, not that it is lost", () => {
    expect(tileReason(here, section(PausedBy.UNUSED))).toBe("tile_unused");
    expect(tileReason(here, section(PausedBy.OVERLOAD))).toBe("tile_overload");
    expect(tileReason(here, section(PausedBy.CODEC))).toBe("tile_codec");
    expect(tileReason(here, section(PausedBy.LOST))).toBe("tile_lost");
    expect(tileReason({ ...here, connected: false }, section(PausedBy.UNUSED))).toBe("person_lost");
  });
});
