package office

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/signaling/oversight"
)

// Oversight keeps those who follow hearings from outside; *oversight.Watchers.
type Oversight interface {
	List(ctx context.Context, who auth.Official) ([]oversight.Item, error)
	Watch(ctx context.Context, who auth.Official, a oversight.Ask) (id, answer string, err error)
	Show(who auth.Official, id string, width, height int) error
	Look(ctx context.Context, who auth.Official, hearing string) (oversight.Look, error)
	Camera(who auth.Official, id, device string) error
	End(who auth.Official, id string) error
	OpenWall(ctx context.Context, who auth.Official, a oversight.WallAsk) (id, answer string, places int, err error)
	Fill(ctx context.Context, who auth.Official, id string, page oversight.Page) ([]oversight.Tile, error)
	EndWall(who auth.Official, id string) error
}

// Bounds of what a viewer's browser sends.
const (
	maxWatchOffer = 64 << 10  // bytes of SDP
	maxWallOffer  = 192 << 10 // a browser's 25 pictures take 50 to 120 KB
	maxPixels     = 8192      // of width or height
	maxCamera     = 64        // bytes of a device's id
	// What one connection receives at once: as many sounds as the sfu gives to a viewer.
	maxWatchPictures = 1
	maxWatchSounds   = 3
)

// WatchItem is a hearing that the procuracy may follow, if the court lets it.
type WatchItem struct {
	Hearing  string    `json:"hearing"`
	Unit     string    `json:"unit" doc:"The court"`
	Court    string    `json:"court" doc:"Its name"`
	DocketNo string    `json:"docket_no"`
	Status   string    `json:"status"`
	Phase    string    `json:"phase,omitempty"`
	Since    time.Time `json:"since" doc:"Of the status"`
	Released bool      `json:"released" doc:"The court lets the hearing be followed; there is picture and sound while the status is in_session"`
	Why      string    `json:"why,omitempty" enum:"deliberation,closed_doors" doc:"Why there is nothing to see, where it is neither the status nor that the court has not released it"`
	Level    int       `json:"level" doc:"Of the court: 0 supreme, 1 appeal or province, 2 region"`
	Alarm    bool      `json:"alarm,omitempty" doc:"A point is lost, or the recording is in trouble; told of what is released"`
}

// OversightAnswer lists the hearings of the scope that are open now.
type OversightAnswer struct {
	Hearings []WatchItem `json:"hearings"`
}

// WatchBody asks to follow a hearing.
type WatchBody struct {
	SDP    string `json:"sdp" doc:"The browser's offer; it receives only: one picture, up to three sounds"`
	Width  int    `json:"width" doc:"Pixels at which the picture is shown; 0: not at all"`
	Height int    `json:"height"`
}

// WatchAnswer is a connection that follows a hearing.
type WatchAnswer struct {
	Session string `json:"session"`
	SDP     string `json:"sdp" doc:"The server's answer"`
}

// SizeBody says at what size the picture is shown.
type SizeBody struct {
	Width  int `json:"width"`
	Height int `json:"height"`
}

// LookAnswer is what stands beside the large picture.
type LookAnswer struct {
	Procurators []string     `json:"procurators" doc:"Names"`
	Points      []LivePoint  `json:"points"`
	Cameras     []LookCamera `json:"cameras" doc:"That can be chosen now; who has the floor first"`
}

// LookCamera is a camera of a hearing.
type LookCamera struct {
	Camera   string `json:"camera"`
	Point    string `json:"point,omitempty" doc:"Name"`
	Capacity string `json:"capacity,omitempty" doc:"Of the first person before it"`
}

// CameraBody chooses one.
type CameraBody struct {
	Camera string `json:"camera" doc:"Empty: who has the floor, then the bench"`
}

