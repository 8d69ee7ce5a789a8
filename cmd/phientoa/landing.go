package main

import (
	"context"
	"html/template"
	"io/fs"
	"net/http"
	"slices"
	"strings"

	"phientoa/internal/court"
	"phientoa/web"
)

// handler serves the page of roles on localhost and the product on
// ROLE.localhost. Any other name is refused: a page elsewhere could otherwise
// reach this machine under its own name (DNS rebinding).
func (d *demo) handler() http.Handler {
	product := d.node.handler()
	base := http.NewServeMux()
	base.HandleFunc("GET /{$}", d.landing)
	base.HandleFunc("POST /demo/enter", d.enter)
	base.HandleFunc("POST /demo/new", d.renew)
	d.node.adminRoutes(base)
	base.Handle("/", product)
	guarded := http.NewCrossOriginProtection().Handler(base)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case d.baseHost(r.Host):
			guarded.ServeHTTP(w, r)
		case d.roleHost(r.Host) && r.URL.Path == "/demo/office" && r.Method == http.MethodPost:
			d.enterOffice(w, r)
		case d.roleHost(r.Host):
			product.ServeHTTP(w, r)
		default:
			http.Error(w, "unknown host", http.StatusMisdirectedRequest)
		}
	})
}

type landingData struct {
	Roles  []landingRole
	Cases  []landingRole
	Office []landingRole
	Ticket []string // one for each of Office
	Port   string
	Closed bool
	Title  string
	Docket string
}

type landingRole struct{ Key, Vi, En, Name string }

func (d *demo) landing(w http.ResponseWriter, r *http.Request) {
	h := d.hearing()
	data := landingData{Title: h.Title, Docket: h.DocketNo, Cases: []landingRole{
		{Key: "criminal", Vi: "Hình sự sơ thẩm", En: "Criminal, first instance"},
		{Key: "civil", Vi: "Dân sự sơ thẩm", En: "Civil, first instance"},
		{Key: "plain", Vi: "Phiên tòa rút gọn", En: "Without order of business"},
	}}
	room, ref := d.node.rooms.Open(r.Context(), h.ID)
	if ref != nil {
		http.Error(w, ref.Vi+"\n"+ref.En, http.StatusServiceUnavailable)
		return
	}
	data.Closed = room.Status().Over()
	data.Port = d.port
	for _, o := range demoOfficials() {
		data.Office = append(data.Office, landingRole{o.host, o.vi, o.en, o.name})
		data.Ticket = append(data.Ticket, d.ticket())
	}
	for _, x := range d.roles() {
		data.Roles = append(data.Roles, landingRole{x.key, x.vi, x.en, x.name})
	}
	head := w.Header()
	head.Set("Content-Type", "text/html; charset=utf-8")
	head.Set("Cache-Control", "no-store")
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Referrer-Policy", "same-origin")
	head.Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+landingStyleHash()+"'; font-src 'self'; base-uri 'none'; "+
		"frame-ancestors 'none'; form-action 'self' http://*.localhost:"+d.port)
	if err := landingPage().Execute(w, data); err != nil {
		d.node.logger.Warn("landing page", "err", err)
	}
}

// enter makes a single-use invitation for a role and sends the browser there;
// the token stands in the fragment, which no server ever sees.
func (d *demo) enter(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<10)
	key := r.PostFormValue("role")
	if !slices.ContainsFunc(d.roles(), func(r role) bool { return r.key == key }) {
		http.Error(w, "unknown role", http.StatusBadRequest)
		return
	}
	token, err := d.invite(r.Context(), key)
	if err != nil {
		d.node.logger.Error("no invitation", "role", key, "err", err)
		http.Error(w, "Không tạo được đường dẫn. / No link could be made.", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, "http://"+key+".localhost:"+d.port+"/#i="+token, http.StatusSeeOther)
}

