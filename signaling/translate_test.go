package signaling

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"phientoa/internal/hearing"
	"phientoa/internal/wire"
)

// systemActs are the commands that only the server gives: none has a wire form.
var systemActs = map[string]bool{
	"book": true, "device_connected": true, "device_lost": true, "recorder_report": true,
	"report_recording_left": true,
	"anchor_evidence":       true, "tick": true, "node_took": true, "cancel_booking": true,
}

// commandsOfTheRules reads every method command() of package hearing: its
// receiver's type by the name that it returns.
func commandsOfTheRules(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../internal/hearing/*.go")
	require.NoError(t, err)
	out := map[string]string{}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Name.Name != "command" || fn.Recv == nil {
				continue
			}
			recv, ok := fn.Recv.List[0].Type.(*ast.Ident)
			require.True(t, ok)
			ret, ok := fn.Body.List[0].(*ast.ReturnStmt)
			require.True(t, ok)
			lit, ok := ret.Results[0].(*ast.BasicLit)
			require.True(t, ok)
			act, err := strconv.Unquote(lit.Value)
			require.NoError(t, err)
			out[act] = recv.Name
		}
	}
	return out
}

// TestEveryActHasACommandAndEveryCommandAnAct holds both sides to one list, and
// every field of an act to a field of the command.
func TestEveryActHasACommandAndEveryCommandAnAct(t *testing.T) {
	rules := commandsOfTheRules(t)
	require.GreaterOrEqual(t, len(rules), 45, "the source was read")
	acts := (&wire.Command{}).ProtoReflect().Descriptor().Oneofs().ByName("act").Fields()
	known := map[string]bool{}
	for i := range acts.Len() {
		field := acts.Get(i)
		act := string(field.Name())
		known[act] = true
		cmd := &wire.Command{}
		msg := cmd.ProtoReflect().Mutable(field).Message()
		fill(msg, act)
		got, ok := commandFrom(cmd)
		require.True(t, ok, "%s has no command of the rules", act)
		require.Equal(t, rules[act], reflect.TypeOf(got).Name(), act)
		want := values(msg)
		v := reflect.ValueOf(got)
		require.Equal(t, msg.Descriptor().Fields().Len(), v.NumField(), "fields of %s", act)
		for f := range v.NumField() {
			text := fmt.Sprint(v.Field(f).Interface())
			require.Contains(t, want, text, "%s.%s", act, v.Type().Field(f).Name)
			delete(want, text) // each once: no field stands for two
		}
	}
	for act := range rules {
		over := systemActs[act] || act == "offer_exhibit" // with its file, by HTTP
		require.Equal(t, !over, known[act], "command %s of the rules on the wire", act)
	}
	_, ok := commandFrom(&wire.Command{})
	require.False(t, ok)
}

// fill gives every field of a message a value of its own.
func fill(m protoreflect.Message, salt string) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		switch {
		case f.IsList() && f.Kind() == protoreflect.MessageKind:
			list := m.Mutable(f).List()
			fill(list.AppendMutable().Message(), salt+string(f.Name()))
		case f.IsList():
			m.Mutable(f).List().Append(scalar(f, salt))
		case f.Kind() == protoreflect.MessageKind:
			fill(m.Mutable(f).Message(), salt+string(f.Name()))
		default:
			m.Set(f, scalar(f, salt))
		}
	}
}

func scalar(f protoreflect.FieldDescriptor, salt string) protoreflect.Value {
	switch f.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(true)
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(salt + "-" + string(f.Name()))
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(1000 + int64(f.Number()))
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(3000 + int32(f.Number()))
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(2000 + uint32(f.Number()))
	}
	panic("another kind: " + f.Kind().String())
}

// values prints the fields of a message as fmt prints those of a command.
func values(m protoreflect.Message) map[string]bool {
	out := map[string]bool{}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if !f.IsList() {
			out[fmt.Sprint(m.Get(f).Interface())] = true
			continue
		}
		v := m.Get(f).List().Get(0)
		if f.Kind() == protoreflect.MessageKind {
			item := v.Message().Interface().(*wire.TestItem)
			out[fmt.Sprint([]hearing.TestItem{{Key: item.Key, OK: item.Ok, Value: item.Value, Absent: item.Absent}})] = true
			continue
		}
		out[fmt.Sprintf("[%s]", v.String())] = true
	}
	return out
}

// unsaid are the fields of a View that the wire does not repeat, and why.
var unsaid = map[string]string{
	"View.Hearing": "the seat is of this hearing", "PersonView.MayName": "decides the name",
	"Point.Unit": "nobody in the room needs it",
}

// TestEveryFieldOfAViewIsCarried changes each field of a full View in turn and
// wants another message, and wants every field of the message set.
func TestEveryFieldOfAViewIsCarried(t *testing.T) {
	var v hearing.View
	n := 0
	fillValue(reflect.ValueOf(&v).Elem(), &n)
	v.Status = hearing.InSession
	v.People[0].Status = hearing.Waiting
	v.Checks[0].Days, v.People[0].Warnings = 3, 4
	base := wireView(v, nil)
	everyFieldSet(t, base.ProtoReflect(), map[string]bool{
		"phientoa.v1.View.degraded": true, "phientoa.v1.View.alerts": true, "phientoa.v1.View.connects": true, // of the room, not of the rules
		"phientoa.v1.MonitoringView.followers": true, "phientoa.v1.MonitoringView.overseers": true,
	})
	walk(t, reflect.ValueOf(&v).Elem(), "View", func(name string) {
		if unsaid[name] != "" {
			return
		}
		require.False(t, proto.Equal(base, wireView(v, nil)), "%s is not carried", name)
	})
	require.True(t, proto.Equal(base, wireView(v, nil)), "the walk left everything as it was")
	named := wireView(v, map[hearing.PersonID]string{v.People[0].Person: "Tên"})
	require.Equal(t, "Tên", named.People[0].Name)
	v.People[0].MayName = false
	require.Equal(t, v.People[0].Alias, wireView(v, map[hearing.PersonID]string{v.People[0].Person: "Tên"}).People[0].Name)
}

func fillValue(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.String:
		v.SetString("x" + strconv.Itoa(*n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Uint64:
		v.SetUint(uint64(*n))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillValue(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fillValue(v.Index(0), n)
	case reflect.Struct:
		for i := range v.NumField() {
			fillValue(v.Field(i), n)
		}
	default:
		panic("another kind: " + v.Kind().String())
	}
}

// walk empties each field below v in turn, asks, and puts it back.
func walk(t *testing.T, v reflect.Value, name string, ask func(string)) {
	t.Helper()
	for i := range v.NumField() {
		f, field := v.Field(i), v.Type().Field(i)
		label := name + "." + field.Name
		kept := reflect.New(f.Type()).Elem()
		kept.Set(f)
		f.SetZero()
		if !field.Anonymous {
			ask(label)
		}
		f.Set(kept)
		inner := f
		switch f.Kind() {
		case reflect.Pointer:
			inner = f.Elem()
		case reflect.Slice:
			inner = f.Index(0)
		}
		if inner.Kind() == reflect.Struct {
			walk(t, inner, inner.Type().Name(), ask)
		}
	}
}

func everyFieldSet(t *testing.T, m protoreflect.Message, but map[string]bool) {
	t.Helper()
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if but[string(f.FullName())] {
			continue
		}
		require.True(t, m.Has(f), "%s is never set", f.FullName())
		switch {
		case f.IsList() && f.Kind() == protoreflect.MessageKind:
			everyFieldSet(t, m.Get(f).List().Get(0).Message(), but)
		case f.Kind() == protoreflect.MessageKind:
			everyFieldSet(t, m.Get(f).Message(), but)
		}
	}
}

// TestEveryStatusHasAWireForm: no state of a hearing or person looks like none.
func TestEveryStatusHasAWireForm(t *testing.T) {
	seen := map[wire.HearingState]bool{}
	for _, s := range []hearing.Status{
		hearing.Scheduled, hearing.Preparing, hearing.ReadyToOpen, hearing.InSession, hearing.InRecess,
		hearing.TechnicalHold, hearing.Suspended, hearing.Adjourned, hearing.Cancelled, hearing.Closed,
	} {
		seen[wireStatus(s)] = true
	}
	require.Len(t, seen, len(wire.HearingState_name)-1)
	require.False(t, seen[wire.HearingState_HEARING_STATE_UNSPECIFIED])
}
