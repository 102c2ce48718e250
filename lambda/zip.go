package lambda

import (
	"archive/zip"
	"bytes"
	"io"
	"path/filepath"

	"radiograph"
)

// Limits of a deployment package in the request (Lambda quotas).
const (
	maxZipped   = 52428800
	maxUnzipped = 262144000
)

// checkZip reads a deployment package to its end: what passes can be unpacked.
func checkZip(data []byte) error {
	if len(data) == 0 {
		return invalidParameter("Uploaded file must be a non-empty zip")
	}
	if len(data) >= maxZipped {
		return exception(radiograph.KindTooLarge, "RequestEntityTooLargeException", "Zipped size must be smaller than %d bytes", maxZipped)
	}
	return readZip(data, maxUnzipped)
}

// readZip reads every entry and refuses more than limit bytes in all.
func readZip(data []byte, limit int64) error {
	unreadable := func(err error) error {
		refusal := invalidParameter("Could not unzip uploaded file. Please check your file, then try to upload again.")
		refusal.Err = err
		return refusal
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return unreadable(err)
	}
	if len(archive.File) == 0 {
		return invalidParameter("Uploaded file must be a non-empty zip")
	}
	var size int64
	for _, f := range archive.File {
		// A name that leaves the folder is nothing a packager writes.
		if !filepath.IsLocal(filepath.FromSlash(f.Name)) {
			return unreadable(zip.ErrInsecurePath)
		}
		n, err := unzippedSize(f, limit-size)
		if err != nil {
			return unreadable(err)
		}
		if size += n; size >= limit {
			return invalidParameter("Unzipped size must be smaller than %d bytes", limit)
		}
	}
	return nil
}

// unzippedSize counts the real bytes of an entry, since the stated size may lie,
// and stops at limit.
func unzippedSize(f *zip.File, limit int64) (int64, error) {
	r, err := f.Open()
	if err != nil {
		return 0, err
	}
	defer r.Close()
	return io.Copy(io.Discard, io.LimitReader(r, limit))
}
