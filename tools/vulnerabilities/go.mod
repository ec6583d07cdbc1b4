module github.com/periskop-exporter/periskop_exporter/tools/vulnerabilities

go 1.26.0
