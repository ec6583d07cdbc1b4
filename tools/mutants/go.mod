module github.com/periskop-exporter/periskop_exporter/tools/mutants

go 1.26.0
