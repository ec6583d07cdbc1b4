package demo

import (
	"net"
	"testing"
)

func TestListenLocal(t *testing.T) {
	first, err := ListenLocal(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	address, ok := first.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatalf("listening on %v", first.Addr())
	}
	second, err := ListenLocal(t.Context(), address.Port)
	if err != nil {
		t.Fatal(err)
	}
	if second.Addr().String() == first.Addr().String() {
		t.Errorf("both listen on %v", first.Addr())
	}
	for _, l := range []net.Listener{first, second} {
		if closeErr := l.Close(); closeErr != nil {
			t.Error(closeErr)
		}
	}
	again, err := ListenLocal(t.Context(), address.Port)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if again.Addr().String() != first.Addr().String() {
		t.Errorf("got %v, want the preferred %v", again.Addr(), first.Addr())
	}
}
