// Package deploy holds the tests of the Dockerfile and of deploy/kubernetes: what
// can be known of them without a daemon and a cluster.
package deploy
