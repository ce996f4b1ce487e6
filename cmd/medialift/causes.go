package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"strings"
	"syscall"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/ledger"
)

// hintRole goes with a database user who may not do what was asked for.
const hintRole = "give the user a role on the database: read is enough for info, export and verify; import, rewrite, lift and upload --update-filepaths need readWrite, and so does migrate"

// causes are errors of the system, of TLS and of servers. They come before verdicts:
// the sentinel of a layer above says less about what to do.
var causes = []struct {
	is func(error) bool
	verdict
}{
	{isAny(syscall.EMFILE, syscall.ENFILE), verdict{exitFailed, "failed", "too many files are open: lower --workers, or raise the limit (ulimit -n)", true}},
	{isAny(syscall.ENOSPC, syscall.EDQUOT), verdict{exitFailed, "failed", "make room on that disk, or put the state of runs elsewhere with --state", true}},
	{isAny(ledger.ErrNoState), verdict{exitFailed, "failed", "name a folder that can be written to with --state DIR", false}},
	{isAny(syscall.EROFS), verdict{exitFailed, "failed", "that file system is mounted read-only: choose another folder, or mount it for writing", false}},
	{isAny(syscall.ENOLCK), verdict{exitFailed, "failed", "that file system has no locks: keep the state of runs on another one with --state DIR", false}},
	{isCertificate(isDatabase), verdict{exitFailed, "failed", "name the file of the certificate's issuer with tlsCAFile=FILE in the database's URI", false}},
	{isCertificate(isExpired), verdict{exitFailed, "failed", "the certificate is out of date, or the clock of this machine is: compare it with the time above, then have the certificate renewed", false}},
	{isCertificate(isOtherHost), verdict{exitFailed, "failed", "write --endpoint-url with a host name that the certificate is for", false}},
	{isCertificate(nil), verdict{exitFailed, "failed", "name the file of the certificate's issuer with AWS_CA_BUNDLE (S3) or SSL_CERT_FILE (all stores)", false}},
	{isPlain, verdict{exitFailed, "failed", "the endpoint speaks plain HTTP: write http:// in place of https://", false}},
	{isAny(mongostore.ErrLookup), verdict{exitFailed, "failed", "check the host's spelling in --database-uri or FIFTYONE_DATABASE_URI, and the network and its DNS; mongodb+srv:// needs an SRV record of _mongodb._tcp.HOST, mongodb://host:27017 needs none", true}},
	{isRegion, verdict{exitFailed, "failed", "check the region (AWS_REGION, or region in ~/.aws/config): there is no such host of Amazon's, or no network", true}},
	{mongostore.Unauthorized, verdict{exitFailed, "failed", hintRole, false}},
}

// isAny asks for any of the errors.
func isAny(errs ...error) func(error) bool {
	return func(err error) bool {
		for _, one := range errs {
			if errors.Is(err, one) {
				return true
			}
		}
		return false
	}
}

// isCertificate asks for a certificate that is not accepted, for the reason given.
func isCertificate(why func(error) bool) func(error) bool {
	return func(err error) bool {
		_, refused := errors.AsType[*tls.CertificateVerificationError](err)
		_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
		database := isDatabase(err)
		return (refused || unknown || isExpired(err) || isOtherHost(err) || database) && (why == nil || why(err))
	}
}

// isDatabase reports whether err is about the certificate of a database, of which
// the driver keeps the text alone.
func isDatabase(err error) bool {
	if !errors.Is(err, mongostore.ErrUnreachable) {
		return false
	}
	text := err.Error()
	return strings.Contains(text, "x509:") || strings.Contains(text, "certificate")
}

func isExpired(err error) bool {
	invalid, ok := errors.AsType[x509.CertificateInvalidError](err)
	return ok && invalid.Reason == x509.Expired
}

func isOtherHost(err error) bool {
	_, ok := errors.AsType[x509.HostnameError](err)
	return ok
}

// isPlain reports whether an endpoint answers a TLS handshake with something else.
func isPlain(err error) bool {
	_, record := errors.AsType[tls.RecordHeaderError](err)
	return record || errors.Is(err, http.ErrSchemeMismatch)
}

// isRegion reports whether a host of Amazon's is not known, which is named after the
// region.
func isRegion(err error) bool {
	dns, ok := errors.AsType[*net.DNSError](err)
	return ok && dns.IsNotFound && errors.Is(err, bucket.ErrUnreachable) && strings.Contains(dns.Name, ".amazonaws.com")
}
