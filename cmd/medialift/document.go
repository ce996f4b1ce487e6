package main

import (
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/upload"
)

// A document is what --json prints, on every exit.
type document struct {
	Command   string `json:"command"`
	Version   string `json:"version"`
	Run       string `json:"run"`
	Dataset   string `json:"dataset"`
	Status    string `json:"status"`
	ExitCode  int    `json:"exit_code"`
	RetryHelp bool   `json:"retry_helps"`
	Error     string `json:"error,omitempty"`
	Hint      string `json:"hint,omitempty"`
	Counts    counts `json:"counts"`

	Problems []dataset.Problem `json:"problems"`
	Warnings []string          `json:"warnings,omitempty"`
	Next     string            `json:"next"`

	Fields   any `json:"fields,omitempty"`
	Datasets any `json:"datasets,omitempty"`
	Runs     any `json:"runs,omitempty"`
	Rows     any `json:"rows,omitempty"`
	Objects  any `json:"objects,omitempty"`
	Maps     any `json:"maps,omitempty"`
	Findings any `json:"findings,omitempty"`
	// Of migrate.
	Migrations any              `json:"migrations,omitempty"`
	Unfinished any              `json:"unfinished,omitempty"`
	Abandoned  any              `json:"abandoned,omitempty"`
	PutBack    []putBackInto    `json:"put_back,omitempty"`
	Backup     *backedUp        `json:"backup,omitempty"`
	Database   *databaseVersion `json:"database,omitempty"`
	Versions   any              `json:"versions,omitempty"` // of versions
}

// counts are the numbers that every command reports; what a command does not
// deal with is 0.
type counts struct {
	Rows      int64 `json:"rows"`
	Rewritten int64 `json:"rewritten"`
	Already   int64 `json:"already"`
	Unmatched int64 `json:"unmatched"`
	Missing   int64 `json:"missing"`
	Failed    int64 `json:"failed"`
	Objects   int64 `json:"objects"`
	Bytes     int64 `json:"bytes"`
	// Copies are the paths in what FiftyOne generated for saved views, which are
	// rewritten with their originals.
	Copies int64 `json:"copies,omitempty"`
	// Of upload alone: Retried are the retries by cause.
	Found     int64                  `json:"found,omitempty"`
	Replaced  int64                  `json:"replaced,omitempty"`
	Requests  int64                  `json:"requests,omitempty"`
	Retries   int64                  `json:"retries,omitempty"`
	Throttled int64                  `json:"throttled,omitempty"`
	Retried   map[upload.Cause]int64 `json:"retried,omitempty"`
}
