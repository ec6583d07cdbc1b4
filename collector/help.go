package collector

import (
	"google.golang.org/protobuf/proto"

	"github.com/periskop-exporter/periskop_exporter/internal/names"
)

func help(name string) *string { return proto.String(names.Find(name).Help) }
