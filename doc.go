// Package medialift is the root of a toolkit that moves FiftyOne datasets and
// their media to the cloud. The root package itself holds no code: it holds the
// map of the others and the rules they keep.
//
// A path's journey, left to right, is also the order of the packages:
//
//	dataset (read) → pathmap (what a path becomes) → ledger (what was planned)
//	→ bucket (objects sent) → ledger (what has arrived) → dataset (written)
//
// # Layers
//
// The lines below are read by layers_test.go. A package may import those on
// earlier lines, never one on its own line or a later one. A line "x: p, q"
// names the only packages outside this module and the standard library that the
// packages of layer x may import ("std" stands for none); a trailing "/..."
// takes in every package below.
//
//	layer internal/testexport internal/faultproxy
//	layer internal/spool internal/docswap
//	layer pathmap scene
//	layer scene/scenetest
//	layer pathmap/execmap pathmap/starmap pathmap/tablemap
//	layer dataset/extjson
//	layer dataset internal/mongotest
//	layer internal/lease
//	layer dataset/savedview
//	layer dataset/datasettest
//	layer dataset/dirstore dataset/mongostore
//	layer dataset/mongostore/locate
//	layer bucket
//	layer bucket/buckettest
//	layer bucket/internal/wire
//	layer bucket/azurestore bucket/filestore bucket/gcsstore bucket/memstore bucket/s3store
//	layer bucket/open
//	layer internal/transfer
//	layer localfile
//	layer internal/inuse
//	layer dbmigrate/internal/edit dbmigrate/internal/threeway
//	layer dbmigrate
//	layer dbmigrate/internal/results dbmigrate/clients
//	layer dbmigrate/fit dbmigrate/values
//	layer dbmigrate/enterprise dbmigrate/migratetest dbmigrate/revisions dbmigrate/runner
//	layer dbmigrate/arrival
//	layer ledger
//	layer internal/unique
//	layer report
//	layer upload rewrite survey clean verify doctor export importer
//	layer lift
//	layer cmd/medialift
//	layer interop interop/oldclients internal/chaos
//
//	allow internal/testexport: std
//	allow internal/spool: std
//	allow internal/docswap: go.mongodb.org/mongo-driver/v2/bson, go.mongodb.org/mongo-driver/v2/mongo
//	allow internal/faultproxy: std
//	allow pathmap: std
//	allow pathmap/execmap: std
//	allow pathmap/starmap: go.starlark.net/...
//	allow pathmap/tablemap: std
//	allow scene: std
//	allow scene/scenetest: std
//	allow dataset/extjson: go.mongodb.org/mongo-driver/v2/bson
//	allow dataset: go.mongodb.org/mongo-driver/v2/bson
//	allow dataset/savedview: go.mongodb.org/mongo-driver/v2/bson
//	allow internal/mongotest: go.mongodb.org/mongo-driver/v2/...
//	allow internal/lease: go.mongodb.org/mongo-driver/v2/..., golang.org/x/sys/unix, golang.org/x/sys/windows
//	allow dataset/datasettest: go.mongodb.org/mongo-driver/v2/bson
//	allow dataset/dirstore: go.mongodb.org/mongo-driver/v2/bson, github.com/gofrs/flock, golang.org/x/sys/unix
//	allow dataset/mongostore: go.mongodb.org/mongo-driver/v2/...
//	allow dataset/mongostore/locate: github.com/shirou/gopsutil/v4/process
//	allow bucket: std
//	allow bucket/buckettest: std
//	allow bucket/internal/wire: github.com/minio/crc64nvme
//	allow bucket/azurestore: github.com/Azure/azure-sdk-for-go/...
//	allow bucket/filestore: golang.org/x/sys/unix
//	allow bucket/gcsstore: cloud.google.com/go/auth/..., cloud.google.com/go/storage, google.golang.org/api/...
//	allow bucket/memstore: gocloud.dev/...
//	allow bucket/s3store: github.com/aws/..., github.com/minio/crc64nvme
//	allow bucket/open: github.com/aws/aws-sdk-go-v2/aws
//	allow internal/transfer: golang.org/x/sync/semaphore, golang.org/x/time/rate
//	allow ledger: modernc.org/sqlite, github.com/gofrs/flock, go.mongodb.org/mongo-driver/v2/bson
//	allow internal/unique: go.mongodb.org/mongo-driver/v2/bson, golang.org/x/text/unicode/norm
//	allow report: std
//	allow localfile: golang.org/x/text/unicode/norm
//	allow internal/inuse: std
//	allow dbmigrate/internal/edit: go.mongodb.org/mongo-driver/v2/bson
//	allow dbmigrate/internal/threeway: go.mongodb.org/mongo-driver/v2/bson
//	allow dbmigrate: go.mongodb.org/mongo-driver/v2/bson, github.com/aquasecurity/go-pep440-version
//	allow dbmigrate/internal/results: go.mongodb.org/mongo-driver/v2/bson
//	allow dbmigrate/clients: std
//	allow dbmigrate/fit: go.mongodb.org/mongo-driver/v2/bson
//	allow dbmigrate/values: go.mongodb.org/mongo-driver/v2/bson
//	allow dbmigrate/enterprise: std
//	allow dbmigrate/migratetest: go.mongodb.org/mongo-driver/v2/bson, github.com/klauspost/compress/zstd
//	allow dbmigrate/revisions: go.mongodb.org/mongo-driver/v2/bson
//	allow dbmigrate/runner: go.mongodb.org/mongo-driver/v2/..., golang.org/x/sync/errgroup
//	allow dbmigrate/arrival: go.mongodb.org/mongo-driver/v2/bson, go.mongodb.org/mongo-driver/v2/mongo
//	allow upload: go.mongodb.org/mongo-driver/v2/bson, golang.org/x/sync/..., golang.org/x/text/...
//	allow rewrite: go.mongodb.org/mongo-driver/v2/bson, golang.org/x/text/unicode/norm
//	allow survey: std
//	allow clean: golang.org/x/text/unicode/norm, golang.org/x/sync/errgroup
//	allow verify: modernc.org/sqlite, go.mongodb.org/mongo-driver/v2/bson
//	allow doctor: std
//	allow export: modernc.org/sqlite, go.mongodb.org/mongo-driver/v2/bson, golang.org/x/sync/errgroup, golang.org/x/sys/unix
//	allow importer: go.mongodb.org/mongo-driver/v2/bson
//	allow lift: go.mongodb.org/mongo-driver/v2/bson
//	allow cmd/medialift: golang.org/x/text/unicode/norm, github.com/rivo/uniseg, github.com/spf13/..., github.com/schollz/progressbar/v3, golang.org/x/term
//	allow interop: std
//	allow interop/oldclients: std
//	allow internal/chaos: std
//
// In words: pathmap and bucket know nothing of datasets; only the bucket
// packages know clouds; a store never imports a verb; verbs (upload, rewrite,
// survey, clean, verify, doctor, export, importer) never import one another, but lift,
// which is made of them; only cmd knows flags and terminals.
package medialift
