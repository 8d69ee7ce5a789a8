// Layers of the own camera: which there are, and which of them the server needs.

/** Layers of the camera, the lowest first; the rids are known to the server's rules of layers. */
export const LAYERS: RTCRtpEncodingParameters[] = [
  { rid: "q", scaleResolutionDownBy: 4, maxBitrate: 150_000 },
  { rid: "h", scaleResolutionDownBy: 2, maxBitrate: 500_000 },
  { rid: "f", scaleResolutionDownBy: 1, maxBitrate: 1_700_000 },
];

/** Of a camera that can send H.264 only, which goes in one layer; bit/s. */
export const ONE_LAYER = 1_700_000;

/** Layers go with VP8; a browser that says nothing of its codecs has it (RFC 7742 section 5). */
export function sendsLayers(): boolean {
  const codecs = RTCRtpSender.getCapabilities("video")?.codecs ?? [];
  return codecs.length === 0 || codecs.some((c) => c.mimeType.toLowerCase() === "video/vp8");
}

/** NeededLayers makes the encodings that the server needs the active ones. */
export class NeededLayers {
  /** rids by the mid of the own m-line; what is not named is all needed */
  private readonly rids = new Map<string, readonly string[]>();
  /** the encodings are being changed; what is said meanwhile is heeded afterwards */
  private busy = false;
  private unheeded = false;
  private readonly own: () => readonly RTCRtpTransceiver[];

  constructor(own: () => readonly RTCRtpTransceiver[]) {
    this.own = own;
  }

  clear(): void {
    this.rids.clear();
  }

  need(mid: string, rids: readonly string[]): void {
    this.rids.set(mid, rids);
    this.unheeded = true;
    if (!this.busy) void this.heed();
  }

  /** One change of the senders at a time; the newest word counts. */
  private async heed(): Promise<void> {
    this.busy = true;
    while (this.unheeded) {
      this.unheeded = false;
      for (const t of this.own()) {
        const rids = this.rids.get(t.mid ?? "");
        if (rids) await choose(t.sender, rids);
      }
    }
    this.busy = false;
  }
}

/** choose makes the encodings of these rids the active ones. */
async function choose(sender: RTCRtpSender, rids: readonly string[]): Promise<void> {
  const parameters = sender.getParameters();
  let differs = false;
  for (const e of parameters.encodings) {
    const active = e.rid === undefined || rids.includes(e.rid);
    differs ||= (e.active ?? true) !== active;
    e.active = active;
  }
  // Refused, by a connection that is gone or a device that fails: it sends more than is needed.
  if (differs) await sender.setParameters(parameters).catch(() => undefined);
}
