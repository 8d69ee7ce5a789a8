package office

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"time"

	"phientoa/internal/coverage"
	"phientoa/internal/pdf"
	"phientoa/internal/vietnam"
)

const csvType = "text/csv; charset=utf-8"

// byteOrderMark tells spreadsheet programs that the text is UTF-8; without it they take
// the code page of their machine and spoil the diacritics.
const byteOrderMark = "\ufeff"

// why is a reason in words.
func (r CoverageReason) why() string {
	switch r.Code {
	case coverage.WhyDoors:
		return "Xét xử kín"
	case coverage.WhyPolicy:
		return "Tòa án chưa quyết định; theo quy định thì không mở theo dõi"
	case coverage.WhyUnsaid:
		return "Tòa án không nêu lý do"
	case coverage.WhyUndecided:
		return "Nhật ký phiên tòa không có nội dung về việc cho phép theo dõi"
	}
	return r.Text
}

// coverageTable is the CSV (RFC 4180), the total last.
func coverageTable(a CoverageAnswer) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(byteOrderMark)
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	rows := [][]string{{
		"Ngày", "Mã đơn vị", "Đơn vị", "Trên lịch", "Hủy lịch", "Đã mở", "Cho phép theo dõi", "Không cho phép theo dõi", "Đã theo dõi",
		"Thời gian xét xử (giây)", "Thời gian theo dõi (giây)", "Lý do không cho phép theo dõi",
	}}
	total := a.Total
	total.Name = "Tổng số"
	for _, i := range append(append([]CoverageItem(nil), a.Units...), total) {
		var why []string
		for _, r := range i.Reasons {
			why = append(why, fmt.Sprintf("%s (%d)", strings.Join(strings.Fields(r.why()), " "), r.Hearings))
		}
		rows = append(rows, []string{
			a.Day, harmless(i.Unit), harmless(i.Name), strconv.Itoa(i.Calendar), strconv.Itoa(i.Cancelled), strconv.Itoa(i.Held),
			strconv.Itoa(i.Released), strconv.Itoa(i.NotReleased), strconv.Itoa(i.Watched),
			strconv.FormatInt(i.HeldSeconds, 10), strconv.FormatInt(i.FollowedSeconds, 10), harmless(strings.Join(why, "; ")),
		})
	}
	if err := w.WriteAll(rows); err != nil {
		return nil, fmt.Errorf("office: coverage: %w", err)
	}
	return b.Bytes(), nil
}

// harmless keeps a spreadsheet program from taking somebody's words for a formula: what
// begins as one gets an apostrophe, which such programs do not show.
func harmless(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r\n", rune(text[0])) {
		return "'" + text
	}
	return text
}

// coverageDocument is the report of a unit on paper. Equal arguments give equal bytes.
func coverageDocument(a CoverageAnswer, body, by string) ([]byte, error) {
	day, err := time.ParseInLocation(dayLayout, a.Day, vietnam.Time(a.At).Location())
	if err != nil {
		return nil, fmt.Errorf("office: coverage: %w", err)
	}
	title := "BÁO CÁO KẾT QUẢ THEO DÕI PHIÊN TÒA"
	d := pdf.New(pdf.Info{Title: title, Author: body, Subject: a.Day, Created: a.At, Footer: "Kết quả theo dõi phiên tòa, " + vietnam.Day(day)})
	d.Emblem(body, "")
	d.Title(title, vietnam.Day(day))
	d.Facts([][2]string{{"Lập lúc", written(a.At)}, {"Theo yêu cầu của", by}})
	d.Heading("Số liệu theo đơn vị")
	columns := []pdf.Column{
		{Title: "Đơn vị", Share: 5},
		{Title: "Trên lịch", Share: 1.4},
		{Title: "Hủy lịch", Share: 1.4},
		{Title: "Đã mở", Share: 1.4},
		{Title: "Cho phép theo dõi", Share: 1.7},
		{Title: "Không cho phép", Share: 1.8},
		{Title: "Đã theo dõi", Share: 1.5},
		{Title: "Thời gian theo dõi", Share: 2},
	}
	total := a.Total
	total.Name = "Tổng số"
	var rows [][]string
	for _, i := range append(append([]CoverageItem(nil), a.Units...), total) {
		rows = append(rows, []string{
			i.Name, strconv.Itoa(i.Calendar), strconv.Itoa(i.Cancelled), strconv.Itoa(i.Held), strconv.Itoa(i.Released),
			strconv.Itoa(i.NotReleased), strconv.Itoa(i.Watched), clockTime(i.FollowedSeconds),
		})
	}
	d.Table(columns, rows)
	d.Heading("Phiên tòa không được cho phép theo dõi")
	var why [][]string
	for _, i := range a.Units {
		for _, r := range i.Reasons {
			why = append(why, []string{i.Name, r.why(), strconv.Itoa(r.Hearings)})
		}
	}
	if len(why) == 0 {
		d.Paragraph("Không có.")
	} else {
		d.Table([]pdf.Column{{Title: "Đơn vị", Share: 5}, {Title: "Lý do", Share: 9}, {Title: "Số phiên tòa", Share: 2}}, why)
	}
	d.Small(fmt.Sprintf("Số liệu được tính từ nhật ký của phiên tòa và nhật ký theo dõi của hệ thống. Phiên tòa được tính là đã theo dõi khi có người theo dõi ít nhất %d giây trong thời gian xét xử; "+
		"khi nhiều người cùng theo dõi, thời gian chỉ tính một lần. Thời gian theo dõi ghi theo giờ:phút:giây.\n"+
		"Chữ ký số của máy chủ giúp phát hiện thay đổi của tệp, không thay cho chữ ký của người lập báo cáo.", a.AtLeast))
	d.Signatures([][2]string{{"NGƯỜI LẬP BÁO CÁO", ""}, {"THỦ TRƯỞNG ĐƠN VỊ", ""}})
	return d.Bytes()
}

// clockTime is seconds as hours:minutes:seconds, which add up.
func clockTime(s int64) string { return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60) }
