package office

import (
	"context"
	"net/http"

	"phientoa/internal/auth"
	"phientoa/signaling/oversight"
)

// WallBody opens a wall.
type WallBody struct {
	SDP string `json:"sdp" doc:"The browser's offer, which receives at most 25 pictures and no sound"`
}

// WallAnswer is a wall with nothing on it.
type WallAnswer struct {
	Wall   string `json:"wall"`
	SDP    string `json:"sdp" doc:"The server's answer"`
	Places int    `json:"places" doc:"How many hearings it can show"`
}

// TilesBody says which hearings stand on the wall, the first in the first place.
type TilesBody struct {
	Hearings []string `json:"hearings"`
	Stills   bool     `json:"stills,omitempty" doc:"Nothing is to move: a picture of each from time to time"`
}

// TileItem is a place of a wall.
type TileItem struct {
	Place   string `json:"place" doc:"MID of the m-line"`
	Hearing string `json:"hearing,omitempty" doc:"Missing: nothing is shown"`
	Sent    bool   `json:"sent" doc:"Something was shown there before"`
	After   uint32 `json:"after" doc:"RTP timestamp: later pictures are of the hearing"`
	Still   bool   `json:"still,omitempty" doc:"A picture from time to time: the line carries no more, or nothing is to move"`
	Stands  bool   `json:"stands,omitempty" doc:"Such a picture of what stands there now has been sent"`
}

// TilesAnswer is what stands on a wall.
type TilesAnswer struct {
	Tiles []TileItem `json:"tiles"`
}

func wallRoutes() []Route {
	return []Route{
		{
			Method: http.MethodPost, Path: "/api/v1/oversight/walls", Roles: followRoles(), Name: "wall",
			Vi: "Mở bảng theo dõi nhiều phiên tòa", En: "Open a wall of hearings",
			About: "One connection for small pictures of up to 25 hearings, without sound.",
			In:    WallBody{}, InExample: WallBody{SDP: "v=0\r\n…"},
			Out: WallAnswer{}, OutExample: WallAnswer{Wall: "6EJ3VQ2BDHO5V2ZLQ4QOSJUJ4M", SDP: "v=0\r\n…", Places: 25},
			Status: http.StatusCreated, Problems: []int{400, 413, 415, 429, 503}, handle: (*Office).wall,
		},
		{
			Method: http.MethodPut, Path: "/api/v1/oversight/walls/{wall}/tiles", Roles: followRoles(), Name: "wall_tiles",
			Vi: "Chọn các phiên tòa trên bảng theo dõi", En: "Choose the hearings on a wall",
			About: "What may not be followed leaves its place empty. Each beginning and end is noted in the court's access log.",
			In:    TilesBody{}, InExample: TilesBody{Hearings: []string{exampleID}},
			Out: TilesAnswer{}, OutExample: TilesAnswer{Tiles: []TileItem{{Place: "0", Hearing: exampleID, Sent: true, After: 3_000_000}}},
			Status: http.StatusOK, Problems: []int{400, 404, 413, 415, 429}, handle: (*Office).wallTiles,
		},
		{
			Method: http.MethodDelete, Path: "/api/v1/oversight/walls/{wall}", Roles: followRoles(), Name: "wall_end",
			Vi: "Đóng bảng theo dõi", En: "Close a wall", Status: http.StatusNoContent, Problems: []int{404}, handle: (*Office).wallEnd,
		},
	}
}

func (o *Office) wall(c *call) (any, error) {
	if o.p.Oversight == nil {
		return nil, notConfigured()
	}
	b := c.body.(*WallBody)
	switch {
	case b.SDP == "" || len(b.SDP) > maxWallOffer:
		return nil, badBody("sdp", "Thiếu hoặc quá dài.", "Missing or too long.")
	case mediaLines(b.SDP, "video") > oversight.MaxTiles || mediaLines(b.SDP, "audio") > 0:
		return nil, badBody("sdp", "Một bảng nhận nhiều nhất 25 hình và không nhận tiếng.", "A wall takes at most 25 pictures and no sound.")
	}
	again := c.r.Clone(context.Background()) // outlives the request: its cookie says who asks
	again.Body = nil
	id, answer, places, err := o.p.Oversight.OpenWall(c.r.Context(), c.Official, oversight.WallAsk{
		SDP: b.SDP, SignIn: signInOf(again),
		Again: func(ctx context.Context) (auth.Official, error) { return o.p.Officials.Who(again.WithContext(ctx)) },
	})
	if err != nil {
		return nil, watchProblem(err)
	}
	return WallAnswer{Wall: id, SDP: answer, Places: places}, nil
}

func (o *Office) wallTiles(c *call) (any, error) {
	if o.p.Oversight == nil {
		return nil, notConfigured()
	}
	b := c.body.(*TilesBody)
	if len(b.Hearings) > oversight.MaxTiles {
		return nil, badBody("hearings", "Một bảng có nhiều nhất 25 phiên tòa.", "A wall has at most 25 hearings.")
	}
	tiles, err := o.p.Oversight.Fill(c.r.Context(), c.Official, c.r.PathValue("wall"), oversight.Page{Hearings: b.Hearings, Stills: b.Stills})
	if err != nil {
		return nil, watchProblem(err)
	}
	a := TilesAnswer{Tiles: make([]TileItem, 0, len(tiles))}
	for _, t := range tiles {
		a.Tiles = append(a.Tiles, TileItem(t))
	}
	return a, nil
}

func (o *Office) wallEnd(c *call) (any, error) {
	if o.p.Oversight == nil {
		return nil, notConfigured()
	}
	return nil, o.p.Oversight.EndWall(c.Official, c.r.PathValue("wall"))
}
