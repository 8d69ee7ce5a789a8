// The texts of the procuracy's page: hearings within its scope. A part of vi.office.ts.
export const oversightVi = {
  nav_oversight: "Theo dõi phiên tòa",
  oversight_title: "Theo dõi phiên tòa trực tuyến",
  oversight_lead:
    "Các phiên tòa đang mở trong phạm vi của đơn vị. Chỉ xem và nghe; mỗi lần theo dõi được ghi vào nhật ký truy cập của Tòa án.",
  oversight_none: "Hiện không có phiên tòa nào đang mở trong phạm vi của đơn vị.",
  oversight_listen: "Xem lớn và nghe",
  oversight_quiet: "Thu nhỏ và tắt tiếng",
  oversight_not_released: "Tòa án chưa cho phép theo dõi trực tuyến phiên tòa này.",
  oversight_not_in_session: "Không có hình: {state}",
  oversight_connecting: "Đang kết nối…",
  oversight_lost: "Mất kết nối, đang kết nối lại…",
  oversight_more:
    "Còn {n} phiên tòa đang mở chưa hiện hình. Thu gọn phạm vi theo số thụ lý để xem.",
  oversight_find: "Lọc theo số thụ lý",
  oversight_picture: "Hình của phiên tòa {docket}",
};
