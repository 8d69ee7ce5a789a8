// Tells when a beep and a flash leave a camera and microphone and when they are out
// again at the other side. All clocks are this machine's.

/** keepDevices, before the page's own code: remembers what getUserMedia gave. */
export const keepDevices = () => {
  const get = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
  if (!get) return;
  window.__devices = [];
  navigator.mediaDevices.getUserMedia = async (c) => {
    const stream = await get(c);
    window.__devices.push(...stream.getTracks());
    return stream;
  };
};

/**
 * watch notes in the page, for so many seconds, when each signal begins, in ms of the
 * wall clock. Sound: a track's samples come in a steady beat, on which the earliest
 * readings say when each is played; so a busy page does not shift it. A picture at its
 * sender is of the moment it is read, at a receiver of the moment it is to be shown.
 */
const watch = async ({ side, seconds }) => {
  // A receiver needs a moment to find who speaks.
  if (side === 'sender') await new Promise((done) => setTimeout(done, 1000));
  const wall = () => performance.timeOrigin + performance.now();
  const until = performance.now() + seconds * 1000;
  const out = { sounds: [], flashes: [], lost: 0 };
  const pc = window.__pc ?? window.__phientoa.pc();

  const live = (kind) =>
    side === 'sender'
      ? window.__devices.filter((t) => t.kind === kind && t.readyState === 'live').at(-1)
      : undefined;
  // A receiver has a section for each voice: the one that packets come to.
  const heard = async () => {
    const before = new Map();
    for (const r of pc.getReceivers()) {
      if (r.track.kind !== 'audio') continue;
      for (const s of (await r.getStats()).values())
        if (s.type === 'inbound-rtp') before.set(r, s.packetsReceived ?? 0);
    }
    await new Promise((done) => setTimeout(done, 500));
    let best;
    let most = 0;
    for (const [r, n] of before)
      for (const s of (await r.getStats()).values())
        if (s.type === 'inbound-rtp' && (s.packetsReceived ?? 0) - n > most) {
          most = s.packetsReceived - n;
          best = r.track;
        }
    return best;
  };

  const sound = async () => {
    const track = side === 'sender' ? live('audio') : await heard();
    if (!track) return;
    // Of a copy, so that reading it never holds up the original.
    const reader = new MediaStreamTrackProcessor({ track: track.clone() }).readable.getReader();
    let offset = Infinity; // of the wall clock to the track's, in ms
    let quiet = 0; // ms without sound
    const onsets = []; // on the track's clock
    while (performance.now() < until) {
      const { value: data, done } = await reader.read();
      if (done) break;
      const end = (data.timestamp + (data.duration ?? 0)) / 1000;
      offset = Math.min(offset, wall() - end);
      const samples = new Float32Array(data.numberOfFrames);
      data.copyTo(samples, { planeIndex: 0, format: 'f32-planar' });
      const step = 1000 / data.sampleRate;
      for (let i = 0; i < samples.length; i++) {
        if (Math.abs(samples[i]) < 0.1) {
          quiet += step;
          continue;
        }
        if (quiet > 500) onsets.push(data.timestamp / 1000 + i * step);
        quiet = 0;
      }
      data.close();
    }
    await reader.cancel();
    out.sounds = onsets.map((t) => t + offset);
  };

  const bright = (() => {
    const canvas = new OffscreenCanvas(8, 8);
    const context = canvas.getContext('2d', { willReadFrequently: true });
    return (picture) => {
      context.drawImage(picture, 0, 0, 8, 8);
      const { data } = context.getImageData(3, 3, 1, 1);
      return data[0] > 128;
    };
  })();
  let lit = true;
  const flash = (is, at) => {
    if (is && !lit) out.flashes.push(at);
    lit = is;
  };

  const sent = async () => {
    const reader = new MediaStreamTrackProcessor({ track: live('video').clone() }).readable.getReader();
    while (performance.now() < until) {
      const { value: frame, done } = await reader.read();
      if (done) break;
      const at = wall();
      flash(bright(frame), at);
      frame.close();
    }
    await reader.cancel();
  };
  const shown = async () => {
    // The other's picture is the largest that a receiver fills.
    const remote = new Set(pc.getReceivers().map((r) => r.track.id));
    const videos = [...document.querySelectorAll('video')].filter((v) =>
      v.srcObject?.getVideoTracks().some((t) => remote.has(t.id)),
    );
    const video = videos.sort((a, b) => b.clientWidth - a.clientWidth || b.videoWidth - a.videoWidth)[0];
    if (!video) return;
    await new Promise((done) => {
      const next = (_, frame) => {
        flash(bright(video), performance.timeOrigin + frame.expectedDisplayTime);
        if (performance.now() < until) video.requestVideoFrameCallback(next);
        else done();
      };
      video.requestVideoFrameCallback(next);
      setTimeout(done, until - performance.now() + 1000);
    });
  };
  await Promise.all([sound(), side === 'sender' ? sent() : shown()]);
  return out;
};

/** delays watches who speaks and who listens at the same time. */
export async function delays({ near, far, third }, { window: seconds, nearSpeaks }) {
  const [speaker, listeners] = nearSpeaks ? [near, [far, third]] : [far, [near, third]];
  // The listeners go on for as long as the last signal may take.
  const [sender, ...receivers] = await Promise.all([
    speaker.evaluate(watch, { side: 'sender', seconds }),
    ...listeners
      .filter(Boolean)
      .map((page) => page.evaluate(watch, { side: 'receiver', seconds: seconds + 3 })),
  ]);
  return { sender, receivers };
}
