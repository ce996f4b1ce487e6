package scene

// role is what a value means by its place in a scene or .gltf.
type role int

const (
	other      role = iota
	sceneTop        // the scene
	gltfTop         // the .gltf
	children        // of a node or of the scene
	node            // an object in the scene
	background      // of the scene
	cube            // the six faces of the background
	items           // a list of buffers or images
	item            // a buffer or image
	namesFile       // from here on: strings that name a file
	namesOBJ
	namesMTL
	namesGLTF
)

// member is the role of what stands under a key of an object.
func (r role) member(key string) role {
	switch r {
	case sceneTop:
		switch key {
		case "children":
			return children
		case "background":
			return background
		}
	case node:
		return nodeMember(key)
	case background:
		switch key {
		case "image":
			return namesFile
		case "cube":
			return cube
		}
	case gltfTop:
		switch key {
		case "buffers", "images", "shaders": // the last of glTF 1.0
			return items
		}
	case items: // lists are objects in glTF 1.0
		return item
	case item:
		if key == "uri" {
			return namesFile
		}
	}
	return other
}

// nodeMember knows the keys that FiftyOne's finder of assets knows
// (fiftyone.core.threed.scene_3d, FiftyOne 1.22.1), in the camel case of the
// file. A preTransformedObjPath and its like are none of them.
func nodeMember(key string) role {
	switch key {
	case "children":
		return children
	case "pcdPath", "plyPath", "fbxPath", "stlPath", "splatPath":
		return namesFile
	case "objPath":
		return namesOBJ
	case "mtlPath":
		return namesMTL
	case "gltfPath":
		return namesGLTF
	}
	return other
}

// element is the role of what stands in an array.
func (r role) element() role {
	switch r {
	case children:
		return node
	case cube:
		return namesFile
	case items:
		return item
	}
	return other
}

// kind is the kind of the file that a string names.
func (r role) kind() Kind {
	switch r {
	case namesOBJ:
		return OBJ
	case namesMTL:
		return MTL
	case namesGLTF:
		return GLTF
	}
	return Opaque
}
