#!/usr/bin/env python3
"""A peer that is not ours: aiortc for media, the JSON form of the protocol.

It speaks phientoa.v1+json, publishes Opus and VP8, and ignores every word about
mute: it goes on sending. Orders come as JSON lines on stdin, each {"do", "n",
...}; what happens goes out as JSON lines on stdout, each {"event", ...}; the
answer to an order is {"event": "done", "n", "ok", ...}.
"""

import argparse
import asyncio
import fractions
import json
import math
import random
import re
import sys
import time
import urllib.error
import urllib.request

import aioice.ice
import av
import numpy
import websockets
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack
from aiortc.rtp import RtpPacket

RATE = 48000


def say(event, **members):
    print(json.dumps({"event": event, "at": time.time(), **members}), flush=True)


class Tone(MediaStreamTrack):
    """20 ms frames of one sine; 0 Hz is silence. Never stops by itself."""

    kind = "audio"

    def __init__(self):
        super().__init__()
        self.hz = 0
        self.phase = 0.0
        self.count = 0
        self.begin = None

    async def recv(self):
        samples = RATE // 50
        if self.begin is None:
            self.begin = time.monotonic()
        due = self.begin + self.count * 0.02
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        step = 2 * math.pi * self.hz / RATE
        wave = numpy.sin(self.phase + step * numpy.arange(samples)) * (9000 if self.hz else 0)
        self.phase = (self.phase + step * samples) % (2 * math.pi)
        frame = av.AudioFrame.from_ndarray(
            wave.astype(numpy.int16).reshape(1, -1), format="s16", layout="mono"
        )
        frame.sample_rate = RATE
        frame.pts = self.count * samples
        frame.time_base = fractions.Fraction(1, RATE)
        self.count += 1
        return frame


class Picture(MediaStreamTrack):
    """A bar that moves, 320 x 240, ten pictures a second."""

    kind = "video"

    def __init__(self):
        super().__init__()
        self.count = 0
        self.begin = None

    async def recv(self):
        if self.begin is None:
            self.begin = time.monotonic()
        await asyncio.sleep(max(0.0, self.begin + self.count * 0.1 - time.monotonic()))
        image = numpy.full((240, 320, 3), 40, numpy.uint8)
        left = (self.count * 8) % 280
        image[:, left : left + 40] = (60, 160, 220)
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        frame.pts = self.count * 9000
        frame.time_base = fractions.Fraction(1, 90000)
        self.count += 1
        return frame


