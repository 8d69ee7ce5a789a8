import { viExhibits } from "./vi.exhibits";
import { viRoom } from "./vi.room";

// The texts of the screens. Vietnamese is the source; every other language is
// typed from it. Words follow docs/glossary.md. {x} is filled in at the place.
export const vi = {
  app_title: "Phiên tòa trực tuyến",
  language_vi: "Tiếng Việt",
  language_en: "English",
  demo: "BẢN TRÌNH DIỄN – không dùng cho vụ án thật",
  loading: "Đang mở phiên tòa…",
  cancel: "Quay lại",
  confirm_affected: "Người chịu ảnh hưởng:",
  day_hint: "Ví dụ 25/12/2026",
  time_hint: "Ví dụ 8h30, 14:00",
  day_unread: "Chưa đọc được ngày này. Vui lòng ghi ngày/tháng/năm, ví dụ 25/12/2026.",
  time_unread: "Chưa đọc được giờ này. Vui lòng ghi giờ và phút, ví dụ 8:00 hoặc 14h30.",
  when_past: "Thời điểm này đã qua.",

  // Capacities (tư cách tố tụng), lower case as inside a sentence.
  capacity_presiding_judge: "Thẩm phán chủ tọa phiên tòa",
  capacity_judge: "Thẩm phán",
  capacity_lay_assessor: "Hội thẩm nhân dân",
  capacity_military_assessor: "Hội thẩm quân nhân",
  capacity_clerk: "Thư ký phiên tòa",
  capacity_procurator: "Kiểm sát viên",
  capacity_defence_counsel: "người bào chữa",
  capacity_defendant: "bị cáo",
  capacity_plaintiff: "nguyên đơn",
  capacity_respondent: "bị đơn",
  capacity_victim: "bị hại",
  capacity_witness: "người làm chứng",
  capacity_interpreter: "người phiên dịch",
  capacity_detention_officer: "cán bộ cơ sở giam giữ",
  capacity_point_officer: "công chức Tòa án hỗ trợ điểm cầu",
  capacity_other: "người tham gia phiên tòa",

  // Sign-in
  sign_in_title: "Vào phiên tòa trực tuyến",
  sign_in_how:
    "Trang này mở bằng đường liên kết riêng mà Tòa án đã gửi cho ông/bà. Mỗi đường liên kết chỉ dùng được một lần, trên một máy.",
  sign_in_step_link: "Mở đường liên kết trong giấy mời, thư hoặc tin nhắn của Tòa án.",
  sign_in_step_again:
    "Nếu đã dùng đường liên kết trên máy khác hoặc đã mất, hãy gọi Thư ký phiên tòa để được cấp lại.",
  sign_in_step_share: "Không chuyển đường liên kết cho người khác.",
  sign_in_failed: "Chưa vào được phiên tòa",
  code_title: "Nhập mã của giấy mời",
  code_how:
    "Tòa án đã báo cho ông/bà một mã gồm 6 chữ số bằng điện thoại hoặc tin nhắn, riêng với đường liên kết. Vui lòng nhập mã đó.",
  code_label: "Mã gồm 6 chữ số",
  code_short: "Mã phải đủ 6 chữ số.",
  code_send: "Vào phiên tòa",
  code_wrong: "Mã chưa đúng",
  code_lost:
    "Nếu chưa có mã, vui lòng gọi Thư ký phiên tòa theo số điện thoại trong giấy mời. Tòa án không bao giờ hỏi lại mã này.",
  reload: "Thử lại",

  // Self-test
  test_title: "Kiểm tra máy trước phiên tòa",
  test_step: "Bước {n} trên {all}",
  test_intro:
    "Ông/bà sẽ xem hình, đọc một câu và nghe lại giọng của mình. Việc này mất khoảng một phút. Hình và tiếng khi kiểm tra không rời khỏi máy này.",
  test_permission: "Trình duyệt sẽ hỏi quyền dùng camera và micro. Vui lòng chọn “Cho phép”.",
  test_start: "Bắt đầu kiểm tra",
  test_camera_q: "Ông/bà có thấy rõ mặt mình không?",
  test_camera_yes: "Tôi thấy rõ",
  test_camera_no: "Tôi không thấy rõ",
  test_camera_help:
    "Hãy mở nắp che camera, bật đèn trước mặt, ngồi cách màn hình khoảng một sải tay. Nếu máy có nhiều camera, hãy chọn camera khác.",
  test_voice_q: "Hãy đọc to câu sau. Vạch màu có chuyển động theo giọng không?",
  test_voice_sentence: "“Tôi đã sẵn sàng tham gia phiên tòa.”",
  test_voice_level: "Mức giọng nói",
  test_voice_waiting: "Chưa nghe thấy giọng. Vui lòng đọc to câu trên.",
  test_voice_heard: "Đã nghe thấy giọng của ông/bà.",
  test_voice_yes: "Vạch có chuyển động",
  test_voice_no: "Vạch không chuyển động",
  test_voice_help:
    "Hãy kiểm tra dây micro hoặc tai nghe, bật micro của máy, ngồi gần hơn. Nếu máy có nhiều micro, hãy chọn micro khác.",
  test_play_q: "Ông/bà có nghe rõ giọng của mình không?",
  test_play_how: "Bấm nút để thu khoảng bốn giây, máy sẽ phát lại ngay sau đó.",
  test_play_record: "Thu và nghe lại",
  test_play_recording: "Đang thu… mời ông/bà nói",
  test_play_playing: "Đang phát lại giọng của ông/bà",
  test_play_yes: "Tôi nghe rõ",
  test_play_no: "Tôi không nghe rõ",
  test_play_help:
    "Hãy tăng âm lượng loa hoặc tai nghe rồi thu lại. Nếu dùng tai nghe, hãy kiểm tra đã cắm chặt.",
  test_ready: "Máy của ông/bà đã sẵn sàng",
  test_ready_more: "Hình, giọng nói và loa đều hoạt động. Vui lòng tiếp tục.",
  test_continue: "Tiếp tục",
  test_retry: "Thử lại thiết bị",
  test_camera_select: "Camera",
  test_microphone_select: "Micro",
  test_without: "Vào bàn điều khiển, không dùng camera và micro của máy này",
  test_help: "Cần giúp đỡ, vui lòng gọi Thư ký phiên tòa theo số điện thoại trong giấy mời.",
  device_denied:
    "Trình duyệt chưa được phép dùng camera và micro. Hãy bấm vào biểu tượng ổ khóa cạnh địa chỉ trang, chọn “Cho phép”, rồi thử lại.",
  device_missing: "Máy này chưa có camera hoặc micro. Hãy cắm thiết bị rồi thử lại.",
  device_busy:
    "Camera hoặc micro đang được chương trình khác sử dụng. Hãy đóng chương trình đó rồi thử lại.",
  device_unknown: "Chưa mở được camera và micro. Hãy tải lại trang hoặc dùng máy khác.",
  device_trouble:
    "Camera hoặc micro của ông/bà vừa ngắt. Vui lòng kiểm tra dây cắm; hệ thống đang tự nối lại.",

  // Rules and check-in
  rules_title: "Nội quy phiên tòa trực tuyến",
  rules_1: "Bật camera và micro trong suốt phiên tòa; chỉ nói khi được Chủ tọa mời.",
  rules_2: "Không rời vị trí khi chưa được Chủ tọa phiên tòa đồng ý.",
  rules_3: "Trang phục nghiêm túc, ngồi nơi yên tĩnh, đủ ánh sáng, thấy rõ mặt và xung quanh.",
  rules_4: "Chuẩn bị sẵn giấy tờ tùy thân, thẻ luật sư hoặc giấy ủy quyền để đối chiếu.",
  rules_presiding_1:
    "Giải thích cho mọi người về hình thức xét xử trực tuyến sau khi bắt đầu phiên tòa.",
  rules_presiding_2:
    "Chỉ người được mời mới có micro mở; điểm cầu mất kết nối thì tạm dừng kỹ thuật hoặc ghi rõ lý do tiếp tục.",
  rules_presiding_3:
    "Phiên tòa được ghi âm, ghi hình từ lúc bắt đầu; nghị án và trao đổi riêng không được ghi.",
  rules_presiding_tick:
    "Tôi cam kết không ghi âm, ghi hình, chụp ảnh, phát trực tiếp ngoài hệ thống của Tòa án; không cung cấp tài khoản cho người khác",
  rules_tick:
    "Tôi cam kết không ghi âm, ghi hình, chụp ảnh, phát trực tiếp khi chưa được Chủ tọa phiên tòa cho phép; không cung cấp tài khoản cho người khác",
  check_in: "Xác nhận có mặt",

  // States with their own sentence
  connecting_title: "Đang kết nối với phiên tòa",
  connecting_text: "Vui lòng chờ giây lát. Ông/bà không cần làm gì.",
  wait: "Vui lòng ngồi gần màn hình, phiên tòa sắp bắt đầu",
  wait_more: "Thư ký đã thấy ông/bà có mặt và sẽ mời ông/bà vào phòng xử án.",
  removed_title: "Ông/bà đã được mời ra khỏi phiên tòa",
  removed_text:
    "Chủ tọa phiên tòa đã mời ông/bà ra khỏi phòng xử án. Camera và micro đã tắt. Nếu cần trình bày, vui lòng gọi Thư ký phiên tòa.",
  closed_title: "Phiên tòa đã kết thúc",
  closed_text: "Camera và micro đã tắt. Ông/bà có thể đóng trang này.",
  closed_minutes: "Xem biên bản phiên tòa",
  save_receipt: "Lưu biên nhận",
  receipt_words:
    "Tệp này chứa dấu kiểm tra mới nhất của bản ghi âm, ghi hình phiên tòa mà máy của ông/bà đã nhận trong phiên tòa. Hãy cất giữ tệp này. Khi có nghi ngờ bản ghi bị sửa hay bị cắt bớt, đưa tệp này cùng gói lưu trữ cho người kiểm tra. Có thể tự kiểm tra ở trang Kiểm tra tệp hồ sơ (/kiem-tra) của hệ thống này, hoặc bằng lệnh: phientoa verify GÓI.asice --checkpoint TỆP-NÀY. Tệp không chứa hình ảnh, âm thanh hay nội dung phiên tòa. Không sửa các dòng dưới dấu gạch.",
  closed_receipt:
    "Máy này đang giữ dấu kiểm tra mới nhất của bản ghi, có thể dùng để đối chiếu về sau.",
  ended_title: "Kết nối đã đóng",
  recess_title: "Phiên tòa đang tạm nghỉ",
  recess_text: "Micro của ông/bà đang đóng. Vui lòng không rời xa màn hình.",
  recess_reason: "Lý do: {reason}",
  lost_title: "Mất kết nối với máy chủ, đang tự nối lại",
  lost_text: "Chỗ của ông/bà được giữ nguyên. Ông/bà không cần tải lại trang.",
  lost_call: "Nếu sau một phút chưa nối lại, vui lòng gọi {phone}.",
  lost_own:
    "Phòng xử án có thể không thấy, không nghe ông/bà. Vui lòng ngồi tại chỗ, chưa phát biểu, chờ tự nối lại.",
  call_court: "Nếu cần, vui lòng gọi Tòa án: {phone}.",
  media_refused: "Chưa nối được hình và tiếng",
  media_refused_own: "Hình của ông/bà chưa gửi được",
  tile_not_sent: "Chưa gửi được",
  media_lost: "Hình và tiếng bị gián đoạn, đang tự nối lại",
  degraded:
    "Hệ thống của Tòa án đang gặp sự cố: phiên tòa vẫn tiếp tục, một số nút tạm thời chưa dùng được.",
  sound_blocked: "Trình duyệt đang chặn âm thanh của phiên tòa.",
  sound_on: "Bật âm thanh",
  sign_out: "Rời phiên tòa",

  // Status strip
  status_strip: "Tình trạng phiên tòa",
  public: "CÔNG KHAI",
  recording: "ĐANG GHI",
  recording_held: "TẠM DỪNG GHI",
  recording_unknown: "CHƯA RÕ CÓ GHI",
  not_recording: "KHÔNG GHI",
  elapsed: "Từ khai mạc",
  state_scheduled: "CHƯA BẮT ĐẦU",
  state_in_session: "ĐANG XÉT XỬ",
  state_recess: "TẠM NGHỈ",
  state_closed: "ĐÃ KẾT THÚC",
  alerts: "Thông báo",

  // Stage
  stage: "Hình phiên tòa",
  whole_room: "Toàn phòng xử án",
  own_picture: "Hình của ông/bà",
  speaking: "ĐANG PHÁT BIỂU {time}",
  speaking_lost: "ĐANG ĐƯỢC MỜI PHÁT BIỂU – MẤT KẾT NỐI",
  has_floor: "Đang phát biểu: {person}",
  nobody_speaks: "Chưa ai được mời phát biểu",
  tile_beside: "ngồi cùng: {people}",
  tile_no_device: "Chưa kết nối",
  tile_not_in_courtroom: "Chưa vào phòng xử án",
  tile_connecting: "Đang nhận hình…",
  tile_lost: "Mất hình, đang nối lại",
  tile_unused: "Không dùng camera",
  tile_overload: "Máy chủ đang quá tải; hình tạm dừng, âm thanh vẫn tiếp tục",
  tile_codec: "Máy này không xem được định dạng hình của điểm này",
  tile_bandwidth: "Đường truyền yếu, tạm dừng hình",
  tile_frozen: "Hình đang đứng",
  tile_no_camera: "Không có hình",
  tile_heard: "Có tiếng nói",
  mic_open: "Micro mở",
  mic_closed: "Micro đóng",
  mic_locked: "Micro bị khóa",
  mic_opening: "Micro chưa mở. Vui lòng chờ; nếu lâu, bấm Cần hỗ trợ.",
  mic_unknown: "Micro: chưa rõ",

  // Desk
  desk_title: "Bàn điều khiển phiên tòa",
  people: "Người tham gia phiên tòa",
  queue: "Xin phát biểu ({n})",
  queue_empty: "Chưa có ai xin phát biểu",
  action_bar: "Điều khiển phiên tòa",
  person_absent: "Chưa kết nối",
  person_arrived: "Đã kết nối, chưa xác nhận có mặt",
  person_waiting: "Có mặt, đang chờ vào phòng",
  person_in_courtroom: "Trong phòng xử án",
  person_removed: "Đã mời ra khỏi phiên tòa",
  person_lost: "Mất kết nối",
  you: "máy này",

  // Acts
  act_admit: "Cho vào phòng xử án",
  act_open: "Bắt đầu phiên tòa",
  act_open_confirm: "Bắt đầu phiên tòa và bắt đầu ghi âm, ghi hình?",
  act_open_unrecorded: "Bắt đầu không ghi âm, ghi hình",
  act_open_unrecorded_confirm:
    "Chưa ghi âm, ghi hình được. Phiên tòa vẫn bắt đầu được khi Chủ tọa nêu rõ lý do; lý do được ghi vào nhật ký phiên tòa.",
  act_open_reason: "Lý do bắt đầu khi chưa ghi được",
  act_open_short: "Bắt đầu dù chỗ ghi không đủ",
  act_open_short_confirm:
    "Chỗ ghi âm, ghi hình ít hơn thời lượng dự kiến. Phiên tòa vẫn bắt đầu được khi Chủ tọa nêu rõ lý do; lý do được ghi vào nhật ký phiên tòa.",
  act_open_short_reason: "Lý do bắt đầu khi chỗ ghi không đủ",
  act_give_floor: "Mời phát biểu",
  act_stop_floor: "Dừng phát biểu",
  act_mute_lock: "Tắt tiếng và khóa",
  act_unlock: "Mở khóa micro",
  act_remove: "Mời ra khỏi phiên tòa",
  act_remove_confirm:
    "Mời {person} ra khỏi phiên tòa? Hình và tiếng của người này bị cắt ngay; chỉ vào lại được khi Chủ tọa đồng ý.",
  act_lower_hand: "Hạ tay",
  act_raise_hand: "Xin phát biểu",
  act_lower_own_hand: "Thôi xin phát biểu",
  act_recess: "Tạm nghỉ",
  act_recess_confirm:
    "Tạm nghỉ phiên tòa? Micro của mọi người sẽ đóng cho đến khi phiên tòa tiếp tục.",
  act_resume: "Tiếp tục phiên tòa",
  act_close: "Kết thúc phiên tòa",
  act_close_confirm:
    "Sau khi kết thúc không thể mở lại. Bản ghi sẽ được chốt và có thể kiểm tra tính toàn vẹn.",
  act_reason: "Lý do (không bắt buộc)",
  act_for: "{act}: {person}",
  act_refused: "Chưa thực hiện được",
  act_refused_read: "Đã rõ",

  // Party
  your_turn: "Chủ tọa phiên tòa mời {capacity} phát biểu",
  muted_by_judge: "Chủ tọa đã tắt micro. Bấm Xin phát biểu nếu cần nói.",
  hand_up: "Đã xin phát biểu, thứ tự {n}. Vui lòng chờ Chủ tọa mời.",
  before_open: "Vui lòng ngồi gần màn hình, phiên tòa sắp bắt đầu",

  ...viRoom,
  ...viExhibits,
} as const;

export type Key = keyof typeof vi;
export type Catalogue = Readonly<Record<Key, string>>;
