#!/bin/sh
# Makes the pictures and the speech of the simulated points. The results are
# committed, so that nobody needs ffmpeg and espeak-ng to run a demonstration.
# Pictures: VP8 in IVF, 320x180, 15 pictures a second, 8 s, a keyframe a second
# (a receiver that asks for one never waits longer). Speech: Opus in Ogg, 20 ms
# a packet and one packet a page, which the reader takes one at a time.
set -eu
cd "$(dirname "$0")"

speech='Kính thưa Hội đồng xét xử. Đây là điểm cầu mô phỏng của phần trình diễn.
Tôi đã nghe rõ câu hỏi của Chủ tọa phiên tòa và xin được trình bày.'

variant=0
for hue in 0 120 240; do
	ffmpeg -nostdin -v error -y -bitexact \
		-f lavfi -i "testsrc2=size=320x180:rate=15:duration=8,hue=h=${hue}" \
		-c:v libvpx -b:v 100k -maxrate 120k -bufsize 120k -g 15 -keyint_min 15 \
		-auto-alt-ref 0 -lag-in-frames 0 -error-resilient 1 -deadline good -cpu-used 0 -pix_fmt yuv420p \
		-f ivf "picture${variant}.ivf"
	variant=$((variant + 1))
done

espeak-ng -v vi -s 140 --stdout "$speech" |
	ffmpeg -nostdin -v error -y -bitexact -f wav -i pipe:0 \
		-af "apad=pad_dur=1" -ar 48000 -ac 1 \
		-c:a libopus -b:a 20k -vbr on -application voip -frame_duration 20 \
		-page_duration 20000 -f ogg speech.ogg
ls -l ./*.ivf ./*.ogg
