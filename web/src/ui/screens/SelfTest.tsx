// The self-test: one question a page, a sentence as the result. Only at its end
// do camera and microphone belong to the hearing.
import { useEffect, useRef, useState } from "react";
import {
  type DeviceProblem,
  Meter,
  noteTested,
  recordVoice,
  VOICE,
  wasTested,
} from "../../core/devices";
import { isDesk, isOfficer, onPanel } from "../../core/state";
import type { Key } from "../../i18n/vi";
import { useRoom, useSeat, useTexts } from "../context";
import { type TestDevices, useDevices } from "../devices";
import { Act } from "../parts/controls";
import { Frame } from "../parts/Frame";
import { Help as HelpCall } from "../parts/Help";
import { OwnPicture } from "../parts/Tile";
import { speak } from "../speak";
import css from "./pages.module.css";

type Step = "intro" | "camera" | "voice" | "play" | "ready";
const asked: Step[] = ["camera", "voice", "play"];

const problems: Record<DeviceProblem, Key> = {
  denied: "device_denied",
  missing: "device_missing",
  busy: "device_busy",
  unknown: "device_unknown",
};

export function SelfTest() {
  const { t } = useTexts();
  const seat = useSeat();
  const { phase } = useRoom();
  const devices = useDevices();
  const [step, setStep] = useState<Step>("intro");
  const { stream, problem } = devices;
  const room = phase.kind === "seated" ? phase.me.room : "";
  const finish = (own: MediaStream): void => {
    noteTested(sessionStorage, room);
    devices.handOver();
    seat.takeDevices(own);
  };
  useReturn(room, devices, finish);
  // A place beside a room client needs no devices of its own.
  const capacity = phase.kind === "seated" ? phase.me.capacity : "";
  const desk = isDesk(capacity) || isOfficer(capacity) || onPanel(capacity);
  const tell = (key: string, ok: boolean): void => {
    seat.reportTest([{ key, ok, value: t(ok ? "test_said_ok" : "test_said_bad") }]);
  };
  return (
    <Frame>
      {step === "intro" || !stream ? (
        <Intro
          problem={problem}
          busy={devices.asking}
          onStart={() => {
            void devices.ask().then((got) => {
              if (got) setStep("camera");
            });
          }}
          onWithout={
            desk && problem
              ? () => {
                  seat.sitWithoutDevices();
                }
              : null
          }
        />
      ) : (
        <>
          {asked.includes(step) ? (
            <p className={css["step"]}>
              {t("test_step", { n: asked.indexOf(step) + 1, all: asked.length })}
            </p>
          ) : null}
          {step === "camera" ? (
            <CameraStep
              stream={stream}
              choices={<Choices devices={devices} kind="videoinput" />}
              onYes={() => {
                tell("camera", true);
                setStep("voice");
              }}
              onNo={() => {
                tell("camera", false);
              }}
            />
          ) : null}
          {step === "voice" ? (
            <VoiceStep
              key={stream.id}
              stream={stream}
              choices={<Choices devices={devices} kind="audioinput" />}
              onYes={() => {
                tell("microphone", true);
                setStep("play");
              }}
              onNo={() => {
                tell("microphone", false);
              }}
            />
          ) : null}
          {step === "play" ? (
            <PlayStep
              stream={stream}
              onYes={() => {
                tell("speaker", true);
                setStep("ready");
              }}
              onNo={() => {
                tell("speaker", false);
              }}
            />
          ) : null}
          {step === "ready" ? (
            <Ready
              stream={stream}
              onContinue={() => {
                finish(stream);
              }}
            />
          ) : null}
        </>
      )}
    </Frame>
  );
}

/**
 * useReturn takes the devices at once when this window has passed the test for
 * this room already: after a reload in the middle of a hearing nobody is asked
 * to read a sentence aloud again.
 */