class Peer:
    def __init__(self, args):
        self.args = args
        self.base = f"http://127.0.0.1:{args.port}"
        self.host = f"{args.role}.localhost:{args.port}"
        self.cookie = ""
        self.room = ""
        self.me = ""
        self.ws = None
        self.resume_token = ""
        self.last_seq = 0
        self.answers = {}
        self.ids = 0
        self.pc = None
        self.tone = Tone()
        self.picture = Picture()
        self.received = {"packets": 0, "bytes": 0, "last": 0.0, "audio": 0, "video": 0}
        self.sprayer = None
        self.sprayed = 0
        self.sent_sequence = {}
        self.reader = None
        self.negotiating = asyncio.Lock()

    # HTTP

    def http(self, method, path, body=None, cookie=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data=data, method=method)
        request.add_header("Host", self.host)
        request.add_header("Origin", f"http://{self.host}")
        request.add_header("Content-Type", "application/json")
        if cookie or self.cookie:
            request.add_header("Cookie", cookie or self.cookie)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def consume(self, token):
        status, headers, _ = self.http("POST", "/api/invitations/consume", {"token": token})
        if status == 204:
            self.cookie = (headers.get("Set-Cookie") or "").split(";")[0]
            _, _, text = self.http("GET", "/api/me")
            me = json.loads(text)
            self.room, self.me = me["room"], me["person"]
        return status

    # Signaling

    async def connect(self, resume=False, last_seq=None):
        """Opens the WebSocket and says hello; gives the welcome, or why not."""
        try:
            self.ws = await websockets.connect(
                f"ws://{self.host}/ws",
                host="127.0.0.1",
                port=self.args.port,
                origin=f"http://{self.host}",
                extra_headers={"Cookie": self.cookie},
                subprotocols=["phientoa.v1+json"],
                max_size=1 << 20,
                ping_interval=None,
            )
        except websockets.exceptions.InvalidStatusCode as error:
            return {"ok": False, "status": error.status_code}
        except OSError as error:
            return {"ok": False, "error": str(error)}
        hello = {"room": self.room, "language": "vi"}
        if resume:
            hello["resumeToken"] = self.resume_token
            hello["lastSeq"] = str(self.last_seq if last_seq is None else last_seq)
        welcomed = asyncio.get_running_loop().create_future()
        self.answers["welcome"] = welcomed
        self.reader = asyncio.create_task(self.read())
        await self.send({"hello": hello})
        try:
            return {"ok": True, **await asyncio.wait_for(welcomed, 10)}
        except (asyncio.TimeoutError, ConnectionError) as error:
            return {"ok": False, "error": str(error) or "no welcome"}

    async def send(self, body):
        await self.ws.send(json.dumps({"ack": str(self.last_seq), **body}))

    async def request(self, body, timeout=12):
        self.ids += 1
        name = f"{self.args.role}-{self.ids}-{random.getrandbits(40):x}"
        future = asyncio.get_running_loop().create_future()
        self.answers[name] = future
        await self.send({"id": name, **body})
        return await asyncio.wait_for(future, timeout)

    async def read(self):
        try:
            async for text in self.ws:
                self.take(json.loads(text))
        except websockets.exceptions.ConnectionClosed:
            pass
        say("socket_closed", code=self.ws.close_code)
        for future in self.answers.values():
            if not future.done():
                future.set_exception(ConnectionError("the socket closed"))
        self.answers.clear()

    def take(self, envelope):
        seq = int(envelope.get("seq", 0))
        if seq:
            self.last_seq = max(self.last_seq, seq)
        if "welcome" in envelope:
            self.resume_token = envelope["welcome"].get("resumeToken", "")
            self.answer("welcome", envelope["welcome"])
        elif "commandResult" in envelope:
            self.answer(envelope.get("id", ""), envelope["commandResult"])
        elif "mediaAnswer" in envelope:
            self.answer(envelope.get("id", ""), envelope["mediaAnswer"])
        elif "view" in envelope:
            say("view", seq=seq, view=envelope["view"])
        elif "needSections" in envelope:
            need = envelope["needSections"]
            say("need_sections", **need)
        elif "bye" in envelope:
            say("bye", **envelope["bye"])
        elif "alert" in envelope:
            say("alert", **envelope["alert"])

    def answer(self, name, value):
        future = self.answers.pop(name, None)
        if future and not future.done():
            future.set_result(value)

    async def keep_alive(self):
        while True:
            await asyncio.sleep(4)
            try:
                if self.ws and self.ws.open:
                    await self.send({"ping": {"clientTime": str(int(time.time() * 1e6))}})
            except websockets.exceptions.ConnectionClosed:
                pass

    # Media

    def new_connection(self):
        self.pc = RTCPeerConnection()
        self.generation = 0
        self.pc.addTransceiver(self.tone, direction="sendonly")
        self.pc.addTransceiver(self.picture, direction="sendonly")
        # aiortc renegotiates badly while it still connects, so room for the
        # others stands in the first offer already.
        for _ in range(self.args.sections):
            self.pc.addTransceiver("audio", direction="recvonly")
        for _ in range(self.args.sections):
            self.pc.addTransceiver("video", direction="recvonly")

        @self.pc.on("connectionstatechange")
        def changed():
            say("connection", state=self.pc.connectionState)

        @self.pc.on("track")
        def track(track):
            asyncio.create_task(self.watch(track))

    async def watch(self, track):
        """Takes decoded frames, so that a frame counted is a frame that could be shown."""
        try:
            while True:
                await track.recv()
                self.received[track.kind] += 1
        except Exception as error:  # the track's end has several shapes in aiortc
            say("track_ended", kind=track.kind, why=type(error).__name__)

    def count_datagrams(self):
        """Counts what arrives below DTLS, whatever aiortc makes of it."""
        for transceiver in self.pc.getTransceivers():
            ice = transceiver.sender.transport.transport
            if getattr(ice, "counted", False):
                continue
            ice.counted = True
            inner = ice._recv

            async def counting(inner=inner):
                data = await inner()
                self.received["packets"] += 1
                self.received["bytes"] += len(data)
                self.received["last"] = time.time()
                return data

            ice._recv = counting

    async def offer(self, fresh=False, ice_restart=False):
        async with self.negotiating:
            if self.pc is None or fresh:
                if self.pc is not None:
                    await self.pc.close()
                    self.tone, self.picture = Tone(), Picture()
                self.new_connection()
            await self.pc.setLocalDescription(await self.pc.createOffer())
            self.count_datagrams()
            sdp = self.pc.localDescription.sdp
            if ice_restart:
                sdp = re.sub(r"a=ice-ufrag:\S+", "a=ice-ufrag:%04x" % random.getrandbits(16), sdp)
                sdp = re.sub(r"a=ice-pwd:\S+", "a=ice-pwd:%024x" % random.getrandbits(96), sdp)
            publish = [
                {"mid": t.mid, "kind": "mic" if t.kind == "audio" else "cam"}
                for t in self.pc.getTransceivers()
                if t.sender.track is not None
            ]
            answer = await self.request({"mediaOffer": {"sdp": sdp, "publish": publish, "generation": self.generation}})
            if "refusal" in answer:
                return {"ok": False, "refusal": answer["refusal"]}
            self.generation = answer.get("generation", 0)
            if ice_restart:
                return {"ok": True, "sections": answer.get("sections", [])}
            await self.pc.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
            return {"ok": True, "sections": answer.get("sections", [])}

    def watch_sent(self, transport):
        """Keeps the sequence number that each SSRC sent last; gives the sending below it."""
        inner = transport._send_rtp

        async def sending(data):
            if not 192 <= data[1] <= 223:  # RTCP (RFC 5761, section 4)
                ssrc = int.from_bytes(data[8:12], "big")
                self.sent_sequence[ssrc] = int.from_bytes(data[2:4], "big")
            await inner(data)

        transport._send_rtp = sending
        return inner

    async def spray(self):
        """Sends audio under every disguise: the known SSRC, a new one, another type.

        A known SSRC is sprayed just ahead of what its own sender sends: libsrtp
        refuses numbers far behind the newest one, and with a number of its own the
        first of the two would silence the other.
        """
        sender = next(t.sender for t in self.pc.getTransceivers() if t.kind == "audio")
        send = self.watch_sent(sender.transport)
        try:
            await self.spray_through(sender, send)
        except ConnectionError:
            pass
        finally:
            sender.transport._send_rtp = send

    async def spray_through(self, sender, send):
        ssrcs = [sender._ssrc, random.getrandbits(32), sender._rtx_ssrc]
        types = [96, 63, 97]
        payload = bytes([0xFC, 0xFF, 0xFE])  # an Opus frame of silence, enough to be counted
        stamp = random.getrandbits(31)
        own = {ssrc: random.getrandbits(15) for ssrc in ssrcs[1:]}
        while True:
            for ssrc in ssrcs:
                newest = self.sent_sequence.get(ssrc, own.get(ssrc))
                if newest is None:  # the sender has not sent since the spraying began
                    continue
                for ahead, kind in enumerate(types, start=1):
                    packet = RtpPacket(
                        payload_type=kind,
                        sequence_number=(newest + ahead) & 0xFFFF,
                        timestamp=stamp,
                        ssrc=ssrc,
                    )
                    packet.payload = payload
                    await send(packet.serialize())
                    self.sprayed += 1
                if ssrc in own:
                    own[ssrc] = (own[ssrc] + len(types)) & 0xFFFF
            stamp = (stamp + 960) & 0xFFFFFFFF
            await asyncio.sleep(0.02)

    # Orders

    async def obey(self, order):
        what = order["do"]
        if what == "consume":
            return {"ok": True, "status": self.consume(order["token"])}
        if what == "connect":
            return await self.connect(order.get("resume", False), order.get("last_seq"))
        if what == "disconnect":
            await self.ws.close()
            return {"ok": True}
        if what == "command":
            result = await self.request({"command": {order["act"]: order.get("fields", {})}})
            return {"ok": result.get("accepted", False), **result}
        if what == "offer":
            return await self.offer(order.get("fresh", False), order.get("ice_restart", False))
        if what == "tone":
            self.tone.hz = order["hz"]
            return {"ok": True}
        if what == "spray":
            if order["on"] and self.sprayer is None:
                self.sprayer = asyncio.create_task(self.spray())
            elif not order["on"] and self.sprayer is not None:
                self.sprayer.cancel()
                self.sprayer = None
            return {"ok": True}
        if what == "counters":
            return {"ok": True, **self.received, "sent": self.tone.count, "sprayed": self.sprayed}
        return {"ok": False, "error": f"unknown order {what}"}

    async def answer_order(self, order):
        try:
            outcome = await self.obey(order)
        except Exception as error:  # the test reads why, whatever it was
            outcome = {"ok": False, "error": f"{type(error).__name__}: {error}"}
        say("done", n=order["n"], **outcome)


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--role", required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--sections", type=int, default=5, help="of others, per kind")
    args = parser.parse_args()
    # aioice leaves out loopback; the tests' server may be there and nowhere else.
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: [args.address]
    peer = Peer(args)
    say("consumed", status=peer.consume(args.token), person=peer.me, room=peer.room)
    alive = asyncio.create_task(peer.keep_alive())
    stream = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stream), sys.stdin
    )
    orders = set()
    while line := await stream.readline():
        task = asyncio.create_task(peer.answer_order(json.loads(line)))
        orders.add(task)
        task.add_done_callback(orders.discard)
    alive.cancel()


if __name__ == "__main__":
    asyncio.run(main())
