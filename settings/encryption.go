package settings

import (
	"context"
	"fmt"
	"strings"

	"radiograph"
)

const encryptionNoun = "encryption"

// Encryption says how X-Ray would encrypt what it keeps.
type Encryption struct {
	KMS     bool   // by a key of the account, else by X-Ray's own
	KeyARN  string // with KMS
	Changed radiograph.Timestamp
	Active  bool `json:"-"` // the last change is over
}

// Encryption is what was set; at first nothing.
func (s *Service) Encryption(ctx context.Context, t radiograph.Tenant) (*Encryption, error) {
	e := new(Encryption)
	if err := s.load(ctx, t, encryptionNoun, e); err != nil {
		return nil, err
	}
	e.Active = s.settled(e.Changed)
	return e, nil
}

// SetEncryption sets it. A key is named by its id, its alias or the ARN of
// either; whether it exists is not known here.
func (s *Service) SetEncryption(ctx context.Context, t radiograph.Tenant, kms bool, key string) (*Encryption, error) {
	e := &Encryption{KMS: kms, Changed: s.now()}
	switch {
	case kms && strings.TrimSpace(key) == "":
		return nil, invalid("KeyId must be given for encryption type KMS")
	case !kms && key != "":
		return nil, invalid("KeyId must be absent for encryption type NONE")
	case strings.HasPrefix(key, "arn:"):
		parts := strings.SplitN(key, ":", 6)
		if len(parts) != 6 || parts[2] != "kms" || !strings.HasPrefix(parts[5], "key/") && !strings.HasPrefix(parts[5], "alias/") {
			return nil, invalid("KeyId %.100q is not the ARN of a key or an alias", key)
		}
		e.KeyARN = key
	case strings.HasPrefix(key, "alias/"):
		e.KeyARN = fmt.Sprintf("arn:aws:kms:%s:%s:%s", t.Region, t.Account, key)
	case kms:
		e.KeyARN = fmt.Sprintf("arn:aws:kms:%s:%s:key/%s", t.Region, t.Account, key)
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	return e, s.save(ctx, t, encryptionNoun, e)
}
