package xray

import (
	"context"

	"radiograph/awsapi"
	"radiograph/settings"
)

type putEncryptionConfigInput struct {
	KeyID string `name:"KeyId" min:"1" max:"3000"`
	Type  string `required:"true" enum:"NONE,KMS"`
}

type encryptionConfigOutput struct {
	EncryptionConfig encryptionConfig
}

type encryptionConfig struct {
	KeyID  string `name:"KeyId" omit:"empty"`
	Status string
	Type   string
}

func (a *api) getEncryptionConfig(ctx context.Context, r *awsapi.Request, _ *struct{}) (*encryptionConfigOutput, error) {
	e, err := a.settings.Encryption(ctx, r.Tenant)
	if err != nil {
		return nil, err
	}
	return newEncryptionConfig(e), nil
}

func (a *api) putEncryptionConfig(ctx context.Context, r *awsapi.Request, in *putEncryptionConfigInput) (*encryptionConfigOutput, error) {
	e, err := a.settings.SetEncryption(ctx, r.Tenant, in.Type == "KMS", in.KeyID)
	if err != nil {
		return nil, err
	}
	return newEncryptionConfig(e), nil
}

func newEncryptionConfig(e *settings.Encryption) *encryptionConfigOutput {
	w := encryptionConfig{KeyID: e.KeyARN, Status: "UPDATING", Type: "NONE"}
	if e.Active {
		w.Status = "ACTIVE"
	}
	if e.KMS {
		w.Type = "KMS"
	}
	return &encryptionConfigOutput{w}
}
