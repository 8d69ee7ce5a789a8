# aiortc as a WHIP encoder or a WHEP player: aiortc_device.py publish|play URL, with the
# token in TOKEN. Prints a JSON line for the session and for each kind that it decodes;
# a closed stdin ends it with DELETE.
import asyncio, json, os, sys, urllib.request
from urllib.parse import urljoin
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack


def say(**what):
    print(json.dumps(what), flush=True)


def ask(method, url, body=None):
    head = {"Authorization": "Bearer " + os.environ["TOKEN"], "Content-Type": "application/sdp"}
    with urllib.request.urlopen(urllib.request.Request(url, body, head, method=method)) as r:
        return r.headers, r.read().decode()


async def drain(track):
    for frames in range(1, 1 << 30):
        await track.recv()
        if frames == 5:
            say(decoded=track.kind)


async def main():
    way, url = sys.argv[1:]
    pc = RTCPeerConnection()
    tasks = []

    @pc.on("track")
    def on_track(track):
        tasks.append(asyncio.ensure_future(drain(track)))

    pc.on("connectionstatechange", lambda: say(state=pc.connectionState))
    if way == "publish":
        pc.addTransceiver(AudioStreamTrack(), direction="sendonly")
        pc.addTransceiver(VideoStreamTrack(), direction="sendonly")
    else:
        pc.addTransceiver("audio", direction="recvonly")
        pc.addTransceiver("video", direction="recvonly")
    await pc.setLocalDescription(await pc.createOffer())
    loop = asyncio.get_running_loop()
    head, answer = await loop.run_in_executor(None, ask, "POST", url, pc.localDescription.sdp.encode())
    await pc.setRemoteDescription(RTCSessionDescription(sdp=answer, type="answer"))
    say(session=head["Location"])
    await loop.run_in_executor(None, sys.stdin.read)
    await loop.run_in_executor(None, ask, "DELETE", urljoin(url, head["Location"]))
    await pc.close()


asyncio.run(main())
