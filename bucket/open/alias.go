package open

import (
	"fmt"
	"slices"
	"strings"
)

// schemeOfAlias tells which of az and minio an alias stands for: FiftyOne reads
// URLs with the name that AZURE_ALIAS, MINIO_ALIAS or the credentials files give.
func schemeOfAlias(name string) (scheme string, ok bool) {
	if _, alias, err := azureCredentials(); err == nil && alias != "" && strings.EqualFold(alias, name) {
		return schemeAz, true
	}
	if m, err := minioSettings(); err == nil && m.alias != "" && strings.EqualFold(m.alias, name) {
		return schemeMinIO, true
	}
	return "", false
}

// Aliases are the names other than az and minio by which FiftyOne reads URLs of
// Azure and MinIO here.
func Aliases() []string {
	var list []string
	if _, alias, err := azureCredentials(); err == nil && alias != "" && alias != schemeAz {
		list = append(list, alias)
	}
	if m, err := minioSettings(); err == nil && m.alias != "" && m.alias != schemeMinIO {
		list = append(list, m.alias)
	}
	return list
}

// checkAlias fails where an alias would be read as something else.
func checkAlias(variable, alias, scheme string) error {
	switch {
	case alias == "" || alias == scheme:
		return nil
	case known(alias):
		return fmt.Errorf("%w: %s is %q, which means something else", ErrURL, variable, alias)
	case !schemeForm.MatchString(alias+"://") || strings.ContainsAny(alias, ":/"):
		return fmt.Errorf("%w: %s is %q, which no URL can start with", ErrURL, variable, alias)
	}
	return nil
}

// Notes says in sentences what paths in the locations that were opened look like
// where that depends on how FiftyOne is configured, and what of its configuration
// means nothing here.
func (o *Opener) Notes() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.notes)
}

// note adds a sentence once.
func (o *Opener) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(o.notes, text) {
		o.notes = append(o.notes, text)
	}
}

// noteAlias says what name stands in paths, and that others must know it.
func (o *Opener) noteAlias(scheme, alias, variable, file, otherwise string) {
	switch alias {
	case scheme:
	case "":
		o.note("paths will start with %s://, which FiftyOne reads only where it is told of that alias: %s=%s, or alias in its %s%s", scheme, variable, scheme, file, otherwise)
	default:
		o.note("paths will start with %s://, the alias that FiftyOne is configured with here", alias)
	}
}

// noteExtra says that settings for Python's clients are not heeded.
func (o *Opener) noteExtra(provider string) {
	if c, err := readCacheConfig(); err == nil && len(c.Extra[provider]) > 0 {
		o.note("extra_client_kwargs of %s in %q are for Python and are ignored", provider, c.path)
	}
}
