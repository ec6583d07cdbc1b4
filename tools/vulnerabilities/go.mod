module github.com/periskop-exporter/periskop_exporter/tools/vulnerabilities

go 1.26.0

// The database. Nothing of it is built.
require golang.org/x/vulndb v0.0.0-20261105234957-e22db6528018
