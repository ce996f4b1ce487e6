package s3store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/medialift/medialift/bucket"
)

var _ bucket.Prover = (*Store)(nil)

// proofName is the name of the object that a proof is made with. It is always the
// same, and stays, so that a later proof takes one request and leaves nothing.
const proofName = ".medialift-proof"

const proofText = "medialift sent this to see whether the endpoint honours If-None-Match. It may be deleted.\n"

// Prove sends an object of its own twice under If-None-Match, unless the endpoint
// refuses it at once because it is there already. Nothing else is at stake.
func (s *Store) Prove(ctx context.Context, prefix string) error {
	s.proving.Lock()
	defer s.proving.Unlock()
	key := proofName
	if prefix != "" {
		key = prefix + "/" + proofName
	}
	s.proof = key
	if s.quirks.get().absent == yes {
		return nil
	}
	for range 2 {
		err := s.putProof(ctx, key)
		switch {
		case errors.Is(err, bucket.ErrExists):
			s.quirks.learn(func(k *known) { k.absent = yes })
			return nil
		case refused(err):
			return unseen("the endpoint refuses If-None-Match", err)
		case err != nil:
			return err
		}
	}
	s.quirks.learn(func(k *known) { k.absent = no })
	return unseen("the endpoint ignores If-None-Match", errors.New("it replaced an object"))
}

// putProof sends the object of the proof if it is not there.
func (s *Store) putProof(ctx context.Context, key string) error {
	src := bucket.Source{ReaderAt: strings.NewReader(proofText), Size: int64(len(proofText)), ContentType: "text/plain"}
	p, err := s.quirks.buffers.read(ctx, src)
	if err != nil {
		return err
	}
	defer s.quirks.buffers.release(p)
	_, err = s.send(ctx, key, p, shot{absent: true, blind: true})
	return err
}

// proveParts is Prove for objects in parts: they are often made by other code.
func (s *Store) proveParts(ctx context.Context) error {
	s.proving.Lock()
	defer s.proving.Unlock()
	switch {
	case s.parts.proved(), s.proof == "" && s.amazon: // its own conditions are enough
		return nil
	case s.proof == "":
		return unseen("the endpoint is not known to honour conditions", errors.New("no proof"))
	}
	if err := s.putProof(ctx, s.proof); err != nil && !errors.Is(err, bucket.ErrExists) {
		return err
	}
	src := bucket.Source{ReaderAt: bytes.NewReader([]byte(proofText)), Size: int64(len(proofText))}
	upload, err := s.Start(ctx, s.proof, src)
	if err != nil {
		return err
	}
	part, err := s.PutPart(ctx, s.proof, upload, 1, src)
	if err != nil {
		return err
	}
	crc, err := bucket.WholeCRC64NVME([]bucket.Part{part})
	if err != nil {
		return err
	}
	_, err = s.end(ctx, ending{
		key: s.proof, upload: upload, parts: []bucket.Part{part}, crc: crc, checksum: s.parts.takesChecksums(), absent: true, blind: true,
	})
	if err == nil {
		return unseen("the endpoint ignores If-None-Match where a large file is completed", errors.New("it replaced an object"))
	}
	_, _ = s.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &s.name, Key: &s.proof, UploadId: aws.String(upload)}, s.with)
	switch {
	case errors.Is(err, bucket.ErrExists):
		s.parts.prove()
		return nil
	case refused(err):
		return unseen("the endpoint refuses If-None-Match where a large file is completed", err)
	}
	return err
}

// unseen is the failure of a proof.
func unseen(why string, err error) error {
	return &failure{kind: bucket.ErrUnseen, text: fmt.Sprintf("%v, and %s", bucket.ErrUnseen, why), err: err}
}