function useReturn(room: string, devices: TestDevices, finish: (s: MediaStream) => void): void {
  const { ask } = devices;
  const done = useRef(finish);
  useEffect(() => {
    done.current = finish;
  });
  useEffect(() => {
    if (!wasTested(sessionStorage, room)) return undefined;
    let here = true;
    void ask().then((got) => {
      if (got && here) done.current(got);
    });
    return () => {
      here = false;
    };
  }, [room, ask]);
}

interface IntroProps {
  problem: DeviceProblem | null;
  busy: boolean;
  onStart: () => void;
  onWithout: (() => void) | null;
}

function Intro({ problem, busy, onStart, onWithout }: IntroProps) {
  const { t } = useTexts();
  return (
    <>
      <h1 className={css["title"]}>{t("test_title")}</h1>
      <p className={css["lead"]}>{t("test_intro")}</p>
      <p>{t("test_permission")}</p>
      {problem ? (
        <div className={css["problem"]} role="alert">
          <p>{t(problems[problem])}</p>
          <p>{t("test_help")}</p>
        </div>
      ) : null}
      <div className={css["row"]} data-stays="bottom">
        <Act tone="primary" large isDisabled={busy} onPress={onStart}>
          {t(problem ? "test_retry" : "test_start")}
        </Act>
        {onWithout ? <Act onPress={onWithout}>{t("test_without")}</Act> : null}
      </div>
    </>
  );
}

function Choices({ devices, kind }: { devices: TestDevices; kind: "videoinput" | "audioinput" }) {
  const { t } = useTexts();
  const list = devices.list.filter((d) => d.kind === kind);
  if (list.length < 2) return null;
  const camera = kind === "videoinput";
  return (
    <label className={css["field"]}>
      {t(camera ? "test_camera_select" : "test_microphone_select")}
      <select
        className={css["select"]}
        value={devices.current(kind)}
        onChange={(e) => {
          void devices.ask(camera ? { camera: e.target.value } : { microphone: e.target.value });
        }}
      >
        {list.map((d, i) => (
          <option key={d.deviceId} value={d.deviceId}>
            {d.label || `${t(camera ? "test_camera_select" : "test_microphone_select")} ${i + 1}`}
          </option>
        ))}
      </select>
    </label>
  );
}

interface StepProps {
  stream: MediaStream;
  choices: React.ReactNode;
  onYes: () => void;
  /** the person says that it does not work; the court is told */
  onNo: () => void;
}

function Help({ text }: { text: string }) {
  const { t } = useTexts();
  return (
    <div className={css["help"]} role="status">
      <p>{text}</p>
      <p>{t("test_help")}</p>
      <HelpCall />
    </div>
  );
}

function CameraStep({ stream, choices, onYes, onNo }: StepProps) {
  const { t } = useTexts();
  const [no, setNo] = useState(false);
  return (
    <>
      <h1 className={css["title"]}>{t("test_camera_q")}</h1>
      <div className={css["picture"]} data-testid="self-view">
        <OwnPicture stream={stream} />
      </div>
      {no ? <Help text={t("test_camera_help")} /> : null}
      {choices}
      <div className={css["row"]} data-stays="bottom">
        <Act tone="primary" large onPress={onYes}>
          {t("test_camera_yes")}
        </Act>
        <Act
          large
          onPress={() => {
            setNo(true);
            onNo();
          }}
        >
          {t("test_camera_no")}
        </Act>
      </div>
    </>
  );
}

