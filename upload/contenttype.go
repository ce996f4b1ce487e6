package upload

import (
	"mime"
	"path"
	"strings"
)

// mediaTypes are the content types of the files that vision datasets hold, so
// that they do not depend on the tables of the machine that sends them.
var mediaTypes = map[string]string{
	".avif": "image/avif", ".bmp": "image/bmp", ".gif": "image/gif", ".jpeg": "image/jpeg", ".jpg": "image/jpeg",
	".png": "image/png", ".tif": "image/tiff", ".tiff": "image/tiff", ".webp": "image/webp", ".svg": "image/svg+xml",
	".avi": "video/x-msvideo", ".m4v": "video/x-m4v", ".mkv": "video/x-matroska", ".mov": "video/quicktime",
	".mp4": "video/mp4", ".mpeg": "video/mpeg", ".mpg": "video/mpeg", ".webm": "video/webm", ".wmv": "video/x-ms-wmv",
	".fo3d": "application/json", ".json": "application/json", ".gltf": "model/gltf+json", ".glb": "model/gltf-binary",
	".obj": "model/obj", ".mtl": "model/mtl", ".stl": "model/stl", ".fbx": "application/octet-stream",
	".pcd": "application/octet-stream", ".ply": "application/octet-stream", ".npy": "application/octet-stream",
	".rrd": "application/octet-stream", ".splat": "application/octet-stream", ".bin": "application/octet-stream",
}

// contentType is the Content-Type of a file, by its extension.
func contentType(name string) string {
	ext := strings.ToLower(path.Ext(name))
	if t := mediaTypes[ext]; t != "" {
		return t
	}
	if t := mime.TypeByExtension(ext); t != "" {
		return t
	}
	return "application/octet-stream"
}
