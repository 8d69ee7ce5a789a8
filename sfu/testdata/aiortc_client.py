# One aiortc device: sends sound and picture, receives those of one other device.
# Speaks JSON lines: offer out, answer in, then "audio"/"video" for each kind decoded.
import asyncio, json, sys
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack


def say(**what):
    print(json.dumps(what), flush=True)


async def drain(track):
    told = False
    while True:
        await track.recv()
        if not told:
            told = True
            say(decoded=track.kind)


async def main():
    pc = RTCPeerConnection()
    tasks = []

    @pc.on("track")
    def on_track(track):
        tasks.append(asyncio.ensure_future(drain(track)))

    pc.addTransceiver(AudioStreamTrack(), direction="sendonly")
    pc.addTransceiver(VideoStreamTrack(), direction="sendonly")
    pc.addTransceiver("audio", direction="recvonly")
    pc.addTransceiver("video", direction="recvonly")
    await pc.setLocalDescription(await pc.createOffer())
    mids = [t.mid for t in pc.getTransceivers()]
    say(sdp=pc.localDescription.sdp, mids=mids)
    loop = asyncio.get_running_loop()
    answer = json.loads(await loop.run_in_executor(None, sys.stdin.readline))
    await pc.setRemoteDescription(RTCSessionDescription(sdp=answer["sdp"], type="answer"))
    await loop.run_in_executor(None, sys.stdin.readline)
    await pc.close()


asyncio.run(main())
