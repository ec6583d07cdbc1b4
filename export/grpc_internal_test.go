package export

import (
	"errors"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"
)

// TestCodes is about what gRPC answers, and for how long it asks to be left alone.
func TestCodes(t *testing.T) {
	answer := func(code codes.Code, details ...protoadapt.MessageV1) error {
		s, err := status.New(code, "no").WithDetails(details...)
		if err != nil {
			t.Fatal(err)
		}
		return s.Err()
	}
	retry := func(d time.Duration) protoadapt.MessageV1 {
		return &errdetails.RetryInfo{RetryDelay: durationpb.New(d)}
	}
	for _, tt := range []struct {
		name  string
		err   error
		kind  outcomeKind
		after time.Duration
	}{
		{"no answer", errors.New("connection refused"), again, 0},
		{"away", answer(codes.Unavailable), again, 0},
		{"away for a time", answer(codes.Unavailable, &errdetails.ErrorInfo{Reason: "busy"}, retry(7*time.Second)), again, 7 * time.Second},
		{"away for a day", answer(codes.Unavailable, retry(24*time.Hour)), again, maxPause},
		{"away for less than no time", answer(codes.Unavailable, retry(-time.Second)), again, 0},
		{"exhausted", answer(codes.ResourceExhausted), tooMuch, 0},
		{"exhausted for a time", answer(codes.ResourceExhausted, retry(time.Minute)), again, time.Minute},
		{"exhausted for no time", answer(codes.ResourceExhausted, retry(0)), again, 0},
		{"wrong password", answer(codes.Unauthenticated), again, 0},
		{"not allowed", answer(codes.PermissionDenied), again, 0},
		{"no such service", answer(codes.Unimplemented), again, 0},
		{"no good", answer(codes.InvalidArgument), refused, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := (&call{ended: true, err: tt.err}).outcome()
			if got.kind != tt.kind || got.after != tt.after || got.err == nil {
				t.Errorf("got %+v, want %v after %v", got, tt.kind, tt.after)
			}
		})
	}
}
