// The texts of the page that checks a sealed file: of the office, and of its own page
// for whoever has the file and no account.
export const verifyVi = {
  verify_title: "Kiểm tra tệp hồ sơ",
  verify_lead:
    "Kiểm tra tệp hồ sơ ghi âm, ghi hình đã chốt có còn nguyên vẹn không, ai đã ký và ký khi nào.",
  verify_stays:
    "Tệp được đọc ngay trên máy này và không gửi đi đâu. Trang đã mở thì không cần mạng nữa.",
  verify_file: "Tệp hồ sơ",
  verify_file_hint: "Tệp có đuôi .asice.",
  verify_file_missing: "Vui lòng chọn tệp hồ sơ.",
  verify_encrypted:
    "Tệp này đang được mã hóa, như bản sao trong kho lưu trữ ngoài, nên chưa kiểm tra được. Vui lòng nhờ cán bộ kỹ thuật mở bằng khóa của Tòa án (chương trình age), rồi chọn tệp đã mở.",
  verify_more: "Căn cứ để xác định người ký (nếu có)",
  verify_more_hint:
    "Các tệp này phải lấy từ nguồn khác, không lấy từ nơi đã đưa tệp hồ sơ. Không có thì vẫn kiểm tra được tính toàn vẹn.",
  verify_roots: "Chứng thư gốc tin cậy",
  verify_roots_hint: "Tệp .pem do Tòa án công bố.",
  verify_tsa: "Chứng thư gốc của bên cấp dấu thời gian độc lập",
  verify_tsa_hint: "Tệp .pem.",
  verify_receipt: "Biên nhận do người tham gia giữ",
  verify_receipt_hint:
    "Tệp bien-nhan-ban-ghi.txt, lưu về khi phiên tòa kết thúc. Có thể chọn nhiều tệp.",
  verify_choose: "Chọn tệp…",
  verify_none: "Chưa chọn tệp nào",
  verify_start: "Kiểm tra",
  verify_not_ready: "Đang chuẩn bị chương trình kiểm tra…",
  verify_broken:
    "Chưa chuẩn bị được chương trình kiểm tra. Vui lòng kiểm tra đường truyền rồi tải lại trang.",
  verify_running: "Đang kiểm tra {name}",
  verify_progress: "Đã đọc {done} trong {all}",
  verify_cancel: "Dừng kiểm tra",
  verify_cancelled: "Đã dừng. Chưa có kết quả kiểm tra.",
  verify_failed: "Việc kiểm tra bị dừng do lỗi của trình duyệt. Vui lòng thử lại.",
  verify_too_large: "Tệp này quá lớn. Vui lòng chọn đúng tệp.",
  verify_no_certificate: "Tệp này không có chứng thư nào.",
  verify_no_receipt: "Có tệp đã chọn không phải là biên nhận.",
  verify_result: "Kết quả kiểm tra",
  verify_whole: "TOÀN VẸN, đã xác định được người ký",
  verify_whole_text:
    "Không có thay đổi nào kể từ khi ký. Người ký được xác định theo chứng thư gốc đã chọn.",
  verify_unknown: "Toàn vẹn; chưa xác định được người ký",
  verify_unknown_text:
    "Không có thay đổi nào kể từ khi ký, nhưng chưa đủ căn cứ để xác định ai đã ký. Muốn xác định, vui lòng chọn chứng thư gốc do Tòa án công bố.",
  verify_partly: "Toàn vẹn trong phạm vi biên nhận",
  verify_partly_text:
    "Không có thay đổi nào kể từ khi ký, nhưng biên nhận đã chọn chỉ bảo chứng cho phần đầu. Xem chi tiết bên dưới.",
  verify_uncompared: "Toàn vẹn; chưa đối chiếu được biên nhận",
  verify_uncompared_text:
    "Không có thay đổi nào kể từ khi ký và đã xác định được người ký, nhưng biên nhận đã chọn chỉ so được với toàn bộ gói lưu trữ gốc. Xem chi tiết bên dưới.",
  verify_alone: "Toàn vẹn; chưa đối chiếu với gói lưu trữ được bổ sung",
  verify_alone_text:
    "Không có thay đổi nào kể từ khi ký và đã xác định được người ký. Trang này chỉ đọc một tệp; muốn đối chiếu với gói lưu trữ, hãy dùng chương trình phientoa-verify.",
  verify_damaged: "CÓ SAI LỆCH",
  verify_damaged_text:
    "Tệp đã bị thay đổi, bị thiếu, hoặc chưa hoàn chỉnh. Vị trí sai lệch được nêu trong phần chi tiết.",
  verify_unreadable: "KHÔNG ĐỌC ĐƯỢC",
  verify_unreadable_text:
    "Tệp này không phải là tệp hồ sơ đã chốt, hoặc trình duyệt không đọc được.",
  verify_name: "Tên tệp",
  verify_form: "Loại tệp",
  verify_excerpt: "Bản trích từ gói lưu trữ",
  verify_redacted: "Bản sao đã che từ gói lưu trữ",
  verify_supplement: "Phần bổ sung cho gói lưu trữ",
  verify_source: "Bên chốt, ký số gói lưu trữ gốc",
  verify_size: "Dung lượng",
  verify_when: "Kiểm tra lúc",
  verify_hearing: "Phiên tòa",
  verify_time: "Thời gian ghi",
  verify_part: "{hearing}, phần {n}",
  verify_addition: "{hearing}, phần bổ sung {n}",
  verify_span: "{from} – {to}",
  verify_signer: "Bên chốt, ký số",
  verify_court: "Chữ ký số của Tòa án",
  verify_no_court: "Không có",
  verify_signed_by: "{name}, lúc {at} (do bên ký nêu)",
  verify_stamp: "Dấu thời gian",
  verify_stamp_own: "{at}, nội bộ, không độc lập",
  verify_stamp_free: "{at}, bên cấp độc lập: {name}",
  verify_stamp_unknown: "{at}, chưa xác định được bên cấp",
  verify_no_stamp: "Không có",
  verify_tracks: "Luồng ghi âm, ghi hình",
  verify_gaps: "Khoảng trống do chính bản ghi nêu",
  verify_list: "SHA-256 của danh mục tệp",
  verify_detail: "Chi tiết",
  verify_print: "In kết quả",
  verify_again: "Kiểm tra tệp khác",
};

export type VerifyKey = keyof typeof verifyVi;
