package results

import (
	"bufio"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// ErrArray says that a packed array is none that can be unpacked.
var ErrArray = errors.New("no array that can be unpacked")

// unpackValue copies a value, which becomes a list where it is text: the array that
// FiftyOne's serialize_numpy_array packs, an .npy file in zlib in base64.
func (c *jsonCopy) unpackValue() error {
	next, err := c.peekSolid()
	if err != nil {
		return err
	}
	if next != '"' {
		return c.copyValue(c.out)
	}
	c.unpacked++
	packed, text := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := unpackArray(c.out, bufio.NewReader(packed))
		packed.CloseWithError(err)
		done <- err
	}()
	err = c.copyValue(text)
	_ = text.CloseWithError(err) // an end, where there is no error
	if broken := <-done; broken != nil {
		return broken
	}
	return err
}

// unpackArray writes the list of an array in quotes.
func unpackArray(out *bufio.Writer, quoted *bufio.Reader) error {
	if _, err := quoted.Discard(1); err != nil {
		return fmt.Errorf("%w: %w", ErrArray, err)
	}
	inner := &upToQuote{from: quoted}
	unzipped, err := zlib.NewReader(base64.NewDecoder(base64.StdEncoding, inner))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrArray, err)
	}
	a, err := readHead(bufio.NewReader(unzipped))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrArray, err)
	}
	if err := a.write(out); err != nil {
		return fmt.Errorf("%w: %w", ErrArray, err)
	}
	if n, err := io.Copy(io.Discard, a.in); err != nil || n > 0 {
		return fmt.Errorf("%w: %d bytes too many (%w)", ErrArray, n, errors.Join(err, io.ErrUnexpectedEOF))
	}
	_, err = io.Copy(io.Discard, quoted)
	return err
}

// upToQuote reads up to the closing quote.
type upToQuote struct{ from *bufio.Reader }

func (r *upToQuote) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	if i := strings.IndexByte(string(p[:n]), '"'); i >= 0 {
		return i, io.EOF
	}
	return n, err
}

// An array is an .npy file behind its head.
type array struct {
	in      *bufio.Reader
	shape   []int
	columns bool // the first index counts fastest
	item    func() (string, error)
}

var (
	npyType  = regexp.MustCompile(`'descr': '([<|=])([fiuUbS])(\d+)'`)
	npyOrder = regexp.MustCompile(`'fortran_order': (True|False)`)
	npyShape = regexp.MustCompile(`'shape': \(([0-9, ]*)\)`)
)

// readHead reads the head of an .npy file: the magic, its version, the length and text of
// a Python dictionary.
func readHead(in *bufio.Reader) (*array, error) {
	magic := make([]byte, 8)
	if _, err := io.ReadFull(in, magic); err != nil {
		return nil, err
	}
	if string(magic[:6]) != "\x93NUMPY" {
		return nil, errors.New("no .npy file")
	}
	length := make([]byte, 2)
	if magic[6] > 1 {
		length = make([]byte, 4)
	}
	if _, err := io.ReadFull(in, length); err != nil {
		return nil, err
	}
	size := uint64(0)
	for i, b := range length {
		size |= uint64(b) << (8 * i)
	}
	if size > 1<<16 {
		return nil, fmt.Errorf("a head of %d bytes", size)
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(in, text); err != nil {
		return nil, err
	}
	kind, shape, order := npyType.FindSubmatch(text), npyShape.FindSubmatch(text), npyOrder.FindSubmatch(text)
	if kind == nil || shape == nil || order == nil {
		return nil, fmt.Errorf("an array of another kind: %q", text)
	}
	a := &array{in: in, columns: string(order[1]) == "True"}
	for part := range strings.SplitSeq(string(shape[1]), ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		n, err := strconv.Atoi(part)
		if err != nil {
			return nil, err
		}
		a.shape = append(a.shape, n)
	}
	width, err := strconv.Atoi(string(kind[3]))
	if err != nil || width > 1<<20 {
		return nil, fmt.Errorf("items of %s bytes", kind[3])
	}
	a.item = a.reader(string(kind[2]), width)
	if a.item == nil {
		return nil, fmt.Errorf("items of the type %s%d", kind[2], width)
	}
	return a, nil
}

// write writes the whole array. One that is stored by columns is read first.
func (a *array) write(out *bufio.Writer) error {
	if !a.columns || len(a.shape) < 2 {
		return a.list(out, 0)
	}
	count := 1
	for _, n := range a.shape {
		count *= n
	}
	var items []string
	for range count {
		text, err := a.item()
		if err != nil {
			return err
		}
		items = append(items, text)
	}
	next := 0
	a.item = func() (string, error) { // of the next place by rows
		rest, at, stride := next, 0, count
		for i := len(a.shape) - 1; i >= 0; i-- {
			stride /= a.shape[i]
			at += rest % a.shape[i] * stride
			rest /= a.shape[i]
		}
		next++
		return items[at], nil
	}
	return a.list(out, 0)
}

// list writes the items of one dimension as Python's json does.
func (a *array) list(out *bufio.Writer, depth int) error {
	if depth == len(a.shape) {
		text, err := a.item()
		if err != nil {
			return err
		}
		_, err = out.WriteString(text)
		return err
	}
	_ = out.WriteByte('[') // a bufio.Writer keeps its first error
	for i := range a.shape[depth] {
		if i > 0 {
			_, _ = out.WriteString(", ")
		}
		if err := a.list(out, depth+1); err != nil {
			return err
		}
	}
	return out.WriteByte(']')
}

// reader reads items of a type as JSON; nil for a type that JSON has not.
func (a *array) reader(kind string, width int) func() (string, error) {
	size := width
	if kind == "U" {
		size = 4 * width
	}
	buffer := make([]byte, size)
	read := func(spell func(b []byte) string) func() (string, error) {
		return func() (string, error) {
			if _, err := io.ReadFull(a.in, buffer); err != nil {
				return "", err
			}
			return spell(buffer), nil
		}
	}
	switch {
	case kind == "f" && width == 8:
		return read(func(b []byte) string { return spellFloat(math.Float64frombits(binary.LittleEndian.Uint64(b))) })
	case kind == "f" && width == 4:
		return read(func(b []byte) string { return spellFloat(float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))) })
	case (kind == "i" || kind == "u") && (width == 1 || width == 2 || width == 4 || width == 8):
		return read(func(b []byte) string { return spellInteger(b, kind == "i") })
	case kind == "b" && width == 1:
		return read(func(b []byte) string { return strconv.FormatBool(b[0] != 0) })
	case kind == "U":
		return read(spellText)
	}
	return nil
}
