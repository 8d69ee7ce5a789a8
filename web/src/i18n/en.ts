import { enExhibits } from "./en.exhibits";
import { enRoom } from "./en.room";
import type { Catalogue } from "./vi";

export const en: Catalogue = {
  app_title: "Online hearing",
  language_vi: "Tiếng Việt",
  language_en: "English",
  demo: "DEMONSTRATION – not for real cases",
  loading: "Opening the hearing…",
  cancel: "Go back",
  confirm_affected: "Persons affected:",
  day_hint: "For instance 25/12/2026",
  time_hint: "For instance 8:30",
  day_unread:
    "This is not a day that can be read. Please write day/month/year, for instance 25/12/2026.",
  time_unread:
    "This is not a time that can be read. Please write hours and minutes, for instance 8:00 or 14h30.",
  when_past: "This moment has passed.",

  capacity_presiding_judge: "presiding judge",
  capacity_judge: "judge",
  capacity_lay_assessor: "lay assessor",
  capacity_military_assessor: "military lay assessor",
  capacity_clerk: "court clerk",
  capacity_procurator: "procurator",
  capacity_defence_counsel: "defence counsel",
  capacity_defendant: "defendant",
  capacity_plaintiff: "plaintiff",
  capacity_respondent: "respondent",
  capacity_victim: "victim",
  capacity_witness: "witness",
  capacity_interpreter: "interpreter",
  capacity_detention_officer: "detention officer",
  capacity_point_officer: "court officer at the point",
  capacity_other: "participant",

  sign_in_title: "Enter the online hearing",
  sign_in_how:
    "This page opens with the personal link that the court sent you. Each link works once, on one device.",
  sign_in_step_link: "Open the link in the court's invitation, letter or message.",
  sign_in_step_again:
    "If the link was used on another device or is lost, call the court clerk for a new one.",
  sign_in_step_share: "Do not pass the link on to anybody.",
  sign_in_failed: "You have not entered the hearing",
  code_title: "Enter the code of your invitation",
  code_how:
    "The court gave you a code of 6 digits by telephone or message, apart from the link. Please enter it.",
  code_label: "Code of 6 digits",
  code_short: "The code has 6 digits.",
  code_send: "Enter the hearing",
  code_wrong: "The code is not right",
  code_lost:
    "If you have no code yet, please call the court clerk at the number in the invitation. The court never asks you to tell this code.",
  reload: "Try again",

  test_title: "Check your device before the hearing",
  test_step: "Step {n} of {all}",
  test_intro:
    "You will see your picture, read one sentence and hear your own voice. This takes about a minute. Picture and sound of the check do not leave this device.",
  test_permission:
    "The browser will ask to use the camera and the microphone. Please choose “Allow”.",
  test_start: "Start the check",
  test_camera_q: "Can you see your face clearly?",
  test_camera_yes: "I see it clearly",
  test_camera_no: "I do not see it clearly",
  test_camera_help:
    "Open the camera cover, switch on a light in front of you and sit about an arm's length away. If there are several cameras, choose another.",
  test_voice_q: "Please read this sentence aloud. Does the coloured bar move with your voice?",
  test_voice_sentence: "“I am ready to take part in the hearing.”",
  test_voice_level: "Voice level",
  test_voice_waiting: "No voice heard yet. Please read the sentence aloud.",
  test_voice_heard: "Your voice was heard.",
  test_voice_yes: "The bar moves",
  test_voice_no: "The bar does not move",
  test_voice_help:
    "Check the cable of the microphone or headset, switch the microphone on and sit closer. If there are several microphones, choose another.",
  test_play_q: "Can you hear your own voice clearly?",
  test_play_how: "Press the button to record about four seconds; they are played back at once.",
  test_play_record: "Record and listen",
  test_play_recording: "Recording… please speak",
  test_play_playing: "Playing your voice",
  test_play_yes: "I hear it clearly",
  test_play_no: "I do not hear it clearly",
  test_play_help:
    "Turn up the loudspeaker or headset and record again. With a headset, check that it is plugged in firmly.",
  test_ready: "Your device is ready",
  test_ready_more: "Picture, voice and loudspeaker work. Please continue.",
  test_continue: "Continue",
  test_retry: "Try the devices again",
  test_camera_select: "Camera",
  test_microphone_select: "Microphone",
  test_without: "Enter the control desk without this computer's camera and microphone",
  test_help: "For help please call the court clerk at the telephone number in the invitation.",
  device_denied:
    "The browser may not use the camera and the microphone yet. Press the lock beside the page's address, choose “Allow”, then try again.",
  device_missing: "This device has no camera or no microphone. Plug one in and try again.",
  device_busy: "Another program uses the camera or the microphone. Close it and try again.",
  device_unknown:
    "Camera and microphone could not be opened. Load the page again or use another device.",
  device_trouble:
    "Your camera or microphone was interrupted. Please check the cable; reconnecting by itself.",

  rules_title: "Rules of the online hearing",
  rules_1:
    "Camera and microphone stay on during the whole hearing; speak only when the presiding judge asks you to.",
  rules_2: "Do not leave your place without the presiding judge's leave.",
  rules_3:
    "Dress properly and sit in a quiet, well-lit place where your face and surroundings are visible.",
  rules_4: "Keep your identity papers, lawyer's card or authorisation at hand.",
  rules_presiding_1: "Explain the online form of the hearing to everybody after the opening.",
  rules_presiding_2:
    "Only who is asked to speak has an open microphone; when a point is lost, hold the hearing or state why it goes on.",
  rules_presiding_3:
    "The hearing is recorded from its opening; deliberation and private talks are not.",
  rules_presiding_tick:
    "I undertake not to record, photograph or broadcast outside of the court's system, and not to give my account to anybody else",
  rules_tick:
    "I undertake not to record sound or pictures, photograph or stream without leave of the presiding judge, and not to give my access to anybody else",
  check_in: "Confirm presence",

  connecting_title: "Connecting to the hearing",
  connecting_text: "Please wait a moment. You need not do anything.",
  wait: "Please stay near your screen, the hearing is about to begin",
  wait_more: "The clerk has seen that you are present and will admit you to the courtroom.",
  removed_title: "You have been asked to leave the hearing",
  removed_text:
    "The presiding judge has asked you to leave the courtroom. Camera and microphone are off. If you need to be heard, please call the court clerk.",
  closed_title: "The hearing has ended",
  closed_text: "Camera and microphone are off. You may close this page.",
  closed_minutes: "Read the minutes of the hearing",
  save_receipt: "Save the receipt",
  receipt_words:
    "This file holds the latest checkpoint of the hearing's recording that your computer received during the hearing. Keep it. Should it be doubted whether the recording was changed or cut short, give this file with the archive to whoever checks it. You can check it yourself on the page Check a record file (/kiem-tra) of this system, or with the command: phientoa verify ARCHIVE.asice --checkpoint THIS-FILE. It holds no picture, no sound and nothing that was said. Do not change the lines below the dashes.",
  closed_receipt:
    "This device keeps the latest checkpoint of the recording; it can be used for comparison later.",
  ended_title: "The connection is closed",
  recess_title: "The hearing is in recess",
  recess_text: "Your microphone is closed. Please stay near the screen.",
  recess_reason: "Reason: {reason}",
  lost_title: "Connection to the server lost, reconnecting by itself",
  lost_text: "Your place is kept. There is no need to load the page again.",
  lost_call: "If it is not back after a minute, please call {phone}.",
  lost_own:
    "The court may neither see nor hear you. Please stay at your place, do not speak yet, and wait.",
  call_court: "If needed, please call the court: {phone}.",
  media_lost: "Picture and sound are interrupted, reconnecting by itself",
  degraded:
    "The court's system is in trouble: the hearing goes on, some buttons cannot be used for the moment.",
  sound_blocked: "The browser is blocking the sound of the hearing.",
  sound_on: "Switch sound on",
  sign_out: "Leave the hearing",

  status_strip: "State of the hearing",
  public: "PUBLIC",
  recording: "RECORDING",
  recording_held: "RECORDING PAUSED",
  recording_unknown: "RECORDING UNKNOWN",
  not_recording: "NOT RECORDING",
  elapsed: "Since opening",
  state_scheduled: "NOT STARTED",
  state_in_session: "IN SESSION",
  state_recess: "RECESS",
  state_closed: "ENDED",
  alerts: "Notices",

  stage: "Pictures of the hearing",
  whole_room: "The whole courtroom",
  own_picture: "Your picture",
  speaking: "SPEAKING {time}",
  speaking_lost: "ASKED TO SPEAK – CONNECTION LOST",
  has_floor: "Speaking: {person}",
  nobody_speaks: "Nobody has the floor",
  tile_beside: "beside: {people}",
  tile_no_device: "Not connected",
  tile_not_in_courtroom: "Not in the courtroom",
  tile_connecting: "Receiving the picture…",
  tile_lost: "Picture lost, reconnecting",
  tile_unused: "No camera in use",
  tile_codec: "This computer cannot show this point's picture format",
  tile_bandwidth: "Weak connection, picture paused",
  tile_frozen: "Picture is standing still",
  tile_no_camera: "No picture",
  mic_open: "Microphone open",
  mic_closed: "Microphone closed",
  mic_locked: "Microphone locked",
  mic_opening:
    "The microphone is not open yet. Please wait for “Microphone open” before you speak; if it takes long, ask for help.",
  mic_unknown: "Microphone: unknown",

  desk_title: "Control desk of the hearing",
  people: "People in the hearing",
  queue: "Asking to speak ({n})",
  queue_empty: "Nobody is asking to speak",
  action_bar: "Control of the hearing",
  person_absent: "Not connected",
  person_arrived: "Connected, presence not confirmed",
  person_waiting: "Present, waiting to be admitted",
  person_in_courtroom: "In the courtroom",
  person_removed: "Asked to leave the hearing",
  person_lost: "Connection lost",
  you: "this device",

  act_admit: "Admit to the courtroom",
  act_open: "Open the hearing",
  act_open_confirm: "Open the hearing and start recording sound and pictures?",
  act_open_unrecorded: "Open without a recording",
  act_open_unrecorded_confirm:
    "Recording is not running. The hearing can be opened all the same when the presiding judge states a reason, which stands in the hearing's log.",
  act_open_reason: "Reason for opening without a recording",
  act_open_short: "Open with too little room to record",
  act_open_short_confirm:
    "The room for the recording is less than the hearing is booked for. The hearing can be opened all the same when the presiding judge states a reason, which stands in the hearing's log.",
  act_open_short_reason: "Reason for opening with too little room to record",
  act_give_floor: "Give the floor",
  act_stop_floor: "Stop speaking",
  act_mute_lock: "Mute and lock",
  act_unlock: "Unlock microphone",
  act_remove: "Ask to leave the hearing",
  act_remove_confirm:
    "Ask {person} to leave the hearing? Their picture and sound are cut at once; they return only with the presiding judge's leave.",
  act_lower_hand: "Lower hand",
  act_raise_hand: "Ask to speak",
  act_lower_own_hand: "No longer ask to speak",
  act_recess: "Recess",
  act_recess_confirm:
    "Put the hearing into recess? All microphones are closed until the hearing resumes.",
  act_resume: "Resume the hearing",
  act_close: "Close the hearing",
  act_close_confirm:
    "A closed hearing cannot be opened again. The recording will be finalised, and its integrity can be checked.",
  act_reason: "Reason (optional)",
  act_for: "{act}: {person}",
  act_refused: "This could not be done",
  act_refused_read: "Understood",

  your_turn: "The presiding judge gives the floor to the {capacity}",
  muted_by_judge: "The presiding judge has muted you. Press Ask to speak if you need to speak.",
  hand_up: "You have asked to speak, number {n}. Please wait for the presiding judge.",
  before_open: "Please stay near your screen, the hearing is about to begin",

  ...enRoom,
  ...enExhibits,
};