func oversightRoutes() []Route {
	return []Route{
		{
			Method: http.MethodGet, Path: "/api/v1/oversight/hearings", Roles: followRoles(), Name: "oversight",
			Vi: "Các phiên tòa trong phạm vi theo dõi", En: "Hearings within the scope of oversight",
			About: "Hearings of the courts of the unit's level and below that are open on this node. Whether one may be followed is the court's decision.",
			Out:   OversightAnswer{}, OutExample: OversightAnswer{Hearings: []WatchItem{{
				Hearing: exampleID, Unit: "unit-hn", Court: "Tòa án nhân dân khu vực 1 – Hà Nội", DocketNo: exampleDocket,
				Status: string(hearing.InSession), Phase: "questioning", Since: exampleStart(), Released: true, Level: 2,
			}}},
			Status: http.StatusOK, handle: (*Office).oversight,
		},
		{
			Method: http.MethodPost, Path: "/api/v1/oversight/hearings/{id}/watch", Roles: followRoles(), Name: "watch",
			Vi: "Theo dõi trực tuyến một phiên tòa", En: "Follow a hearing",
			About: "Nothing is sent to the hearing. What is received ends at the server when the court ends it, when the sign-in ends, or when the hearing leaves the scope. Each beginning and end is noted in the court's access log.",
			In:    WatchBody{}, InExample: WatchBody{SDP: "v=0\r\n…", Width: 640, Height: 360},
			Out: WatchAnswer{}, OutExample: WatchAnswer{Session: "6EJ3VQ2BDHO5V2ZLQ4QOSJUJ4M", SDP: "v=0\r\n…"},
			Status: http.StatusCreated, Problems: []int{400, 404, 409, 413, 415, 429, 503}, handle: (*Office).watch,
		},
		{
			Method: http.MethodPut, Path: "/api/v1/oversight/sessions/{session}", Roles: followRoles(), Name: "watch_size",
			Vi: "Cỡ hình đang xem", En: "The size at which a hearing is shown",
			In: SizeBody{}, InExample: SizeBody{Width: 1280, Height: 720}, Status: http.StatusNoContent,
			Problems: []int{400, 404, 413, 415}, handle: (*Office).watchSize,
		},
		{
			Method: http.MethodGet, Path: "/api/v1/oversight/hearings/{id}", Roles: followRoles(), Name: "look",
			Vi: "Thông tin bên cạnh hình lớn", En: "What stands beside the large picture",
			About: "Only of a hearing that may be followed now.",
			Out:   LookAnswer{}, OutExample: LookAnswer{
				Procurators: []string{"Lê Văn Bình"}, Points: []LivePoint{{ID: "central", Name: "Phòng xét xử số 1", Kind: "central", Light: "ok"}},
				Cameras: []LookCamera{{Camera: "bench", Point: "Phòng xét xử số 1", Capacity: string(court.PresidingJudge)}},
			},
			Status: http.StatusOK, Problems: []int{404}, handle: (*Office).look,
		},
		{
			Method: http.MethodPut, Path: "/api/v1/oversight/sessions/{session}/camera", Roles: followRoles(), Name: "watch_camera",
			Vi: "Chọn máy quay", En: "Choose a camera",
			About: "While the hearing does not show the chosen one, it is as if none were chosen.",
			In:    CameraBody{}, InExample: CameraBody{Camera: "bench"}, Status: http.StatusNoContent,
			Problems: []int{400, 404, 413, 415}, handle: (*Office).watchCamera,
		},
		{
			Method: http.MethodDelete, Path: "/api/v1/oversight/sessions/{session}", Roles: followRoles(), Name: "watch_end",
			Vi: "Thôi theo dõi", En: "Stop following", Status: http.StatusNoContent, Problems: []int{404}, handle: (*Office).watchEnd,
		},
	}
}

func (o *Office) oversight(c *call) (any, error) {
	if o.p.Oversight == nil {
		return nil, notConfigured()
	}
	ctx := c.r.Context()
	list, err := o.p.Oversight.List(ctx, c.Official)
	if err != nil {
		return nil, err
	}
	a := OversightAnswer{Hearings: make([]WatchItem, 0, len(list))}
	names := o.courtNames(ctx, list)
	for _, i := range list {
		if !i.Released {
			i.Phase = "" // what is being done there is not for those outside
		}
		a.Hearings = append(a.Hearings, WatchItem{
			Hearing: i.Hearing, Unit: string(i.Unit), Court: names[string(i.Unit)], DocketNo: i.DocketNo,
			Status: string(i.Status), Phase: string(i.Phase), Since: time.UnixMicro(i.Since).UTC(), Released: i.Released, Why: whyNothing(i), Level: i.Level, Alarm: i.Alarm,
		})
	}
	return a, nil
}

// whyNothing is what the wall says in a tile without picture (domain 5, row 53).
func whyNothing(i oversight.Item) string {
	switch {
	case i.Visibility == hearing.Deliberating:
		return "deliberation"
	case i.Visibility == hearing.ClosedDoors && !i.Released:
		return "closed_doors"
	}
	return ""
}

func (o *Office) watch(c *call) (any, error) {
	if o.p.Oversight == nil {
		return nil, notConfigured()
	}
	b := c.body.(*WatchBody)
	switch {
	case b.SDP == "" || len(b.SDP) > maxWatchOffer:
		return nil, badBody("sdp", "Thiếu hoặc quá dài.", "Missing or too long.")
	case mediaLines(b.SDP, "video") > maxWatchPictures || mediaLines(b.SDP, "audio") > maxWatchSounds:
		return nil, badBody("sdp", "Chỉ nhận một hình và ba tiếng trong một kết nối.", "One connection takes one picture and three sounds.")
	case !validSize(b.Width, b.Height):
		return nil, badSize()
	}
	again := c.r.Clone(context.Background()) // outlives the request: its cookie says who asks
	again.Body = nil
	id, answer, err := o.p.Oversight.Watch(c.r.Context(), c.Official, oversight.Ask{
		Hearing: c.object(), SDP: b.SDP, Width: b.Width, Height: b.Height,
		SignIn: signInOf(again),
		Again:  func(ctx context.Context) (auth.Official, error) { return o.p.Officials.Who(again.WithContext(ctx)) },
	})
	if err != nil {
		return nil, watchProblem(err)
	}
	return WatchAnswer{Session: id, SDP: answer}, nil
}

