# GStreamer's webrtcbin as a WHIP encoder or a WHEP player: gstreamer_device.py
# publish|publish-h264|play URL, with the token in TOKEN. Prints a JSON line for the session and for
# each kind that it decodes; a closed stdin ends it with DELETE.
import json, os, sys, threading, urllib.error, urllib.request
from urllib.parse import urljoin
import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
gi.require_version("GstSdp", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC

Gst.init(None)
way, url = sys.argv[1:]
loop, location = GLib.MainLoop(), []
pictures = {
    "publish": "vp8enc deadline=1 keyframe-max-dist=15 ! rtpvp8pay pt=96 picture-id-mode=15-bit ! queue ! "
    "application/x-rtp,media=video,encoding-name=VP8,payload=96",
    # Encoders of courtrooms put the parameter sets in front of each key picture.
    "publish-h264": "videoconvert ! openh264enc gop-size=15 ! video/x-h264,profile=constrained-baseline ! h264parse config-interval=-1 ! "
    "rtph264pay pt=102 config-interval=-1 aggregate-mode=zero-latency ! queue ! "
    "application/x-rtp,media=video,encoding-name=H264,payload=102",
}
if way in pictures:
    pipe = Gst.parse_launch(
        "webrtcbin name=peer bundle-policy=max-bundle "
        "audiotestsrc is-live=true ! audioconvert ! audioresample ! opusenc ! rtpopuspay pt=111 ! queue ! "
        "application/x-rtp,media=audio,encoding-name=OPUS,payload=111 ! peer. "
        "videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=15/1 ! " + pictures[way] + " ! peer."
    )
    webrtc = pipe.get_by_name("peer")
else:
    pipe, webrtc = Gst.Pipeline.new("wall"), Gst.ElementFactory.make("webrtcbin", None)
    webrtc.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
    pipe.add(webrtc)
    for caps in (
        "application/x-rtp,media=audio,encoding-name=OPUS,clock-rate=48000,encoding-params=(string)2,payload=111",
        "application/x-rtp,media=video,encoding-name=VP8,clock-rate=90000,payload=96",
    ):
        webrtc.emit("add-transceiver", GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY, Gst.Caps.from_string(caps))
# The server of the test is on the loopback, which ICE leaves out unless it is told.
ice = webrtc.get_property("ice-agent")  # kept: the binding would drop the last reference
ice.emit("add-local-ip-address", "127.0.0.1")


def say(**what):  # from several threads, so the line is one write
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def ask(method, at, body=None):
    head = {"Authorization": "Bearer " + os.environ["TOKEN"], "Content-Type": "application/sdp"}
    with urllib.request.urlopen(urllib.request.Request(at, body, head, method=method)) as r:
        return r.headers, r.read().decode()


def decoded(pad, info, seen):
    if pad.get_current_caps() is None:
        return Gst.PadProbeReturn.OK
    seen.append(1)
    if len(seen) == 5:
        say(decoded="audio" if pad.get_current_caps().to_string().startswith("audio/") else "video")
    return Gst.PadProbeReturn.OK


def on_raw(_, pad):
    sink = Gst.ElementFactory.make("fakesink", None)
    sink.set_property("sync", False)
    pipe.add(sink)
    sink.sync_state_with_parent()
    pad.link(sink.get_static_pad("sink"))
    pad.add_probe(Gst.PadProbeType.BUFFER, decoded, [])


def on_stream(_, pad):
    if pad.direction != Gst.PadDirection.SRC:
        return
    decode = Gst.ElementFactory.make("decodebin", None)
    decode.connect("pad-added", on_raw)
    pipe.add(decode)
    decode.sync_state_with_parent()
    pad.link(decode.get_static_pad("sink"))


def on_gathered(element, _):
    if element.get_property("ice-gathering-state") != GstWebRTC.WebRTCICEGatheringState.COMPLETE or location:
        return
    location.append("")
    threading.Thread(target=post, daemon=True).start()


def post():
    offer = webrtc.get_property("local-description").sdp.as_text()
    try:
        head, answer = ask("POST", url, offer.encode())
    except urllib.error.HTTPError as e:
        say(refused=e.code, body=e.read().decode(), offer=offer)
        os._exit(1)
    location[0] = head["Location"]
    _, sdp = GstSdp.SDPMessage.new_from_text(answer)
    webrtc.emit("set-remote-description", GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, sdp), None)
    say(session=head["Location"])


def on_offer(promise, *_):
    promise.wait()
    reply = promise.get_reply()  # it owns the offer
    offer = reply.get_value("offer")
    webrtc.emit("set-local-description", offer, None)


def on_negotiation(element):
    element.emit("create-offer", None, Gst.Promise.new_with_change_func(on_offer, None))


def until_closed():
    sys.stdin.read()
    if location and location[0]:
        ask("DELETE", urljoin(url, location[0]))
    loop.quit()


webrtc.connect("on-negotiation-needed", on_negotiation)
webrtc.connect("notify::ice-gathering-state", on_gathered)
webrtc.connect("pad-added", on_stream)
for state in ("ice-connection-state", "connection-state"):
    webrtc.connect("notify::" + state, lambda e, p: say(**{p.name: e.get_property(p.name).value_nick}))
pipe.set_state(Gst.State.PLAYING)
threading.Thread(target=until_closed, daemon=True).start()
loop.run()
pipe.set_state(Gst.State.NULL)
