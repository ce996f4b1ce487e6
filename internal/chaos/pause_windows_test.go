package chaos

import (
	"errors"
	"os"
)

// pause is something that Windows cannot.
func pause(*os.Process) error { return errors.ErrUnsupported }

func resume(*os.Process) error { return errors.ErrUnsupported }