function VoiceStep({ stream, choices, onYes, onNo }: StepProps) {
  const { t } = useTexts();
  const bar = useRef<HTMLDivElement>(null);
  const [heard, setHeard] = useState(false);
  const [no, setNo] = useState(false);
  useEffect(() => {
    const meter = new Meter(stream);
    let frame = 0;
    const draw = (): void => {
      const level = meter.read();
      // Written past React: sixty times a second, for one bar.
      if (bar.current) bar.current.style.transform = `scaleX(${level.toFixed(3)})`;
      if (level >= VOICE) setHeard(true);
      frame = requestAnimationFrame(draw);
    };
    frame = requestAnimationFrame(draw);
    return () => {
      cancelAnimationFrame(frame);
      void meter.close();
    };
  }, [stream]);
  return (
    <>
      <h1 className={css["title"]}>{t("test_voice_q")}</h1>
      <p className={css["sentence"]}>{t("test_voice_sentence")}</p>
      <div>
        <p id="voice-level">{t("test_voice_level")}</p>
        <div className={css["meter"]} role="img" aria-labelledby="voice-level">
          <div ref={bar} className={css["level"]} />
        </div>
      </div>
      <p role="status" className={css["strong"]}>
        {t(heard ? "test_voice_heard" : "test_voice_waiting")}
      </p>
      {no ? <Help text={t("test_voice_help")} /> : null}
      {choices}
      <div className={css["row"]} data-stays="bottom">
        <Act tone="primary" large isDisabled={!heard} onPress={onYes}>
          {t("test_voice_yes")}
        </Act>
        <Act
          large
          onPress={() => {
            setNo(true);
            onNo();
          }}
        >
          {t("test_voice_no")}
        </Act>
      </div>
    </>
  );
}

type Play = "idle" | "recording" | "playing" | "played";

function PlayStep({ stream, onYes, onNo }: Omit<StepProps, "choices">) {
  const { t } = useTexts();
  const [state, setState] = useState<Play>("idle");
  const [url, setUrl] = useState("");
  const [no, setNo] = useState(false);
  const running = useRef<ReturnType<typeof recordVoice> | null>(null);
  useEffect(
    () => () => {
      running.current?.stop();
    },
    [],
  );
  useEffect(
    () => () => {
      if (url !== "") URL.revokeObjectURL(url);
    },
    [url],
  );
  const record = async (): Promise<void> => {
    setState("recording");
    try {
      running.current = recordVoice(stream);
      setUrl(URL.createObjectURL(await running.current.done));
      setState("playing");
    } catch {
      setState("idle");
      setNo(true);
    }
  };
  return (
    <>
      <h1 className={css["title"]}>{t("test_play_q")}</h1>
      <p className={css["lead"]}>{t("test_play_how")}</p>
      {state === "playing" || state === "played" ? (
        <audio
          src={url}
          autoPlay
          onEnded={() => {
            setState("played");
          }}
        />
      ) : null}
      <p role="status" className={css["strong"]}>
        {state === "recording" ? t("test_play_recording") : ""}
        {state === "playing" ? t("test_play_playing") : ""}
      </p>
      {no ? <Help text={t("test_play_help")} /> : null}
      <div className={css["row"]} data-stays="bottom">
        {state === "playing" || state === "played" ? (
          <Act tone="primary" large onPress={onYes}>
            {t("test_play_yes")}
          </Act>
        ) : null}
        <Act
          tone={state === "playing" || state === "played" ? "plain" : "primary"}
          large
          isDisabled={state === "recording"}
          onPress={() => void record()}
        >
          {t("test_play_record")}
        </Act>
        {state === "playing" || state === "played" ? (
          <Act
            large
            onPress={() => {
              setNo(true);
              onNo();
            }}
          >
            {t("test_play_no")}
          </Act>
        ) : null}
      </div>
    </>
  );
}

function Ready({ stream, onContinue }: { stream: MediaStream; onContinue: () => void }) {
  const { t, language } = useTexts();
  const result = t("test_ready");
  useEffect(() => {
    speak(result, language);
  }, [result, language]);
  return (
    <>
      <h1 className={css["ready"]}>{result}</h1>
      <p className={css["lead"]}>{t("test_ready_more")}</p>
      <div className={css["picture"]} data-testid="self-view">
        <OwnPicture stream={stream} />
      </div>
      <div className={css["row"]} data-stays="bottom">
        <Act tone="primary" large onPress={onContinue}>
          {t("test_continue")}
        </Act>
      </div>
    </>
  );
}