// watchProblem says why nothing could be followed.
func watchProblem(err error) error {
	var ref *hearing.Refusal
	switch {
	case errors.As(err, &ref):
		return problem(watchStatus(ref), ref.Code, ref.Vi, ref.En)
	case errors.Is(err, oversight.ErrTooMany):
		return problem(http.StatusTooManyRequests, "too_many_watched",
			"Đang theo dõi quá nhiều phiên tòa cùng lúc. Hãy đóng bớt.", "Too many hearings are followed at once. Please close some.")
	default:
		return err
	}
}

// mediaLines counts the m-lines of a kind (RFC 8866 section 5.14).
func mediaLines(sdp, kind string) int { return strings.Count("\n"+sdp, "\nm="+kind+" ") }

// signInOf is the same for all requests under one sign-in, and tells nobody how to repeat it.
func signInOf(r *http.Request) string {
	sum := sha256.Sum256([]byte(strings.Join(r.Header.Values("Cookie"), ";")))
	return hex.EncodeToString(sum[:])
}

func watchStatus(ref *hearing.Refusal) int {
	switch ref.Code {
	case "media_offer":
		return http.StatusBadRequest
	case "overloaded", "media_failed":
		return http.StatusServiceUnavailable
	default:
		return http.StatusConflict
	}
}

func validSize(w, h int) bool { return w >= 0 && h >= 0 && w <= maxPixels && h <= maxPixels }

func badSize() *Problem {
	return badBody("width", "Cỡ hình không hợp lệ.", "The size is not valid.")
}

func (o *Office) watchSize(c *call) (any, error) {
	b := c.body.(*SizeBody)
	switch {
	case o.p.Oversight == nil:
		return nil, notConfigured()
	case !validSize(b.Width, b.Height):
		return nil, badSize()
	}
	return nil, o.p.Oversight.Show(c.Official, c.r.PathValue("session"), b.Width, b.Height)
}

func (o *Office) look(c *call) (any, error) {
	if o.p.Oversight == nil {
		return nil, notConfigured()
	}
	l, err := o.p.Oversight.Look(c.r.Context(), c.Official, c.object())
	if err != nil {
		return nil, err
	}
	a := LookAnswer{
		Procurators: append([]string{}, l.Procurators...),
		Points:      make([]LivePoint, 0, len(l.Points)), Cameras: make([]LookCamera, 0, len(l.Cameras)),
	}
	for _, p := range l.Points {
		a.Points = append(a.Points, LivePoint{ID: p.ID, Name: p.Name, Kind: string(p.Kind), Light: p.Light})
	}
	for _, x := range l.Cameras {
		a.Cameras = append(a.Cameras, LookCamera{Camera: x.Device, Point: x.Point, Capacity: string(x.Who)})
	}
	return a, nil
}

func (o *Office) watchCamera(c *call) (any, error) {
	b := c.body.(*CameraBody)
	switch {
	case o.p.Oversight == nil:
		return nil, notConfigured()
	case len(b.Camera) > maxCamera:
		return nil, badBody("camera", "Máy quay không hợp lệ.", "The camera is not valid.")
	}
	return nil, o.p.Oversight.Camera(c.Official, c.r.PathValue("session"), b.Camera)
}

func (o *Office) watchEnd(c *call) (any, error) {
	if o.p.Oversight == nil {
		return nil, notConfigured()
	}
	return nil, o.p.Oversight.End(c.Official, c.r.PathValue("session"))
}

// courtNames are the names of the listed hearings' courts.
func (o *Office) courtNames(ctx context.Context, list []oversight.Item) map[string]string {
	var ids []court.UnitID
	for _, i := range list {
		if !slices.Contains(ids, i.Unit) {
			ids = append(ids, i.Unit)
		}
	}
	return o.unitNames(ctx, ids)
}

// unitNames are names by id; without a directory, or while the database is away, there
// are none, and a list is of use all the same.
func (o *Office) unitNames(ctx context.Context, ids []court.UnitID) map[string]string {
	names := map[string]string{}
	if o.p.Directory == nil {
		return names
	}
	units, err := o.p.Directory.Units(ctx, court.ScopeOf(ids...))
	if err != nil {
		o.p.Logger.Warn("names of courts", "err", err)
	}
	for _, u := range units {
		names[string(u.ID)] = u.Name
	}
	return names
}
