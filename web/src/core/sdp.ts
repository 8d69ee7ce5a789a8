// The three things that SDP can say and the WebRTC API cannot.

/**
 * withOpusOptions sets DTX and in-band FEC for every Opus payload type
 * (RFC 7587 section 6.1). The fmtp of a description tells what its author wants
 * to receive, so it must stand in the answer to change what we send. Silence
 * then costs next to nothing, and a closed microphone sends only that.
 */
export function withOpusOptions(sdp: string): string {
  const types = [...sdp.matchAll(/^a=rtpmap:(\d+) opus\/48000\/2\r?$/gim)].map((m) => m[1] ?? "");
  let out = sdp;
  for (const pt of new Set(types)) {
    const line = new RegExp(`^a=fmtp:${pt} ([^\\r\\n]*)`, "gm");
    if (line.test(out)) {
      out = out.replace(line, (_all, options: string) => `a=fmtp:${pt} ${merge(options)}`);
    } else {
      out = out.replace(
        new RegExp(`^(a=rtpmap:${pt} opus/48000/2)(\\r?\\n)`, "gim"),
        (_all, map: string, eol: string) => `${map}${eol}a=fmtp:${pt} ${merge("")}${eol}`,
      );
    }
  }
  return out;
}

/**
 * withSoundAgain says in an offer that we repeat lost packets of our microphone
 * when asked (RFC 4585 section 6.2.1): redundancy mends single losses, this mends
 * the bursts. Browsers can and do not offer it by themselves. Only in m-lines that
 * we send: what we receive is mended by redundancy alone.
 */
export function withSoundAgain(sdp: string): string {
  return sdp
    .split(/^(?=m=)/m)
    .map((section) => {
      const pt = /^a=rtpmap:(\d+) opus\/48000\/2\r?$/im.exec(section)?.[1];
      if (
        !section.startsWith("m=audio") ||
        !/^a=send(only|recv)\r?$/m.test(section) ||
        pt === undefined ||
        new RegExp(`^a=rtcp-fb:(\\*|${pt}) nack\\r?$`, "m").test(section)
      ) {
        return section;
      }
      return section.replace(
        new RegExp(`^(a=rtpmap:${pt} [^\\r\\n]*)(\\r?\\n)`, "m"),
        (_all, map: string, eol: string) => `${map}${eol}a=rtcp-fb:${pt} nack${eol}`,
      );
    })
    .join("");
}

function merge(options: string): string {
  const kept = options
    .split(";")
    .map((o) => o.trim())
    .filter((o) => o !== "" && !/^(usedtx|useinbandfec)=/.test(o));
  return [...kept, "useinbandfec=1", "usedtx=1"].join(";");
}

/**
 * orderCodecs keeps and orders the codecs that the house speaks: for audio RED first
 * (RFC 2198, loss of single packets is then mended without asking) and Opus; for
 * video VP8, and H.264 in the form that all browsers share (isOurH264), each with
 * retransmission. Who sends sends VP8, and H.264 only without it. An empty result
 * means: leave the browser's own order.
 */
export function orderCodecs<
  C extends { mimeType: string; channels?: number | undefined; sdpFmtpLine?: string | undefined },
>(kind: "audio" | "video", codecs: readonly C[], sends = false): C[] {
  const of = (mime: string): C[] => codecs.filter((c) => c.mimeType.toLowerCase() === mime);
  if (kind === "audio") {
    const opus = of("audio/opus");
    return opus.length === 0 ? [] : [...of("audio/red"), ...opus];
  }
  const vp8 = of("video/vp8");
  const h264 = of("video/h264").filter(isOurH264).slice(0, 1);
  const video = sends && vp8.length > 0 ? vp8 : [...vp8, ...h264];
  return video.length === 0 ? [] : [...video, ...of("video/rtx")];
}

/**
 * Constrained baseline in packetization mode 1 (RFC 6184 section 8.1), as browsers spell it;
 * the server takes other spellings too.
 */
function isOurH264(c: { sdpFmtpLine?: string | undefined }): boolean {
  const said = (c.sdpFmtpLine ?? "").toLowerCase().split(";");
  const has = (p: RegExp): boolean => said.some((x) => p.test(x.trim()));
  return has(/^packetization-mode=1$/) && has(/^profile-level-id=42e0/);
}
