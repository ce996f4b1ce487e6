package mongostore

import (
	"context"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// MayWrite tells whether the user of the connection may add datasets, as far as the
// server says what they may: ErrCredentials if not. Servers without users let
// everybody.
func (d *Database) MayWrite(ctx context.Context) error {
	var status struct {
		AuthInfo struct {
			Users      []bson.Raw `bson:"authenticatedUsers"`
			Privileges []struct {
				Resource struct {
					DB          *string `bson:"db"`
					Collection  string  `bson:"collection"`
					AnyResource bool    `bson:"anyResource"`
				} `bson:"resource"`
				Actions []string `bson:"actions"`
			} `bson:"authenticatedUserPrivileges"`
		} `bson:"authInfo"`
	}
	ask := bson.D{{Key: "connectionStatus", Value: 1}, {Key: "showPrivileges", Value: true}}
	err := d.db.RunCommand(ctx, ask).Decode(&status)
	if told := err == nil && len(status.AuthInfo.Users) > 0; !told {
		return nil // what the server does not tell, the first write does
	}
	for _, p := range status.AuthInfo.Privileges {
		here := p.Resource.DB != nil && (*p.Resource.DB == "" || *p.Resource.DB == d.Name()) && p.Resource.Collection == ""
		if (here || p.Resource.AnyResource) && slices.Contains(p.Actions, "insert") && slices.Contains(p.Actions, "createCollection") {
			return nil
		}
	}
	return fmt.Errorf("%w: its user may not write to %q", ErrRole, d.Name())
}

// Room is how many bytes are free on the disk of the server; ok is false where it
// does not say.
func (d *Database) Room(ctx context.Context) (free int64, ok bool) {
	stats, err := d.db.RunCommand(ctx, bson.D{{Key: "dbStats", Value: 1}}).Raw()
	if err != nil {
		return 0, false
	}
	total, some := stats.Lookup("fsTotalSize").AsFloat64OK()
	used, more := stats.Lookup("fsUsedSize").AsFloat64OK()
	return int64(total - used), some && more && total > 0
}

// Size is how many bytes the documents of the dataset take, before the server packs
// them.
func (s *Store) Size(ctx context.Context) (int64, error) {
	var sum int64
	for _, name := range []string{s.samples, s.frames} {
		if name == "" {
			continue
		}
		stats, err := s.d.db.RunCommand(ctx, bson.D{{Key: "collStats", Value: name}}).Raw()
		if err != nil {
			return 0, s.d.readError("asking for the size of "+name, err)
		}
		n, _ := stats.Lookup("size").AsInt64OK()
		sum += n
	}
	return sum, nil
}
