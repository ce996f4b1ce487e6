package mongotest

import (
	"context"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

// Replicas are a replica set of two servers.
type Replicas struct {
	// URI names the set, without a database. It ends with options.
	URI string
	// Secondary is a client of the second server alone.
	Secondary *mongo.Client
}

// StartReplicas starts a replica set that lives as long as the test. A majority of it is
// both servers, or with votes of 0 the first one alone.
func StartReplicas(t testing.TB, votes int) *Replicas {
	t.Helper()
	ctx := context.Background()
	members, hosts := bson.A{}, ""
	var direct []*mongo.Client
	for i := range 2 {
		server := Start(t, "--replSet", "rs", "--setParameter", "enableTestCommands=1")
		host := server.URI[len("mongodb://"):]
		members = append(members, bson.D{{Key: "_id", Value: i}, {Key: "host", Value: host}, {Key: "priority", Value: 1 - i}, {Key: "votes", Value: max(votes, 1-i)}})
		direct = append(direct, Connect(t, server.URI+"/?directConnection=true"))
		if hosts += host; i == 0 {
			hosts += ","
		}
	}
	initiate := bson.D{{Key: "replSetInitiate", Value: bson.D{{Key: "_id", Value: "rs"}, {Key: "members", Value: members}}}}
	if err := direct[0].Database("admin").RunCommand(ctx, initiate).Err(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		var first, second struct{ IsWritablePrimary, Secondary bool }
		hello := bson.D{{Key: "hello", Value: 1}}
		if direct[0].Database("admin").RunCommand(ctx, hello).Decode(&first) == nil && first.IsWritablePrimary &&
			direct[1].Database("admin").RunCommand(ctx, hello).Decode(&second) == nil && second.Secondary {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the replica set does not begin to work within two minutes")
		}
	}
	return &Replicas{URI: "mongodb://" + hosts + "/?replicaSet=rs&serverSelectionTimeoutMS=300000", Secondary: direct[1]}
}

// Hang stops the second server from copying what the first one writes, or lets it go on:
// until then nothing is written by a majority, and the first one stays primary.
func (r *Replicas) Hang(t testing.TB, hang bool) {
	t.Helper()
	mode := "off"
	if hang {
		mode = "alwaysOn"
	}
	command := bson.D{{Key: "configureFailPoint", Value: "stopReplProducer"}, {Key: "mode", Value: mode}}
	if err := r.Secondary.Database("admin").RunCommand(context.Background(), command).Err(); err != nil {
		t.Fatal(err)
	}
}