func (d *demo) renew(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<10)
	kind := r.PostFormValue("case")
	if _, known := demoCases()[kind]; !known {
		kind = d.kind
	}
	if err := d.create(r.Context(), kind); err != nil {
		d.node.logger.Error("no new hearing", "err", err)
		http.Error(w, "Không tạo được phiên tòa. / No hearing could be made.", http.StatusServiceUnavailable)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// landingStyle is inline, allowed by its hash: the page needs no other file.
const landingStyle = `
body { margin: 0; background: #FAF8F3; color: #1B2130; font: 18px/1.5 "Be Vietnam Pro", system-ui, sans-serif }
main { max-width: 46rem; margin: 0 auto; padding: 32px 16px }
h2 { font-size: 22px; margin: 0 0 8px }
h1 { font-size: 28px; line-height: 1.3; margin: 0 0 8px }
p { margin: 0 0 16px }
small { font-size: 15px; display: block }
ul { list-style: none; margin: 0 0 32px; padding: 0; display: grid; gap: 12px; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)) }
button { font: inherit; width: 100%; min-height: 44px; padding: 12px 16px; text-align: left; background: #FFFFFF; color: #1B2130; border: 1px solid #D9D4C7; border-radius: 6px; cursor: pointer }
button.main { background: #8C1D18; color: #FFFFFF; border-color: #8C1D18; text-align: center }
button:focus-visible { outline: 3px solid #0B57D0; outline-offset: 2px }
.band { background: #6F4C00; color: #FFFFFF; padding: 8px 16px }
`

// landingFont names the product's own font files, whose names carry a hash of the
// web build; before the first build there are none and the system's font is used.
func landingFont(dist fs.FS) string {
	var css strings.Builder
	for _, set := range []struct{ name, unicode string }{
		{"vietnamese", "U+0102-0103,U+0110-0111,U+0128-0129,U+0168-0169,U+01A0-01A1,U+01AF-01B0,U+0300-0301,U+0303-0304,U+0308-0309,U+0323,U+0329,U+1EA0-1EF9,U+20AB"},
		{"latin", "U+0000-00FF,U+2000-206F,U+20AC"},
	} {
		names, err := fs.Glob(dist, "assets/be-vietnam-pro-"+set.name+"-400-normal-*.woff2")
		if err != nil || len(names) == 0 {
			continue
		}
		css.WriteString("@font-face { font-family: \"Be Vietnam Pro\"; font-display: swap; src: url(/" + names[0] +
			") format(\"woff2\"); unicode-range: " + set.unicode + " }\n")
	}
	return css.String()
}

func landingCSS() string { return landingFont(web.Dist()) + landingStyle }

func landingPage() *template.Template {
	return template.Must(template.New("landing").Parse(`<!doctype html>
<html lang="vi"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Phientoa – trình diễn</title><style>` + landingCSS() + `</style></head><body>
<div class="band">BẢN TRÌNH DIỄN – không có giá trị tố tụng / DEMONSTRATION – of no legal effect</div>
<main><h1>{{.Title}}</h1><p>{{.Docket}}</p>
{{if .Closed}}<p>Phiên tòa này đã kết thúc. / This hearing was closed.</p>
{{end}}
<p>Mỗi vai mở trong một cửa sổ riêng. / Each role opens in a window of its own.</p>
<ul>{{range .Roles}}<li><form method="post" action="/demo/enter" target="_blank" rel="noopener">
<input type="hidden" name="role" value="{{.Key}}"><button>{{.Vi}} <small>{{.En}} · {{.Name}}</small></button></form></li>{{end}}</ul>
<h2>Trang làm việc / Office pages</h2>
<ul>{{range $i, $o := .Office}}<li><form method="post" action="http://{{$o.Key}}.localhost:{{$.Port}}/demo/office" target="_blank" rel="noopener">
<input type="hidden" name="ticket" value="{{index $.Ticket $i}}"><button>{{$o.Vi}} <small>{{$o.En}} · {{$o.Name}}</small></button></form></li>{{end}}</ul>
<h2>Tạo phiên tòa mới / New hearing</h2>
<ul>{{range .Cases}}<li><form method="post" action="/demo/new"><input type="hidden" name="case" value="{{.Key}}"><button>{{.Vi}} <small>{{.En}}</small></button></form></li>{{end}}</ul>
</main></body></html>`))
}

// roles are those of the hearing on show.
func (d *demo) roles() []role {
	h := d.hearing()
	room, ref := d.node.rooms.Open(context.Background(), h.ID)
	if ref != nil {
		return nil
	}
	seated := map[string]bool{}
	for _, p := range room.Booking().People {
		seated[string(p.ID)] = true
	}
	c := caseOf(room.Booking().Procedure)
	return slices.DeleteFunc(c.roles, func(r role) bool { return !seated[seatID(h.ID, r.key)] })
}

func caseOf(p court.Procedure) demoCase {
	for _, c := range demoCases() {
		if c.procedure == p {
			return c
		}
	}
	return plainCase()
}
