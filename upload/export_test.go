package upload

// A File is what a plan reads.
type File = file

// OpenWith has the plan open files in another way, so that disks may fail.
func (p *Plan) OpenWith(open func(name string) (File, error)) { p.openFile = open }
